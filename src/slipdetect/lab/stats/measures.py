"""Figures of events and clips, each with what its resamples say of it.

In: what every clip brings to a figure. Out: ``Figure``s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from slipdetect.lab.stats.intervals import (
    FEWEST_GROUPS,
    Interval,
    expanded_tail,
    interval,
    rate_interval,
)
from slipdetect.lab.stats.resampling import (
    GroupResampler,
    effective_count,
    effective_groups,
    fewer_groups,
)
from slipdetect.lab.stats.weighted_metrics import (
    Flags,
    Floats,
    Ranking,
    quantile,
    ratio_of_sums,
)


@dataclass(frozen=True)
class Figure:
    """One figure of a set of clips.

    Attributes:
        value: None where the clips cannot tell, such as recall without falls.
        count: What was counted: events found of ``base`` true ones, false events in ``base`` hours;
            of medians the values, of areas under a curve the clips.
        base: What it is a share or a rate of; None for medians and areas.
        interval: 95%; None where there is no value or no method for one.
    """

    value: float | None
    count: float
    base: float | None
    interval: Interval | None


class Measure(Protocol):
    """What can be computed of many resamples at once."""

    def values(self, weights: Floats) -> Floats:
        """Return ``(resamples,)`` of the ``(resamples, clips)`` weights; NaN where undefined."""
        ...

    def figure(self, values: Floats) -> Figure:
        """Return the figure from its value and, behind it, those of the resamples."""
        ...


def measure(measures: Mapping[str, Measure], resampler: GroupResampler) -> dict[str, Figure]:
    """Return the figures by name, each with its interval from the same resamples."""
    parts = [_parts(measures, weights) for weights in resampler.with_all()]
    return {
        name: item.figure(np.concatenate([part[name] for part in parts]))
        for name, item in measures.items()
    }


def _parts(measures: Mapping[str, Measure], weights: Floats) -> dict[str, Floats]:
    return {name: item.values(weights) for name, item in measures.items()}


@dataclass(frozen=True)
class Share:
    """A share: ``over`` of ``under`` things, both ``(clips,)``."""

    over: Floats
    under: Floats
    groups: Sequence[str]

    def values(self, weights: Floats) -> Floats:
        """See ``Measure``."""
        return ratio_of_sums(weights, self.over, self.under)

    def figure(self, values: Floats) -> Figure:
        """See ``Measure``."""
        over, under = float(self.over.sum()), float(self.under.sum())
        if under == 0:
            return Figure(None, over, under, None)
        groups = effective_count(self.groups, self.under)
        return Figure(
            over / under, over, under, interval(over / under, values[1:], groups, trials=groups)
        )


@dataclass(frozen=True)
class Rate:
    """A rate: ``events`` in an ``exposure`` of hours or clips, both ``(clips,)``."""

    events: Floats
    exposure: Floats
    groups: Sequence[str]

    def values(self, weights: Floats) -> Floats:
        """See ``Measure``."""
        return ratio_of_sums(weights, self.events, self.exposure)

    def figure(self, values: Floats) -> Figure:
        """See ``Measure``."""
        events, exposure = float(self.events.sum()), float(self.exposure.sum())
        if exposure == 0:
            return Figure(None, events, exposure, None)
        groups = effective_count(self.groups, self.exposure)
        # of independent clips their own number, by the same formula
        alone = effective_count([str(i) for i in range(len(self.groups))], self.exposure)
        found = rate_interval(values[1:], events, exposure, groups, alone / groups)
        return Figure(events / exposure, events, exposure, found)


@dataclass(frozen=True)
class Quantile:
    """A quantile of ``numbers``, one an event, ``clips`` says of which clip; 0.5: the median."""

    numbers: Floats
    clips: Sequence[int]
    groups: Sequence[str]
    share: float = 0.5

    def values(self, weights: Floats) -> Floats:
        """See ``Measure``."""
        return quantile(weights[:, list(self.clips)], self.numbers, self.share)

    def figure(self, values: Floats) -> Figure:
        """See ``Measure``; with few groups there is no interval, for none would be short enough."""
        count = len(self.numbers)
        if count == 0:
            return Figure(None, count, None, None)
        value, resamples = float(values[0]), values[1:]
        groups = effective_count([self.groups[index] for index in self.clips], np.ones(count))
        known = resamples[~np.isnan(resamples)]
        if groups < FEWEST_GROUPS or len(known) == 0:
            return Figure(value, count, None, None)
        tail = expanded_tail(groups)
        low, high = np.quantile(known, [tail, 1 - tail])
        ends = Interval(min(float(low), value), max(float(high), value), "bootstrap")
        return Figure(value, count, None, ends)


@dataclass(frozen=True)
class Area:
    """Area under the ROC curve of clip scores, or their average precision."""

    scores: Floats
    positive: Flags
    groups: Sequence[str]
    precision: bool = False

    def values(self, weights: Floats) -> Floats:
        """See ``Measure``."""
        if not self._two:
            return np.full(len(weights), np.nan)
        ranking = Ranking(self.scores, self.positive)
        return ranking.average_precision(weights) if self.precision else ranking.auc(weights)

    def figure(self, values: Floats) -> Figure:
        """See ``Measure``."""
        count = len(self.scores)
        if not self._two:
            return Figure(None, count, None, None)
        value = float(values[0])
        fewest = fewer_groups(self.groups, self.positive)
        everyone = effective_groups(self.groups, np.ones_like(self.positive))
        # a fall and another clip of two groups are one trial: so many pairs share no group
        found = interval(value, values[1:], fewest, min(fewest, everyone // 2))
        # average precision is no share of trials, so the exact method does not suit it
        unsuited = self.precision and found.method == "exact"
        return Figure(value, count, None, None if unsuited else found)

    @property
    def _two(self) -> bool:
        return bool(self.positive.any() and not self.positive.all())
