"""What an exported checkpoint says of its model: all of it, or somebody is told by name.

In: packages of tiny networks. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from round_trip import SMALL, assert_same_networks, awake, there_and_back, trained
from slipdetect.errors import ModelError
from slipdetect.lab.checkpoints import Wishes, export_stream, import_checkpoints
from slipdetect.lab.checkpoints import stream as old_stream
from slipdetect.lab.train.config import TrainConfig
from slipdetect.modalities.normalize import Normalization
from slipdetect.modalities.snippet import MODALITIES
from slipdetect.models import (
    TSN,
    ModelConfig,
    ModelPackage,
    StreamConfig,
    load_package,
    save_package,
)
from slipdetect.models import tsn as building
from slipdetect.types import Calibration, EventConfig, Thresholds
from stub_models import EVENTS, create_stub, register_stub, stub_config, stub_stream


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the backbone 'stub' be one of the registry."""
    register_stub(monkeypatch)


# a value of every field that is no default and that no import would assume
STREAM: dict[str, Any] = {
    "modality": "flow",
    "backbone": "stub",
    "backbone_options": {"depth": 2, "kind": "plain"},
    "snippet_length": 4,
    "num_segments": 5,
    "input_size": 24,
    "normalization": Normalization("BGR", 255.0, (1, 2, 3), (4, 5, 6), (0.7, 0.8), 0.9),
    "consensus": "topk",
    "consensus_k": 2,
    "dropout": 0.25,
    "flow": {"method": "dis", "bound": 12.5, "parameters": {"preset": 2}},
    "crop": "motion",
}
MODEL: dict[str, Any] = {
    "labels": ("walk", "fall"),
    "positive": "fall",
    "sample_fps": 12.5,
    "frame_short_side": 40,
    "snippet_stride": 2,
    "window": 1.75,
    "stride": 0.25,
    "fusion": {"weights": {"flow": 2.5}, "space": "probabilities"},
    "calibration": Calibration(1.7, 0.6, {"flow": 0.8}),
    "events": EventConfig(**{**EVENTS, "pad_onset": 0.1}),
    "training": {"config": {"sampling": "clips"}, "training_data": [{"dataset": "a", "clips": 3}]},
    "sensitivity": {"low": Thresholds(0.9, 0.5)},
}


def full_package(folder: Path) -> ModelPackage:
    stream = StreamConfig(**STREAM)
    network = awake(building.build_network(stream, 2), 2)
    config = ModelConfig(name="full", streams=(stream,), **MODEL)
    return save_package(folder, config, {"flow": network.state_dict()}, card="A card.")


@pytest.mark.usefixtures("stubs")
def test_S36_no_field_of_a_package_is_forgotten(tmp_path: Path) -> None:
    """Whoever adds a field adds a value above; then it travels, or this fails."""
    assert {item.name for item in fields(StreamConfig)} == set(STREAM) | {
        "file",
        "sha256",
        "graph",
    }
    own = {"name", "streams", "pose", "versions", "format_version"}
    assert {item.name for item in fields(ModelConfig)} == set(MODEL) | own
    plain = {**{item.name: item.default for item in fields(StreamConfig)},
             **{item.name: item.default for item in fields(ModelConfig)},
             **vars(stub_config("rgb")), **vars(stub_stream("rgb"))}  # fmt: skip
    same = [name for name, value in {**STREAM, **MODEL}.items() if plain[name] == value]
    assert same == ["backbone"]
    package = full_package(tmp_path / "m")
    back = there_and_back(package, tmp_path)
    for name in STREAM:
        assert getattr(back.config.streams[0], name) == STREAM[name]
    for name in MODEL.keys() - {"training"}:
        assert getattr(back.config, name) == MODEL[name]
    training = dict(back.config.training)
    assert training.pop("imported")
    assert training == MODEL["training"]
    assert (back.folder / "README.md").read_text() == "A card."


@pytest.mark.usefixtures("stubs")
def test_S36_what_older_programs_do_otherwise_is_told_by_name(tmp_path: Path) -> None:
    """Of every field that changes scores one line or one name, whatever fields there are."""
    told = export_stream(full_package(tmp_path / "m"), "flow", tmp_path / "x").differences
    for words in (
        "no network stub",
        "without the options depth = 2, kind = plain",
        "other statistics",
        "scales them to 0.9",
        "16 px, this model 24 px",
        "crops the center",
        "takes topk of 2",
    ):
        assert sum(words in line for line in told) == 1, words
    names = told[-1].removeprefix("older programs do not know ").split(", ")
    own_line = {
        "backbone",
        "backbone_options",
        "normalization",
        "input_size",
        "crop",
        "consensus",
        "consensus_k",
    }
    seen_in_tensors = {"modality", "snippet_length"}
    no_score = {"dropout", "training"}
    alone = {"fusion"}  # a single stream has nothing to be fused with
    expected = (set(STREAM) | set(MODEL)) - own_line - seen_in_tensors - no_score - alone
    assert sorted(names) == sorted(expected)
    assert all("\n" not in line for line in told)


@pytest.mark.usefixtures("stubs")
def test_S36_a_file_of_several_says_what_it_is_fused_with(tmp_path: Path) -> None:
    config = TrainConfig(**{**SMALL, "flow_method": "dis-fast"})
    package = trained(tmp_path / "run", dict.fromkeys(MODALITIES, config), held_out=True)
    done = export_stream(package, "flow", tmp_path / "flow.pth.tar")
    assert any("fuses with rgb, rgbdiff; export these too" in line for line in done.differences)
    alone = import_checkpoints([tmp_path / "flow.pth.tar"], tmp_path / "alone")
    (remark,) = alone.remarks
    assert "also has the streams rgb, rgbdiff" in remark
    kept = package.config.calibration
    assert kept.streams is not None
    tempered = {"flow": kept.streams["flow"]}
    assert alone.package.config.calibration == replace(kept, streams=tempered)
    assert_same_networks(alone.package, there_and_back(alone.package, tmp_path / "flow-run"))


