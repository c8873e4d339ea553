"""The sizes that stored pictures may have, by the names users give them.

In: a mode as text, RGB pictures. Out: ``SizeMode``, which brings every picture to its size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.video.decoder import shrunk_size

Picture = npt.NDArray[np.uint8]

COURSE2020_SIZE = (342, 256)
SMALLEST_SIDE = 2
LARGEST_SIDE = 8192
FORMS = "native, course2020, short:256 or letterbox:342x256"

_SIDES = {"native": 0, "course2020": 0, "short": 1, "letterbox": 2}
_SIDE = "([1-9][0-9]{0,4})"
_TEXT = re.compile(f"(native|course2020)|(short):{_SIDE}|(letterbox):{_SIDE}x{_SIDE}")


@dataclass(frozen=True)
class SizeMode:
    """How pictures are brought to the size in which they are kept.

    ``native`` keeps every pixel. ``course2020`` stretches to 342x256 whatever the shape is;
    pictures higher than wide get black bars left and right first, up to a square. ``short:N``
    makes the shorter side N px as the reader does: never enlarged, both sides even.
    ``letterbox:WxH`` fits the picture into W x H px, its shape kept, centered between black bars.

    Attributes:
        kind: native, course2020, short or letterbox.
        sides: Pixels, 2 to 8192: none, the shorter side, or (width, height).

    Raises:
        UsageError: The kind is unknown or does not have these sides.
    """

    kind: str
    sides: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        fits = all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in self.sides)
        if _SIDES.get(self.kind) != len(self.sides) or not fits:
            raise _no_mode(str(self))

    @classmethod
    def parse(cls, text: str) -> SizeMode:
        """Return the mode that ``text`` names, e.g. ``"short:256"``.

        Raises:
            UsageError: It names none; the message lists the forms.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise _no_mode(text)
        kind, *sides = (group for group in match.groups() if group is not None)
        return cls(kind, tuple(map(int, sides)))

    def __str__(self) -> str:
        """Return the text that ``parse`` reads."""
        return ":".join((self.kind, "x".join(map(str, self.sides)))) if self.sides else self.kind

    @property
    def short_side(self) -> int | None:
        """The reader's ``short_side`` for this mode, in pixels; None: the stored pixels."""
        return self.sides[0] if self.kind == "short" else None

    def apply(self, image: Picture, displayed: tuple[int, int] | None = None) -> Picture:
        """Return ``image`` in the size of this mode.

        Args:
            image: (H, W, 3) uint8 RGB.
            displayed: (width, height) the picture has in square pixels; its own when None.

        Returns:
            (H', W', 3) uint8 RGB; ``image`` itself when nothing is to be done.
        """
        height, width = image.shape[:2]
        shape: tuple[int, int] = (width, height) if displayed is None else displayed
        if self.kind == "native":
            return image
        if self.kind == "short":
            return _resized(image, *shrunk_size(*shape, self.sides[0]))
        if self.kind == "course2020":
            # rows first: the square of a large picture would be larger still
            lower = _resized(image, width, min(height, COURSE2020_SIZE[1]))
            return _resized(_squared(lower, shape), *COURSE2020_SIZE)
        return _letterboxed(image, shape, *self.sides)


def _no_mode(text: str) -> UsageError:
    return UsageError(
        f"size {text[:60]!r} is none that pictures can have; give {FORMS}"
        f" (sides of {SMALLEST_SIDE} to {LARGEST_SIDE} px)"
    )


def _resized(image: Picture, width: int, height: int) -> Picture:
    """Return ``image`` as ``width`` x ``height``, averaged where it shrinks, bilinear where not."""
    rows, columns = image.shape[:2]
    smaller = (min(width, columns), min(height, rows))
    if smaller != (columns, rows):
        image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    if smaller != (width, height):
        size = (width, height)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return image


def _squared(image: Picture, shape: tuple[int, int]) -> Picture:
    """Return ``image`` between black columns that make a square of it if it is shown upright."""
    width, height = shape
    if width >= height:
        return image
    rows, columns = image.shape[:2]
    return _padded(image, round(Fraction(columns * height, width)), rows)


def _letterboxed(image: Picture, shape: tuple[int, int], width: int, height: int) -> Picture:
    scale = min(Fraction(width, shape[0]), Fraction(height, shape[1]))
    inner = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    return _padded(_resized(image, *inner), width, height)


def _padded(image: Picture, width: int, height: int) -> Picture:
    """Return ``image`` in the middle of black."""
    rows, columns = height - image.shape[0], width - image.shape[1]
    sides = (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)
    return np.pad(image, (*sides, (0, 0))) if rows or columns else image
