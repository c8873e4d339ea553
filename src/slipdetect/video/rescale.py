"""From a decoded frame to an upright RGB picture of the wanted size, in one conversion.

In: frames as the decoder gives them. Out: (height, width, 3) uint8 RGB arrays of one size.
"""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from slipdetect.errors import UsageError

_SMALLEST_SIDE = 2
_ASPECT_LIMIT = 10


def plausible_aspect(aspect: Fraction | None) -> Fraction:
    """Return the width of a pixel over its height; 1 when the file says nothing or nonsense."""
    if aspect is None or not Fraction(1, _ASPECT_LIMIT) <= aspect <= _ASPECT_LIMIT:
        return Fraction(1)
    return aspect


def quarter_turns(degrees: int) -> int:
    """Return the counterclockwise quarter turns (0 to 3) nearest to ``degrees``."""
    return round(degrees / 90) % 4


def displayed_size(width: int, height: int, aspect: Fraction, turns: int) -> tuple[int, int]:
    """Return (width, height) in square pixels after ``turns`` quarter turns."""
    wide = max(1, round(width * aspect))
    return (height, wide) if turns % 2 else (wide, height)


def shrunk_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Return (width, height) with the shorter side ``short_side``, never larger, both even."""
    scale = min(Fraction(1), Fraction(short_side - short_side % 2, min(width, height)))
    return _even(width * scale, width), _even(height * scale, height)


class Rescaler:
    """Turns decoded frames into pictures: one call of swscale, then a turn of the small result.

    A frame whose stored size differs from the first one's is fitted into the first one's size
    with black borders, so that all pictures of a video have one shape.
    """

    def __init__(
        self, width: int, height: int, aspect: Fraction, turns: int, short_side: int | None
    ) -> None:
        """Choose the output size.

        Args:
            width: Stored pixels per row of the first frame.
            height: Stored rows of the first frame.
            aspect: Width of a pixel over its height.
            turns: Counterclockwise quarter turns to apply.
            short_side: Pixels of the shorter displayed side, rounded down to even and never
                more than the video has; None keeps the stored pixels, whatever their aspect.

        Raises:
            UsageError: ``short_side`` is smaller than 2.
        """
        if short_side is not None and short_side < _SMALLEST_SIDE:
            raise UsageError(f"short side must be at least {_SMALLEST_SIDE}, not {short_side}")
        self._stored = (width, height)
        self._turns = turns
        self._size = self._stored
        if short_side is not None:
            self._size = shrunk_size(*displayed_size(width, height, aspect, 0), short_side)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """Return ``frame`` as an upright (height, width, 3) uint8 RGB array."""
        if (frame.width, frame.height) == self._stored:
            image = self._convert(frame, *self._size)
        else:
            image = self._letterbox(frame)
        return np.ascontiguousarray(np.rot90(image, self._turns)) if self._turns else image

    def _letterbox(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        width, height = self._size
        scale = min(Fraction(width, frame.width), Fraction(height, frame.height))
        inner = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        canvas = np.zeros((height, width, 3), np.uint8)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas[top : top + inner[1], left : left + inner[0]] = self._convert(frame, *inner)
        return canvas

    def _convert(self, frame: av.VideoFrame, width: int, height: int) -> npt.NDArray[np.uint8]:
        # FAST_BILINEAR saves 0.6 ms per 720p frame but skips pixels, which flickers in flow.
        picture = self._reformatter.reformat(
            frame, width, height, "rgb24", interpolation=Interpolation.AREA
        )
        return np.asarray(picture.to_ndarray(), dtype=np.uint8)


def _even(length: Fraction, limit: int) -> int:
    """Return the even number nearest to ``length``, at most ``limit`` and at least 2."""
    return max(_SMALLEST_SIDE, min(2 * round(length / 2), limit - limit % 2))
