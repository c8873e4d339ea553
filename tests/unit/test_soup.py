"""Averages of packages: means by hand, and what must not be averaged.

In: packages of stub networks. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from slipdetect.errors import OutputError, UsageError
from slipdetect.lab.models.packages import average_packages
from slipdetect.models import ModelPackage, load_package, save_package
from slipdetect.types import Calibration
from stub_models import create_stub, stub_config, stub_stream, stub_tsn


@pytest.fixture(autouse=True)
def stub_backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)


def package(folder: Path, seed: int, **changes: Any) -> ModelPackage:
    """Write a model of one stream whose weights were drawn by ``seed``."""
    network = stub_tsn("rgb", partial_bn=False)
    torch.manual_seed(seed)
    state = {
        key: torch.randn(value.shape) if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }
    changes = {"name": folder.name, "training": {"config": {"seed": seed}}, **changes}
    return save_package(folder, stub_config("rgb", **changes), {"rgb": state}, torch.float32)


def test_every_weight_is_the_mean(tmp_path: Path) -> None:
    parts = [package(tmp_path / f"m{seed}", seed) for seed in range(3)]
    made = average_packages(parts, tmp_path / "mean", name="mean")
    assert load_package(tmp_path / "mean").config == made.config
    networks = [part.build_stream("rgb").state_dict() for part in parts]
    mean = made.build_stream("rgb").state_dict()
    for key, value in mean.items():
        if not value.is_floating_point():
            assert torch.equal(value, networks[0][key])
            continue
        for index in range(value.numel()):
            by_hand = sum(state[key].flatten()[index].item() for state in networks) / 3
            assert value.flatten()[index].item() == pytest.approx(by_hand, rel=2e-3, abs=1e-3)


def test_calibration_is_the_mean_and_the_origin_is_told(tmp_path: Path) -> None:
    parts = [
        package(tmp_path / "a", 0, calibration={"temperature": 1.0, "bias": 0.5}),
        package(tmp_path / "b", 7, calibration={"temperature": 2.0, "bias": -1.0}),
    ]
    config = average_packages(parts, tmp_path / "mean", name="both").config
    assert config.name == "both"
    assert config.calibration == Calibration(1.5, -0.25)
    assert config.training["config"] == {"seed": 0}
    assert [(item["name"], item["seed"]) for item in config.training["averaged"]] == [
        ("a", 0),
        ("b", 7),
    ]
    assert config.training["averaged"][1]["weights"] == {"rgb": parts[1].config.streams[0].sha256}


def test_a_stream_that_is_not_tempered_counts_as_one(tmp_path: Path) -> None:
    tempered = {"temperature": 1.0, "bias": 0.0, "streams": {"rgb": 3.0}}
    parts = [package(tmp_path / "a", 0), package(tmp_path / "b", 1, calibration=tempered)]
    made = average_packages(parts, tmp_path / "mean", name="mean")
    assert made.config.calibration.streams == {"rgb": 2.0}


@pytest.mark.parametrize("kind", ["rnn", "cnn"])
def test_a_learned_consensus_is_averaged_too(tmp_path: Path, kind: str) -> None:
    config = stub_config("rgb", streams=(stub_stream("rgb", consensus=kind),))
    networks, parts = [], []
    for seed in range(2):
        network = stub_tsn("rgb", consensus=kind)
        torch.manual_seed(seed)
        for weight in network.consensus.parameters():
            torch.nn.init.normal_(weight)
        folder = tmp_path / f"m{seed}"
        parts.append(save_package(folder, config, {"rgb": network.state_dict()}, torch.float32))
        networks.append(network.consensus.state_dict())
    mean = average_packages(parts, tmp_path / "mean", name="mean").build_stream("rgb").consensus
    for key, value in mean.state_dict().items():
        by_hand = (networks[0][key] + networks[1][key]) / 2
        torch.testing.assert_close(value, by_hand, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"window": 2.0}, "window"),
        ({"labels": ("slip", "walk")}, "labels"),
        ({"streams": (stub_stream("rgb", input_size=32),)}, "streams"),
    ],
)
def test_models_of_two_recipes_are_refused(
    tmp_path: Path, changes: dict[str, Any], word: str
) -> None:
    parts = [package(tmp_path / "a", 0), package(tmp_path / "b", 1, **changes)]
    with pytest.raises(UsageError, match=f"'a' and 'b' differ in {word}; only models of one"):
        average_packages(parts, tmp_path / "mean", name="mean")
    assert not (tmp_path / "mean").exists()


def test_one_model_has_no_average_and_an_earlier_package_stays(tmp_path: Path) -> None:
    parts = [package(tmp_path / name, seed) for seed, name in enumerate("ab")]
    with pytest.raises(UsageError, match="at least two"):
        average_packages(parts[:1], tmp_path / "mean", name="mean")
    with pytest.raises(OutputError, match="holds a model already; pass overwrite=True"):
        average_packages(parts, tmp_path / "a", name="mean")
    assert load_package(tmp_path / "a").config == parts[0].config
