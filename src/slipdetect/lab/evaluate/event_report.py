"""What users feel of a detector: falls found, how late, and how many events are false.

In: predictions of annotated clips. Out: an ``EventReport`` of one set of clips; an
``EventEvaluation`` of all clips and of each data set, size and action.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.event_matching import (
    delays,
    hits,
    match,
    onset_errors,
    overlap,
    seconds_outside,
    strays,
)
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stats.metrics import Auc, Measure, Metric, Quantile, Rate, Ratio, measure
from slipdetect.lab.stats.ranking import Floats
from slipdetect.lab.stats.resampling import GroupResampler

OVERLAPS = (0.1, 0.3, 0.5)  # tIoU
RESAMPLES = 1000
UNKNOWN = "unknown"

_QUARTILES = {"": 0.5, "_lower": 0.25, "_upper": 0.75}
# of the picture's height: up to which share, and its name
_SIZES = ((0.25, "under 25%"), (0.5, "25 to 50%"), (0.75, "50 to 75%"), (math.inf, "75% and more"))


@dataclass(frozen=True)
class EventReport:
    """Metrics of one set of clips.

    Attributes:
        name: Of the set.
        clips: Number of clips.
        positives: Clips with a fall.
        untimed: Those of them whose event times are unknown: they count as clips only.
        groups: Groups the clips belong to.
        events: True events with times.
        negative_hours: Length of the clips without a fall.
        metrics: By name, in the order of reports.
    """

    name: str
    clips: int
    positives: int
    untimed: int
    groups: int
    events: int
    negative_hours: float
    metrics: dict[str, Metric]


@dataclass(frozen=True)
class ActionRow:
    """False events in clips in which one thing is done, and nobody falls.

    Attributes:
        dataset: Where the clips are from.
        action: What is done.
        clips: Such clips.
        groups: Groups they belong to.
        clips_hit: Clips with at least one false event.
        rate: False events per clip.
    """

    dataset: str
    action: str
    clips: int
    groups: int
    clips_hit: int
    rate: Metric


@dataclass(frozen=True)
class ClassRow:
    """How many of the times at which one thing is done have an event.

    Attributes:
        name: What is done.
        fall: It is one.
        hit: Share of them with an event: of a fall one that finds it, of anything else one that
            overlaps it and finds no fall.
    """

    name: str
    fall: bool
    hit: Metric


@dataclass(frozen=True)
class EventEvaluation:
    """An event test.

    Attributes:
        main: All clips.
        by_dataset: By data set, where there are several.
        by_size: By the size of what moves as a share of the picture's height, if known.
        by_action: Clips without a fall, those with most false events a clip first; empty where no
            clip has an action.
        by_class: Falls by their class, then what only looks like one by its, where the annotations
            have times of such things.
        facts: Model, data, thresholds.
    """

    main: EventReport
    by_dataset: dict[str, EventReport]
    by_size: dict[str, EventReport]
    by_action: tuple[ActionRow, ...]
    by_class: tuple[ClassRow, ...]
    facts: dict[str, Any]


def evaluate_events(
    predictions: Sequence[ClipPrediction], facts: Mapping[str, Any] | None = None
) -> EventEvaluation:
    """Report on predictions.

    Raises:
        DataError: There are no clips.
    """
    datasets = _parts(predictions, lambda item: item.dataset)
    sizes = _parts(predictions, lambda item: size_of(item.size))
    order = [name for _, name in _SIZES] + [UNKNOWN]
    return EventEvaluation(
        main=event_report(predictions),
        by_dataset=_reports(datasets, sorted(datasets)) if len(datasets) > 1 else {},
        by_size={} if set(sizes) == {UNKNOWN} else _reports(sizes, order),
        by_action=_actions(predictions),
        by_class=_classes(predictions),
        facts=dict(facts or {}),
    )


def event_report(
    predictions: Sequence[ClipPrediction],
    name: str = "all",
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> EventReport:
    """Return the metrics of ``predictions``, with intervals over whole groups.

    Raises:
        DataError: There are no clips.
    """
    if not predictions:
        raise DataError("there are no clips to report on")
    known = _EventMetrics(predictions)
    resampler = GroupResampler(known.groups, known.positive, resamples, seed)
    return EventReport(
        name=name,
        clips=len(predictions),
        positives=int(known.positive.sum()),
        untimed=sum(not item.timed for item in predictions),
        groups=len(set(known.groups)),
        events=sum(len(item.truth) for item in predictions),
        negative_hours=sum(item.seconds for item in predictions if not item.positive) / 3600,
        metrics=measure(known.measures(), resampler),
    )


def group_of(item: ClipPrediction) -> str:
    """Return the group of a clip; one without is its own."""
    return item.group or item.clip


def size_of(size: float | None) -> str:
    """Return the name of a size, which is a share of the picture's height."""
    if size is None:
        return UNKNOWN
    return next(name for limit, name in _SIZES if size < limit)


