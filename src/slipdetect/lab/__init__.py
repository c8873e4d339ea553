"""The laboratory around the engine: training, measuring and data; the engine does not import it."""

from __future__ import annotations

import importlib
from types import ModuleType

from slipdetect.errors import LibraryError


def require(module: str, extra: str = "lab") -> ModuleType:
    """Import a module of a library that only an extra of this package installs.

    Args:
        module: Such as ``"scipy.special"``.
        extra: Which extra has it.

    Raises:
        LibraryError: The library is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != library:
            raise
        raise LibraryError(
            f"this needs {library}, which is not installed; pip install 'slipdetect[{extra}]'"
        ) from error
