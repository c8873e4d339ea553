"""Streams written for older programs: their names are those programs' own, and nothing is lost.

In: packages with random weights. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from old_files import FAMILIES, OldNetwork
from slipdetect.detection import EventConfig
from slipdetect.errors import OutputError, PackageError, UsageError
from slipdetect.lab.checkpoints import export_stream, import_checkpoints
from slipdetect.modalities.normalize import Normalization
from slipdetect.models import (
    TSN,
    ModelConfig,
    ModelPackage,
    StreamConfig,
    load_package,
    save_package,
)
from slipdetect.models.tsn import WithoutDrawing
from stub_models import RECIPE, register_stub, stub_config, stub_stream, stub_tsn

SLOW = {"resnest50", "inceptionv4", "inceptionresnetv2", "vgg16", "vgg16_bn"}
ROUND_TRIPS = [
    pytest.param(name, modality, dropout, marks=pytest.mark.slow if name in SLOW else ())
    for name, modality, dropout in (
        ("resnet18", "rgb", 0.8),
        ("resnet18", "flow", 0.0),
        ("bninception", "rgbdiff", 0.0),
        ("efficientnet_lite0", "rgbdiff", 0.5),
        ("timm/resnet18", "rgb", 0.0),
        ("resnest50", "flow", 0.7),
        ("inceptionv4", "rgb", 0.0),
        ("inceptionresnetv2", "flow", 0.8),
        ("vgg16", "rgb", 0.0),
        ("vgg16_bn", "rgbdiff", 0.9),
    )
]


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the backbone 'stub' be one of the registry."""
    register_stub(monkeypatch)


def make(folder: Path, name: str, modality: str, dropout: float) -> ModelPackage:
    """Save a package with nothing left at its default, random weights and float16."""
    torch.manual_seed(1)
    network = TSN(name, modality, dropout=dropout, partial_bn=False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -1, 1)
            module.num_batches_tracked += 9
    stream = StreamConfig(
        modality=modality,
        backbone=name,
        snippet_length=network.modality.length,
        num_segments=5,
        input_size=112,
        normalization=Normalization(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6), flow=(0.7, 0.8)),
        consensus="topk",
        consensus_k=2,
        dropout=dropout,
        flow={**RECIPE, "bound": 20.0} if modality == "flow" else None,
        crop="motion",
    )
    config = stub_config(
        modality,
        name="round trip",
        streams=(stream,),
        fusion={"weights": {modality: 2.5}, "space": "probabilities"},
    )
    return save_package(folder, config, {modality: network.state_dict()})


def facts(config: ModelConfig) -> dict[str, Any]:
    """Return everything that inference needs, without names and digests of files."""
    streams = tuple(replace(stream, file="", sha256="") for stream in config.streams)
    return replace(config, streams=streams, training={}, versions={}).to_json()


@pytest.mark.parametrize(("name", "modality", "dropout"), ROUND_TRIPS)
def test_export_and_import_give_the_same_model(
    tmp_path: Path, name: str, modality: str, dropout: float
) -> None:
    package = make(tmp_path / "m", name, modality, dropout)
    done = export_stream(package, modality, tmp_path / "x.pth.tar")
    before = package.build_stream(modality).state_dict()
    assert done.tensors == len(before)
    back = import_checkpoints([tmp_path / "x.pth.tar"], tmp_path / "back", name="round trip")
    assert back.noted
    assert facts(load_package(tmp_path / "back").config) == facts(package.config)
    after = back.package.build_stream(modality).state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_import_and_export_give_the_same_tensors(tmp_path: Path) -> None:
    old = OldNetwork("BNInception", "flow")
    imported = import_checkpoints([old.write(tmp_path / "old.pth.tar")], tmp_path / "m")
    done = export_stream(imported.package, "flow", tmp_path / "new.pth.tar")
    content = torch.load(tmp_path / "new.pth.tar", weights_only=True)
    assert (content["arch"], content["epoch"]) == ("BNInception", 43)
    assert content["best_prec1"] == pytest.approx(96.2406, abs=1e-4)
    assert (done.epoch, done.arch, done.differences) == (43, "BNInception", ())
    state = old.state()
    assert set(content["state_dict"]) == set(state)
    assert all(torch.equal(content["state_dict"][key], state[key]) for key in state)


@pytest.mark.parametrize("arch", FAMILIES)
@pytest.mark.parametrize("dropout", [True, False], ids=["dropout", "none"])
def test_names_are_those_of_the_older_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str, dropout: bool
) -> None:
    # without memory for the weights: names and shapes are all that is looked at
    monkeypatch.setattr(OldNetwork, "_wake_up", lambda self: None)
    with torch.device("meta"), WithoutDrawing():
        old = OldNetwork(arch, "flow", dropout=dropout)
        network = TSN(arch.lower(), "flow", dropout=0.7 if dropout else 0.0, partial_bn=False)
    stream = stub_stream("flow", backbone=arch.lower(), dropout=0.7 if dropout else 0.0)
    package = ModelPackage(stub_config("flow", streams=(stream,)), tmp_path)
    monkeypatch.setattr(ModelPackage, "build_stream", lambda self, modality: network)
    written: dict[str, Any] = {}
    monkeypatch.setattr(torch, "save", lambda content, file: written.update(content))
    export_stream(package, "flow", tmp_path / "x.pth.tar")
    assert written["arch"] == arch
    shapes = {key: value.shape for key, value in written["state_dict"].items()}
    assert shapes == {key: value.shape for key, value in old.state().items()}