class _EventMetrics:
    """What every clip brings to every metric."""

    def __init__(self, predictions: Sequence[ClipPrediction]) -> None:
        self._items = predictions
        self.groups = [group_of(item) for item in predictions]
        self.positive = np.array([item.positive for item in predictions], bool)
        # falls at an unknown time make no event that is found, missed or false
        self._found = _floats([len(item.events) if item.timed else 0 for item in predictions])
        self._true = _floats([len(item.truth) for item in predictions])

    def measures(self) -> dict[str, Measure]:
        """Return all measures by name, in the order of reports."""
        return {
            **dict(self._matched()),
            **dict(self._times()),
            **dict(self._false()),
            **dict(self._clips()),
        }

    def false_per_clip(self) -> Rate:
        """Return the rate of false events per clip without a fall."""
        return Rate(self._in_negatives(), _floats(~self.positive), self.groups)

    def _matched(self) -> Iterator[tuple[str, Measure]]:
        hit = _floats([sum(hits(item)) if item.truth else 0 for item in self._items])
        yield "recall", Ratio(hit, self._true, self.groups)
        paired = {
            least: _floats([len(match(item.events, item.truth, least)) for item in self._items])
            for least in OVERLAPS
        }
        # without a fall that could be found there is no precision
        found = self._found * self._true.any()
        for least, pairs in paired.items():
            yield f"recall@{least}", Ratio(pairs, self._true, self.groups)
        for least, pairs in paired.items():
            yield f"precision@{least}", Ratio(pairs, found, self.groups)
        for least, pairs in paired.items():
            yield f"f1@{least}", Ratio(2 * pairs, found + self._true, self.groups)

    def _times(self) -> Iterator[tuple[str, Measure]]:
        for name, function in (("onset_error", onset_errors), ("delay", delays)):
            numbers = [(i, x) for i, item in enumerate(self._items) for x in function(item)]
            for ending, share in _QUARTILES.items():
                values = _floats([x for _, x in numbers])
                yield name + ending, Quantile(values, [i for i, _ in numbers], self.groups, share)

    def _false(self) -> Iterator[tuple[str, Measure]]:
        hours = _floats([item.seconds / 3600 for item in self._items])
        yield "false_per_hour", Rate(self._in_negatives(), hours * ~self.positive, self.groups)
        yield "false_per_clip", self.false_per_clip()
        stray = [len(strays(item.events, item.truth)) if item.truth else 0 for item in self._items]
        outside = [
            seconds_outside(item.truth, item.seconds) / 3600 if item.truth else 0.0
            for item in self._items
        ]
        yield "stray_per_hour", Rate(_floats(stray), _floats(outside), self.groups)

    def _clips(self) -> Iterator[tuple[str, Measure]]:
        with_event = _floats([bool(item.events) for item in self._items])
        falls = _floats(self.positive)
        yield "clip_recall", Ratio(with_event * falls, falls, self.groups)
        scores = _floats([item.score for item in self._items])
        yield "auc", Auc(scores, self.positive, self.groups)
        yield "average_precision", Auc(scores, self.positive, self.groups, precision=True)

    def _in_negatives(self) -> Floats:
        return self._found * _floats(~self.positive)


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float64)


def _parts(
    predictions: Sequence[ClipPrediction], key: Callable[[ClipPrediction], Any]
) -> dict[Any, list[ClipPrediction]]:
    parts: dict[Any, list[ClipPrediction]] = defaultdict(list)
    for item in predictions:
        parts[key(item)].append(item)
    return parts


def _reports(
    parts: Mapping[str, list[ClipPrediction]], order: Sequence[str]
) -> dict[str, EventReport]:
    return {name: event_report(parts[name], name) for name in order if name in parts}


def _actions(predictions: Sequence[ClipPrediction]) -> tuple[ActionRow, ...]:
    negative = [item for item in predictions if not item.positive]
    if not any(item.action for item in negative):
        return ()
    parts = _parts(negative, lambda item: (item.dataset, item.action))
    rows = [_action_row(items) for items in parts.values()]
    return tuple(sorted(rows, key=lambda row: (-(row.rate.value or 0), row.dataset, row.action)))


def _action_row(items: Sequence[ClipPrediction]) -> ActionRow:
    known = _EventMetrics(items)
    resampler = GroupResampler(known.groups, known.positive, RESAMPLES, seed=0)
    return ActionRow(
        dataset=items[0].dataset,
        action=items[0].action,
        clips=len(items),
        groups=len(set(known.groups)),
        clips_hit=sum(bool(item.events) for item in items),
        rate=measure({"rate": known.false_per_clip()}, resampler)["rate"],
    )


def _classes(predictions: Sequence[ClipPrediction]) -> tuple[ClassRow, ...]:
    if not any(item.lookalikes for item in predictions):
        return ()
    counts: dict[tuple[bool, str], list[tuple[int, int]]] = {}
    for index, item in enumerate(predictions):
        names = {(start, end): name for start, end, name in item.classes}
        false = strays(item.events, item.truth)
        marked = [(span, True, hit) for span, hit in zip(item.truth, hits(item), strict=False)]
        marked += [
            (span, False, any(overlap(event[:2], span) > 0 for event in false))
            for span in item.lookalikes
        ]
        for span, fall, hit in marked:
            key = (fall, names.get(span, ""))
            rows = counts.setdefault(key, [(0, 0)] * len(predictions))
            rows[index] = (rows[index][0] + hit, rows[index][1] + 1)
    groups = [group_of(item) for item in predictions]
    positive = np.array([item.positive for item in predictions], bool)
    resampler = GroupResampler(groups, positive, RESAMPLES, seed=0)
    found = []
    for (fall, name), rows in counts.items():
        over, under = (_floats([row[place] for row in rows]) for place in (0, 1))
        share = measure({"hit": Ratio(over, under, groups)}, resampler)["hit"]
        found.append(ClassRow(name, fall, share))
    return tuple(sorted(found, key=lambda row: (not row.fall, -(row.hit.value or 0), row.name)))
