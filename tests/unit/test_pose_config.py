"""The pose table of a model: what it refuses, and how the pose stream speaks with the others.

In: numbers. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from slipdetect.errors import PackageError, UsageError
from slipdetect.models.stream import PoseConfig
from slipdetect.types import Calibration

BAD: list[tuple[str, Any]] = [
    ("estimator", ""),
    ("estimator", 3),
    ("rate", 0.0),
    ("rate", math.inf),
    ("rate", "5"),
    ("pictures", 2),
    ("pictures", 13.0),
    ("weight", -0.1),
    ("weight", 1.1),
    ("weight", True),
    ("limits", (1.0,)),
    ("limits", (2.0, 1.0)),
    ("limits", (math.nan, 1.0)),
    ("limits", (0.0, math.inf)),
    ("unseen", math.nan),
    ("gate", -0.1),
    ("gate", 1.5),
    ("file", "../pose.safetensors"),
    ("file", "pose.pt"),
    ("sha256", "abc"),
]


def sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^pose\.{name} "):
        PoseConfig(**{name: value})
    data = {**PoseConfig().to_json(), name: value}
    with pytest.raises(PackageError, match=rf"model\.json: pose: pose\.{name} "):
        PoseConfig.from_json(data, "model.json: pose")


@pytest.mark.parametrize("key", list(PoseConfig().to_json()))
def test_every_key_is_asked_for_by_name(key: str) -> None:
    data = PoseConfig().to_json()
    del data[key]
    with pytest.raises(PackageError, match=key):
        PoseConfig.from_json(data)


def test_unknown_keys_and_odd_tables_are_refused() -> None:
    with pytest.raises(PackageError, match="speed"):
        PoseConfig.from_json({**PoseConfig().to_json(), "speed": 1})
    with pytest.raises(PackageError, match="calibration must be a table"):
        PoseConfig.from_json({**PoseConfig().to_json(), "calibration": 1.0})
    with pytest.raises(PackageError, match="temperature"):
        PoseConfig.from_json(
            {**PoseConfig().to_json(), "calibration": {"temperature": 0.0, "bias": 0.0}}
        )
    with pytest.raises(PackageError, match="pose"):
        PoseConfig.from_json({**PoseConfig().to_json(), "limits": 3})
    for value in (None, 0, False):
        with pytest.raises(PackageError, match=r"pose\.sha256 must be 64 hexadecimal digits"):
            PoseConfig.from_json({**PoseConfig().to_json(), "sha256": value})
    with pytest.raises(PackageError):
        PoseConfig.from_json([])


def test_it_comes_back_from_json() -> None:
    config = PoseConfig(
        rate=10.0,
        pictures=25,
        weight=0.25,
        limits=(-3.0, 1.0),
        unseen=-1.0,
        gate=0.3,
        calibration=Calibration(2.0, -0.5),
        sha256="ab" * 32,
    )
    data = config.to_json()
    assert PoseConfig.from_json(data) == config
    # as a list of JSON
    assert PoseConfig.from_json({**data, "limits": [-3.0, 1.0]}) == config


@pytest.mark.parametrize("odds", [-9.0, -4.0, -1.0, 0.0, 1.5, 2.0, 7.0])
@pytest.mark.parametrize("pose", [-6.0, 0.0, 2.5])
def test_both_speak_by_hand(odds: float, pose: float) -> None:
    config = PoseConfig(weight=0.7, limits=(-4.0, 2.0), calibration=Calibration(2.0, -0.5))
    bounded = -4.0 if odds < -4.0 else 2.0 if odds > 2.0 else odds
    both = (0.3 * bounded + 0.7 * pose) / 2.0 - 0.5
    assert config.combined(odds, pose) == pytest.approx(sigmoid(both))


@pytest.mark.parametrize("odds", [-9.0, 0.0, 7.0])
def test_where_nobody_is_found_the_other_streams_decide_by_hand(odds: float) -> None:
    config = PoseConfig(unseen=2.0, calibration=Calibration(2.0, -0.5))
    # the limits are for what speaks with the pose stream
    assert config.combined(odds, None) == pytest.approx(sigmoid((odds - 2.0) / 2.0 - 0.5))


def test_weights_at_both_ends() -> None:
    assert PoseConfig(weight=0.0).combined(1.0, -5.0) == pytest.approx(sigmoid(1.0))
    assert PoseConfig(weight=1.0).combined(1.0, -5.0) == pytest.approx(sigmoid(-5.0))


def test_from_above_the_pose_stream_has_all_the_weight() -> None:
    config = PoseConfig(weight=0.6, never_up=4.0, gate=0.2, unseen=1.5, rate=4.0)
    above = config.seen("above")
    assert (above.weight, above.never_up, above.gate) == (1.0, 0.0, 0.0)
    assert (above.unseen, above.rate, above.calibration) == (1.5, 4.0, config.calibration)
    assert config.seen("level") is config
