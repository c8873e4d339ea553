"""Time jitter: windows on a faster or slower clock.

In: pictures of a window. Out: as many of them, taken at other times; flow vectors scaled likewise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slipdetect.lab.augment.images import Images
from slipdetect.lab.augment.rotate import scale_vectors


@dataclass(frozen=True)
class Stretch:
    """Where the samples of a window are read when it is played ``factor`` times as fast."""

    origin: float  # first sample of the window as it is
    place: float  # where that sample is read, in samples of the clip
    factor: float  # samples of the clip from one sample of the window to the next

    @classmethod
    def about(
        cls, first: int, length: int, center: float, factor: float, room: tuple[float, float]
    ) -> Stretch:
        """Stretch a window about a point, keeping it inside ``room``.

        The window moves where it would reach beyond its room, and is played no faster than fits.

        Args:
            first: First sample of the window as it is.
            length: Samples of it.
            center: Sample that it stays around.
            factor: Above 1: faster, more of the clip in as many samples.
            room: First and last sample that may be read.
        """
        steps, (low, high) = length - 1, room
        if factor > 1.0 and steps * factor > high - low:
            factor = max(1.0, (high - low) / steps)
        reach = steps * factor
        place = max(min(center - reach / 2, high - reach), low)
        return cls(float(first), float(place), float(factor))

    def frames(self, samples: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Return the nearest frames, int64 in ``0 .. count - 1``; some repeat or are skipped."""
        return _inside(np.rint(self._at(samples.astype(np.float64))), count)

    def fields(self, samples: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Return the flow fields, int64, in which the middles of the stretched steps lie.

        Field i leads from frame i to frame i + 1.
        """
        return _inside(np.floor(self._at(samples.astype(np.float64) + 0.5)), count)

    def scale_flow(self, flow: Images) -> Images:
        """Return ``(T, H, W, 2)`` uint8 flow as it is between the samples of the window.

        A field lasts one sample of the clip and a step of the window ``factor`` of them: its
        vectors are that much longer. Exact for what moves evenly; else an approximation, as the
        neighboring fields are not followed.
        """
        return flow if self.factor == 1.0 else scale_vectors(flow, self.factor)

    def _at(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.place + (samples - self.origin) * self.factor


def _inside(positions: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    return np.clip(positions, 0, count - 1).astype(np.int64)
