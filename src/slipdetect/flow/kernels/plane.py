"""Where a pyramid level's quantities lie in one flat array, all of a row beside each other.

In: a picture size. Out: a zeroed workspace and views of its quantities.

Ten separate arrays of one size would compete for the same few lines of the first-level cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slipdetect.flow.kernels.simd import LANES

# the flow, its two dual variables (x and y part each), then the linearised data term
U1, U2, P11, P12, P21, P22, RHO, IX, IY, INVERSE = range(10)
PLANES = 10

# the illumination term and its dual variable, only where gamma is not 0
U3, P31, P32 = range(10, 13)
PLANES_WITH_LIGHT = 13


class Planes:
    """The quantities of one level, each ``(height, width)`` float32 inside a padded row.

    A row of ``stride`` floats has ``LANES`` of zero to its left and at least one vector to its
    right; a row of zeros lies above the picture.

    Args:
        height: Rows, px.
        width: Columns, px.
        buffer: Flat float32 array to use, at least ``Planes.size(height, width, planes)`` long.
        planes: ``PLANES`` or ``PLANES_WITH_LIGHT``.
    """

    def __init__(
        self, height: int, width: int, buffer: NDArray[np.float32], planes: int = PLANES
    ) -> None:
        self.height, self.width, self.planes = height, width, planes
        self.stride = _stride(width)
        self.flat = buffer[: self.size(height, width, planes)]
        self.flat.fill(0.0)
        self._rows = self.flat.reshape(height + 2, planes, self.stride)

    def __getitem__(self, plane: int) -> NDArray[np.float32]:
        """Return the view ``(height, width)`` of one quantity."""
        return self._rows[1 : self.height + 1, plane, LANES : LANES + self.width]

    @staticmethod
    def size(height: int, width: int, planes: int = PLANES) -> int:
        """Return the floats that a level takes."""
        return (height + 2) * planes * _stride(width)


def _stride(width: int) -> int:
    return (-(-width // LANES) + 2) * LANES
