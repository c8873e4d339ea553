"""Metrics of clips and events, each with its interval from the same resamples.

In: what every clip brings to a metric. Out: ``Metric``s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from slipdetect.lab.stats.intervals import (
    FEWEST_GROUPS,
    Interval,
    bootstrap_interval,
    interval,
    rate_interval,
    widened,
)
from slipdetect.lab.stats.ranking import Flags, Floats, Ranking, ratio
from slipdetect.lab.stats.resampling import GroupResampler, effective_groups, fewer_groups


@dataclass(frozen=True)
class Metric:
    """One number about a set of clips.

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

    def metric(self, values: Floats) -> Metric:
        """Return the metric from its value and, behind it, those of the resamples."""


def measure(measures: Mapping[str, Measure], resampler: GroupResampler) -> dict[str, Metric]:
    """Return the metrics by name, each with its interval from the same resamples."""
    parts = [
        {name: item.values(weights) for name, item in measures.items()}
        for weights in resampler.with_all()
    ]
    return {
        name: item.metric(np.concatenate([part[name] for part in parts]))
        for name, item in measures.items()
    }


@dataclass(frozen=True)
class Ratio:
    """A share: ``over`` of ``under`` things, both ``(clips,)``."""

    over: Floats
    under: Floats
    groups: Sequence[str]

    def values(self, weights: Floats) -> Floats:
        return ratio(weights @ self.over, weights @ self.under)

    def metric(self, values: Floats) -> Metric:
        over, under = float(self.over.sum()), float(self.under.sum())
        if under == 0:
            return Metric(None, over, under, None)
        return Metric(over / under, over, under, self._interval(over, under, values[1:]))

    def _interval(self, over: float, under: float, resamples: Floats) -> Interval:
        groups = effective_groups(self.groups, self.under)
        return interval(over / under, resamples, groups, trials=groups)


class Rate(Ratio):
    """A rate: ``over`` are events, ``under`` is their exposure in hours or clips."""

    def _interval(self, over: float, under: float, resamples: Floats) -> Interval:
        groups = effective_groups(self.groups, self.under)
        # of independent clips their own number, by the same formula
        alone = effective_groups([str(i) for i in range(len(self.groups))], self.under)
        return rate_interval(resamples, over, under, groups, alone / groups)


@dataclass(frozen=True)
class Accuracy:
    """Share of clips that are given their true label, or the mean of that share over labels.

    Attributes:
        right: ``(clips,)``, 1.0 where the label is right; a mean of several runs may lie between.
        labels: ``(clips,)`` of each label that any clip has, true where a clip has it.
        groups: Group of every clip.
        by_label: Take the mean over labels, so that a rare one counts as much.
    """

    right: Floats
    labels: Sequence[Flags]
    groups: Sequence[str]
    by_label: bool = False

    def values(self, weights: Floats) -> Floats:
        if not self.by_label:
            return ratio(weights @ self.right, weights.sum(axis=1))
        shares = [ratio(weights @ (self.right * each), weights @ each) for each in self.labels]
        return np.asarray(np.nanmean(np.stack(shares), axis=0), np.float64)

    def metric(self, values: Floats) -> Metric:
        value, clips = float(values[0]), len(self.right)
        evidence = [effective_groups(self.groups, each) for each in self.labels]
        trials = min(evidence)
        if not self.by_label:
            trials = effective_groups(self.groups, np.ones(clips))
        found = interval(value, values[1:], min(evidence), trials)
        shares = [float(self.right[each].mean()) for each in self.labels]
        equal = 1 / len(self.labels)
        weights = [equal if self.by_label else float(each.mean()) for each in self.labels]
        parts = zip(weights, shares, evidence, strict=True)
        return Metric(value, float(self.right.sum()), clips, widened(found, value, parts))


@dataclass(frozen=True)
class Quantile:
    """A quantile of ``numbers``, one an event, ``clips`` says of which clip; 0.5: the median."""

    numbers: Floats
    clips: Sequence[int]
    groups: Sequence[str]
    share: float = 0.5

    def values(self, weights: Floats) -> Floats:
        return quantile(weights[:, list(self.clips)], self.numbers, self.share)

    def metric(self, values: Floats) -> Metric:
        """With few groups there is no interval, for none would be short enough."""
        count = len(self.numbers)
        if count == 0:
            return Metric(None, count, None, None)
        value, resamples = float(values[0]), values[1:]
        groups = effective_groups([self.groups[index] for index in self.clips], np.ones(count))
        if groups < FEWEST_GROUPS or np.isnan(resamples).all():
            return Metric(value, count, None, None)
        return Metric(value, count, None, bootstrap_interval(value, resamples, groups))


@dataclass(frozen=True)
class Auc:
    """Area under the ROC curve of clip scores, or their average precision."""

    scores: Floats
    positive: Flags
    groups: Sequence[str]
    precision: bool = False

    def values(self, weights: Floats) -> Floats:
        if not self._two:
            return np.full(len(weights), np.nan)
        ranking = Ranking(self.scores, self.positive)
        return ranking.average_precision(weights) if self.precision else ranking.auc(weights)

    def metric(self, values: Floats) -> Metric:
        count = len(self.scores)
        if not self._two:
            return Metric(None, count, None, None)
        value = float(values[0])
        fewest = fewer_groups(self.groups, self.positive)
        everyone = effective_groups(self.groups, np.ones(count))
        # a fall and another clip of two groups are one trial: so many pairs share no group
        found = interval(value, values[1:], fewest, min(fewest, everyone // 2))
        # average precision is no share of trials, so the exact method does not suit it
        unsuited = self.precision and found.method == "exact"
        return Metric(value, count, None, None if unsuited else found)

    @property
    def _two(self) -> bool:
        return bool(self.positive.any() and not self.positive.all())


def quantile(weights: Floats, values: Floats, share: float) -> Floats:
    """Return the weighted quantiles of ``values``; NaN where nothing has weight.

    The smallest value below or at which more than ``share`` of the weight lies; midway to the
    next lower one where exactly ``share`` lies below, so that a half gives the usual median.

    Args:
        weights: ``(resamples, values)``.
        values: ``(values,)``.
        share: More than 0 and less than 1.
    """
    if len(values) == 0:
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    reached = weights[:, order].cumsum(axis=1)
    wanted = share * reached[:, -1:]
    lower = values[order][(reached >= wanted - 1e-9).argmax(axis=1)]
    upper = values[order][(reached > wanted + 1e-9).argmax(axis=1)]
    return np.where(reached[:, -1] > 0, (lower + upper) / 2, np.nan)
