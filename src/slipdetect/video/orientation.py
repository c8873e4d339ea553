"""How the pictures of a recording have to be turned and mirrored to be upright.

In: a decoded frame, or the matrix that it carries. Out: an ``Orientation``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import av
import av.filter
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type
from av.video.stream import VideoStream


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture can lie.

    Attributes:
        turns: Counterclockwise quarter turns that make it upright, 0 to 3.
        mirrored: Left and right change places before it is turned.
    """

    turns: int = 0
    mirrored: bool = False

    def __call__(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return a stored (height, width, 3) picture as it is to be seen."""
        if self == UPRIGHT:
            return image
        upright = np.rot90(image[:, ::-1] if self.mirrored else image, self.turns)
        return np.ascontiguousarray(upright)

    def __str__(self) -> str:
        words = ["mirrored"] if self.mirrored else []
        if self.turns:
            words.append(f"turned {self.turns * 90} degrees counterclockwise")
        return ", ".join(words) or "as stored"


UPRIGHT = Orientation()
_ASPECT_LIMIT = 10


@dataclass(frozen=True)
class Stored:
    """How the pictures of a recording are stored.

    Attributes:
        width: Pixels per row.
        height: Rows.
        aspect: Width of a pixel over its height.
        orientation: What makes them upright.
    """

    width: int
    height: int
    aspect: Fraction = Fraction(1)
    orientation: Orientation = UPRIGHT

    @classmethod
    def of(cls, first: av.VideoFrame, stream: VideoStream) -> Self:
        """Return what a stream and its first frame say; nonsense about pixels counts as nothing."""
        aspect = stream.sample_aspect_ratio
        if aspect is None or not Fraction(1, _ASPECT_LIMIT) <= aspect <= _ASPECT_LIMIT:
            aspect = Fraction(1)
        return cls(first.width, first.height, aspect, orientation_of(first))

    @property
    def displayed(self) -> tuple[int, int]:
        """Return (width, height) in square pixels, upright."""
        wide = max(1, round(self.width * self.aspect))
        return (self.height, wide) if self.orientation.turns % 2 else (wide, self.height)

    def fits(self, frame: av.VideoFrame) -> bool:
        """Return whether a frame is stored in the same size."""
        return (frame.width, frame.height) == (self.width, self.height)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """Return the orientation that a frame carries: its container's, or that of its bitstream.

    In H.264 only key frames may carry it, and it holds for those behind them.
    """
    known: Any  # PyAV's types say another thing than it returns
    try:
        known = frame.side_data
    except ValueError:
        known = _with_known_data(frame).side_data
    try:
        data = bytes(known[Type.DISPLAYMATRIX])
    except KeyError:
        return UPRIGHT
    matrix = np.frombuffer(data, np.int32).reshape(3, 3)[:2, :2]
    return orientation_by_matrix(*matrix.ravel().tolist())


# more than FFmpeg has kinds of data that PyAV does not know
_UNKNOWN = range(len(Type), len(Type) + 16)


def _with_known_data(frame: av.VideoFrame) -> av.VideoFrame:
    """Return a frame without the kinds of data beside which PyAV shows none, as Exif of JPEG."""
    graph = filters_for(frame, *(("sidedata", f"mode=delete:type={kind}") for kind in _UNKNOWN))
    graph.vpush(frame)
    return graph.vpull()


def filters_for(frame: av.VideoFrame, *filters: tuple[str, str]) -> av.filter.Graph:
    """Return a graph of filters, names and options, for frames of a frame's size and format."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1)
    )
    nodes = [graph.add(name, options) for name, options in filters]
    graph.link_nodes(source, *nodes, graph.add("buffersink")).configure()
    return graph


def orientation_by_matrix(a: float, b: float, c: float, d: float) -> Orientation:
    """Return the orientation nearest to a display matrix (ISO/IEC 14496-12, 6.2.2).

    A point of the picture goes from (x, y) to (a x + c y, b x + d y), y pointing down. An angle
    alone does not tell a mirror from half a turn.
    """
    mirrored = a * d < b * c
    if mirrored:
        a, b = -a, -b
    turn = math.atan2(c - b, a + d)
    return Orientation(round(turn / (math.pi / 2)) % 4, mirrored)
