"""What one pass over a video measures without looking at what happens in it.

In: a video. Out: its rate, size, length, borders, light and background, and small gray stills.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.video import open_video, recorded_bytes
from slipdetect.video.timing import DEFAULT_FRAME_RATE

STILL_RATE = 10.0  # stills a second
STILL_SIDE = 32  # pixels
MOST_STILLS = 1200  # two minutes; what comes later in a clip is not compared

_SMALL_SIDE = 64
_READ_SIDE = 72
_BLACK = 20  # levels; compressed black stays below
_CELLS = 4

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ClipStats:
    """Facts about one video.

    Attributes:
        frame_rate: Frames per second.
        width: Pixels per row as shown.
        height: Rows as shown.
        seconds: Duration.
        bytes: Size of the file.
        border: Share of the picture that is black border, 0 to 1, of the median frame.
        brightness: Mean gray level inside the borders, 0 to 255.
        background: Mean colors of 4x4 cells of what stays when things move, ``(48,)`` 0 to 1.
        stills: ``(n, 32, 32)`` uint8 gray pictures without borders, ten a second.
        warnings: What was odd about the file, one line each.
    """

    frame_rate: float
    width: int
    height: int
    seconds: float
    bytes: int
    border: float
    brightness: float
    background: npt.NDArray[np.float32]
    stills: Picture
    warnings: tuple[str, ...] = ()

    @property
    def bit_rate(self) -> float:
        """Bits per second of the whole file."""
        return 8 * self.bytes / self.seconds


def measure_clip(path: Path) -> ClipStats:
    """Read a video once, from its beginning to its end.

    Raises:
        VideoError: It cannot be read.
    """
    with open_video(path) as video:
        small: list[Picture] = []
        for frame in video.frames(STILL_RATE, _READ_SIDE):
            if len(small) < MOST_STILLS:
                small.append(_resized(frame.image, _SMALL_SIDE))
        info, report = video.info, video.report
    pictures = np.stack(small)
    grays = np.stack([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in small])
    rate = DEFAULT_FRAME_RATE if info.frame_rate is None else info.frame_rate
    inside = _inside(np.percentile(grays, 90, axis=0))
    inner = grays[:, *inside]
    typical = np.median(pictures[:, *inside], axis=0).astype(np.float32)
    # the header of a file that was cut off still tells its old length
    told = None if report.truncated else info.duration
    return ClipStats(
        frame_rate=rate,
        width=info.width,
        height=info.height,
        seconds=frame.time + 1 / rate - info.start if told is None else told,
        bytes=recorded_bytes(path),
        border=float(np.median([_border(gray) for gray in grays])),
        brightness=float(inner.mean()),
        background=(_resized(typical, _CELLS) / 255).astype(np.float32).ravel(),
        stills=np.stack([_resized(gray, STILL_SIDE) for gray in inner]),
        warnings=tuple(report.warnings),
    )


def _resized(image: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    resized = cv2.resize(np.ascontiguousarray(image), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(resized)


def _border(gray: npt.NDArray[Any]) -> float:
    rows, columns = _inside(gray)
    inside = (rows.stop - rows.start) * (columns.stop - columns.start)
    return 1.0 - float(inside) / gray.size


def _inside(gray: npt.NDArray[Any]) -> tuple[slice, slice]:
    """Return rows and columns between black borders; a picture that is all dark has none."""
    dark = gray <= _BLACK
    if dark.all():
        return slice(0, gray.shape[0]), slice(0, gray.shape[1])
    return _span(np.all(dark, axis=1)), _span(np.all(dark, axis=0))


def _span(dark: npt.NDArray[Any]) -> slice:
    """Return what lies between the leading and the trailing dark lines."""
    return slice(int(np.argmin(dark)), len(dark) - int(np.argmin(dark[::-1])))
