"""Whether a file is shorter than its outermost box says, which means that it was cut off.

In: a path. Out: yes or no; formats without such a size (transport streams, FLV) always say no.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

_MP4_STARTS = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_MP4_MEDIA = frozenset({b"mdat", b"moof", b"moov"})
_EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def is_cut_off(path: Path) -> bool:
    """Return whether a file ends before the end that its container declares.

    Reads only box headers: ISO/IEC 14496-12 section 4.2 (MP4, MOV), RFC 8794 section 6 (Matroska),
    the RIFF chunk of AVI.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        if start[4:8] in _MP4_STARTS:
            return _mp4_end(file, size) > size
        if start[:4] == _EBML_MAGIC:
            return _matroska_end(file) > size
        if start[:4] == b"RIFF":
            return _riff_end(file, size) > size
    return False


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Return where the last media box ends; boxes that hold no media do not count."""
    offset = end = 0
    while offset + 8 <= size:
        file.seek(offset)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0 means "to the end of the file", others are damage
            break
        offset += length
        if header[4:8] in _MP4_MEDIA:
            end = offset
    return end


def _matroska_end(file: BinaryIO) -> int:
    """Return where the segment ends, 0 if its length is unknown (recorded live)."""
    for _ in range(2):
        identifier = file.read(4)
        length = _variable_length(file)
        if length is None:
            return 0
        if identifier == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0


def _variable_length(file: BinaryIO) -> int | None:
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    extra = 8 - first[0].bit_length()
    bits = 7 * (extra + 1)
    value = int.from_bytes(first + file.read(extra), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value


def _riff_end(file: BinaryIO, size: int) -> int:
    """Return where the last of one or more RIFF chunks ends."""
    offset = 0
    while offset + 8 <= size:
        file.seek(offset)
        header = file.read(8)
        length = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF" or length == 0:
            break
        offset += 8 + length + length % 2
    return offset
