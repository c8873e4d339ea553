"""What the header of a JPEG file says, without decoding it.

In: the bytes of a file. Out: its size in pixels, or None where it is no whole JPEG.
"""

from __future__ import annotations

_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the frame headers of ITU-T T.81, B.1
_SHORTEST = 9  # bytes of a frame header up to its size


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height); None where the file does not begin or end as a JPEG does."""
    if not data.startswith(_BEGIN) or not data.rstrip(b"\0").endswith(_END):
        return None
    place = len(_BEGIN)
    while place + _SHORTEST <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in _SIZES:
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            width = int.from_bytes(data[place + 7 : place + 9], "big")
            return (width, height) if width and height else None
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
