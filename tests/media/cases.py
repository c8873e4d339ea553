"""The torture folder: a case for every way in which recordings tell the time of their pictures.

In: a folder. Out: ``Media``, see ``CASES``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from media.making import Media, evenly, remux, write_marked
from media.ways import WAYS

ANNEX_B = "h264_mp4toannexb"


@dataclass(frozen=True)
class Case:
    """A kind of recording.

    Attributes:
        name: Of the case.
        shows: What it is for, in a line; docs list it.
        make: Makes it in a folder.
        ways: Those of ``WAYS`` by which it can be read.
    """

    name: str
    shows: str
    make: Callable[[Path], Media]
    ways: tuple[str, ...] = WAYS


def _program_stream(folder: Path) -> Media:
    times = evenly(250)
    whole = write_marked(folder / "whole.mp4", times, rate=25, grain=12)
    path = remux(whole, folder / "recorder.mp4", form="vob", bitstream=ANNEX_B)
    return Media(path, times)


def _low_bit_rate(folder: Path) -> Media:
    times = evenly(750)
    options = {"crf": "30", "bf": "0"}
    path = write_marked(folder / "low.mpg", times, rate=25, gop=50, form="vob", options=options)
    return Media(path, times)


def _avi(folder: Path) -> Media:
    times = evenly(250)
    whole = write_marked(folder / "whole.mp4", times, rate=25)
    return Media(remux(whole, folder / "b.avi", rate=25, bitstream=ANNEX_B), times)


CASES = (
    Case(
        "program-stream-h264",
        "H.264 with B-frames in an MPEG program stream called .mp4: most pictures have no stamp",
        _program_stream,
    ),
    Case(
        "program-stream-low-bit-rate",
        "so few bytes a picture that one pack holds dozens, of which one has a stamp",
        _low_bit_rate,
    ),
    Case(
        "avi-b-frames",
        "H.264 with B-frames in AVI, which numbers pictures and has no stamps",
        _avi,
    ),
)
