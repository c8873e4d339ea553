"""How large the moving person is, judged by what changes from frame to frame.

In: a video and a stretch of it. Out: a share of the picture's height.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.errors import VideoError
from slipdetect.modalities.snippet import motion_extent, motion_profile, thumbnail
from slipdetect.video import open_video

_RATE = 10.0  # samples a second
_SIDE = 120  # pixels on the shorter side; motion is judged on thumbnails of 60 rows


def moving_size(path: Path, start: float, end: float) -> float | None:
    """Return how large what moves is, as a share of the picture's height.

    Of every two neighboring frames the extent of their difference, its height or its width,
    whichever is more, for who lies is as long as who stands is tall; of these the upper quartile,
    for between two steps only a hand may move. Where the camera moves, it is all of the picture.
    The video is read once more as far as that, small, which costs little beside the network.

    Args:
        path: The video.
        start: Seconds from its first frame.
        end: Seconds; at least two frames are looked at.

    Returns:
        The share, to 3 digits; None if nothing moves or the video cannot be read again.
    """
    small: list[npt.NDArray[np.float32]] = []
    try:
        with open_video(path) as video:
            for frame in video.frames(_RATE, _SIDE):
                if frame.time > end + 1e-6 and len(small) > 1:
                    break
                if frame.time >= start - 1e-6:
                    small.append(thumbnail(frame.image))
    except VideoError:
        return None
    extents = [motion_extent(motion_profile(a, b)) for a, b in pairwise(small)]
    known = [extent for extent in extents if extent is not None]
    return round(float(np.quantile(known, 0.75)), 3) if known else None
