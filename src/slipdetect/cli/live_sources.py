"""Which live source a command line means: an argument, a variable, a file.

In: arguments and options. Out: a ``LiveSource``, or the arguments where there is none.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from slipdetect.cli.sources import exists
from slipdetect.errors import DataError, UsageError

if TYPE_CHECKING:
    from slipdetect.video.live import LiveSource

_SNIFFED = 512
# videos that begin as text does: YUV4MPEG, and JPEGs between boundaries
_TEXT_STARTS = (b"YUV4MPEG2", b"--")
_BLANK = frozenset(b"\t\n\r\f\x1b")


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


def find_live(sources: Sequence[str], follow: bool = False) -> LiveSource | None:
    """Return the live source that the only argument means; None for files.

    Args:
        sources: Arguments.
        follow: The argument is a file that is still being written.

    Raises:
        UsageError: An address cannot be used, or several files are to be followed.
        VideoError: The file to be followed is not there.
    """
    if follow and (len(sources) != 1 or sources[0] == "-"):
        raise UsageError("--follow is for one file; name it alone")
    if len(sources) != 1 or (sources[0] == "-" and not _is_video(_first_bytes(sys.stdin.buffer))):
        return None
    from slipdetect.video.live import is_live, live_source
    from slipdetect.video.live.sources import FollowedFile, PipeSource

    if sources[0] == "-":
        return PipeSource(sys.stdin.buffer)
    if follow:
        return FollowedFile(sources[0])
    return live_source(sources[0]) if is_live(sources[0]) and not exists(sources[0]) else None


def _first_bytes(stream: BinaryIO) -> bytes:
    """Return the first bytes of a stream, which stay in it."""
    if isinstance(stream, io.BufferedReader):
        return stream.peek(_SNIFFED)[:_SNIFFED]
    if not stream.seekable():
        return b""
    place = stream.tell()
    found = stream.read(_SNIFFED)
    stream.seek(place)
    return found


def _is_video(first: bytes) -> bool:
    """Return whether bytes begin a video and not a list of names."""
    return first.startswith(_TEXT_STARTS) or any(byte < 32 and byte not in _BLANK for byte in first)


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
