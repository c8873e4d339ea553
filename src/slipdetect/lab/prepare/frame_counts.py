"""``frame_count.pickle`` of the 2020 course report's first generation, read without unpickling.

In: a pickle of a plain dict. Out: frames by name of the video; whatever else it holds is refused.
"""

from __future__ import annotations

import pickle
import pickletools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from slipdetect._io import atomic_write
from slipdetect.errors import DataError

_MOST_BYTES = 16 << 20
_MOST_FRAMES = 10**9
_IGNORED = frozenset({"PROTO", "FRAME"})
_PUSHED = frozenset(
    {
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING"),
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    }
)
_MARK = object()


class _Refused(Exception):
    """The pickle does something that a plain dict does not need."""


def read_frame_counts(file: Path) -> dict[str, int]:
    """Return the frames of each video of a ``frame_count.pickle``.

    The pickle is never loaded: its instructions are looked at one by one, and any but those that
    build a dict of text and whole numbers ends the reading.

    Raises:
        DataError: It cannot be read, is no such pickle, or could run code.
    """
    where = repr(str(file))
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"{where} is larger than {_MOST_BYTES >> 20} MiB, so no list of frames")
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {where}: {error.strerror}; check the path") from error
    return parse_frame_counts(data, where)


def parse_frame_counts(data: bytes, where: str) -> dict[str, int]:
    """Return what the bytes of a ``frame_count.pickle`` say; see ``read_frame_counts``.

    Args:
        data: The pickle.
        where: What it is called in messages.

    Raises:
        DataError: It is no such pickle, or could run code.
    """
    try:
        content = _build(data)
    except _Refused as refused:
        raise DataError(
            f"{where} is not read: {refused}, which a list of frames does not need and which may"
            " run code; do not trust it"
        ) from refused
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise DataError(f"{where} is no pickle or damaged; leave it out") from error
    if not isinstance(content, dict) or not all(map(_plausible, content, content.values())):
        raise DataError(f"{where} is no dict of names and numbers of frames; leave it out")
    return content


def write_frame_counts(counts: Mapping[str, int], file: Path, *, overwrite: bool = False) -> None:
    """Write a ``frame_count.pickle``: a plain dict, which any version of Python loads.

    Raises:
        OutputError: It cannot be written.
    """
    with atomic_write(file, overwrite=overwrite) as temporary:
        temporary.write_bytes(pickle.dumps(dict(counts), protocol=2))


def _plausible(name: object, frames: object) -> bool:
    if not isinstance(name, str) or not isinstance(frames, int) or isinstance(frames, bool):
        return False
    return 0 < frames <= _MOST_FRAMES


def _build(data: bytes) -> Any:
    """Do what a pickle says, as far as it is about dicts, text and whole numbers."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(data):
        name, value = opcode.name, cast("Any", argument)
        if name in _PUSHED:
            stack.append(value)
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name in ("DICT", "SETITEM", "SETITEMS"):
            _set_items(stack, name)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            memo[int(value)] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(memo[int(value)])
        elif name == "STOP":
            return stack.pop()
        elif name not in _IGNORED:
            shown = "" if value is None else f" {str(value)[:60]!r}"
            raise _Refused(f"it holds {name}{shown}")
    raise ValueError("no end")


def _set_items(stack: list[Any], name: str) -> None:
    items: list[Any] = []
    if name == "SETITEM":
        items = [stack.pop(-2), stack.pop()]
    else:
        while (item := stack.pop()) is not _MARK:
            items.append(item)
        items.reverse()
    target = {} if name == "DICT" else stack.pop()
    if not isinstance(target, dict) or len(items) % 2:
        raise ValueError("items without a dict")
    target.update(zip(items[::2], items[1::2], strict=True))
    stack.append(target)
