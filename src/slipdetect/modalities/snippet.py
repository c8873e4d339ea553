"""What a snippet is, where its frames lie, and which part of the picture it sees.

In: sampled frames and a snippet's first sample. Out: stored uint8 snippet images. numpy and OpenCV
load on use, because pages of help name modalities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from slipdetect.video.frame import Frame

    Picture = npt.NDArray[np.uint8]

# numpy and OpenCV load on use, because pages of help name modalities
_DEFAULT_LENGTH = {"rgb": 1, "flow": 5, "rgbdiff": 5}

MODALITIES = tuple(_DEFAULT_LENGTH)
CROPS = ("motion", "center")  # the moving region, or the middle of the picture
LEARNED_CONSENSUS = ("weighted", "rnn", "cnn")  # with weights of their own
# how the snippets of a clip agree
CONSENSUS_KINDS = ("avg", "sum", "max", "topk", "identity", *LEARNED_CONSENSUS)

MOTION_SECONDS = 1.2  # motion is judged over this long around a snippet
_CENTER_SHARE = 224 / 256  # the reference's center crop after scaling the short side to 256
_PROFILE_SIDE = 60  # rows of the thumbnail on which motion is measured
_NOISE_FLOOR = 8.0  # levels; camera noise after area averaging stays below
_PERCENTILES = (0.04, 0.96)
_MARGIN = 1.35
_SMALLEST_SIDE = 0.3  # of the short side of the picture
_FLOW_CHANNELS = 2
_LEAST_ENERGY = 30.0  # summed levels on the thumbnail; less is a still picture


@dataclass(frozen=True)
class Modality:
    """One input stream of a temporal segment network (Wang et al., ECCV 2016, section 3.1).

    Attributes:
        name: ``"rgb"``, ``"flow"`` or ``"rgbdiff"``.
        length: Snippet length L: pictures (rgb), flow fields (flow), differences (rgbdiff).
    """

    name: str
    length: int

    def __post_init__(self) -> None:
        if self.name not in MODALITIES:
            raise UsageError(f"unknown modality {self.name!r}; choose from {', '.join(MODALITIES)}")
        if self.length < 1:
            raise UsageError(f"snippet length must be at least 1, not {self.length}")

    @property
    def frames(self) -> int:
        """Video frames that one snippet reads: L for rgb, L + 1 where neighbors are compared."""
        return self.length if self.name == "rgb" else self.length + 1

    @property
    def images(self) -> int:
        """Stored pictures of one snippet: frames, or for flow L two-channel fields."""
        return self.length if self.name == "flow" else self.frames

    @property
    def stored_channels(self) -> int:
        """Channels of one snippet as TSN takes it: 3 L, 2 L, or 3 (L + 1) before differencing."""
        return self.images * (2 if self.name == "flow" else 3)

    @property
    def network_channels(self) -> int:
        """Channels that the backbone's first convolution sees: 3 L, 2 L, or 3 L."""
        return self.length * (2 if self.name == "flow" else 3)


def get_modality(name: str, length: int | None = None) -> Modality:
    """Return the modality ``name`` with snippet length ``length`` (default 1, 5, 5)."""
    return Modality(name, _DEFAULT_LENGTH.get(name, 1) if length is None else length)


