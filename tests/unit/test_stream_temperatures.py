"""Streams are tempered before they are fused, alike in detection, evaluation and packaging.

In: logits of two streams. Out: probabilities computed a second time in plain numbers.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scored import scored
from slipdetect.detection.engines.torch_engine import TorchEngine
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import PackageError, UsageError
from slipdetect.lab.calibrate.fitting import fit_temperature
from slipdetect.lab.evaluate.decisions import CALIBRATED, FUSED, decide
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.packaging import Checkpoint, _calibrate
from slipdetect.models import LateFusion, ModelConfig, load_package, save_package
from slipdetect.types import Calibration
from stub_models import create_stub, stub_config, stub_tsn

METRICS = EpochMetrics(0, 0.0, 0.0, None, None, None, 0.0)
TEMPERED = {"temperature": 2.0, "bias": 0.5, "streams": {"rgb": 4.0, "flow": 0.5}}


def sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def test_fusion_divides_the_logits_of_a_stream() -> None:
    scores = {"rgb": torch.tensor([[8.0, 0.0]]), "flow": torch.tensor([[1.0, 0.0]])}
    fusion = LateFusion({"rgb": 1.0, "flow": 3.0}, temperatures={"rgb": 4.0})
    assert fusion(scores).tolist() == [[(8 / 4 + 3 * 1) / 4, 0.0]]
    averaged = LateFusion({"rgb": 1.0, "flow": 1.0}, "probabilities", temperatures={"rgb": 4.0})
    expected = (sigmoid(2.0) + sigmoid(1.0)) / 2
    assert averaged(scores)[0, 0].item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_impossible_temperatures_are_refused(value: float) -> None:
    with pytest.raises(UsageError, match="temperature"):
        LateFusion({"rgb": 1.0}, temperatures={"rgb": value})
    with pytest.raises(UsageError, match="temperature"):
        LateFusion({"rgb": 1.0}, temperatures={"flow": 2.0})


@settings(max_examples=20)
@given(st.floats(-20, 20), st.floats(0.01, 5), st.floats(0.05, 20), st.floats(0.05, 20))
def test_the_fusion_rises_with_each_stream(x: float, more: float, one: float, two: float) -> None:
    fusion = LateFusion({"rgb": 1.0, "flow": 1.5}, temperatures={"rgb": one, "flow": two})

    def odds(rgb: float) -> float:
        rows = {"rgb": [[rgb, 0.0]], "flow": [[0.3, 0.0]]}
        fused = fusion({k: torch.tensor(v, dtype=torch.float64) for k, v in rows.items()})
        return float(fused[0, 0] - fused[0, 1])

    assert odds(x + more) > odds(x)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    states = {name: stub_tsn(name).state_dict() for name in ("rgb", "flow")}
    save_package(tmp_path / "m", stub_config("rgb", "flow", calibration=TEMPERED), states)
    return tmp_path / "m"


def scorer_of(folder: Path) -> SnippetScorer:
    package = load_package(folder)
    return SnippetScorer(package.config, TorchEngine(package, "cpu"))


def row(*logits: float) -> np.ndarray:
    """The logits of a window of one snippet."""
    return np.array([logits], np.float32)


def test_detection_tempers_what_the_package_says(package: Path) -> None:
    scorer = scorer_of(package)
    window = {"rgb": row(6.0, 2.0), "flow": row(-1.0, 0.0)}
    probability, streams = scorer.probability(scorer.consensus(window))
    fused = (4.0 / 4.0 + -1.0 / 0.5) / 2
    assert probability == pytest.approx(sigmoid(fused / 2.0 + 0.5), abs=1e-6)
    # what a stream says alone stays as the network said it
    assert streams == {
        "rgb": pytest.approx(sigmoid(4.0), abs=1e-6),
        "flow": pytest.approx(sigmoid(-1.0), abs=1e-6),
    }


def test_evaluation_says_what_detection_does() -> None:
    clips = scored(
        [0, 1],
        {"rgb": [4.0, 2.0], "flow": [-1.0, 1.0]},
        fusion={"weights": {"rgb": 1.0, "flow": 1.0}, "space": "logits"},
        calibration=TEMPERED,
    )
    fused = [(4.0 / 4.0 - 1.0 / 0.5) / 2, (2.0 / 4.0 + 1.0 / 0.5) / 2]
    assert decide(clips, FUSED).score.tolist() == pytest.approx(fused)
    calibrated = decide(clips, CALIBRATED).score.tolist()
    assert calibrated == pytest.approx([odds / 2.0 + 0.5 for odds in fused])


def test_evaluation_and_detection_calibrate_alike(package: Path) -> None:
    """As sure as networks get, too: float32 rounds their probabilities to 0 and 1 there."""
    odds = [-200.0, -60.0, -17.5, -5.0, 0.0, 3.0, 17.5, 60.0, 200.0]
    expected = [sigmoid(value / 2.0 + 0.5) for value in odds]
    scorer = scorer_of(package)
    # what tempering by 4 and by 1/2 leaves is the same from both streams, and so is their mean
    logits = {"rgb": [4.0 * value for value in odds], "flow": [0.5 * value for value in odds]}
    detected = []
    for rgb, flow in zip(logits["rgb"], logits["flow"], strict=True):
        window = {"rgb": row(rgb, 0.0), "flow": row(flow, 0.0)}
        detected.append(scorer.probability(scorer.consensus(window))[0])
    fusion = {"weights": {"rgb": 1.0, "flow": 1.0}, "space": "logits"}
    clips = scored([0] * len(odds), logits, fusion=fusion, calibration=TEMPERED)
    evaluated = [sigmoid(value) for value in decide(clips, CALIBRATED).score.tolist()]
    assert detected == pytest.approx(expected, rel=1e-6, abs=0)
    assert evaluated == pytest.approx(expected, rel=1e-6, abs=0)
    rest = [1 - value for value in detected]
    assert rest == pytest.approx([1 - value for value in expected], abs=1e-12)
    # stored probabilities have five digits, within which their log-odds are known
    kept = [sigmoid(value) for value in odds[3:6]]
    assert Calibration(2.0, 0.5).apply(kept).tolist() == pytest.approx(expected[3:6])


def test_temperatures_survive_json_and_are_optional() -> None:
    config = stub_config("rgb", "flow", calibration=TEMPERED)
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    plain = stub_config("rgb", "flow").to_json()
    assert set(plain["calibration"]) == {"temperature", "bias"}
    assert ModelConfig.from_json(plain).late_fusion().temperatures == {}


@pytest.mark.parametrize(
    ("streams", "message"),
    [
        ({"rgb": 1.0}, "misses 'flow'"),
        ({"rgb": 1.0, "flow": 1.0, "x": 1.0}, "unknown key 'x'"),
        ({"rgb": 1.0, "flow": 0.0}, "calibration.streams.flow"),
        (3, "calibration.streams must be a table"),
    ],
)
def test_nonsense_temperatures_are_refused(streams: Any, message: str) -> None:
    data = stub_config("rgb", "flow").to_json()
    data["calibration"]["streams"] = streams
    with pytest.raises(PackageError, match=message):
        ModelConfig.from_json(data)


def windows(slope: float, count: int = 6000) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits ``(count, 2)`` that are ``slope`` times too sure, and labels (0 is a fall)."""
    rng = np.random.default_rng(round(10 * slope))
    odds = np.concatenate([rng.normal(1, 1.4, count // 2), rng.normal(-1, 1.4, count // 2)])
    falls = np.arange(count) < count // 2
    # log-odds of two normal distributions at +1 and -1: 2 x / 1.4^2
    rows = np.stack([slope * odds * 2 / 1.4**2, np.zeros(count)], axis=1)
    return torch.tensor(rows), torch.tensor(np.where(falls, 0, 1))


def checkpoint(slope: float, count: int = 6000) -> Checkpoint:
    return Checkpoint({}, METRICS, windows(slope, count))


def test_a_stream_that_is_too_sure_is_tempered() -> None:
    for slope in (0.5, 1.0, 3.0):
        rows, labels = windows(slope)
        found = fit_temperature(rows.softmax(-1)[:, 0].tolist(), (labels == 0).tolist())
        assert found == pytest.approx(slope, rel=0.1)


def test_packaging_tempers_every_stream_and_then_the_fusion() -> None:
    made = _calibrate({"rgb": checkpoint(3.0), "flow": checkpoint(0.5)}, {"rgb": 1.0, "flow": 1.0})
    assert made.streams == {
        "rgb": pytest.approx(3.0, rel=0.1),
        "flow": pytest.approx(0.5, rel=0.1),
    }
    # the mean of two independent witnesses is half as sure as it may be
    assert made.temperature == pytest.approx(0.5, rel=0.15)


def test_one_stream_is_calibrated_as_before() -> None:
    made = _calibrate({"rgb": checkpoint(3.0)}, {"rgb": 1.0})
    assert made.streams is None
    assert made.temperature == pytest.approx(3.0, rel=0.1)


def test_without_validation_nothing_is_changed() -> None:
    bare = Checkpoint({}, METRICS, None)
    made = _calibrate({"rgb": bare, "flow": checkpoint(1.0)}, {"rgb": 1.0, "flow": 1.0})
    assert made == Calibration()


def test_a_stream_that_knows_nothing_gets_little_say() -> None:
    rng = np.random.default_rng(0)
    p = [sigmoid(odds) for odds in rng.normal(0, 4, 400)]
    chance = fit_temperature(p, (rng.random(400) < 0.5).tolist())
    contrary = fit_temperature([0.1] * 20 + [0.9] * 20, [True] * 20 + [False] * 20)
    assert 5 < chance <= 20
    assert contrary == pytest.approx(20)
    assert fit_temperature([0.9] * 9 + [0.1] * 50, [True] * 9 + [False] * 50) == 1.0
