"""Random erasing: a rectangle without picture, the same in all pictures of a window.

In: a numpy Generator. Out: a ``Rectangle`` that fills its part of a stack with 128.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from slipdetect.modalities.images import Images

_AREA = (0.02, 0.33)
_ASPECT = (0.3, 1 / 0.3)
_FILL = 128  # mid-gray, so no difference from picture to picture; as flow: still


@dataclass(frozen=True)
class Rectangle:
    """Part of a picture, in shares of its width and height.

    Attributes:
        left: Of the picture's width.
        top: Of the picture's height.
        width: Of the picture's width.
        height: Of the picture's height.
    """

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Rectangle:
        """Draw one as Zhong et al. do (AAAI 2020, algorithm 1): area 2 to 33%, aspect 0.3 to 3.3.

        Shapes that would not fit into the picture are not drawn, instead of drawn again, so that
        four numbers are always enough. The logarithm of the aspect is uniform.
        """
        area = rng.uniform(*_AREA)
        tall = rng.uniform(math.log(max(_ASPECT[0], area)), math.log(min(_ASPECT[1], 1.0 / area)))
        height, width = math.sqrt(area * math.exp(tall)), math.sqrt(area / math.exp(tall))
        left, top = rng.uniform(0.0, 1.0, 2) * (1.0 - width, 1.0 - height)
        return cls(float(left), float(top), width, height)

    def erase(self, images: Images) -> Images:
        """Return ``(T, H, W, C)`` uint8 with this part at 128 in every picture."""
        rows, columns = images.shape[1:3]
        left, right = round(self.left * columns), round((self.left + self.width) * columns)
        top, bottom = round(self.top * rows), round((self.top + self.height) * rows)
        erased = images.copy()
        erased[:, top:bottom, left:right] = _FILL
        return erased
