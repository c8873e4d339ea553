"""Files of data sets as they come: folders of empty videos, lists, a .rar made by hand.

In: names and contents. Out: files.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

_DATE = (1 << 5 | 1) << 16  # 1 January 1980, as MS-DOS writes it


def touch(folder: Path, *names: str) -> Path:
    """Make files of one byte and the folders they lie in; return ``folder``."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


def rar(files: Mapping[str, bytes], *, method: int = 0x30, mode: int = 0o100644) -> bytes:
    """Return a RAR 2.9 archive of files that are stored, whatever ``method`` it says."""
    data = b"Rar!\x1a\x07\x00" + _block(0x73, 0, bytes(6))
    for name, content in files.items():
        raw = name.replace("/", "\\").encode("ascii")  # as RAR stores folders
        size, crc = len(content), zlib.crc32(content)
        head = struct.pack("<LLBLLBBHL", size, size, 3, crc, _DATE, 20, method, len(raw), mode)
        data += _block(0x74, 0x8000, head + raw) + content
    return data + _block(0x7B, 0x4000, b"")


def _block(kind: int, flags: int, body: bytes) -> bytes:
    rest = struct.pack("<BHH", kind, flags, 7 + len(body)) + body
    return struct.pack("<H", zlib.crc32(rest) & 0xFFFF) + rest
