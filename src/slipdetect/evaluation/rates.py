"""How sure a rate of events is, such as false alarms an hour.

In: the rate, its resamples, how much independent footage is behind it. Out: an ``Interval``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from slipdetect.evaluation.intervals import FEWEST_GROUPS, LEVEL, Interval, expanded_tail


def garwood(rate: float, exposure: float) -> Interval:
    """Return the exact interval of a rate of independent events (Garwood, Biometrika 28, 1936).

    No event in one hour leaves up to 3.69 an hour possible: the rate at which an hour without one
    still happens one time in forty.

    Args:
        rate: Events per unit.
        exposure: Units looked at, more than 0; may be fractional.
    """
    tail = (1 - LEVEL) / 2
    count = rate * exposure
    low = 0.0 if count <= 0 else float(gammaincinv(count, tail)) / exposure
    return Interval(low, float(gammaincinv(count + 1, 1 - tail)) / exposure, "exact")


def rate_interval(
    rate: float, resamples: npt.NDArray[np.float64], groups: float, unit: float = 1.0
) -> Interval:
    """Return the interval of a rate, as ``interval`` does that of a share.

    Where resamples say nothing (few groups, no event at all) it is exact and takes a group for as
    much footage as one clip, which is as alike as clips of a group could be.

    Args:
        rate: Events per unit.
        resamples: The same of every resample, NaN where it has none.
        groups: Effective groups that it rests on.
        unit: Units that an average clip has: 1 for events a clip, its hours for events an hour.
    """
    known = resamples[~np.isnan(resamples)]
    if groups < FEWEST_GROUPS or rate == 0 or len(known) == 0 or known.min() == known.max():
        return garwood(rate, groups * unit)
    tail = expanded_tail(groups)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(min(float(low), rate), max(float(high), rate), "bootstrap")
