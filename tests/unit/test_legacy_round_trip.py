"""Packages of every make go out as old checkpoints and come back: the same model, equal scores.

In: packages written as training writes them, of tiny networks. Out: nothing but assertions.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from old_files import OldNetwork
from slipdetect.detection import Detector
from slipdetect.evaluation.protocol import default_protocol
from slipdetect.flow import FlowExtractor
from slipdetect.modalities.modality import CONSENSUS_KINDS, MODALITIES, get_modality
from slipdetect.modalities.normalise import Normalisation
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.models import (
    TSN,
    ModelConfig,
    ModelPackage,
    StreamConfig,
    load_package,
    save_package,
)
from slipdetect.models.legacy import Wishes, export_stream, import_checkpoints
from slipdetect.training.config import TrainConfig
from slipdetect.training.metrics import EpochMetrics
from slipdetect.training.packaging import Checkpoint, TrainedStream, write_package
from slipdetect.training.plan import StreamPlan
from slipdetect.training.recipes import list_recipes, load_recipe
from stub_models import EVENTS, create_stub, stub_config, stub_stream, stub_tsn
from synth import make_video

# what a package of a whole model does not keep: its files are new, and whoever imports names it
NEW = {"name", "file", "sha256", "versions"}
SMALL = {"backbone": "stub", "weights": None, "input_size": 16, "short_side": 32}


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the backbone 'stub' be one of the registry."""
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    monkeypatch.setattr("slipdetect.backbones.list_backbones", lambda pattern="*": ["stub"])
    monkeypatch.setattr("slipdetect.backbones.get_spec", lambda name: create_stub(name).spec)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("round-trip")
    return make_video(folder / "slip.mp4", "slip", count=45, size=(64, 48)).path


def trained(folder: Path, configs: Mapping[str, TrainConfig], *, held_out: bool) -> ModelPackage:
    """Write the package that a run of these settings writes, with random networks."""
    snippets = {name: get_modality(name, item.snippet_length) for name, item in configs.items()}
    first = next(iter(configs.values()))
    grid = SnippetGrid.make(list(snippets.values()), first.snippet_step, first.sample_fps)
    labels = torch.arange(40) % 2
    streams = []
    for index, (name, config) in enumerate(configs.items()):
        flow = None
        if name == "flow":
            flow = FlowExtractor(config.flow_method, bound=config.flow_bound).recipe()
        plan = StreamPlan(snippets[name], config, grid, flow, [], [])
        network = awake(plan.network(), index)
        # separable and noisy otherwise in every stream, so that each has a temperature of its own
        noise = torch.randn(40, 2, generator=torch.Generator().manual_seed(index)) * (1 + index)
        logits = nn.functional.one_hot(labels, 2) * 2.0 + noise
        metrics = EpochMetrics(4, 0.1, 0.1, 0.2, 0.75, 0.8, 1.0)
        done = Checkpoint.take(network, metrics, (logits, labels) if held_out else None)
        streams.append(TrainedStream(plan.stream(network), config, done, done, [metrics]))
    return write_package(folder, streams, "last", name="run", data={"training_data": []})


