"""Packages of every make go out as old checkpoints and come back: the same model, equal scores.

In: packages written as training writes them, of tiny networks. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from old_files import OldNetwork
from round_trip import (
    SMALL,
    assert_same_detection,
    assert_same_networks,
    awake,
    said,
    there_and_back,
    trained,
)
from slipdetect.lab.checkpoints import Wishes, import_checkpoints
from slipdetect.lab.evaluate.protocol import default_protocol
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.recipes import list_recipes, load_recipe
from slipdetect.modalities.snippet import CONSENSUS_KINDS, MODALITIES
from slipdetect.models import load_package, save_package
from stub_models import register_stub, stub_config, stub_tsn
from synth import make_video


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the backbone 'stub' be one of the registry."""
    register_stub(monkeypatch)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("round-trip")
    return make_video(folder / "slip.mp4", "slip", count=45, size=(64, 48)).path


STREAMS = [f"{recipe}-{part}" for recipe in list_recipes() for part in load_recipe(recipe).settings]
RUNS = [(name, True) for name in (*list_recipes(), *STREAMS)] + [
    (name, False) for name in list_recipes()
]


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize(
    ("name", "held_out"), RUNS, ids=[f"{name}-{'cal' if held else 'plain'}" for name, held in RUNS]
)
def test_S36_a_run_of_every_recipe_comes_back(
    tmp_path: Path, video: Path, name: str, held_out: bool
) -> None:
    configs = load_recipe(name).configs(SMALL)
    package = trained(tmp_path / "run", configs, held_out=held_out)
    tempered = set(package.config.calibration.streams or {})
    assert tempered == (set(configs) if held_out and len(configs) > 1 else set())
    back = there_and_back(package, tmp_path)
    assert said(back.config) == said(load_package(package.folder).config)
    assert default_protocol(back.config) == default_protocol(package.config)
    assert_same_networks(package, back)
    assert_same_detection(package, back, video)


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize("change", [
    *({"consensus": kind} for kind in CONSENSUS_KINDS),
    {"crop": "motion"},
    {"dropout": 0.0},
    {"num_segments": 7, "snippet_length": 3},
    {"difference_contrast": 0.3, "flow_statistics": (0.0, 1.0)},
    {"flow_method": "dis-fast", "flow_bound": 12.0},
], ids=str)  # fmt: skip
def test_S36_three_streams_of_any_settings_come_back(
    tmp_path: Path, video: Path, change: dict[str, Any]
) -> None:
    config = TrainConfig(**{**SMALL, "flow_method": "dis-fast", "crop": "center", **change})
    package = trained(tmp_path / "run", dict.fromkeys(MODALITIES, config), held_out=True)
    back = there_and_back(package, tmp_path)
    assert said(back.config) == said(load_package(package.folder).config)
    assert_same_networks(package, back)
    if config.consensus not in ("weighted", "identity"):
        assert_same_detection(package, back, video)


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_S36_weights_of_any_type_come_back(tmp_path: Path, stored: torch.dtype) -> None:
    states = {name: awake(stub_tsn(name), 5).state_dict() for name in MODALITIES}
    # beyond the range of half precision, so that this tensor is kept as it is
    states["rgb"]["backbone.last.1.running_var"][0] = 1e6
    package = save_package(tmp_path / "m", stub_config(*MODALITIES), states, stored)
    assert_same_networks(package, there_and_back(package, tmp_path))


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize("space", ["logits", "probabilities"])
@pytest.mark.parametrize("weights", [(1.0, 1.5, 0.25), (1.0, 0.0, 3.0)], ids=str)
def test_S36_fusion_and_every_temperature_come_back(
    tmp_path: Path, video: Path, space: str, weights: tuple[float, ...]
) -> None:
    fusion = {"weights": dict(zip(MODALITIES, weights, strict=True)), "space": space}
    tempered = {"rgb": 4.0, "flow": 0.5, "rgbdiff": 2.0}
    config = stub_config(
        *MODALITIES,
        fusion=fusion,
        calibration={"temperature": 1.3, "bias": -0.4, "streams": tempered},
        sensitivity={"low": {"onset": 0.9, "offset": 0.5}, "high": {"onset": 0.2, "offset": 0.1}},
    )
    states = {name: awake(stub_tsn(name), i).state_dict() for i, name in enumerate(MODALITIES)}
    package = save_package(tmp_path / "m", config, states)
    back = there_and_back(package, tmp_path)
    assert said(back.config) == said(package.config)
    assert_same_detection(package, back, video)
    rgb, flow, rgbdiff = (tmp_path / f"{name}.pth.tar" for name in MODALITIES)
    turned = import_checkpoints([flow, rgbdiff, rgb], tmp_path / "turned").package.config
    for key in ("fusion", "calibration"):
        assert getattr(turned, key) == getattr(config, key)


@pytest.mark.slow
def test_S36_imported_models_come_back(tmp_path: Path, video: Path) -> None:
    makes = {"rgb": False, "flow": True}
    files = [
        OldNetwork("resnet18", name, two_stream=two).write(tmp_path / f"old-{name}.pth.tar")
        for name, two in makes.items()
    ]
    reading = {"sample_fps": 10.0, "short_side": 48, "flow_method": "dis"}
    wishes = Wishes(reading=reading, fusion=(1.0, 1.5), positive="NotSlipping")
    package = import_checkpoints(files, tmp_path / "m", wishes=wishes).package
    back = there_and_back(package, tmp_path)
    assert said(back.config) == said(package.config)
    origins = back.config.training["imported"]
    assert [(item["epoch"], item["modality"]) for item in origins] == [(43, n) for n in makes]
    assert_same_detection(package, back, video)
