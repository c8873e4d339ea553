"""Model packages: what is written comes back, and configurations refuse nonsense.

In: packages of stub networks. Out: nothing but assertions.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from slipdetect.errors import OutputError, PackageError, UsageError
from slipdetect.modalities.normalize import Normalization
from slipdetect.models import (
    TSN,
    LateFusion,
    ModelConfig,
    ModelPackage,
    StreamConfig,
    load_package,
    save_package,
)
from slipdetect.models.weights_file import is_finite
from stub_models import EVENTS, RECIPE, create_stub, stub_config, stub_stream, stub_tsn

pytestmark = pytest.mark.usefixtures("stub_backbones")


@pytest.fixture
def stub_backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)


def trained(modality: str) -> TSN:
    """Return a network whose batch-norm statistics and counters are not the initial ones."""
    network = stub_tsn(modality, partial_bn=False).train()
    with torch.no_grad():
        network(torch.randn(2, 3, network.modality.stored_channels, 16, 16))
    return network.eval()


def test_no_weights_are_drawn_that_a_file_replaces(tmp_path: Path) -> None:
    saved = save_package(tmp_path / "m", stub_config("rgb"), {"rgb": trained("rgb").state_dict()})
    before = torch.get_rng_state()
    saved.build_stream("rgb")
    assert torch.equal(torch.get_rng_state(), before)
    stub_tsn("rgb")
    assert not torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_one_value_that_is_not_finite_is_seen(dtype: torch.dtype) -> None:
    whole = torch.randn(3, 1000).to(dtype)
    # as far apart as they can be
    whole[0, 0], whole[0, 1] = torch.finfo(dtype).max, torch.finfo(dtype).min
    assert is_finite(whole)
    for bad in (float("nan"), float("inf"), float("-inf")):
        spoilt = whole.clone()
        spoilt[1, 500] = bad
        assert not is_finite(spoilt)
    assert is_finite(torch.empty(0, dtype=dtype))
    assert is_finite(torch.tensor(3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_weights_come_back_as_stored(tmp_path: Path, dtype: torch.dtype) -> None:
    networks = {name: trained(name) for name in ("rgb", "flow")}
    states = {name: network.state_dict() for name, network in networks.items()}
    saved = save_package(tmp_path / "m", stub_config("rgb", "flow"), states, dtype, card="# Stub\n")
    loaded = load_package(tmp_path / "m")
    assert loaded.config == saved.config
    assert (tmp_path / "m" / "README.md").read_text() == "# Stub\n"
    streams = loaded.build_streams()
    assert list(streams) == ["rgb", "flow"]
    for name, network in streams.items():
        assert not network.training
        for key, value in network.state_dict().items():
            original = states[name][key]
            if original.is_floating_point():
                assert value.dtype == torch.float32
                assert torch.equal(value, original.to(dtype).float())
            else:
                assert value.dtype == torch.int64
                assert value.item() == original.item() == 1


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    state = {"rgb": trained("rgb").state_dict()}
    digests = {
        save_package(tmp_path / str(index), stub_config("rgb"), state).config.streams[0].sha256
        for index in range(6)
    }
    assert len(digests) == 1


def test_float32_package_scores_exactly_like_the_network(tmp_path: Path) -> None:
    network = trained("rgbdiff")
    config = stub_config("rgbdiff")
    save_package(tmp_path / "m", config, {"rgbdiff": network.state_dict()}, torch.float32)
    clip = torch.randn(1, 54, 16, 16)
    assert torch.equal(load_package(tmp_path / "m").build_streams()["rgbdiff"](clip), network(clip))


def test_half_precision_is_the_default_on_disk_and_spares_large_values(tmp_path: Path) -> None:
    state = trained("rgb").state_dict()
    state["backbone.stem.1.running_var"][0] = 1e6
    save_package(tmp_path / "m", stub_config("rgb"), {"rgb": state})
    with safe_open(tmp_path / "m" / "rgb.safetensors", "pt") as file:
        assert file.get_tensor("classifier.weight").dtype == torch.float16
        assert file.get_tensor("backbone.stem.1.running_var").dtype == torch.float32
        assert file.get_tensor("backbone.stem.1.num_batches_tracked").dtype == torch.int64
    network = load_package(tmp_path / "m").build_streams()["rgb"]
    assert network.backbone.stem[1].running_var[0].item() == 1e6


def test_json_holds_digests_versions_and_the_whole_recipe(tmp_path: Path) -> None:
    config = stub_config("flow", versions={"opencv": "4.10"})
    save_package(tmp_path / "m", config, {"flow": trained("flow").state_dict()})
    data = json.loads((tmp_path / "m" / "model.json").read_text())
    digest = hashlib.sha256((tmp_path / "m" / "flow.safetensors").read_bytes()).hexdigest()
    assert data["streams"][0]["sha256"] == digest
    assert data["streams"][0]["flow"] == RECIPE
    assert data["streams"][0]["normalization"]["mean"] == [0.485, 0.456, 0.406]
    assert set(data["versions"]) == {"opencv", "slipdetect", "torch"}
    assert data["format_version"] == 1
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == [
        "flow.safetensors",
        "model.json",
    ]


def test_streams_are_built_as_configured(tmp_path: Path) -> None:
    stream = stub_stream("rgb", num_segments=5, consensus="topk", consensus_k=2, dropout=0.25)
    config = stub_config("rgb", streams=(stream,))
    state = stub_tsn("rgb", num_segments=5).state_dict()
    save_package(tmp_path / "m", config, {"rgb": state})
    network = load_package(tmp_path / "m").build_streams()["rgb"]
    assert (network.num_segments, network.consensus.kind, network.consensus.k) == (5, "topk", 2)
    assert network.dropout.p == 0.25


@pytest.mark.parametrize("kind", ["rnn", "cnn"])
def test_a_learned_consensus_travels_with_the_model(tmp_path: Path, kind: str) -> None:
    def saved(name: str, **changes: Any) -> ModelPackage:
        config = stub_config("rgb", streams=(stub_stream("rgb", **changes),))
        return save_package(tmp_path / name, config, {"rgb": network.state_dict()}, torch.float32)

    network = stub_tsn("rgb", consensus=kind).eval()
    torch.nn.init.normal_(network.consensus.head.out.weight)
    saved("m", consensus=kind)
    again = load_package(tmp_path / "m").build_stream("rgb")
    clips = torch.randn(2, 4, 3, 16, 16)
    assert torch.equal(again(clips), network(clips))
    with pytest.raises(PackageError, match=r"has unknown consensus\.head"):
        saved("avg", consensus="avg").build_stream("rgb")
    other = "cnn" if kind == "rnn" else "rnn"
    with pytest.raises(PackageError, match=r"misses consensus\.head"):
        saved("other", consensus=other).build_stream("rgb")
    text = (tmp_path / "m" / "model.json").read_text()
    (tmp_path / "m" / "model.json").write_text(text.replace(f'"{kind}"', f'"{other}"'))
    with pytest.raises(PackageError, match=f"are for consensus {kind}; model.json asks for"):
        load_package(tmp_path / "m")


def test_existing_package_is_kept_unless_told(tmp_path: Path) -> None:
    config, state = stub_config("rgb"), {"rgb": trained("rgb").state_dict()}
    save_package(tmp_path, config, state)
    before = (tmp_path / "model.json").read_bytes()
    with pytest.raises(OutputError, match="holds a model already"):
        save_package(tmp_path, replace(config, name="second"), state)
    assert (tmp_path / "model.json").read_bytes() == before
    save_package(tmp_path, replace(config, name="second"), state, overwrite=True)
    assert load_package(tmp_path).config.name == "second"


def test_failed_save_leaves_the_earlier_package_whole(tmp_path: Path) -> None:
    config = stub_config("rgb", "flow")
    states = {name: trained(name).state_dict() for name in ("rgb", "flow")}
    save_package(tmp_path, config, states)
    states["flow"]["classifier.bias"][0] = float("nan")
    with pytest.raises(PackageError, match=r"flow stream.*classifier\.bias"):
        save_package(tmp_path, config, states, overwrite=True)
    load_package(tmp_path).build_streams()


def test_half_written_folder_is_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("slipdetect.models.saving.write_config", fail)
    with pytest.raises(OSError, match="No space"):
        save_package(tmp_path, stub_config("rgb"), {"rgb": trained("rgb").state_dict()})
    with pytest.raises(PackageError, match=r"has no model\.json"):
        load_package(tmp_path)


def test_wrong_streams_and_types_are_refused_before_writing(tmp_path: Path) -> None:
    state = trained("rgb").state_dict()
    with pytest.raises(UsageError, match="weights are for flow, the configuration is for rgb"):
        save_package(tmp_path / "m", stub_config("rgb"), {"flow": state})
    with pytest.raises(UsageError, match="float16, bfloat16 or float32"):
        save_package(tmp_path / "m", stub_config("rgb"), {"rgb": state}, torch.int8)
    assert not (tmp_path / "m").exists()


def test_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot create"):
        save_package(tmp_path / "file" / "m", stub_config("rgb"), {"rgb": {}})


def test_configuration_survives_json() -> None:
    normalization = Normalization("BGR", 255.0, (104.0, 117.0, 128.0), (1.0, 1.0, 1.0))
    streams = (stub_stream("rgb", normalization=normalization), stub_stream("flow"))
    config = stub_config("rgb", "flow", streams=streams)
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert StreamConfig.from_json(streams[0].to_json()) == streams[0]


def test_statistics_of_flow_are_written_only_where_set() -> None:
    own = stub_stream("flow", normalization=Normalization(flow=(0.0, 1.0)))
    data = json.loads(json.dumps(stub_config("flow", streams=(own,)).to_json()))
    assert data["streams"][0]["normalization"]["flow"] == [0.0, 1.0]
    assert ModelConfig.from_json(data).streams == (own,)
    plain = json.loads(json.dumps(stub_config("flow").to_json()))
    assert set(plain["streams"][0]["normalization"]) == {"color", "value_range", "mean", "std"}


def test_the_contrast_of_differences_is_written_only_where_set() -> None:
    own = stub_stream("rgbdiff", normalization=Normalization(contrast=0.2))
    data = json.loads(json.dumps(stub_config("rgbdiff", streams=(own,)).to_json()))
    assert data["streams"][0]["normalization"]["contrast"] == 0.2
    assert "flow" not in data["streams"][0]["normalization"]
    assert ModelConfig.from_json(data).streams == (own,)
    data["streams"][0]["normalization"]["contrast"] = -1
    with pytest.raises(PackageError, match="contrast"):
        ModelConfig.from_json(data)


def test_configuration_is_frozen_and_finds_streams() -> None:
    config = stub_config("rgb", "flow")
    with pytest.raises(FrozenInstanceError):
        config.name = "other"  # type: ignore[misc]
    assert config.stream("flow").modality == "flow"
    with pytest.raises(UsageError, match="no 'rgbdiff' stream; it has rgb, flow"):
        config.stream("rgbdiff")
    assert isinstance(config.late_fusion(), LateFusion)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name must be a non-empty text"),
        ({"labels": ("slip",)}, "at least two different"),
        ({"labels": ("slip", "slip")}, "at least two different"),
        ({"positive": "fall"}, "positive must be one of slip, other"),
        ({"sample_fps": 0.0}, "sample_fps must be a finite number above 0"),
        ({"sample_fps": float("nan")}, "sample_fps"),
        ({"sample_fps": True}, "sample_fps"),
        ({"sample_fps": "15"}, "sample_fps"),
        ({"frame_short_side": 0}, "frame_short_side"),
        ({"snippet_stride": 1.5}, "snippet_stride"),
        ({"window": -1.0}, "window"),
        ({"stride": 1.5}, "stride must be .* at most 1"),
        ({"streams": ()}, "one per modality"),
        ({"fusion": {"weights": {"rgb": 1.0}}}, "fusion misses 'space'"),
        ({"fusion": {"weights": {"flow": 1.0}, "space": "logits"}}, r"weights misses 'rgb'"),
        ({"fusion": {"weights": {"rgb": 0.0}, "space": "logits"}}, "sum to zero"),
        ({"fusion": {"weights": {"rgb": 1.0}, "space": "votes"}}, "fusion space"),
        ({"calibration": {"temperature": 0.0, "bias": 0.0}}, "temperature"),
        ({"calibration": {"temperature": 1.0, "bias": float("inf")}}, "bias"),
        ({"events": {**EVENTS, "onset": 1.1}}, "onset"),
        (
            {"events": {**EVENTS, "offset": 0.7}},
            "events.offset must be at most the onset, 0.6",
        ),
        ({"events": {**EVENTS, "pad_onset": -1.0}}, "pad_onset"),
        ({"events": {**EVENTS, "onsets": 1.0}}, "unknown key 'onsets'"),
        ({"training": {"metrics": [{"loss": float("nan")}]}}, r"training.metrics\[0\].loss"),
        ({"training": {"path": Path("x")}}, "plain JSON"),
        ({"format_version": 0}, "format_version"),
    ],
)
def test_nonsense_in_a_model_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        stub_config("rgb", **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modality": "sound"}, "modality must be one of"),
        ({"backbone": ""}, "backbone"),
        ({"snippet_length": 0}, "snippet_length"),
        ({"consensus": "lstm"}, "consensus must be one of"),
        ({"dropout": 1.0}, "dropout must be below 1"),
        ({"crop": "left"}, "crop must be one of motion, center"),
        ({"flow": RECIPE}, "has no flow recipe"),
        ({"modality": "flow", "flow": None}, "needs the recipe"),
        ({"modality": "flow", "flow": {"method": "dis"}}, "needs the recipe"),
        ({"modality": "flow", "flow": {**RECIPE, "bound": float("nan")}}, "flow.bound"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"normalization": Normalization(mean=(0.0, 0.0, float("nan")))}, r"mean\[2\]"),
        *[
            ({"file": name}, "plain name ending in .safetensors")
            for name in (
                "../rgb.safetensors",
                "/rgb.safetensors",
                "a\\b.safetensors",
                "C:x.safetensors",
                "rgb.pt",
                "x\0.safetensors",
            )
        ],
    ],
)
def test_nonsense_in_a_stream_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        stub_stream(**changes)


def edit(data: dict[str, Any], path: tuple[Any, ...], value: object) -> None:
    """Set or, with value ``...``, delete one entry of nested JSON data."""
    target: Any = data
    for step in path[:-1]:
        target = target[step]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("window",), ..., "misses the key 'window'"),
        (("wimdow",), 1, "unknown key 'wimdow'"),
        (("streams", 0, "crop"), ..., r"streams\[0\] misses the key 'crop'"),
        (("streams", 0, "color"), 1, r"streams\[0\] has the unknown key 'color'"),
        (("streams", 0, "normalization", "std"), ..., "normalization misses the key 'std'"),
        (("streams", 0, "normalization", "std"), [1, 2], "three values"),
        (("streams", 0, "normalization", "std"), 3, "normalization"),
        (("streams", 0, "normalization", "mean"), ["a", 1, 1], "normalization"),
        (("streams", 0, "normalization", "flow"), [0.5], "flow needs two values"),
        (("streams", 0, "normalization", "flow"), [0.5, "a"], "normalization"),
        (("streams", 0, "normalization", "flow"), 1, "normalization"),
        (("streams", 0, "normalization"), [], "must be a JSON object"),
        (("streams", 0), "rgb", "must be a JSON object"),
        (("streams",), {}, "streams must be a list"),
        (("labels",), "slip", "labels must be a list"),
        (("labels",), [["slip"], "other"], "labels"),
        (("window",), float("nan"), "window"),
        (("training",), {"x": float("inf")}, "training.x"),
        (("training",), [], "training must be a table"),
        (("streams", 0, "modality"), ["rgb"], "modality must be one of"),
        (("fusion", "weights", "rgb"), None, "fusion.weights.rgb"),
        (("fusion", "weights", "rgb"), 10**400, "fusion.weights.rgb must be a finite number"),
        (("window",), 10**400, "window must be a finite number"),
    ],
)
def test_damaged_json_is_named(path: tuple[Any, ...], value: object, message: str) -> None:
    data = json.loads(json.dumps(stub_config("rgb").to_json()))
    edit(data, path, value)
    with pytest.raises(PackageError, match=message) as caught:
        ModelConfig.from_json(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["m" * 300, "m" * 300 + ".pt", "a/" + "m" * 300])
def test_a_name_that_no_folder_can_have_is_no_package(name: str) -> None:
    with pytest.raises(PackageError, match="mm"):
        load_package(name)


def test_a_card_of_another_encoding_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    config = stub_config("rgb")
    package = save_package(tmp_path, config, {"rgb": trained("rgb").state_dict()})
    (tmp_path / "README.md").write_bytes("für die Küche".encode("latin-1"))
    assert package.card() == "f\ufffdr die K\ufffdche"