def awake(network: TSN, seed: int) -> TSN:
    """Give a network statistics, counters and a last layer that tell pictures apart."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            module.num_batches_tracked += 9
    nn.init.normal_(network.classifier.weight, 0.0, 2.0)
    for weight in network.consensus.parameters():
        nn.init.normal_(weight)
    return network


def there_and_back(package: ModelPackage, folder: Path, **options: Any) -> ModelPackage:
    """Export every stream, import all files, and read the package from its folder."""
    files = [folder / f"{stream.modality}.pth.tar" for stream in package.config.streams]
    for stream, path in zip(package.config.streams, files, strict=True):
        export_stream(load_package(package.folder), stream.modality, path)
    import_checkpoints(files, folder / "back", **options)
    return load_package(folder / "back")


def said(config: ModelConfig) -> dict[str, Any]:
    """Return all that a package says but what is new in every package."""
    data = {key: value for key, value in asdict(config).items() if key not in NEW}
    data["streams"] = [
        {key: value for key, value in stream.items() if key not in NEW}
        for stream in data["streams"]
    ]
    data["training"] = {k: v for k, v in data["training"].items() if k != "imported"}
    return data


def assert_same_networks(first: ModelPackage, second: ModelPackage) -> None:
    """Compare the weights bit for bit and the logits of one clip per stream."""
    for stream in first.config.streams:
        ours, theirs = (package.build_stream(stream.modality) for package in (first, second))
        state = theirs.state_dict()
        assert list(state) == list(ours.state_dict())
        assert all(torch.equal(value, state[key]) for key, value in ours.state_dict().items())
        side, channels = stream.input_size, stream.snippet.stored_channels
        clip = torch.rand(2, stream.num_segments, channels, side, side)
        with torch.inference_mode():
            expected = ours(clip)
            assert not torch.allclose(expected[0], expected[1])
            assert torch.equal(theirs(clip), expected)


def assert_same_detection(first: ModelPackage, second: ModelPackage, video: Path) -> None:
    """Compare the windows of a video: probabilities, those of the streams, events."""
    ours, theirs = (
        Detector(package, device="cpu", exact=True).detect(video) for package in (first, second)
    )
    windows = [(w.start, w.end, w.probability, w.streams) for w in ours.windows]
    assert len({probability for _, _, probability, _ in windows}) > 1
    assert [(w.start, w.end, w.probability, w.streams) for w in theirs.windows] == windows
    assert theirs.events == ours.events


RECIPES = [
    name
    for recipe in list_recipes()
    for name in (recipe, *(f"{recipe}-{part}" for part in load_recipe(recipe).settings))
]


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize("held_out", [True, False], ids=["calibrated", "plain"])
@pytest.mark.parametrize("name", RECIPES)
def test_S36_a_run_of_every_recipe_comes_back(
    tmp_path: Path, video: Path, name: str, held_out: bool
) -> None:
    configs = load_recipe(name).configs(SMALL)
    package = trained(tmp_path / "run", configs, held_out=held_out)
    tempered = set(package.config.calibration.get("streams", {}))
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
    config = TrainConfig(**{**SMALL, "flow_method": "dis-fast", "crop": "centre", **change})
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


def test_S36_imported_models_come_back(tmp_path: Path, video: Path) -> None:
    makes = {"rgb": False, "flow": True, "rgbdiff": False}
    files = [
        OldNetwork("resnet18", name, two_stream=two).write(tmp_path / f"old-{name}.pth.tar")
        for name, two in makes.items()
    ]
    reading = {"sample_fps": 10.0, "short_side": 48, "flow_method": "dis"}
    wishes = Wishes(reading=reading, fusion=(1.0, 1.5, 0.5), positive="NotSlipping")
    package = import_checkpoints(files, tmp_path / "m", wishes=wishes).package
    back = there_and_back(package, tmp_path)
    assert said(back.config) == said(package.config)
    origins = back.config.training["imported"]
    assert [(item["epoch"], item["modality"]) for item in origins] == [(43, n) for n in makes]
    assert_same_detection(package, back, video)


# a value of every field that is no default and that no import would assume
STREAM: dict[str, Any] = {
    "modality": "flow",
    "backbone": "stub",
    "snippet_length": 4,
    "num_segments": 5,
    "input_size": 24,
    "normalisation": Normalisation("BGR", 255.0, (1, 2, 3), (4, 5, 6), (0.7, 0.8), 0.9),
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
    "calibration": {"temperature": 1.7, "bias": 0.6, "streams": {"flow": 0.8}},
    "events": {**EVENTS, "pad_onset": 0.1},
    "training": {"config": {"sampling": "clips"}, "training_data": [{"source": "a", "clips": 3}]},
    "sensitivity": {"low": {"onset": 0.9, "offset": 0.5}},
}


def full_package(folder: Path) -> ModelPackage:
    network = awake(TSN("stub", "flow", num_segments=5, dropout=0.25, snippet_length=4), 2)
    config = ModelConfig(name="full", streams=(StreamConfig(**STREAM),), **MODEL)
    return save_package(folder, config, {"flow": network.state_dict()}, card="A card.")


@pytest.mark.usefixtures("stubs")
def test_S36_no_field_of_a_package_is_forgotten(tmp_path: Path) -> None:
    """Whoever adds a field adds a value above; then it travels, or this fails."""
    assert {item.name for item in fields(StreamConfig)} == set(STREAM) | {"file", "sha256"}
    own = {"name", "streams", "versions", "format_version"}
    assert {item.name for item in fields(ModelConfig)} == set(MODEL) | own
    plain = {**{item.name: item.default for item in fields(StreamConfig)},
             **{item.name: item.default for item in fields(ModelConfig)},
             **asdict(stub_config("rgb")), **asdict(stub_stream("rgb"))}  # fmt: skip
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
        "other statistics",
        "scales them to 0.9",
        "16 px, this model 24 px",
        "crops the centre",
        "takes topk of 2",
    ):
        assert sum(words in line for line in told) == 1, words
    names = told[-1].removeprefix("older programs are not told of ").split(", ")
    own_line = {"backbone", "normalisation", "input_size", "crop", "consensus", "consensus_k"}
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
    assert alone.package.config.calibration == {
        **kept, "streams": {"flow": kept["streams"]["flow"]}}  # fmt: skip
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
    assert "different models: calibration, sample_fps are the first one's" in remark
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
def test_S36_learnt_consensus_weights_fit_their_number_of_segments(tmp_path: Path) -> None:
    from slipdetect.errors import ModelError

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
    from slipdetect.models import building, package
    from slipdetect.models.legacy import stream as legacy_stream

    class Doubled(TSN):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.backbone.second = nn.Conv2d(3, 4, 3)

    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    monkeypatch.setattr("slipdetect.backbones.list_backbones", lambda pattern="*": ["stub"])
    monkeypatch.setattr("slipdetect.backbones.get_spec", lambda name: create_stub(name).spec)
    assert package.build_network is building.build_network is legacy_stream.build_network
    monkeypatch.setattr(building, "TSN", Doubled)
    state = awake(Doubled("stub", "rgb"), random.randrange(9)).state_dict()
    made = save_package(tmp_path / "m", stub_config("rgb"), {"rgb": state})
    assert_same_networks(made, there_and_back(made, tmp_path))
