"""From scores to the figures of a table: fuse, decide, average over seeds, resample groups.

In: a ``Cell`` and the scores of its trials. Out: ``CellResult`` and the other parts of a
``TableResult``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab.course2020.division import Leaked
from slipdetect.lab.course2020.tables import Cell
from slipdetect.lab.evaluate.clip_report import RESAMPLES
from slipdetect.lab.evaluate.decisions import decide
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.stats.metrics import Accuracy, Metric, measure
from slipdetect.lab.stats.resampling import GroupResampler

DONE, FAILED, MISSING = "done", "failed", "missing"
_SEED = 0

Scores = Mapping[str, ClipScores]
Hits = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A share of clips, 0 to 1, with its 95% interval over whole groups."""

    value: float  # the share, the mean over seeds where there are several
    low: float  # lower end of the interval
    high: float  # upper end
    by_seed: tuple[float, ...]  # the share with each seed


@dataclass(frozen=True)
class CellResult:
    """One cell."""

    state: str  # "done", "failed" or "missing" (not run)
    accuracy: Figure | None = None  # share of clips that are right; None unless done
    # mean of the shares of each label; None unless done and both labels are there
    mean_class: Figure | None = None
    weights: tuple[tuple[float, ...], ...] = ()  # weights of the fused trials by seed
    fitted: bool = False  # whether the weights were fitted on the validation clips
    note: str = ""  # why fitted weights are equal, where they are


@dataclass(frozen=True)
class Side:
    """How many clips a side has: in all, with a slip or fall, and of how many groups."""

    clips: int
    positives: int
    groups: int


@dataclass(frozen=True)
class Chosen:
    """The epoch that validation chose, counted from 1, and the last one: shares and losses."""

    epoch: int
    epochs: int
    accuracy: float
    loss: float
    last_accuracy: float
    last_loss: float


@dataclass(frozen=True)
class TableResult:
    """A table with its figures."""

    name: str  # what the command line calls it
    title: str  # heading
    columns: tuple[str, ...]  # headings of the columns
    rows: tuple[tuple[str, tuple[CellResult, ...]], ...]  # heading and cells of every line
    notes: tuple[str, ...]  # what a reader must know
    sides: Mapping[str, Side]  # train, val and test
    # accuracy of always giving the commoner label of the training side; None while nothing was
    # scored
    majority: float | None
    # protocol, seeds, starting weights and other settings to show, by name
    settings: Mapping[str, str]
    failures: Mapping[str, str] = field(default_factory=dict)  # why runs failed, by their names
    smoke: bool = False  # whether this only shows that everything runs
    # for a table about training itself, by column what validation measured with the first seed;
    # else empty
    chosen: tuple[Chosen | None, ...] = ()
    leaked: Leaked | None = None  # what of the split is on two sides; None where nothing is


def evaluate_cell(cell: Cell, runs: Sequence[Mapping[str, Scores]]) -> CellResult:
    """Return the figures of a cell, from one mapping a seed: by trial, the scores by side.

    Raises:
        DataError: The trials scored different clips, or one modality twice.
    """
    fits = [_weights(cell, run) for run in runs]
    tested = [joined_scores([run[key]["test"] for key in cell.trials]) for run in runs]
    for other in tested[1:]:
        _require_same_clips(tested[0], other)
    hits = np.stack(
        [
            decide(scores, weights).label == scores.truth
            for scores, (weights, _) in zip(tested, fits, strict=True)
        ]
    ).astype(np.float64)
    accuracy, mean_class = figures(hits, tested[0])
    chosen = tuple(tuple(weights.values()) for weights, _ in fits)
    notes = dict.fromkeys(note for _, note in fits if note)
    return CellResult(DONE, accuracy, mean_class, chosen, cell.weights is None, "; ".join(notes))


def figures(hits: Hits, scores: ClipScores) -> tuple[Figure, Figure | None]:
    """Return accuracy and mean-class accuracy, the mean over seeds, with intervals.

    With one seed they are those of ``clip_report``. The interval says how far other groups of
    clips could move the mean over these seeds; the seeds themselves are not resampled.

    Args:
        hits: ``(seeds, clips)``, 1.0 where a clip's label was found.
        scores: Whose clips these are.

    Returns:
        Accuracy, and mean-class accuracy or None where the clips are all of one label.
    """
    positive, mean = scores.is_positive, hits.mean(axis=0)
    labels = [label for label in (positive, ~positive) if label.any()]
    by_seed = {
        "accuracy": hits.mean(axis=1),
        "mean_class": np.mean([hits[:, label].mean(axis=1) for label in labels], axis=0),
    }
    found = measure(
        {
            name: Accuracy(mean, labels, scores.groups, by_label=name == "mean_class")
            for name in by_seed
        },
        GroupResampler(scores.groups, positive, RESAMPLES, _SEED),
    )
    made = {name: _figure(found[name], by_seed[name]) for name in found}
    return made["accuracy"], made["mean_class"] if len(labels) > 1 else None


def majority_accuracy(training_positives: float, scores: ClipScores) -> float:
    """Return the accuracy of always giving the label that training has a larger share of."""
    share = float(scores.is_positive.mean())
    return share if training_positives > 0.5 else 1.0 - share


def joined_scores(parts: Sequence[ClipScores]) -> ClipScores:
    """Return the scores of several one-stream models of the same clips as those of one model.

    Raises:
        DataError: They are of different clips, or two of one modality.
    """
    logits: dict[str, npt.NDArray[np.float32]] = {}
    for part in parts:
        _require_same_clips(parts[0], part)
        twice = logits.keys() & part.logits.keys()
        if twice:
            raise DataError(
                f"two of the scores are of the stream {min(twice)!r}; name each stream once, as in "
                "rgb=FILE flow=FILE"
            )
        logits.update(part.logits)
    return replace(parts[0], logits=logits, facts={})


def _figure(metric: Metric, by_seed: Hits) -> Figure:
    if metric.value is None or metric.interval is None:
        raise DataError("there are no clips to report on")
    ends = metric.interval
    return Figure(metric.value, ends.low, ends.high, tuple(by_seed.tolist()))


def _weights(cell: Cell, run: Mapping[str, Scores]) -> tuple[dict[str, float], str]:
    """Return the weight of each modality, and why fitted ones are equal where they are."""
    scores = joined_scores([run[key]["val"] for key in cell.trials])
    if cell.weights is not None:
        return dict(zip(scores.logits, cell.weights, strict=True)), ""
    # scipy's optimizers load slowly, and one row of one table needs them
    from slipdetect.lab.compare.fusions import fit_weights

    fitted = fit_weights(scores.logits, scores.truth)
    return fitted.weights, fitted.note


def _require_same_clips(one: ClipScores, other: ClipScores) -> None:
    same = (one.clips, one.groups, one.labels) == (other.clips, other.groups, other.labels)
    if not same or not np.array_equal(one.truth, other.truth):
        odd = sorted(set(one.clips) ^ set(other.clips))
        raise DataError(
            f"runs to compare scored different clips ({len(one.clips)} and {len(other.clips)}"
            + (f", first {odd[0]!r}" if odd else "")
            + "); see the warnings about clips that could not be read"
        )