@pytest.mark.usefixtures("stubs")
def test_streams_of_one_model_come_back_together(tmp_path: Path) -> None:
    networks = {name: stub_tsn(name) for name in ("rgb", "flow")}
    config = stub_config("rgb", "flow", fusion={"weights": {"rgb": 1.0, "flow": 1.5},
                                                "space": "logits"})  # fmt: skip
    states = {name: network.state_dict() for name, network in networks.items()}
    package = save_package(tmp_path / "m", config, states)
    files = [tmp_path / f"{name}.pth.tar" for name in networks]
    for name, path in zip(networks, files, strict=True):
        export_stream(package, name, path)
    back = import_checkpoints(files, tmp_path / "back", name="stub")
    assert facts(back.package.config) == facts(package.config)


@pytest.mark.usefixtures("stubs")
def test_what_is_asked_for_wins_over_the_note(tmp_path: Path) -> None:
    from slipdetect.lab.checkpoints import Wishes

    package = save_package(
        tmp_path / "m", stub_config("flow"), {"flow": stub_tsn("flow").state_dict()}
    )
    export_stream(package, "flow", tmp_path / "x.pth.tar")
    wishes = Wishes(
        reading={"sample_fps": 25.0, "flow_bound": 20.0, "crop": "motion", "window": None},
        segments=7,
        labels=("fall", "else"),
        positive="else",
    )
    config = import_checkpoints(
        [tmp_path / "x.pth.tar"], tmp_path / "b", wishes=wishes
    ).package.config
    assert (config.sample_fps, config.window) == (25.0, 1.0)
    assert (config.labels, config.positive) == (("fall", "else"), "else")
    stream = config.streams[0]
    assert stream.flow == {**RECIPE, "bound": 20.0}
    assert (stream.crop, stream.num_segments) == ("motion", 7)


@pytest.mark.usefixtures("stubs")
def test_epoch_and_accuracy_come_from_training(tmp_path: Path) -> None:
    metrics = {"rgb": {"epoch": 3, "val_accuracy": 0.75}}
    config = stub_config("rgb", training={"metrics": metrics})
    package = save_package(tmp_path / "m", config, {"rgb": stub_tsn().state_dict()})
    done = export_stream(package, "rgb", tmp_path / "x.pth.tar")
    assert (done.epoch, done.best) == (4, 75.0)
    bare = save_package(tmp_path / "n", stub_config("rgb"), {"rgb": stub_tsn().state_dict()})
    done = export_stream(bare, "rgb", tmp_path / "y.pth.tar")
    assert (done.epoch, done.best) == (0, 0.0)


@pytest.mark.usefixtures("stubs")
def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    package = save_package(tmp_path / "m", stub_config("rgb"), {"rgb": stub_tsn().state_dict()})
    for name in ("x.pth.tar", "y.pth.tar"):
        export_stream(package, "rgb", tmp_path / name)
    assert (tmp_path / "x.pth.tar").read_bytes() == (tmp_path / "y.pth.tar").read_bytes()


@pytest.mark.usefixtures("stubs")
def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    package = save_package(tmp_path / "m", stub_config("rgb"), {"rgb": stub_tsn().state_dict()})
    (tmp_path / "there").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        export_stream(package, "rgb", tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"
    with pytest.raises(UsageError, match="no 'flow' stream"):
        export_stream(package, "flow", tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda note: "{", "not JSON"),
        (lambda note: note.replace('"window": 1.0', '"window": -1'), "window"),
        (lambda note: note.replace('"format_version": 1', '"format_version": 9'), "needs slip"),
        (
            lambda note: note.replace('"stream": "rgb"', '"stream": "flow"'),
            "a stream that its model lacks",
        ),
        (lambda note: "[" * 100_000, "not JSON"),
    ],
)
def test_a_damaged_note_is_an_error(tmp_path: Path, change: Any, message: str) -> None:
    package = save_package(tmp_path / "m", stub_config("rgb"), {"rgb": stub_tsn().state_dict()})
    export_stream(package, "rgb", tmp_path / "x.pth.tar")
    content = torch.load(tmp_path / "x.pth.tar", weights_only=True)
    content["slipdetect"] = change(content["slipdetect"])
    torch.save(content, tmp_path / "x.pth.tar")
    with pytest.raises(PackageError, match=message):
        import_checkpoints([tmp_path / "x.pth.tar"], tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_events_are_those_of_a_new_model(tmp_path: Path) -> None:
    path = OldNetwork("resnet18").write(tmp_path / "old.pth.tar")
    config = import_checkpoints([path], tmp_path / "m").package.config
    assert config.events == EventConfig()
