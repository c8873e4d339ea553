"""Recordings in DHAV (.dav), as Dahua's recorders write them: nothing that can be installed does.

In: pictures' numbers and times. Out: a file. Each picture stands in a frame of its own, with the
second of the day by the recorder's clock and a counter of milliseconds that runs over.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import av

from media.making import SIZE, write_marked

_KEY, _OTHER = 0xFD, 0xFC
_H264 = 4


def write_dhav(path: Path, times: Mapping[int, float], rate: int, began: datetime) -> Path:
    """Write marked pictures as H.264 in DHAV.

    Args:
        path: Target.
        times: Seconds of every picture by its number.
        rate: Frames per second that headers name, a whole number.
        began: The date of 0 s.
    """
    raw = path.with_suffix(".h264")
    write_marked(raw, times, rate=25, options={"bf": "0"})
    with av.open(str(raw)) as read:
        pictures = [(bytes(p), p.is_keyframe) for p in read.demux(video=0) if p.size]
    with path.open("wb") as file:
        for index, ((picture, key), time) in enumerate(zip(pictures, times.values(), strict=True)):
            file.write(_frame(index, picture, key, began + timedelta(seconds=time), rate))
    return path


def _frame(index: int, picture: bytes, key: bool, moment: datetime, rate: int) -> bytes:
    size = bytes([0x80, 0, SIZE[0] // 8, SIZE[1] // 8])
    more = size + bytes([0x81, 0, _H264, rate])
    milliseconds = int(moment.timestamp() * 1000) & 0xFFFF
    head = bytes([_KEY if key else _OTHER, 0, 0, 0]) + struct.pack("<I", index)
    length = 24 + len(more) + len(picture) + 8
    head += struct.pack("<IIHBB", length, _date(moment), milliseconds, len(more), 0)
    return b"DHAV" + head + more + picture + b"dhav" + struct.pack("<I", length)


def _date(moment: datetime) -> int:
    fields = [(moment.year - 2000, 26), (moment.month, 22), (moment.day, 17)]
    fields += [(moment.hour, 12), (moment.minute, 6), (moment.second, 0)]
    return sum(value << place for value, place in fields)