@dataclass(frozen=True)
class SnippetGrid:
    """Snippets of several modalities around the same instants of a video, in sampled frames."""

    span: int  # that the longest snippet reads; shorter ones sit in its middle
    step: int  # from one snippet to the next
    context: int  # around a snippet in which motion is judged, at least ``span``

    @classmethod
    def make(cls, modalities: Sequence[Modality], step: int, sample_fps: float) -> SnippetGrid:
        """Return the grid that holds a snippet of each of ``modalities``."""
        span = max(modality.frames for modality in modalities)
        return cls(span, step, max(span, round(MOTION_SECONDS * sample_fps)))

    @property
    def before(self) -> int:
        """Context frames before a snippet's first frame."""
        return (self.context - self.span) // 2

    @property
    def after(self) -> int:
        """Context frames behind a snippet's last frame."""
        return self.context - self.span - self.before

    def lead(self, modality: Modality) -> int:
        """Frames from the start of the span to the first frame that ``modality`` reads."""
        return (self.span - modality.frames) // 2

    def starts(self, frames: int) -> list[int]:
        """First samples of the snippets of a video of ``frames`` sampled frames, at least one.

        The last snippet reaches the last frame; where the grid overshoots, that frame repeats.
        """
        last = -(-max(frames - self.span, 0) // self.step) * self.step
        return list(range(0, last + 1, self.step))

    def indices(self, start: int, modality: Modality, frames: int) -> npt.NDArray[np.int64]:
        """Samples that the snippet at ``start`` reads; beyond the end the last one repeats."""
        import numpy as np

        first = start + self.lead(modality)
        return np.minimum(np.arange(first, first + modality.frames), frames - 1)

    def context_bounds(self, start: int, frames: int) -> tuple[int, int]:
        """First and one-past-last sample in which the snippet's motion is judged."""
        first = max(min(start - self.before, frames - 1), 0)
        return first, min(start + self.span + self.after, frames)


def snippet_box(
    thumbnails: Sequence[npt.NDArray[np.float32]], height: int, width: int, crop: str
) -> Box:
    """Return the square that a snippet is cropped to.

    Args:
        thumbnails: Thumbnails of the context frames, oldest first; unused by ``"center"``.
        height: Of the sampled frames, pixels.
        width: Of the sampled frames, pixels.
        crop: ``"motion"`` (the moving region) or ``"center"`` (reference TSN's test crop).
    """
    moving = crop == "motion"
    profiles = [motion_profile(a, b) for a, b in pairwise(thumbnails)] if moving else []
    return profiled_box(profiles, height, width, crop)


def profiled_box(profiles: list[MotionProfile], height: int, width: int, crop: str) -> Box:
    """Return the same square from the profiles of neighbors among the context frames."""
    if crop == "motion":
        return motion_box(profiles, height, width)
    if crop == "center":
        return center_box(height, width).jittered(_CENTER_SHARE, 0.0, 0.0)
    raise UsageError(f"unknown crop {crop!r}; choose from {', '.join(CROPS)}")


@dataclass(frozen=True)
class Box:
    """A square region: left, top and side in pixels of the frame it was found in."""

    left: int
    top: int
    side: int

    def jittered(self, scale: float, shift_x: float, shift_y: float) -> Box:
        """Scale around the center, then shift by fractions of the side."""
        side = max(8, round(self.side * scale))
        left = self.left + (self.side - side) / 2 + shift_x * side
        top = self.top + (self.side - side) / 2 + shift_y * side
        return Box(round(left), round(top), side)


@dataclass(frozen=True)
class MotionProfile:
    """Difference energy of one pair of frames, summed over rows and over columns."""

    columns: npt.NDArray[np.float32]
    rows: npt.NDArray[np.float32]


def thumbnail(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the gray, area-averaged ``(60, w)`` picture on which motion is measured."""
    import cv2
    import numpy as np

    height, width = frame.shape[:2]
    scale = min(1.0, _PROFILE_SIDE / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    # what mean(axis=2) gives, to the bit, in a third of its time
    red, green, blue = np.moveaxis(small, 2, 0)
    gray: npt.NDArray[np.float32] = (red.astype(np.float32) + green + blue) / np.float32(3)
    return gray


def motion_profile(
    previous: npt.NDArray[np.float32], current: npt.NDArray[np.float32]
) -> MotionProfile:
    """Return the marginals of the thresholded absolute difference of two thumbnails."""
    import numpy as np

    energy = np.maximum(np.abs(current - previous) - _NOISE_FLOOR, 0.0)
    return MotionProfile(energy.sum(axis=0), energy.sum(axis=1))


def motion_box(profiles: list[MotionProfile], height: int, width: int) -> Box:
    """Return the square around the motion of ``profiles`` in a ``height`` x ``width`` picture.

    The box spans the 4th to 96th percentile of difference energy on both axes, widened by 1.35;
    without motion it is the center square.
    """
    if (energy := _energy(profiles)) is None:
        return center_box(height, width)
    columns, rows = energy
    left, right = _span(columns, width)
    top, bottom = _span(rows, height)
    side = max(right - left, bottom - top) * _MARGIN
    side = min(max(side, _SMALLEST_SIDE * min(height, width)), float(max(height, width)))
    x = _keep_inside((left + right) / 2 - side / 2, side, width)
    y = _keep_inside((top + bottom) / 2 - side / 2, side, height)
    return Box(round(x), round(y), round(side))


def moving_box(profiles: list[MotionProfile]) -> tuple[float, float, float, float] | None:
    """Return left, top, right and bottom of what moves, as shares of the picture; None: nothing.

    Without the margin of ``motion_box`` the lower side is where what moves touches the ground.
    """
    if (energy := _energy(profiles)) is None:
        return None
    (left, right), (top, bottom) = (_span(axis, 1) for axis in energy)
    return round(left, 4), round(top, 4), round(right, 4), round(bottom, 4)


def motion_extent(profile: MotionProfile) -> float | None:
    """Return the height or width, whichever is more, of what moved between two frames.

    From the 4th to the 96th percentile of difference energy, without the margin of the box, as a
    share of the picture's height; None without motion.
    """
    if float(profile.rows.sum()) < _LEAST_ENERGY:
        return None
    spans = [_span(energy, len(energy)) for energy in (profile.rows, profile.columns)]
    return max(end - start for start, end in spans) / len(profile.rows)


def center_box(height: int, width: int) -> Box:
    """Return the largest centered square."""
    side = min(height, width)
    return Box((width - side) // 2, (height - side) // 2, side)


def cut(
    images: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]], box: Box, size: int
) -> npt.NDArray[np.uint8]:
    """Crop T images ``(H, W, C)``, at least one, to ``box``; return ``(T, size, size, C)``.

    What lies outside the picture is mid-gray (128): no difference, no flow.
    """
    import numpy as np

    out = np.empty((len(images), size, size, images[0].shape[2]), np.uint8)
    x0, y0 = max(box.left, 0), max(box.top, 0)
    for image, target in zip(images, out, strict=True):
        height, width, channels = image.shape
        # a box beside the picture has an empty part; a negative end would count from the other side
        x1, y1 = max(min(box.left + box.side, width), x0), max(min(box.top + box.side, height), y0)
        part = image[y0:y1, x0:x1]
        if (x1 - x0, y1 - y0) != (box.side, box.side):
            inside, part = part, np.full((box.side, box.side, channels), 128, np.uint8)
            top, left = y0 - box.top, x0 - box.left
            part[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
        _resize_into(target, part)
    return out


def _resize_into(out: npt.NDArray[np.uint8], part: npt.NDArray[np.uint8]) -> None:
    """Write a square ``(side, side, C)`` to ``out``, ``(size, size, C)`` without gaps in memory.

    Pictures are shrunk by way of twice the size, which is within a level of their area average
    and takes a third of its time; flow is smooth, so that it needs no average.
    """
    import cv2

    side, channels = part.shape[1:]
    size, method = len(out), cv2.INTER_AREA
    source: npt.NDArray[Any] = part
    if side <= size or (channels == _FLOW_CHANNELS and side <= 4 * size):
        method = cv2.INTER_LINEAR
    elif side <= 4 * size:
        source = cv2.resize(part, (2 * size, 2 * size), interpolation=cv2.INTER_LINEAR)
    cv2.resize(source, (size, size), dst=out, interpolation=method)


def _energy(profiles: list[MotionProfile]) -> tuple[Any, Any] | None:
    """Return the energy of several profiles by columns and by rows; None without motion."""
    import numpy as np

    if not profiles:
        return None
    columns = np.sum([profile.columns for profile in profiles], axis=0)
    rows = np.sum([profile.rows for profile in profiles], axis=0)
    return None if float(columns.sum()) < _LEAST_ENERGY else (columns, rows)


def _span(energy: npt.NDArray[np.float32], extent: int) -> tuple[float, float]:
    """Return the percentile span of a marginal, in pixels of an axis of ``extent`` pixels."""
    import numpy as np

    cumulative = np.cumsum(energy, dtype=np.float64)
    cumulative /= cumulative[-1]
    low = int(np.searchsorted(cumulative, _PERCENTILES[0]))
    high = int(np.searchsorted(cumulative, _PERCENTILES[1])) + 1
    scale = extent / len(energy)
    return low * scale, min(high, len(energy)) * scale


def _keep_inside(start: float, side: float, extent: int) -> float:
    if side >= extent:
        return (extent - side) / 2
    return min(max(start, 0.0), extent - side)


@dataclass(frozen=True)
class StreamInput:
    """How the snippets of one stream are cut."""

    modality: Modality
    size: int  # side of the network's input, pixels
    crop: str  # of ``CROPS``
    # makes (views, images, S, S, C) of the pictures (images, H, W, C) of a snippet and of its
    # place; None: the one crop; the scores of views are averaged
    views: Callable[[Picture, Box], Picture] | None = None


@dataclass(eq=False)
class Sample:
    """A sampled frame with what several snippets need of it, computed once."""

    frame: Frame
    flow: Picture | None  # leads to the frame, like the motion of ``profile``
    profile: MotionProfile | None = None

    def picture(self, of_flow: bool) -> Picture:
        return self.flow if of_flow and self.flow is not None else self.frame.image


@dataclass(frozen=True, eq=False)
class SnippetPart:
    """What of a snippet one stream sees."""

    samples: list[Sample]
    stream: StreamInput
    box: Box

    def views(self) -> Picture:
        """Return what the network sees, ``(views, images, S, S, C)``."""
        import numpy as np

        of_flow, size = self.stream.modality.name == "flow", self.stream.size
        pictures = [each.picture(of_flow) for each in self.samples]
        if self.stream.views is not None:
            return self.stream.views(np.stack(pictures), self.box)
        return cut(pictures, self.box, size)[None]
