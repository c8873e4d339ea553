"""Figures of clip tests, computed by hand on small made-up scores.

In: ``ClipScores`` made of numbers. Out: nothing but assertions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.evaluate.clip_report import clip_report, reports_by_dataset
from slipdetect.lab.evaluate.decisions import CALIBRATED, FUSED, decide, reported_decisions
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.stats.intervals import expanded_tail


def scores(
    margins: dict[str, list[float]], slip: list[int], groups: Sequence[str] = (), **changes: Any
) -> ClipScores:
    """Make scores whose logits are (margin, 0)."""
    count = len(slip)
    values: dict[str, Any] = {
        "labels": ("slip", "other"),
        "positive": "slip",
        "clips": tuple(f"{i}.mp4" for i in range(count)),
        "groups": tuple(groups if groups else map(str, range(count))),
        "datasets": ("x",) * count,
        "truth": 1 - np.array(slip),
        "logits": {
            name: np.stack([np.array(m), np.zeros(count)], axis=1).astype(np.float32)
            for name, m in margins.items()
        },
    }
    return ClipScores(**{**values, **changes})


TEN = [3.0, 2.0, 1.0, -1.0, 0.5, -0.5, -1.0, -2.0, -3.0, 4.0]
SLIP = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_figures_by_hand() -> None:
    report = clip_report(scores({"rgb": TEN}, SLIP), "rgb")
    # called slip: clips 0 1 2 4 9; slips: 0 1 2 3
    assert report.confusion == ((3, 1), (2, 4))
    assert (report.clips, report.positives, report.groups) == (10, 4, 10)
    assert report.metrics["accuracy"].value == pytest.approx(7 / 10)
    assert report.metrics["mean_class_accuracy"].value == pytest.approx((3 / 4 + 4 / 6) / 2)
    assert report.metrics["recall"].value == pytest.approx(3 / 4)
    assert report.metrics["precision"].value == pytest.approx(3 / 5)
    # pairs won: 3.0 and 2.0 and 1.0 beat five of six; -1.0 beats two and ties with one
    assert report.metrics["auc"].value == pytest.approx((5 + 5 + 5 + 2.5) / 24)
    # ranks of the slips: 2, 3, 4, and 7 or 8 (a tie, taken together)
    assert report.metrics["average_precision"].value == pytest.approx(
        (1 / 2 + 2 / 3 + 3 / 4 + 4 / 8) / 4
    )
    counts = [(metric.count, metric.base) for metric in report.metrics.values()]
    assert counts == [(7, 10), (7, 10), (10, None), (10, None), (3, 4), (3, 5)]
    for figure in report.metrics.values():
        assert figure.interval is None or (
            figure.interval.low <= figure.value <= figure.interval.high
        )


def test_intervals_are_percentiles_over_whole_groups() -> None:
    rng = np.random.default_rng(0)
    groups = "".join(chr(97 + i // 3) for i in range(60))
    slip = [int(i // 3 % 2 == 0) for i in range(60)]
    margins = [rng.normal(0.7 if s else -0.7) for s in slip]
    made = scores({"rgb": margins}, slip, groups)
    report = clip_report(made, "rgb", resamples=4000)
    right = (np.array(margins) >= 0) == np.array(slip, bool)
    by_group = right.reshape(20, 3).mean(axis=1)
    draw = np.random.default_rng(7)
    plain = [
        np.r_[draw.choice(by_group[::2], 10), draw.choice(by_group[1::2], 10)].mean()
        for _ in range(4000)
    ]
    assert report.metrics["accuracy"].interval is not None
    assert report.metrics["accuracy"].interval.method == "bootstrap"
    assert (
        report.metrics["accuracy"].interval.low,
        report.metrics["accuracy"].interval.high,
    ) == pytest.approx(
        tuple(np.quantile(plain, [expanded_tail(10), 1 - expanded_tail(10)])), abs=0.02
    )


def test_alike_clips_of_a_group_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    kinds = rng.normal(0.5, 1.0, 16).repeat(5) * np.tile([1, -1], 8).repeat(5)
    slip = np.tile([1, 0], 8).repeat(5).tolist()
    alone = clip_report(scores({"rgb": kinds.tolist()}, slip), "rgb").metrics["accuracy"].interval
    names = "".join(chr(97 + i // 5) for i in range(80))
    whole = (
        clip_report(scores({"rgb": kinds.tolist()}, slip, names), "rgb")
        .metrics["accuracy"]
        .interval
    )
    assert alone is not None
    assert whole is not None
    assert whole.high - whole.low > 1.7 * (alone.high - alone.low)


def test_all_right_is_not_certain() -> None:
    report = clip_report(scores({"rgb": [2.0] * 6 + [-2.0] * 6}, [1] * 6 + [0] * 6), "rgb")
    expected = {
        "accuracy": 0.025 ** (1 / 12),
        "mean_class_accuracy": 0.025 ** (1 / 6),
        "auc": 0.025 ** (1 / 6),  # six pairs that share no group
        "recall": 0.025 ** (1 / 6),
        "precision": 0.025 ** (1 / 6),
    }
    for name, low in expected.items():
        figure = report.metrics[name]
        assert figure.value == 1.0
        assert figure.interval is not None
        assert (figure.interval.low, figure.interval.high) == (pytest.approx(low), 1.0)
        assert figure.interval.method == "exact"
    assert report.metrics["average_precision"].value == 1.0
    assert report.metrics["average_precision"].interval is None


def test_a_label_that_is_all_right_is_not_certain_within_a_mean() -> None:
    # twelve slips are all found, eight of twenty others are called a slip
    margins = [1.0] * 12 + [1.0] * 8 + [-1.0] * 12
    report = clip_report(scores({"rgb": margins}, [1] * 12 + [0] * 20), "rgb")
    unsure = 1 - 0.025 ** (1 / 12)  # 0.265, of the slips
    for name, weight, other in (("accuracy", 12 / 32, 20 / 32), ("mean_class_accuracy", 0.5, 0.5)):
        figure = report.metrics[name]
        assert figure.value == pytest.approx(weight + other * 0.6)
        assert figure.interval is not None
        assert figure.interval.method == "bootstrap"
        assert figure.value - figure.interval.low > weight * unsure
        # of the others alone: the binomial standard deviation, at expanded percentiles of 12 groups
        spread = other * np.sqrt(0.6 * 0.4 / 20)
        most = np.hypot(weight * unsure, 2.7 * spread)
        assert figure.value - figure.interval.low <= most
        assert figure.interval.high - figure.value <= 2.7 * spread


def test_one_person_is_one_trial() -> None:
    report = clip_report(scores({"rgb": TEN}, SLIP, "a" * 10), "rgb")
    assert report.groups == 1
    assert report.metrics["accuracy"].interval is not None
    assert report.metrics["accuracy"].interval.low < 0.05
    assert report.metrics["auc"].interval is not None
    assert (report.metrics["auc"].interval.low, report.metrics["auc"].interval.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    "groups",
    [
        [(100, 0)] + [(0, 1)] * 100,  # all slips of one person
        [(20, 0)] * 4 + [(0, 1)] * 60,
        [(50, 50)] + [(1, 0)] * 20 + [(0, 1)] * 20,  # one person with most clips of both
        [(8, 8)] + [(1, 0)] * 20 + [(0, 1)] * 20,
    ],
)
def test_intervals_hold_the_truth_where_groups_are_of_unequal_size(
    groups: list[tuple[int, int]],
) -> None:
    # a group is right as a whole or not at all; of very many groups 70% are
    rng = np.random.default_rng(3)
    names = [str(index) for index, sizes in enumerate(groups) for _ in range(sum(sizes))]
    slip = [label for slips, others in groups for label in [1] * slips + [0] * others]
    held = {"accuracy": 0, "mean_class_accuracy": 0, "recall": 0}
    for _ in range(60):
        right = rng.random(len(groups)) < 0.7
        margins = [
            1.0 if right[int(name)] == (label == 1) else -1.0
            for name, label in zip(names, slip, strict=True)
        ]
        figures = clip_report(scores({"m": margins}, slip, names), "m", resamples=200).metrics
        for name in held:
            ends = figures[name].interval
            assert ends is not None
            held[name] += ends.low <= 0.7 <= ends.high
    assert min(held.values()) >= 54


def test_what_cannot_be_told_is_not_told() -> None:
    report = clip_report(scores({"rgb": [-1.0] * 6}, [0] * 6), "rgb")
    assert report.metrics["accuracy"].value == 1.0
    for name in ("auc", "average_precision", "recall", "precision"):
        assert report.metrics[name].value is None
        assert report.metrics[name].interval is None
    assert report.metrics["recall"].count == 0
    with pytest.raises(DataError, match="no clips"):
        clip_report(scores({"rgb": []}, []), "rgb")


def test_fusion_is_the_weighted_sum_of_logits() -> None:
    made = scores({"rgb": [1.0, -1.0, 0.2], "flow": [-1.0, 1.0, -0.1]}, [0, 1, 1])
    found = decide(made, {"rgb": 1.0, "flow": 1.5})
    np.testing.assert_allclose(found.score, np.array([-0.5, 0.5, 0.05]) / 2.5, atol=1e-6)
    assert found.label.tolist() == [1, 0, 0]
    assert found.name == "rgb 1, flow 1.5"
    assert decide(made, {"flow": 2.0}).label.tolist() == decide(made, "flow").label.tolist()
    with pytest.raises(UsageError, match="no scores of 'rgbdiff', only of rgb, flow"):
        decide(made, {"rgbdiff": 1.0})
    with pytest.raises(UsageError, match="only of rgb, flow"):
        decide(made, "depth")


def facts(bias: float = 0.0, temperature: float = 1.0, space: str = "logits") -> dict[str, Any]:
    return {
        "fusion": {"weights": {"rgb": 1.0, "flow": 2.0}, "space": space},
        "calibration": {"temperature": temperature, "bias": bias},
    }


def test_the_model_s_own_word() -> None:
    margins = {"rgb": [3.0, -3.0, 0.6], "flow": [0.0, 0.0, 0.9]}
    made = scores(margins, [1, 0, 0], facts=facts(bias=-0.5, temperature=2.0))
    fused = decide(made, FUSED)
    np.testing.assert_allclose(fused.score, [1.0, -1.0, 0.8], atol=1e-6)
    said = decide(made, CALIBRATED)
    np.testing.assert_allclose(said.score, [0.0, -1.0, -0.1], atol=1e-6)
    assert said.label.tolist() == [0, 1, 1]
    means = scores(margins, [1, 0, 0], facts=facts(space="probabilities"))
    p = [1 / (1 + np.exp(-np.array(margins[name]))) for name in ("rgb", "flow")]
    mean = (p[0] + 2 * p[1]) / 3
    np.testing.assert_allclose(decide(means, FUSED).score, np.log(mean / (1 - mean)), rtol=1e-5)


def test_what_is_worth_a_column() -> None:
    two = {"rgb": [1.0], "flow": [1.0]}
    assert reported_decisions(scores(two, [1])) == ["rgb", "flow"]
    assert reported_decisions(scores(two, [1], facts=facts())) == ["rgb", "flow", FUSED]
    assert reported_decisions(scores(two, [1], facts=facts(0.1))) == [
        "rgb",
        "flow",
        FUSED,
        CALIBRATED,
    ]
    assert reported_decisions(scores(two, [1], facts=facts(0.1)), {"rgb": 1.0})[2:] == [
        {"rgb": 1.0}
    ]
    with pytest.raises(UsageError, match="how their streams are fused"):
        decide(scores(two, [1]), FUSED)


def test_saturated_logits_still_rank() -> None:
    made = scores({"rgb": [400.0, 300.0, 200.0, -300.0]}, [1, 1, 0, 0])
    assert clip_report(made, "rgb").metrics["auc"].value == 1.0


def test_several_labels_are_one_against_the_rest() -> None:
    logits = np.array([[1, 2, 0], [3, 0, 0], [0, 3, 1], [0, 0, 2]], np.float32)
    made = scores(
        {},
        [0, 1, 0, 0],
        labels=("walk", "slip", "sit"),
        truth=np.array([0, 1, 1, 2]),
        logits={"rgb": logits},
    )
    report = clip_report(made, "rgb")
    assert report.confusion == ((0, 1, 0), (1, 1, 0), (0, 0, 1))
    assert report.metrics["recall"].value == 0.5
    assert report.metrics["mean_class_accuracy"].value == pytest.approx((0 + 1 / 2 + 1) / 3)
    rest = np.log(np.exp(logits[:, 0].astype(float)) + np.exp(logits[:, 2].astype(float)))
    np.testing.assert_allclose(decide(made, "rgb").score, logits[:, 1] - rest, rtol=1e-6)


def test_data_sets_are_told_apart() -> None:
    made = scores({"rgb": TEN}, SLIP, datasets=("a", "b") * 5)
    found = reports_by_dataset(made, "rgb")
    assert list(found) == ["a", "b"]
    assert found["a"].clips == 5
    assert found["a"].metrics["accuracy"].value == pytest.approx(4 / 5)  # 0.5 is wrong
    assert found["b"].metrics["accuracy"].value == pytest.approx(3 / 5)  # -1.0 and 4.0 are
    assert reports_by_dataset(scores({"rgb": TEN}, SLIP), "rgb") == {}


def test_a_thousand_resamples_of_a_thousand_clips_are_quick() -> None:
    rng = np.random.default_rng(0)
    slip = (np.arange(1000) % 3 == 0).astype(int)
    groups = tuple(f"g{i // 4}" for i in range(1000))
    made = scores({"rgb": rng.normal(slip).tolist()}, slip.tolist(), groups=None)
    made = ClipScores(**{**vars(made), "groups": groups})
    clip_report(made, "rgb", resamples=2)
    begin = time.process_time()
    clip_report(made, "rgb")
    assert time.process_time() - begin < 2.0
