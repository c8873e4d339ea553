"""Named thresholds: stored in a package, chosen by name, below what is given explicitly.

In: configurations and a tiny model. Out: the thresholds in force.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slipdetect.detection import Detector
from slipdetect.errors import ModelError, OutputError, PackageError, UsageError
from slipdetect.lab.models.packages import copy_package
from slipdetect.models import ModelConfig, load_package, save_package
from stub_models import EVENTS, create_stub, stub_config, stub_tsn

PRESETS = {"low": {"onset": 0.9, "offset": 0.5}, "high": {"onset": 0.3, "offset": 0.2}}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    config = stub_config("rgb", sensitivity=PRESETS)
    save_package(tmp_path / "m", config, {"rgb": stub_tsn().state_dict()}, card="# Card\n")
    return tmp_path / "m"


def test_thresholds_by_name(package: Path) -> None:
    found = {
        name: Detector.load(package, "cpu", sensitivity=name).event_config
        for name in ("low", "balanced", "high")
    }
    assert {name: (e.onset, e.offset) for name, e in found.items()} == {
        "low": (0.9, 0.5),
        "balanced": (0.6, 0.4),
        "high": (0.3, 0.2),
    }
    assert {e.min_duration_on for e in found.values()} == {EVENTS["min_duration_on"]}
    assert Detector.load(package, "cpu").event_config == found["balanced"]


def test_what_is_given_wins_over_the_preset(package: Path) -> None:
    given = Detector.load(
        package, "cpu", {"onset": 0.7, "offset": None}, sensitivity="low"
    ).event_config
    assert (given.onset, given.offset) == (0.7, 0.5)
    given = Detector.load(
        package, "cpu", {"onset": None, "offset": 0.1}, sensitivity="low"
    ).event_config
    assert (given.onset, given.offset) == (0.9, 0.1)


def test_a_model_without_presets_says_what_to_do() -> None:
    config = stub_config("rgb")
    assert config.events_at("balanced").to_json() == EVENTS
    with pytest.raises(ModelError, match=r"no thresholds for the sensitivity 'low'.*calibrate"):
        config.events_at("low")
    with pytest.raises(UsageError, match="one of low, balanced, high"):
        config.events_at("extreme")


def test_presets_are_in_the_json_only_where_there_are_any() -> None:
    assert "sensitivity" not in stub_config("rgb").to_json()
    config = stub_config("rgb", sensitivity=PRESETS)
    data = json.loads(json.dumps(config.to_json()))
    assert data["sensitivity"] == PRESETS
    assert ModelConfig.from_json(data) == config
    del data["sensitivity"]
    assert ModelConfig.from_json(data).sensitivity == {}


@pytest.mark.parametrize(
    ("sensitivity", "message"),
    [
        ({"balanced": {"onset": 0.5, "offset": 0.5}}, "one of low, high"),
        ({"low": {"onset": 0.9}}, "misses 'offset'"),
        ({"low": {"onset": 0.9, "offset": 0.95}}, "low.offset"),
        ({"low": {"onset": 1.1, "offset": 0.9}}, "low.onset"),
        ({"low": {"onset": 0.5, "offset": 0.4}}, "must fall from low"),
        ({"high": {"onset": 0.7, "offset": 0.4}}, "must fall from low"),
        (1, "sensitivity must be a table"),
    ],
)
def test_nonsense_presets_are_refused(sensitivity: Any, message: str) -> None:
    data = {**stub_config("rgb").to_json(), "sensitivity": sensitivity}
    with pytest.raises(PackageError, match=message):
        ModelConfig.from_json(data)


def test_a_copy_has_the_same_weights_and_the_new_thresholds(package: Path, tmp_path: Path) -> None:
    loaded = load_package(package)
    config = stub_config("rgb", streams=loaded.config.streams, events={**EVENTS, "onset": 0.8})
    copied = copy_package(loaded, tmp_path / "copy", config)
    assert load_package(tmp_path / "copy").config == copied.config == config
    for name in ("rgb.safetensors", "README.md"):
        assert (tmp_path / "copy" / name).read_bytes() == (package / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "README.md",
        "model.json",
        "rgb.safetensors",
    ]


def test_a_copy_replaces_a_model_only_if_told(package: Path, tmp_path: Path) -> None:
    loaded = load_package(package)
    other = {"rgb": stub_tsn().state_dict()}
    other["rgb"]["classifier.bias"] += 1.0
    save_package(tmp_path / "old", stub_config("rgb"), other, card="# Other\n")
    with pytest.raises(OutputError, match="holds a model already"):
        copy_package(loaded, tmp_path / "old", loaded.config)
    copy_package(loaded, tmp_path / "old", loaded.config, overwrite=True)
    found = load_package(tmp_path / "old")
    assert found.config.streams[0].sha256 == loaded.config.streams[0].sha256
    assert len(list((tmp_path / "old").glob("*.safetensors"))) == 1
    assert (tmp_path / "old" / "README.md").read_text() == "# Card\n"


def test_a_copy_onto_itself_keeps_the_weights(package: Path) -> None:
    loaded = load_package(package)
    before = (package / "rgb.safetensors").read_bytes()
    config = stub_config("rgb", streams=loaded.config.streams, name="again")
    copy_package(loaded, package, config, overwrite=True)
    assert load_package(package).config.name == "again"
    assert (package / "rgb.safetensors").read_bytes() == before
    assert {path.name for path in package.iterdir()} == {
        "README.md",
        "model.json",
        "rgb.safetensors",
    }


def test_a_copy_has_the_same_streams(package: Path, tmp_path: Path) -> None:
    loaded = load_package(package)
    with pytest.raises(UsageError, match="keeps its streams"):
        copy_package(loaded, tmp_path / "copy", stub_config("rgb", "flow"))
    assert not (tmp_path / "copy").exists()
