"""What users feel of a detector: falls found, how late, and how many events are false.

In: predictions of annotated clips. Out: an ``EventReport`` of one set of clips; an
``EventEvaluation`` of all clips and of each data set, size and action.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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
from slipdetect.lab.stats.ranking import Flags, Floats
from slipdetect.lab.stats.resampling import GroupResampler

OVERLAPS = (0.1, 0.3, 0.5)  # tIoU
RESAMPLES = 1000
UNKNOWN = "unknown"

_QUARTILES = {"": 0.5, "_lower": 0.25, "_upper": 0.75}
# of the picture's height: up to which share, and its name
_SIZES = ((0.25, "under 25%"), (0.5, "25 to 50%"), (0.75, "50 to 75%"), (math.inf, "75% and more"))


@dataclass(frozen=True)
class EventReport:
    """Metrics of one set of clips."""

    name: str  # of the set
    clips: int  # number of clips
    positives: int  # clips with a fall
    untimed: int  # those of them whose event times are unknown: they count as clips only
    groups: int  # groups the clips belong to
    events: int  # true events with times
    negative_hours: float  # length of the clips without a fall
    metrics: dict[str, Metric]  # by name, in the order of reports


@dataclass(frozen=True)
class ActionRow:
    """False events in clips in which one thing is done, and nobody falls."""

    dataset: str  # where the clips are from
    action: str  # what is done
    clips: int  # such clips
    groups: int  # groups they belong to
    clips_hit: int  # clips with at least one false event
    rate: Metric  # false events per clip


@dataclass(frozen=True)
class ClassRow:
    """How many of the times at which one thing is done have an event."""

    name: str  # what is done
    fall: bool  # it is one
    # share of them with an event: of a fall one that finds it, of anything else one that overlaps
    # it and finds no fall
    hit: Metric


@dataclass(frozen=True)
class EventEvaluation:
    """An event test."""

    main: EventReport  # all clips
    by_dataset: dict[str, EventReport]  # by data set, where there are several
    # by the size of what moves as a share of the picture's height, if known
    by_size: dict[str, EventReport]
    # clips without a fall, those with most false events a clip first; empty where no clip has an
    # action
    by_action: tuple[ActionRow, ...]
    # falls by their class, then what only looks like one by its, where the annotations have times
    # of such things
    by_class: tuple[ClassRow, ...]
    facts: dict[str, Any]  # model, data, thresholds


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
    groups, positive = _known(predictions)
    resampler = GroupResampler(groups, positive, resamples, seed)
    return EventReport(
        name=name,
        clips=len(predictions),
        positives=int(positive.sum()),
        untimed=sum(not item.timed for item in predictions),
        groups=len(set(groups)),
        events=sum(len(item.truth) for item in predictions),
        negative_hours=sum(item.seconds for item in predictions if not item.positive) / 3600,
        metrics=measure(_measures(predictions, groups, positive), resampler),
    )


def group_of(item: ClipPrediction) -> str:
    """Return the group of a clip; one without is its own."""
    return item.group or item.clip


def size_of(size: float | None) -> str:
    """Return the name of a size, which is a share of the picture's height."""
    if size is None:
        return UNKNOWN
    return next(name for limit, name in _SIZES if size < limit)


def _known(items: Sequence[ClipPrediction]) -> tuple[list[str], Flags]:
    """Return the group of every clip, and ``(clips,)``, whether somebody falls in it."""
    return [group_of(item) for item in items], np.array([item.positive for item in items], bool)


def _measures(
    items: Sequence[ClipPrediction], groups: Sequence[str], positive: Flags
) -> dict[str, Measure]:
    """Return all measures by name, in the order of reports."""
    falls, quiet = _floats(positive), _floats(~positive)
    # falls at an unknown time make no event that is found, missed or false
    found = _floats([len(item.events) if item.timed else 0 for item in items])
    true = _floats([len(item.truth) for item in items])
    hit = _floats([sum(hits(item)) if item.truth else 0 for item in items])
    made: dict[str, Measure] = {"recall": Ratio(hit, true, groups)}
    paired = {
        least: _floats([len(match(item.events, item.truth, least)) for item in items])
        for least in OVERLAPS
    }
    # without a fall that could be found there is no precision
    precise = found * true.any()
    made |= {f"recall@{least}": Ratio(pairs, true, groups) for least, pairs in paired.items()}
    made |= {f"precision@{least}": Ratio(pairs, precise, groups) for least, pairs in paired.items()}
    made |= {
        f"f1@{least}": Ratio(2 * pairs, precise + true, groups) for least, pairs in paired.items()
    }
    for name, function in (("onset_error", onset_errors), ("delay", delays)):
        numbers = [(index, x) for index, item in enumerate(items) for x in function(item)]
        values, clips = _floats([x for _, x in numbers]), [index for index, _ in numbers]
        for ending, share in _QUARTILES.items():
            made[name + ending] = Quantile(values, clips, groups, share)
    hours = _floats([item.seconds / 3600 for item in items])
    made["false_per_hour"] = Rate(found * quiet, hours * quiet, groups)
    made["false_per_clip"] = Rate(found * quiet, quiet, groups)
    stray = [len(strays(item.events, item.truth)) if item.truth else 0 for item in items]
    outside = [
        seconds_outside(item.truth, item.seconds) / 3600 if item.truth else 0.0 for item in items
    ]
    made["stray_per_hour"] = Rate(_floats(stray), _floats(outside), groups)
    with_event = _floats([bool(item.events) for item in items])
    scores = _floats([item.score for item in items])
    return made | {
        "clip_recall": Ratio(with_event * falls, falls, groups),
        "auc": Auc(scores, positive, groups),
        "average_precision": Auc(scores, positive, groups, precision=True),
    }


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
    groups, positive = _known(items)
    false = _floats([len(item.events) for item in items])
    resampler = GroupResampler(groups, positive, RESAMPLES, seed=0)
    return ActionRow(
        dataset=items[0].dataset,
        action=items[0].action,
        clips=len(items),
        groups=len(set(groups)),
        clips_hit=sum(bool(item.events) for item in items),
        rate=measure({"rate": Rate(false, np.ones(len(items)), groups)}, resampler)["rate"],
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
    groups, positive = _known(predictions)
    resampler = GroupResampler(groups, positive, RESAMPLES, seed=0)
    found = []
    for (fall, name), rows in counts.items():
        over, under = (_floats([row[place] for row in rows]) for place in (0, 1))
        share = measure({"hit": Ratio(over, under, groups)}, resampler)["hit"]
        found.append(ClassRow(name, fall, share))
    return tuple(sorted(found, key=lambda row: (not row.fall, -(row.hit.value or 0), row.name)))
