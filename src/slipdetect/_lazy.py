"""Names of a package that load on first use, and libraries that only some uses need.

In: which module holds which names. Out: ``__getattr__``, ``__dir__`` and ``__all__`` of a package;
a library, or the extra that has it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from slipdetect.errors import LibraryError


def lazy_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return what a package needs to have names of its modules without importing these.

    The package imports the same names once more for type checkers, below ``TYPE_CHECKING`` and
    each ``as`` itself, so that they count as public.

    Args:
        package: Its ``__name__``.
        homes: The names that each module holds, separated by spaces.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return load, listed, sorted(modules)


def require(module: str, extra: str = "lab") -> ModuleType:
    """Import a module, such as ``scipy.special``, of a library that only an extra installs.

    Raises:
        LibraryError: The library is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != library:
            raise
        raise LibraryError(
            f"this needs {library}, which is not installed; pip install 'slipdetect[{extra}]'"
        ) from error
