"""A picture that says which one it is, by bars that any decoder and any size leave legible.

In: the number of a picture. Out: the picture; and from a picture that was read, its number.
"""

from __future__ import annotations

import cv2
import numpy as np

BITS = 12
MOST = (1 << BITS) - 1  # all bars bright is no number: a blank picture looks like that
_BARS = BITS + 1  # the last one is the parity
_DARK, _BRIGHT = 30, 225


def marked(number: int, width: int = 128, height: int = 96) -> np.ndarray:
    """Draw ``number`` (below 4095) as bars from left to right, the lowest bit first, then parity.

    The upper left corner is red, so that a picture which is turned or mirrored looks different.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    if not 0 <= number < MOST:
        raise ValueError(f"a marker holds 0 to {MOST - 1}, not {number}")
    image = np.full((height, width, 3), _DARK, np.uint8)
    for place, bit in enumerate(_bits(number)):
        if bit:
            image[:, place * width // _BARS : (place + 1) * width // _BARS] = _BRIGHT
    image[: height // 4, : width // 4] = (_BRIGHT, _DARK, _DARK)
    return image


def read_marker(image: np.ndarray) -> int:
    """Return the number in the lower half of a picture that ``marked`` drew, upright, of any size.

    Raises:
        ValueError: It shows no one number: it is blank, turned, mirrored, or blended of two.
    """
    height, width = image.shape[:2]
    corner = image[height // 16 : height // 6, width // 52 : width // 17].mean()
    if not _DARK + 25 < corner < _BRIGHT - 60:  # red is middling, in gray pictures too
        raise ValueError(f"the upper left corner is not red but {corner:.0f}: turned or mirrored")
    lower = image[height // 2 + height // 8 : height - height // 8]
    centers = [(2 * place + 1) * width // (2 * _BARS) for place in range(_BARS)]
    # sums by OpenCV: means by NumPy take as long as decoding
    rows = cv2.reduce(np.ascontiguousarray(lower), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    columns = (rows.sum(axis=2)[0] / (3 * len(lower))).tolist()
    seen = [sum(near) / len(near) for x in centers if (near := columns[max(x - 1, 0) : x + 2])]
    if any(abs(level - (_DARK + _BRIGHT) / 2) < 40 for level in seen):
        raise ValueError(f"bars of a middling gray: {[round(level) for level in seen]}")
    bits = [level > 128 for level in seen]
    number = sum(1 << place for place, bit in enumerate(bits[:BITS]) if bit)
    if number == MOST or bits != _bits(number):
        raise ValueError("the parity is wrong: not one picture, or turned")
    return number


def _bits(number: int) -> list[bool]:
    bits = [bool(number >> place & 1) for place in range(BITS)]
    # odd parity, so that a black picture is no number
    return [*bits, sum(bits) % 2 == 0]
