"""A recording with fewer pictures a second.

In: frames. Out: some of them, at their own times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from slipdetect.video import Frame

_SAME = 1e-6  # of a picture's duration: k / 30 s times 10 is not exactly a third of k


def slowed(frames: Iterator[Frame], rate: float) -> Iterator[Frame]:
    """Yield the first frame of every 1 / ``rate`` seconds; what is slower stays as it is.

    Args:
        frames: All frames of a recording.
        rate: Frames per second.
    """
    last = -1
    for frame in frames:
        slot = math.floor(frame.time * rate + _SAME)
        if slot > last:
            last = slot
            yield frame
