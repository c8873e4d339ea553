"""Cells: the report's figures for one seed, their mean for several, fusion by the weights named.

In: made-up scores. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from slipdetect.errors import DataError
from slipdetect.lab.course2020.results import Scores, evaluate_cell, figures, majority_accuracy
from slipdetect.lab.course2020.tables import Cell
from slipdetect.lab.evaluate.clip_report import clip_report
from slipdetect.lab.evaluate.scores import ClipScores

COUNT = 40


def made_scores(modality: str, seed: int, side: str = "test", count: int = COUNT) -> ClipScores:
    """Return scores that are right more often than not, of clips in groups of two."""
    truth = (np.arange(count) // 2 % 3 > 0).astype(np.int64)
    rng = np.random.default_rng((seed, len(modality), len(side)))
    logits = rng.normal(size=(count, 2))
    logits[np.arange(count), truth] += 1.2
    return ClipScores(
        labels=("slip", "other"),
        positive="slip",
        clips=tuple(f"{side}-{index}.mp4" for index in range(count)),
        groups=tuple(f"{side}-g{index // 2}" for index in range(count)),
        datasets=("made",) * count,
        truth=truth,
        logits={modality: logits.astype(np.float32)},
    )


def made_run(seed: int, count: int = COUNT) -> dict[str, Scores]:
    return {
        key: {side: made_scores(key, seed, side, count) for side in ("val", "test")}
        for key in ("rgb", "flow", "rgbdiff")
    }


@pytest.mark.parametrize("certain", [0, 1, 2])
def test_one_seed_has_the_figures_of_the_clip_report(certain: int) -> None:
    run = made_run(0)
    scores = run["rgb"]["test"]
    # all clips of a label right, or all of both
    for label in range(certain):
        scores.logits["rgb"][scores.truth == label, label] = 9
    found = evaluate_cell(Cell(("rgb",), (1.0,)), [run])
    report = clip_report(scores, "rgb")
    for mine, theirs in (
        (found.accuracy, report.metrics["accuracy"]),
        (found.mean_class, report.metrics["mean_class_accuracy"]),
    ):
        assert mine is not None
        assert theirs.interval is not None
        assert mine.value == pytest.approx(theirs.value, abs=1e-12)
        assert (mine.low, mine.high) == pytest.approx(
            (theirs.interval.low, theirs.interval.high), abs=1e-12
        )
        assert mine.by_seed == (mine.value,)
    again = evaluate_cell(Cell(("rgb",), (1.0,)), [run, run, run])
    for one, three in ((found.accuracy, again.accuracy), (found.mean_class, again.mean_class)):
        assert one is not None
        assert three is not None
        assert (three.value, three.low, three.high) == pytest.approx((one.value, one.low, one.high))


def test_figures_by_hand() -> None:
    scores = made_scores("rgb", 0)
    hits = np.array([[1.0, 0.0] * (COUNT // 2), [1.0] * COUNT])
    accuracy, mean_class = figures(hits, scores)
    assert mean_class is not None
    assert accuracy.by_seed == (0.5, 1.0)
    assert accuracy.value == 0.75
    slips = [hits[0][i] for i in range(COUNT) if scores.truth[i] == 0]
    others = [hits[0][i] for i in range(COUNT) if scores.truth[i] == 1]
    by_hand = (sum(slips) / len(slips) + sum(others) / len(others)) / 2
    assert mean_class.by_seed == pytest.approx((by_hand, 1.0))
    assert accuracy.low <= 0.75 <= accuracy.high


def test_clips_of_one_label_have_no_mean_class_accuracy() -> None:
    scores = made_scores("rgb", 0)
    scores = replace(scores, truth=np.ones(COUNT, np.int64))
    accuracy, mean_class = figures(np.ones((1, COUNT)), scores)
    assert accuracy.value == 1.0
    assert accuracy.low < 1.0
    assert mean_class is None


def test_seeds_are_averaged_and_their_range_kept() -> None:
    runs = [made_run(seed) for seed in range(3)]
    found = evaluate_cell(Cell(("flow",), (1.0,)), runs)
    alone = [evaluate_cell(Cell(("flow",), (1.0,)), [run]).accuracy for run in runs]
    assert found.accuracy is not None
    values = tuple(figure.value for figure in alone if figure is not None)
    assert found.accuracy.by_seed == pytest.approx(values)
    assert found.accuracy.value == pytest.approx(sum(values) / 3)


@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 1.5)])
def test_fusion_adds_weighted_logits(weights: tuple[float, float]) -> None:
    run = made_run(1)
    found = evaluate_cell(Cell(("rgb", "flow"), weights), [run])
    right = 0
    for index in range(COUNT):
        rgb, flow = (run[key]["test"].logits[key][index] for key in ("rgb", "flow"))
        total = [weights[0] * rgb[k] + weights[1] * flow[k] for k in range(2)]
        right += int((total[1] > total[0]) == run["rgb"]["test"].truth[index])
    assert found.accuracy is not None
    assert found.accuracy.value == pytest.approx(right / COUNT)
    assert found.weights == (weights,)
    assert not found.fitted


def test_fitted_weights_come_from_validation_alone() -> None:
    run = made_run(2)
    cell = Cell(("rgb", "flow", "rgbdiff"), None)
    found = evaluate_cell(cell, [run])
    assert found.fitted
    assert sum(found.weights[0]) == pytest.approx(1.0)
    # other test scores leave the weights alone, other validation scores do not
    other = made_run(3)
    tested = {key: {**run[key], "test": other[key]["test"]} for key in run}
    validated = {key: {**run[key], "val": other[key]["val"]} for key in run}
    assert evaluate_cell(cell, [tested]).weights == found.weights
    assert evaluate_cell(cell, [validated]).weights != found.weights


def test_weights_that_are_equal_for_want_of_clips_say_so() -> None:
    found = evaluate_cell(Cell(("rgb", "flow"), None), [made_run(0, 12)])
    assert found.weights == ((0.5, 0.5),)
    assert "4 clips of a label" in found.note
    assert evaluate_cell(Cell(("rgb", "flow"), None), [made_run(0)]).note == ""


def test_runs_of_different_clips_are_refused() -> None:
    run = made_run(0)
    run["flow"] = made_run(0, COUNT - 2)["flow"]
    with pytest.raises(DataError, match=r"different clips \(40 and 38, first"):
        evaluate_cell(Cell(("rgb", "flow"), (1.0, 1.0)), [run])
    with pytest.raises(DataError, match="different clips"):
        evaluate_cell(Cell(("flow",), (1.0,)), [run, made_run(1)])


def test_one_modality_twice_is_refused() -> None:
    run = {"a": made_run(0)["rgb"], "b": made_run(1)["rgb"]}
    with pytest.raises(DataError, match="of the stream 'rgb'; name each stream once"):
        evaluate_cell(Cell(("a", "b"), (1.0, 1.0)), [run])


def test_the_baseline_gives_the_label_that_training_has_more_of() -> None:
    scores = made_scores("rgb", 0)
    slips = sum(label == 0 for label in scores.truth) / COUNT
    assert majority_accuracy(0.6, scores) == pytest.approx(slips)
    assert majority_accuracy(0.4, scores) == pytest.approx(1 - slips)
