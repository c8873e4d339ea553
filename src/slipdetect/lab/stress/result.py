"""What predictions of disturbed clips come to: metrics, and how they differ from the first.

In: predictions by case. Out: ``StressRow``s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from slipdetect.lab.evaluate.event_matching import hits
from slipdetect.lab.evaluate.event_report import RESAMPLES, group_of
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stats.metrics import Auc, Measure, Metric, Rate, Ratio, measure
from slipdetect.lab.stats.paired import holm, mcnemar
from slipdetect.lab.stats.resampling import GroupResampler
from slipdetect.lab.stress.conditions import Case


@dataclass(frozen=True)
class Change:
    """What became of falls under disturbance, on the clips that could be read both times."""

    falls: int  # falls in these clips
    lost: int  # found undisturbed and no more
    gained: int  # found under disturbance only
    p_value: float  # of McNemar's exact test
    corrected: float  # the same, corrected for the number of rows (Holm)


@dataclass(frozen=True)
class StressRow:
    """One condition at one strength."""

    case: Case  # which
    clips: int  # clips that could be read
    positives: int  # of them with a fall
    # falls found of those there are; in clips without event times, clips with any event
    recall: Metric
    per_hour: Metric  # events found in clips without a fall, of the hours of these
    per_clip: Metric  # the same a clip
    auc: Metric  # area under the ROC curve of clip scores; without a value with one label only
    change: Change | None = None  # against the undisturbed clips; None in their own row


@dataclass(frozen=True)
class StressResult:
    """The whole table."""

    rows: tuple[StressRow, ...]  # undisturbed first
    groups: int  # groups of the clips
    # model, data and settings, as the folder keeps them
    facts: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = False  # only a part of the clips was taken

    @property
    def seen(self) -> str:
        """By which model the clips were seen, and how, such as ``"default, view above"``."""
        model, view = self.facts.get("model", {}).get("name", ""), self.facts.get("view")
        return f"{model}, view {view}" if view else str(model)


def stress_rows(
    predictions: Mapping[Case, Sequence[ClipPrediction]],
    resamples: int = RESAMPLES,
    same: Mapping[str, str] | None = None,
) -> list[StressRow]:
    """Return a row for every case, the first of which is undisturbed.

    Cases are of the same clips, or of others of the same scenes: ``same`` has the undisturbed
    clip's name by theirs.
    """
    (base, undisturbed), *others = predictions.items()
    rows = [_row(base, undisturbed, resamples)]
    changes = [_change(undisturbed, rows_of, same or {}) for _, rows_of in others]
    corrected = holm([change.p_value for change in changes])
    for (case, found), change, p in zip(others, changes, corrected, strict=True):
        row = _row(case, found, resamples)
        rows.append(replace(row, change=replace(change, corrected=p)))
    return rows


def _row(case: Case, predictions: Sequence[ClipPrediction], resamples: int) -> StressRow:
    positive = np.array([item.positive for item in predictions])
    groups = [group_of(item) for item in predictions]
    # unlike in an event test, a fall at an unknown time counts: as found if there is any event
    outcomes = [hits(item) if item.positive else [] for item in predictions]
    found = np.array([sum(each) for each in outcomes], np.float64)
    falls = np.array([len(each) for each in outcomes], np.float64)
    false = np.array([0 if item.positive else len(item.events) for item in predictions], float)
    hours = np.array([0 if item.positive else item.seconds / 3600 for item in predictions])
    scores = np.array([item.score for item in predictions])
    measures: dict[str, Measure] = {
        "recall": Ratio(found, falls, groups),
        "per_hour": Rate(false, hours, groups),
        "per_clip": Rate(false, (~positive).astype(np.float64), groups),
        "auc": Auc(scores, positive, groups),
    }
    resampler = GroupResampler(groups, positive, resamples, seed=0)
    recall, per_hour, per_clip, auc = measure(measures, resampler).values()
    falling = int(positive.sum())
    return StressRow(case, len(predictions), falling, recall, per_hour, per_clip, auc)


def _change(
    before: Sequence[ClipPrediction], after: Sequence[ClipPrediction], same: Mapping[str, str]
) -> Change:
    """Return the change; its p is corrected later, with those of all rows."""
    known = {item.clip: hits(item) for item in before if item.positive}
    pairs = [
        pair
        for item in after
        if item.positive and (name := same.get(item.clip, item.clip)) in known
        for pair in zip(known[name], hits(item), strict=True)
    ]
    lost = sum(was and not found for was, found in pairs)
    gained = sum(found and not was for was, found in pairs)
    p_value = mcnemar(gained, lost)
    return Change(len(pairs), lost, gained, p_value, p_value)
