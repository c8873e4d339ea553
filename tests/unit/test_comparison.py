"""Rows of a comparison, derived again by hand: figures, tests, who is the reference and why.

In: made-up scores. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import pytest

from scored import drawn, scored
from slipdetect.errors import UsageError
from slipdetect.lab.compare.comparison import Comparison, compare
from slipdetect.lab.compare.runs import StreamSet
from slipdetect.lab.evaluate.clip_report import clip_report

# 4 slips, then 4 others; log-odds of a slip
TRUTH = [0, 0, 0, 0, 1, 1, 1, 1]
RGB = [2.0, 1.0, -1.0, 3.0, -2.0, 1.0, -1.0, -3.0]
FLOW = [1.0, -1.0, 2.0, 2.0, -4.0, -2.0, 0.5, -1.0]


def _margins(weights: dict[str, float]) -> list[float]:
    total = sum(weights.values())
    streams = {"rgb": RGB, "flow": FLOW}
    return [sum(w * streams[name][i] for name, w in weights.items()) / total for i in range(8)]


def _right(margins: list[float]) -> list[bool]:
    # a tie goes to the first label, the slip
    return [(margin >= 0) == (label == 0) for margin, label in zip(margins, TRUTH, strict=True)]


def _auc(margins: list[float]) -> float:
    pairs = [(a > b) + 0.5 * (a == b) for a in margins[:4] for b in margins[4:]]
    return sum(pairs) / len(pairs)


def _p(gained: int, lost: int) -> float:
    count = gained + lost
    tail = sum(math.comb(count, k) for k in range(min(gained, lost) + 1)) / 2**count
    return min(1.0, 2 * tail)


@pytest.fixture(scope="module")
def small() -> Comparison:
    streams = StreamSet("resnet18", scored(TRUTH, {"rgb": RGB, "flow": FLOW}), None)
    return compare([streams], resamples=200)


def test_every_row_by_hand(small: Comparison) -> None:
    assert [row.name for row in small.rows] == [
        "resnet18 rgb",
        "resnet18 flow",
        "resnet18 rgb+flow 1:1",
        "resnet18 rgb+flow 1:1.5",
    ]
    reference = _margins({"rgb": 1.0})
    p_values = []
    for row in small.rows:
        margins = _margins(row.weights)
        right = _right(margins)
        assert row.test.clips == 8
        assert row.test.metrics["accuracy"].value == pytest.approx(sum(right) / 8)
        assert row.test.metrics["mean_class_accuracy"].value == pytest.approx(
            (sum(right[:4]) / 4 + sum(right[4:]) / 4) / 2
        )
        assert row.test.metrics["auc"].value == pytest.approx(_auc(margins))
        if row.versus is not None:
            base = _right(reference)
            gained = sum(a and not b for a, b in zip(right, base, strict=True))
            lost = sum(b and not a for a, b in zip(right, base, strict=True))
            assert (row.versus.gained, row.versus.lost) == (gained, lost)
            assert row.versus.p_value == pytest.approx(_p(gained, lost))
            assert row.versus.auc is not None
            assert row.versus.auc.value == pytest.approx(_auc(margins) - _auc(reference))
            p_values.append(row.versus.p_value)
    assert len(p_values) == 3
    largest = 0.0
    for rank, p in enumerate(sorted(p_values)):
        largest = max(largest, min(1.0, (3 - rank) * p))
        at = [row for row in small.rows if row.versus and row.versus.p_value == p]
        assert at[0].versus is not None
        assert at[-1].versus.corrected == pytest.approx(largest)


def test_without_validation_the_first_row_is_the_reference_and_that_is_said(
    small: Comparison,
) -> None:
    assert (small.reference, small.chosen_by) == (0, "order")
    assert small.rows[0].versus is None
    assert any("the first row is the reference" in note for note in small.notes)
    assert any("no fitted weights without validation scores" in note for note in small.notes)
    assert small.majority == 0.5


def _sets(seed: int = 0) -> list[StreamSet]:
    skill = {"rgb": 1.0, "flow": 0.5}
    other = {"rgb": 0.2, "flow": 0.1}
    return [
        StreamSet("weak", drawn(60, other, seed), drawn(60, other, seed + 1, "val")),
        StreamSet("good", drawn(60, skill, seed), drawn(60, skill, seed + 1, "val")),
    ]


def test_figures_of_validation_have_the_intervals_of_a_clip_report() -> None:
    skill = {"rgb": 0.6, "flow": 0.4}
    streams = StreamSet("net", drawn(60, skill, 1), drawn(60, skill, 2, "val"))
    row = compare([streams], resamples=150).rows[0]
    assert streams.validation is not None
    assert row.validation == clip_report(streams.validation, {"rgb": 1.0}, resamples=150)
    assert row.validation.metrics["accuracy"].interval.method == "bootstrap"


def test_the_reference_is_the_best_on_validation_whatever_the_test_says() -> None:
    found = compare(_sets(), resamples=100)
    assert found.chosen_by == "validation"
    merits = [
        (row.validation.metrics["mean_class_accuracy"].value, row.validation.metrics["auc"].value)
        for row in found.rows
        if row.validation is not None
    ]
    assert len(merits) == len(found.rows)
    assert merits[found.reference] == max(merits)
    # with the truth of the test clips turned round, nothing about the choice changes
    turned = [
        StreamSet(
            s.name,
            scored(
                (1 - s.test.truth).tolist(),
                {k: (v[:, 0] - v[:, 1]).tolist() for k, v in s.test.logits.items()},
            ),
            s.validation,
        )
        for s in _sets()
    ]
    again = compare(turned, resamples=100)
    assert again.reference == found.reference
    assert [row.weights for row in again.rows] == [row.weights for row in found.rows]


def test_a_tie_on_validation_goes_to_fewer_streams() -> None:
    truth = [0, 1] * 12
    good = [1.0 - 2 * label for label in truth]
    streams = {"rgb": good, "flow": good}
    found = compare(
        [StreamSet("a", scored(truth, streams), scored(truth, streams, prefix="val"))],
        resamples=100,
    )
    assert found.rows[found.reference].streams == "rgb"


def test_the_reference_can_be_named() -> None:
    found = compare(_sets(), against="weak rgb+flow 1:1", resamples=100)
    assert found.chosen_by == "name"
    assert found.rows[found.reference].name == "weak rgb+flow 1:1"
    with pytest.raises(UsageError, match="no row called 'weak x'; choose from 'weak rgb'"):
        compare(_sets(), against="weak x", resamples=100)
    with pytest.raises(UsageError, match="several rows called 'rgb'"):
        compare(_sets(), against="rgb", resamples=100)


def test_own_weights_that_suit_no_run_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no run has all streams of the weights rgb\+rgbdiff 1:3"):
        compare(_sets(), own=[{"rgbdiff": 3, "rgb": 1}], resamples=100)
    found = compare(_sets(), own=[{"flow": 3, "rgb": 1}], resamples=100)
    assert sum(row.streams == "rgb+flow 1:3" for row in found.rows) == 2


def test_clips_of_one_group_and_shared_groups_are_said() -> None:
    truth = [0, 1] * 10
    groups = [f"g{i // 2}" for i in range(20)]
    margins = {"rgb": [1.0] * 20}
    streams = StreamSet(
        "a",
        scored(truth, margins, groups=groups),
        scored(truth, margins, groups=groups, prefix="val"),
        ("25x1", "windows"),
    )
    notes = " / ".join(compare([streams], resamples=100).notes)
    assert "20 clips are of 10 groups" in notes
    assert "10 groups are in validation and in test" in notes
    assert "different protocols: 25x1, windows" in notes


def test_the_same_seed_gives_the_same_comparison() -> None:
    assert compare(_sets(), resamples=100, seed=3) == compare(_sets(), resamples=100, seed=3)


def test_clips_of_one_label_have_accuracies_and_no_auc() -> None:
    streams = StreamSet("a", scored([0] * 6, {"rgb": [1.0] * 6, "flow": [-1.0] * 6}), None)
    found = compare([streams], resamples=100)
    assert [row.test.metrics["accuracy"].value for row in found.rows] == [1, 0, 1, 0]
    assert all(row.test.metrics["auc"].value is None for row in found.rows)
    assert all(row.versus.auc is None for row in found.rows if row.versus is not None)
