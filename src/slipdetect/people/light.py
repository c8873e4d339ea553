"""Light that changes in a still room, told from what moves: it explains all that changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from slipdetect.modalities.snippet import motion_profile, moving_box, thumbnail

Thumbnail = npt.NDArray[np.float32]

_CHANGED = 8.0  # levels of a thumbnail; camera noise stays below
_SHARE = 0.75  # of the picture: who moves is smaller
_ALIKE = 0.8  # correlation of edges; in a picture that was shifted they lie elsewhere
_DARK = 16.0  # levels; below, edges are noise


def only_light_changed(pictures: Sequence[npt.NDArray[np.uint8]]) -> bool:
    """Return whether all of the light changed between pictures ``(H, W, 3)``, and nothing else.

    A camera that gets used to it dims its pictures afterwards. Whoever falls does so over several
    pictures, so that one pair is enough to tell.
    """
    changed = False
    for before, after in pairwise(map(thumbnail, pictures)):
        if _still(before, after):
            continue
        everywhere = float(np.mean(np.abs(after - before) > _CHANGED)) >= _SHARE
        if not _dimmed(before, after) and not (everywhere and _same_edges(before, after)):
            return False
        changed = changed or everywhere
    return changed


def _still(before: Thumbnail, after: Thumbnail) -> bool:
    return moving_box([motion_profile(before, after)]) is None


def _dimmed(before: Thumbnail, after: Thumbnail) -> bool:
    """Whether every level has become another one, the same wherever it is seen."""
    curve = np.polynomial.Polynomial.fit(before.ravel(), after.ravel(), 3)
    return _still(curve(before).astype(np.float32), after)


def _same_edges(before: Thumbnail, after: Thumbnail) -> bool:
    """Whether edges are where they were, by a light from elsewhere or of another color.

    Edges are differences of logarithms, which the strength of a light does not change.
    """
    one, other = _edges(before), _edges(after)
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return size > 0 and float(one @ other) / size >= _ALIKE


def _edges(picture: Thumbnail) -> Thumbnail:
    level = np.log(picture + np.float32(_DARK))
    both = np.concatenate([np.diff(level, axis=axis).ravel() for axis in (0, 1)])
    centered: Thumbnail = both - both.mean()
    return centered
