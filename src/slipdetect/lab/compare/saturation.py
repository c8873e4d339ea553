"""The two-stream network's way out when one of its streams says the same of everything.

In: probabilities of the appearance stream. Out: the only stream to trust, or none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MOST = 0.9
_NEAR = 0.01


def trusted_stream(rgb: npt.ArrayLike, *, most: float = MOST, near: float = _NEAR) -> str | None:
    """Return which of rgb and flow to use alone, or None to fuse both.

    If more than ``most`` of the rgb stream's probabilities of a slip are nearly 1, only flow is
    used; if more than ``most`` are nearly 0, only rgb (2020 course report, two-stream generation).

    Args:
        rgb: Probabilities of a slip, ``(windows,)`` or ``(clips,)``.
        most: Share of them that may be saturated.
        near: Distance from 0 or 1 that counts as saturated.
    """
    values = np.asarray(rgb, np.float64)
    if values.size == 0:
        return None
    if float((values >= 1 - near).mean()) > most:
        return "flow"
    if float((values <= near).mean()) > most:
        return "rgb"
    return None
