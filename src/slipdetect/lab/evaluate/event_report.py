"""What users feel of a detector: falls found, how late, and how often it cries wolf.

In: predictions of annotated clips. Out: ``EventReport``: figures with intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.announcing import announced
from slipdetect.lab.evaluate.event_matching import match, seconds_outside, strays, touches
from slipdetect.lab.evaluate.event_metrics import hits, onset_errors
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stats.measures import Area, Figure, Measure, Quantile, Rate, Share, measure
from slipdetect.lab.stats.resampling import GroupResampler
from slipdetect.lab.stats.weighted_metrics import Floats

OVERLAPS = (0.1, 0.3, 0.5)  # tIoU
RESAMPLES = 1000

_QUARTILES = {"": 0.5, "_lower": 0.25, "_upper": 0.75}


@dataclass(frozen=True)
class EventReport:
    """Figures of one set of clips.

    Attributes:
        name: Of the set.
        clips: Number of clips.
        positives: Clips with a fall.
        untimed: Those of them whose event times are unknown: they count as clips only.
        groups: Groups the clips belong to.
        events: True events with times.
        negative_hours: Length of the clips without a fall.
        figures: By name, in the order of reports.
    """

    name: str
    clips: int
    positives: int
    untimed: int
    groups: int
    events: int
    negative_hours: float
    figures: dict[str, Figure]


def event_report(
    predictions: Sequence[ClipPrediction],
    name: str = "all",
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> EventReport:
    """Return the figures of ``predictions``, with intervals over whole groups.

    Args:
        predictions: At least one. A clip without a group is its own.
        name: Of the set.
        resamples: Of the bootstrap.
        seed: Of its draws.

    Raises:
        DataError: There are no clips.
    """
    if not predictions:
        raise DataError("there are no clips to report on")
    bench = _Bench(predictions)
    resampler = GroupResampler(bench.groups, bench.positive, resamples, seed)
    return EventReport(
        name=name,
        clips=len(predictions),
        positives=int(bench.positive.sum()),
        untimed=sum(not item.timed for item in predictions),
        groups=len(set(bench.groups)),
        events=sum(len(item.truth) for item in predictions),
        negative_hours=sum(item.seconds for item in predictions if not item.positive) / 3600,
        figures=measure(bench.measures(), resampler),
    )


def false_per_clip(
    predictions: Sequence[ClipPrediction], resamples: int = RESAMPLES, seed: int = 0
) -> Figure:
    """Return the false events per clip without a fall, alone."""
    bench = _Bench(predictions)
    resampler = GroupResampler(bench.groups, bench.positive, resamples, seed)
    return measure({"rate": bench.false_per_clip()}, resampler)["rate"]


def group_of(item: ClipPrediction) -> str:
    """Return the group of a clip; one without is its own."""
    return item.group or item.clip


def delays(item: ClipPrediction) -> list[float]:
    """Return the seconds from each true onset until one who watches live could know of it.

    Of every true event found, by the first of its matches to be announced; see ``announced``. Empty
    for predictions that were kept without their windows or thresholds.
    """
    if not item.windows or item.config is None:
        return []
    known = list(zip(item.events, announced(item, item.config), strict=True))
    matches = [
        (event, [time for found, time in known if touches(found, event)]) for event in item.truth
    ]
    return [min(times) - event[0] for event, times in matches if times]


class _Bench:
    """What every clip brings to every figure."""

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
        yield "recall", Share(hit, self._true, self.groups)
        paired = {
            least: _floats([len(match(item.events, item.truth, least)) for item in self._items])
            for least in OVERLAPS
        }
        # without a fall that could be found no precision is to be had
        said = self._found * self._true.any()
        for least, pairs in paired.items():
            yield f"recall@{least}", Share(pairs, self._true, self.groups)
        for least, pairs in paired.items():
            yield f"precision@{least}", Share(pairs, said, self.groups)
        for least, pairs in paired.items():
            yield f"f1@{least}", Share(2 * pairs, said + self._true, self.groups)

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
        stray = _floats(
            [len(strays(item.events, item.truth)) if item.truth else 0 for item in self._items]
        )
        outside = _floats(
            [
                seconds_outside(item.truth, item.seconds) / 3600 if item.truth else 0.0
                for item in self._items
            ]
        )
        yield "stray_per_hour", Rate(stray, outside, self.groups)

    def _clips(self) -> Iterator[tuple[str, Measure]]:
        with_event = _floats([bool(item.events) for item in self._items])
        falls = _floats(self.positive)
        yield "clip_recall", Share(with_event * falls, falls, self.groups)
        scores = _floats([item.score for item in self._items])
        yield "auc", Area(scores, self.positive, self.groups)
        yield "average_precision", Area(scores, self.positive, self.groups, precision=True)

    def _in_negatives(self) -> Floats:
        return self._found * _floats(~self.positive)


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float64)