@pytest.mark.usefixtures("stubs")
def test_S36_streams_of_two_runs_keep_what_is_their_own(tmp_path: Path) -> None:
    files = []
    for name, fps in (("rgb", 10.0), ("flow", 12.0)):
        config = TrainConfig(**{**SMALL, "flow_method": "dis-fast", "sample_fps": fps})
        run = trained(tmp_path / name, {name: config}, held_out=True)
        files.append(tmp_path / f"{name}.pth.tar")
        export_stream(run, name, files[-1])
    made = import_checkpoints(files, tmp_path / "both")
    (remark,) = made.remarks
    assert "different models: sample_fps, stride are the first one's" in remark
    assert made.package.config.sample_fps == 10.0
    assert set(made.package.config.training["metrics"]) == {"rgb", "flow"}
    load_package(tmp_path / "both").build_streams()


@pytest.mark.usefixtures("stubs")
def test_S36_a_noted_file_beside_a_foreign_one_is_run_as_it_says(tmp_path: Path) -> None:
    config = TrainConfig(**{**SMALL, "consensus": "max", "difference_contrast": 0.3})
    run = trained(tmp_path / "run", {"rgbdiff": config}, held_out=True)
    export_stream(run, "rgbdiff", tmp_path / "ours.pth.tar")
    other = trained(tmp_path / "other", {"rgb": config}, held_out=False)
    export_stream(other, "rgb", tmp_path / "theirs.pth.tar")
    content = torch.load(tmp_path / "theirs.pth.tar", weights_only=True)
    del content["slipdetect"]
    torch.save(content, tmp_path / "theirs.pth.tar")
    files = [tmp_path / "ours.pth.tar", tmp_path / "theirs.pth.tar"]
    made = import_checkpoints(files, tmp_path / "both")
    assert not made.noted
    (remark,) = made.remarks
    assert "only the rgbdiff file was written by slipdetect" in remark
    ours = made.package.config.stream("rgbdiff")
    assert replace(ours, sha256="") == replace(run.config.streams[0], sha256="")
    assert made.package.config.stream("rgb").consensus == "avg"


@pytest.mark.usefixtures("stubs")
def test_S36_learned_consensus_weights_fit_their_number_of_segments(tmp_path: Path) -> None:
    config = TrainConfig(**{**SMALL, "consensus": "weighted"})
    package = trained(tmp_path / "run", {"rgb": config}, held_out=False)
    export_stream(package, "rgb", tmp_path / "x.pth.tar")
    content = torch.load(tmp_path / "x.pth.tar", weights_only=True)
    # what tsn-pytorch would load has nothing that it does not know
    starts = {name.partition(".")[0] for name in content["state_dict"]}
    assert starts == {"base_model", "new_fc"}
    with pytest.raises(ModelError, match=r"consensus\.weights is \(3,\), not \(5,\)"):
        import_checkpoints([tmp_path / "x.pth.tar"], tmp_path / "b", wishes=Wishes(segments=5))
    assert not (tmp_path / "b").exists()


class Wrapped(nn.Module):
    """A backbone with layers called 'module' and 'fc', as a plugin may have."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.module = create_stub("resnet20", in_channels)
        self.fc = nn.Linear(6, 6)
        self.spec = replace(self.module.spec, first_conv="module.stem.0")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.fc(self.module(x))
        return features


def test_S36_layers_of_a_plugin_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(name: str, in_channels: int = 3, *rest: Any, **options: Any) -> Wrapped:
        return Wrapped(in_channels)

    monkeypatch.setattr("slipdetect.backbones.create_backbone", create)
    monkeypatch.setattr("slipdetect.backbones.list_backbones", lambda pattern="*": ["resnet20"])
    monkeypatch.setattr("slipdetect.backbones.get_spec", lambda name: create(name).spec)
    config = TrainConfig(**{**SMALL, "backbone": "resnet20", "dropout": 0.0})
    package = trained(tmp_path / "run", {"rgb": config}, held_out=True)
    assert_same_networks(package, there_and_back(package, tmp_path))


def test_S36_options_of_a_network_that_a_package_knows_reach_the_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network is built in one place, so what a stream says of it changes it for all."""

    class Doubled(TSN):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.backbone.second = nn.Conv2d(3, 4, 3)

    register_stub(monkeypatch)
    assert building.build_network is old_stream.build_network
    monkeypatch.setattr(building, "TSN", Doubled)
    state = awake(Doubled("stub", "rgb"), 4).state_dict()
    made = save_package(tmp_path / "m", stub_config("rgb"), {"rgb": state})
    assert_same_networks(made, there_and_back(made, tmp_path))


@pytest.mark.slow
def test_S36_a_network_with_options_of_its_own_comes_back(tmp_path: Path) -> None:
    stream = stub_stream(
        "rgb", backbone="resnest50", input_size=64, backbone_options={"rectify": True}
    )
    config = stub_config("rgb", streams=(stream,))
    states = {"rgb": awake(building.build_network(stream, 2), 1).state_dict()}
    package = save_package(tmp_path / "m", config, states)
    back = there_and_back(package, tmp_path)
    assert back.config.streams[0].backbone_options == {"rectify": True}
    assert_same_networks(package, back)
    content = torch.load(tmp_path / "rgb.pth.tar", weights_only=True)
    assert list(content["slipdetect_tensors"]) == ["backbone.backbone_options"]
