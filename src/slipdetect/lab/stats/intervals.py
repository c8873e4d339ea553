"""Intervals: 95%, from resamples of a metric, or exact where these say nothing.

In: the metric, its resamples, the independent observations behind it. Out: an ``Interval``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from slipdetect.lab import require
from slipdetect.lab.stats.ranking import Floats

special = require("scipy.special")

LEVEL = 0.95
FEWEST_GROUPS = 5  # a bootstrap of fewer knows next to nothing of how groups differ
# resamples of rates from fewer do not reach as far as chance does
FEWEST_EVENTS, FEWEST_RATE_GROUPS = 5, 10


@dataclass(frozen=True)
class Interval:
    """A 95% confidence interval.

    Attributes:
        low: Lower end.
        high: Upper end.
        method: ``"bootstrap"`` (percentiles over resampled groups) or ``"exact"``
            (Clopper-Pearson over groups; of a rate, Poisson).
    """

    low: float
    high: float
    method: str


def clopper_pearson(share: float, count: float) -> Interval:
    """Return the exact interval of a share of ``count`` independent trials.

    Clopper and Pearson, Biometrika 26, 1934. With 12 of 12 it is (0.735, 1): the smallest true
    share of which 12 in a row still happen one time in forty. Successes and trials may be
    fractional, as in Korn and Graubard, Survey Methodology 24, 1998, who use it for clustered data
    with an effective number of trials.

    Args:
        share: Of successes, 0 to 1.
        count: Trials; 0 gives (0, 1).
    """
    if count == 0:
        return Interval(0.0, 1.0, "exact")
    tail = (1 - LEVEL) / 2
    hits, misses = share * count, (1 - share) * count
    low = 0.0 if hits <= 0 else float(special.betaincinv(hits, misses + 1, tail))
    high = 1.0 if misses <= 0 else float(special.betaincinv(hits + 1, misses, 1 - tail))
    return Interval(low, high, "exact")


def interval(value: float, resamples: Floats, groups: float, trials: float) -> Interval:
    """Return the interval of a metric between 0 and 1.

    Percentiles of the resamples, expanded for few groups, do for a metric that can move both ways.
    They fail where all is right or wrong, because every resample then is as well and the interval
    would have no width; and with so few groups that resamples hardly differ (Cameron, Gelbach and
    Miller, Rev. Econ. Stat. 90, 2008). There the exact interval over groups is given: it takes a
    group for one trial, which is as wide as clips of a group could be alike.

    Args:
        value: The metric.
        resamples: The same metric of every resample, NaN where it has none.
        groups: Effective groups that it rests on; of several labels the smallest number.
        trials: Independent trials that it amounts to at least; may be fractional.
    """
    if groups < FEWEST_GROUPS or value in (0.0, 1.0) or no_variety(resamples):
        return clopper_pearson(value, trials)
    return bootstrap_interval(value, resamples, groups)


def no_variety(resamples: Floats) -> bool:
    """Return whether all resamples that have a value (are not NaN) have the same, or none has."""
    known = resamples[~np.isnan(resamples)]
    return len(known) == 0 or bool(known.min() == known.max())


def bootstrap_interval(value: float, resamples: Floats, groups: float) -> Interval:
    """Return the percentiles of the resamples, expanded for few groups, and ``value`` within them.

    Args:
        value: The metric; a skewed one may lie outside its own resamples' percentiles.
        resamples: The same metric of every resample; NaN where it has none.
        groups: Effective groups that it rests on, more than 1.
    """
    tail = expanded_tail(groups)
    low, high = np.nanquantile(resamples, [tail, 1 - tail])
    return Interval(min(float(low), value), max(float(high), value), "bootstrap")


def poisson_exact(events: float, exposure: float) -> Interval:
    """Return the exact interval of a rate of which ``events`` were counted in ``exposure``.

    Garwood, Biometrika 28, 1936. With none in 2 hours it is (0, 1.84) an hour: the largest rate
    that is still without an event in so long one time in forty. Events may be fractional.

    Args:
        events: Counted, at least 0.
        exposure: Hours or clips; 0 gives (0, infinity).
    """
    if exposure <= 0:
        return Interval(0.0, math.inf, "exact")
    tail = (1 - LEVEL) / 2
    low = 0.0 if events <= 0 else float(special.gammaincinv(events, tail))
    high = float(special.gammaincinv(events + 1, 1 - tail))
    return Interval(low / exposure, high / exposure, "exact")


def rate_interval(
    resamples: Floats, events: float, exposure: float, groups: float, alike: float
) -> Interval:
    """Return the interval of a rate, which has a lower bound but no upper one.

    Percentiles of the resamples, expanded for few groups, and never nearer than those of a Poisson
    count of clips that have nothing in common. Where nothing was counted, every resample
    counts nothing too; with few events or groups they do not reach as far as chance does. There it
    is the exact interval of a Poisson count. Its events and exposure are divided by ``alike``, the
    variance that clips of one group can add at most (the design effect of Kish, 1965), as trials of
    a share are.

    Args:
        resamples: The rate of every resample, NaN where it has none.
        events: Counted.
        exposure: Hours or clips that they were counted in, more than 0.
        groups: Effective groups that the exposure is of.
        alike: Clips of a group, by which more of them tell less; 1 where each is its own.
    """
    few = events < FEWEST_EVENTS or groups < FEWEST_RATE_GROUPS
    if few or no_variety(resamples):
        return poisson_exact(events / alike, exposure / alike)
    drawn = bootstrap_interval(events / exposure, resamples, groups)
    alone = poisson_exact(events, exposure)
    return Interval(min(drawn.low, alone.low), max(drawn.high, alone.high), "bootstrap")


def widened(found: Interval, value: float, parts: Iterable[tuple[float, float, float]]) -> Interval:
    """Add what resamples cannot show: that labels which are all right, or all wrong, may not be.

    Resamples of a label without any variety do not vary, so that a mean over labels would take its
    share for certain. Its exact interval is put in by the squares of the distances, as intervals
    of independent parts of a sum are (Zou and Donner, Statistics in Medicine 27, 2008).

    Args:
        found: Interval from resamples; an exact one is returned as it is.
        value: The metric, the sum of weight times share over all labels.
        parts: Weight, share and effective groups of every label.
    """
    if found.method == "exact":
        return found
    below, above = (value - found.low) ** 2, (found.high - value) ** 2
    for weight, share, groups in parts:
        if share in (0.0, 1.0):
            exact = clopper_pearson(share, groups)
            below += (weight * (share - exact.low)) ** 2
            above += (weight * (exact.high - share)) ** 2
    low, high = value - math.sqrt(below), value + math.sqrt(above)
    return Interval(max(low, 0.0), min(high, 1.0), found.method)


def expanded_tail(groups: float) -> float:
    """Return the share of resamples to cut off at either end, below 0.025.

    Percentiles of a bootstrap are too narrow with few observations, as a normal interval without
    n - 1 and without Student's t is. Expanding them by both factors (Hesterberg, The American
    Statistician 69, 2015, "expanded percentile interval") mends that: 0.0041 with 7 groups, 0.025
    with very many.

    Args:
        groups: Independent observations, more than 1; may be fractional.
    """
    quantile = special.stdtrit(groups - 1, (1 - LEVEL) / 2)
    return float(special.ndtr(math.sqrt(groups / (groups - 1)) * quantile))
