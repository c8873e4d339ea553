"""Which live source a command line means: an argument, a variable, a file.

In: arguments and options. Out: a ``LiveSource``, or the arguments where there is none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect.errors import DataError, UsageError

if TYPE_CHECKING:
    from slipdetect.video.live import LiveSource


def named_sources(sources: Sequence[str], options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments, or what ``--source-env`` or ``--source-file`` stand for.

    Raises:
        UsageError: There is no source, or there are several ways to it.
        DataError: The variable or the file does not hold one.
    """
    name, file = options["source_env"], options["source_file"]
    given = [*sources[:1], *(each for each in (name, file) if each is not None)]
    if len(given) != 1:
        wants = "SOURCE, --source-env or --source-file"
        raise UsageError(f"name what to look at by {wants}, one of them")
    if name is not None:
        return (_variable(name),)
    return tuple(sources) if file is None else (_line_of(Path(file)),)


def find_live(sources: Sequence[str]) -> LiveSource | None:
    """Return the live source that the only argument means; None for files.

    Raises:
        UsageError: An address cannot be used.
    """
    from slipdetect.video.live import is_live, live_source

    if len(sources) != 1 or _is_there(sources[0]) or not is_live(sources[0]):
        return None
    return live_source(sources[0])


def _is_there(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        return False


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(f"--source-env: there is no variable {name}, or it is empty; set it")
    return value


def _line_of(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check it") from error
    except UnicodeDecodeError:
        raise DataError(f"{str(path)!r} is not UTF-8 text; write the address into it") from None
    found = [line.strip() for line in lines if line.strip()]
    if len(found) != 1:
        raise DataError(f"{str(path)!r} must hold an address in one line; it has {len(found)}")
    return found[0]
