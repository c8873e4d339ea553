"""How well OmniFall's segments are told apart: fall and fallen against all else, each class.

In: a score of every segment for each state. Out: figures with intervals; pages and data of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.prepare.omnifall import CLASSES
from slipdetect.lab.stats.metrics import Accuracy, Auc, Measure, Metric, Ratio, measure
from slipdetect.lab.stats.resampling import GroupResampler
from slipdetect.lab.stats.text import Page, interval_notes, metric_data, metric_text, scaled

VERSION = 1
THRESHOLD = 0.5
RESAMPLES = 1000
EITHER = "fall or fallen"

_BINARY = {
    "sensitivity": "sensitivity, %",
    "specificity": "specificity, %",
    "precision": "precision, %",
    "f1": "F1, %",
    "balanced_accuracy": "balanced accuracy, %",
    "auc": "ROC area",
    "average_precision": "average precision",
}
_AREAS = ("auc", "average_precision")


@dataclass(frozen=True)
class Scored:
    """A segment and how sure a model of each state is that it shows that.

    Attributes:
        group: Subject or video.
        name: What is done, one of ``CLASSES``.
        scores: Probability of every state, 0 to 1.
    """

    group: str
    name: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Figures:
    """What was measured on one set of segments.

    Attributes:
        title: Which segments these are.
        segments: How many, by class.
        binary: Each state against all else, by state, by name.
        called: Share of the segments of a class that are called a state, by class, by state.
    """

    title: str
    segments: Mapping[str, int]
    binary: Mapping[str, Mapping[str, Metric]]
    called: Mapping[str, Mapping[str, Metric]]


def segment_score(prediction: ClipPrediction, start: float, end: float) -> float:
    """Return the largest probability of the windows whose center lies in a segment.

    Of a segment that is shorter than the distance of windows it is the nearest one's.
    """
    centers = [((begin + last) / 2, sure) for begin, last, sure in prediction.windows]
    inside = [sure for center, sure in centers if start <= center <= end]
    middle = (start + end) / 2
    return max(inside) if inside else min(centers, key=lambda each: abs(each[0] - middle))[1]


def figures(title: str, scored: Sequence[Scored]) -> Figures:
    """Return the figures of segments, at least one.

    With scores of several states there is one that is any of them, whose score is the largest.
    """
    groups = [each.group for each in scored]
    truth = {state: {state} for state in scored[0].scores}
    scores = {state: [each.scores[state] for each in scored] for state in truth}
    if len(truth) > 1:
        scores[EITHER] = [max(each.scores.values()) for each in scored]
        truth[EITHER] = set(truth)
    names = [name for name in CLASSES if any(each.name == name for each in scored)]
    binary = {}
    called: dict[str, dict[str, Metric]] = {name: {} for name in names}
    for state, classes in truth.items():
        positive = np.array([each.name in classes for each in scored], bool)
        sure = np.array(scores[state], np.float64)
        resampler = GroupResampler(groups, positive, RESAMPLES, seed=0)
        binary[state] = measure(_binary(positive, sure, groups), resampler)
        over = (sure >= THRESHOLD).astype(np.float64)
        members = {
            name: np.array([each.name == name for each in scored], np.float64) for name in names
        }
        shares = {name: Ratio(over * each, each, groups) for name, each in members.items()}
        for name, metric in measure(shares, resampler).items():
            called[name][state] = metric
    counts = {name: sum(each.name == name for each in scored) for name in names}
    return Figures(title, counts, binary, called)


def _binary(positive: Any, sure: Any, groups: Sequence[str]) -> dict[str, Measure]:
    true, over = positive.astype(np.float64), (sure >= THRESHOLD).astype(np.float64)
    right = (over == true).astype(np.float64)
    labels = [each for each in (positive, ~positive) if each.any()]
    return {
        "sensitivity": Ratio(over * true, true, groups),
        "specificity": Ratio((1 - over) * (1 - true), 1 - true, groups),
        "precision": Ratio(over * true, over, groups),
        "f1": Ratio(2 * over * true, over + true, groups),
        "balanced_accuracy": Accuracy(right, labels, groups, by_label=True),
        "auc": Auc(sure, positive, groups),
        "average_precision": Auc(sure, positive, groups, precision=True),
    }


def figures_page(parts: Sequence[Figures], facts: Mapping[str, Any], notes: Sequence[str]) -> Page:
    """Return the tables of all parts."""
    tables = []
    for part in parts:
        tables.append((f"Against all else, {part.title}", _binary_rows(part)))
        tables.append((f"Called so, by class, {part.title}", _class_rows(part)))
    subject = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    every = [metric for part in parts for metric in _metrics(part)]
    more = (
        f"A segment is called a state where a window whose center lies in it has a probability of "
        f"{THRESHOLD:g} or more.",
        "Each state has a model of its own, trained on the same videos.",
    )
    return Page("OmniFall", subject, tables, [*interval_notes(every), *more, *notes])


def figures_data(
    parts: Sequence[Figures], facts: Mapping[str, Any], notes: Sequence[str]
) -> dict[str, Any]:
    """Return everything as plain data, not rounded; what segments cannot tell is null."""
    return {
        "version": VERSION,
        "facts": {**facts, "threshold": THRESHOLD},
        "notes": list(notes),
        "parts": [
            {
                "title": part.title,
                "segments": dict(part.segments),
                "binary": {state: _data(found) for state, found in part.binary.items()},
                "called": {name: _data(found) for name, found in part.called.items()},
            }
            for part in parts
        ],
    }


def _data(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    return {name: metric_data(metric) for name, metric in metrics.items()}


def _metrics(part: Figures) -> Iterator[Metric]:
    for found in (*part.binary.values(), *part.called.values()):
        yield from found.values()


def _binary_rows(part: Figures) -> list[list[str]]:
    """Return a row a figure, which leaves room for intervals."""
    rows = [["", *(f"{state} " for state in part.binary)]]
    for name, title in _BINARY.items():
        number = scaled(1, 3) if name in _AREAS else scaled(100, 1)
        cells = [metric_text(found[name], number) for found in part.binary.values()]
        rows.append([title, *cells])
    return rows


def _class_rows(part: Figures) -> list[list[str]]:
    rows = [["class", "segments", *(f"{state}, % " for state in part.binary)]]
    for name, found in part.called.items():
        cells = [metric_text(metric, scaled(100, 1)) for metric in found.values()]
        rows.append([name, str(part.segments[name]), *cells])
    return rows
