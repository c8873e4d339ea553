"""Graphs of a model package: what they compute, what they are checked for, who carries them.

In: packages of stub networks. Out: nothing but assertions.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from slipdetect.cli import detect_options
from slipdetect.detection.engines import ENGINES, choose_engine, make_engine, onnx_engine
from slipdetect.detection.engines.engine import planar
from slipdetect.detection.engines.onnx_engine import gpu_providers
from slipdetect.errors import LibraryError, ModelError, OutputError, PackageError, UsageError
from slipdetect.lab.models import graphs
from slipdetect.lab.models.graphs import drawn, export_graphs
from slipdetect.lab.models.packages import average_packages, copy_package
from slipdetect.modalities.normalize import Normalization
from slipdetect.models import ModelPackage, StreamConfig, load_package, save_package
from slipdetect.models.config import Graph
from stub_models import create_stub, stub_config, stub_stream, stub_tsn

MODALITIES = ("rgb", "flow", "rgbdiff")
NORMALIZATIONS = {
    "rgb": Normalization(color="BGR", value_range=255.0, mean=(104.0, 117.0, 128.0), std=(1, 2, 3)),
    "flow": Normalization(flow=(0.4, 0.3)),
    "rgbdiff": Normalization(std=(0.5, 0.25, 0.2), contrast=0.2),
}


def write(folder: Path, bias: float = 0.0) -> ModelPackage:
    """Write a package of all modalities, each with another normalization."""
    streams = tuple(
        replace(stub_stream(name, crop="center"), normalization=NORMALIZATIONS[name])
        for name in MODALITIES
    )
    config = stub_config(*MODALITIES, streams=streams)
    states = {name: stub_tsn(name).state_dict() for name in MODALITIES}
    for state in states.values():
        state["classifier.bias"] = state["classifier.bias"] + bias
    return save_package(folder, config, states)


@pytest.fixture(scope="module")
def traced() -> dict[str, bytes]:
    """The graph of each modality as the exporter gives it: tracing costs more than all else."""
    return {}


@pytest.fixture
def _traced_once(traced: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    trace = graphs._exported

    def traced_once(network: Any, example: torch.Tensor, stream: StreamConfig) -> Any:
        if stream.modality not in traced:
            traced[stream.modality] = trace(network, example, stream).SerializeToString()
        return onnx.ModelProto.FromString(traced[stream.modality])

    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    monkeypatch.setattr(graphs, "_exported", traced_once)


@pytest.fixture(scope="module")
def carried() -> list[Path]:
    """The folder of a package with graphs once one was made."""
    return []


@pytest.fixture
def package(
    _traced_once: None,
    carried: list[Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> ModelPackage:
    """A copy of a package with graphs, which torch can build here."""
    if not carried:
        folder = tmp_path_factory.mktemp("graphs") / "model"
        export_graphs(write(folder), "onnx", None, {})
        carried.append(folder)
    carrying = carried[0]
    shutil.copytree(carrying, tmp_path / "model")
    return load_package(tmp_path / "model")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_engines_give_the_logits_of_torch(package: ModelPackage, engine: str) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")
    torch_engine = make_engine(package, "torch", "cpu", exact=True)
    other = make_engine(package, engine, "cpu")
    assert (torch_engine.name, other.name, other.device) == ("torch", engine, "cpu")
    for stream in package.config.streams:
        images = drawn(stream, 6)  # more than a pass takes
        wanted = torch_engine.logits(stream.modality, images)
        found = other.logits(stream.modality, images)
        assert found.shape == (6, 2)
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert float(np.ptp(wanted[:, 0])) > 1e-3  # snippets differ, or nothing is shown


def test_a_gpu_gives_the_logits_of_torch(package: ModelPackage) -> None:
    if not gpu_providers():
        pytest.skip("onnxruntime has no CUDA or TensorRT provider here")
    other = make_engine(package, "onnx", "cuda")
    assert other.device == "cuda"
    for stream in package.config.streams:
        images = drawn(stream, 6)
        wanted = make_engine(package, "torch", "cpu", exact=True).logits(stream.modality, images)
        np.testing.assert_allclose(other.logits(stream.modality, images), wanted, atol=1e-3)


def test_a_gpu_whose_libraries_do_not_load_is_no_gpu(
    package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that asks for what cannot be loaded is opened on the CPU."""
    there = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnx_engine.onnxruntime, "get_available_providers", lambda: there)
    for nvidia in (True, False):
        monkeypatch.setattr(onnx_engine, "has_nvidia", lambda there=nvidia: there)
        assert make_engine(package, "onnx", "auto").device == "cpu"
    with pytest.raises(ModelError, match=r"cannot compute on 'cuda' here"):
        make_engine(package, "onnx", "cuda")


def test_a_graph_reads_the_weights_of_its_package(package: ModelPackage) -> None:
    for stream in package.config.streams:
        assert stream.graph is not None
        graph = package.folder / stream.graph.file
        assert graph.stat().st_size < (package.folder / stream.file).stat().st_size + 30_000
        assert stream.file.encode() in graph.read_bytes()
    (package.folder / "rgb.safetensors").unlink()
    with pytest.raises(PackageError, match="rgb"):
        make_engine(package, "onnx", "cpu")


def test_planes_are_those_of_plain_loops() -> None:
    snippets = np.random.default_rng(1).integers(0, 256, (2, 3, 4, 5, 2), dtype=np.uint8)
    planes = planar(list(snippets))
    assert planes.shape == (2, 6, 4, 5)
    for snippet in range(2):
        for image in range(3):
            for channel in range(2):
                for row in range(4):
                    for column in range(5):
                        value = snippets[snippet, image, row, column, channel]
                        assert planes[snippet, image * 2 + channel, row, column] == value


def test_exported_files_need_nothing_else(package: ModelPackage, tmp_path: Path) -> None:
    import onnxruntime

    done = export_graphs(package, "onnx", tmp_path / "out", {})
    assert [each.path.name for each in done] == [f"{name}.onnx" for name in MODALITIES]
    torch_engine = make_engine(package, "torch", "cpu", exact=True)
    for stream, each in zip(package.config.streams, done, strict=True):
        session = onnxruntime.InferenceSession(str(each.path), providers=["CPUExecutionProvider"])
        images = drawn(stream, 3)
        rows = session.run(["logits"], {"images": planar(images)})[0]
        np.testing.assert_allclose(rows, torch_engine.logits(stream.modality, images), atol=1e-4)
        facts = json.loads(session.get_modelmeta().custom_metadata_map["slipdetect"])
        assert facts["modality"] == stream.modality
        assert str(package.folder) not in each.path.read_bytes().decode("latin1")
    with pytest.raises(OutputError, match="exists already"):
        export_graphs(package, "onnx", tmp_path / "out", {})


def test_a_graph_that_differs_is_not_written(
    package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = graphs.TorchEngine.logits

    def shifted(self: graphs.TorchEngine, modality: str, images: Any) -> Any:
        return logits(self, modality, images) + (0.02 if modality == "flow" else 0.0)

    monkeypatch.setattr(graphs.TorchEngine, "logits", shifted)
    with pytest.raises(ModelError, match=r"flow stream is 0\.02 from torch's logits"):
        export_graphs(package, "onnx", tmp_path / "out", {})
    assert not (tmp_path / "out" / "flow.onnx").exists()
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize("target", ["onnx", pytest.param("openvino", marks=pytest.mark.slow)])
def test_a_refused_graph_leaves_nothing_and_a_replaced_one_keeps_its_name(
    package: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    if target == "openvino":
        pytest.importorskip("openvino")
    suffixes = (".xml", ".bin") if target == "openvino" else (".onnx",)
    folder, suffix = tmp_path / "out", suffixes[0]
    folder.mkdir()
    for name in MODALITIES:
        (folder / f"{name}{suffix}").write_bytes(b"an earlier file")
    done = export_graphs(package, target, folder, {}, overwrite=True)
    assert [each.path for each in done] == [folder / f"{name}{suffix}" for name in MODALITIES]
    assert all(each.path.read_bytes() != b"an earlier file" for each in done)
    assert all(each.apart < 1e-4 for each in done)
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{name}{each}" for name in MODALITIES for each in suffixes}
    monkeypatch.setattr(graphs, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="from torch's logits"):
        export_graphs(package, target, tmp_path / "refused", {})
    assert not list((tmp_path / "refused").iterdir())


def test_weights_beside_a_graph_of_openvino_are_not_replaced_unasked(
    package: ModelPackage, tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    weights = tmp_path / "out" / "flow.bin"
    weights.parent.mkdir()
    weights.write_bytes(b"of another program")
    with pytest.raises(OutputError, match=r"flow\.bin' exists already"):
        export_graphs(package, "openvino", weights.parent, {})
    assert weights.read_bytes() == b"of another program"


def test_what_cannot_be_exported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.eigvals(x[:, 0])[:, :6].real

    def create(name: str, in_channels: int = 3, weights: object = None, **_: object) -> Any:
        network = create_stub(name, in_channels)
        network.stem.forward = lambda x: x  # type: ignore[method-assign]
        network.middle.forward = lambda x: x  # type: ignore[method-assign]
        network.last.forward = lambda x: Odd()(x)[:, :, None, None]  # type: ignore[method-assign]
        return network

    package = write(tmp_path / "model")
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create)
    with pytest.raises(ModelError, match=r"rgb network \(stub\) cannot be exported: .*eig"):
        graphs.graph_of(package, package.config.streams[0])


def test_a_damaged_graph_is_refused_by_name(package: ModelPackage) -> None:
    path = package.folder / "flow.onnx"
    for damage, reason in (
        (lambda: path.write_bytes(path.read_bytes()[:-9]), "not the graph that model.json"),
        (path.unlink, "missing"),
    ):
        damage()
        again = load_package(package.folder)
        with pytest.raises(PackageError, match=rf"flow\.onnx' is {reason}.*onnx --overwrite'"):
            make_engine(again, device="cpu")
        # the weights are whole, so torch computes, and makes the graph anew
        assert make_engine(again, "torch", "cpu").name == "torch"
    export_graphs(load_package(package.folder), "onnx", None, {}, overwrite=True)
    assert make_engine(load_package(package.folder), device="cpu").name == "onnx"


def test_graphs_for_others_never_go_into_a_package(package: ModelPackage) -> None:
    before = {path.name: path.read_bytes() for path in package.folder.iterdir()}
    with pytest.raises(OutputError, match="holds a model"):
        export_graphs(package, "onnx", package.folder, {}, overwrite=True)
    assert {path.name: path.read_bytes() for path in package.folder.iterdir()} == before


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_a_graph_whose_weights_have_another_name_says_so(
    package: ModelPackage, engine: str
) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")
    (package.folder / "rgb.safetensors").rename(package.folder / "renamed.safetensors")
    streams = tuple(
        replace(stream, file="renamed.safetensors") if stream.modality == "rgb" else stream
        for stream in package.config.streams
    )
    other = ModelPackage(replace(package.config, streams=streams), package.folder)
    with pytest.raises(PackageError, match=r"reads other weights than 'renamed\.safetensors'"):
        make_engine(other, engine, "cpu")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
@pytest.mark.parametrize(
    ("changes", "fact"),
    [({"sha256": "0" * 64}, "weights"), ({"input_size": 24}, "input_size")],
)
def test_the_graph_of_another_network_is_refused(
    package: ModelPackage, engine: str, changes: dict[str, Any], fact: str
) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")
    streams = tuple(replace(stream, **changes) for stream in package.config.streams)
    other = ModelPackage(replace(package.config, streams=streams), package.folder)
    with pytest.raises(PackageError, match=rf"rgb\.onnx.*not the graph of the .*\(other {fact}"):
        make_engine(other, engine, "cpu")


def test_what_is_no_graph_is_refused(package: ModelPackage) -> None:
    content = b"no graph of rgb.safetensors"
    (package.folder / "rgb.onnx").write_bytes(content)
    graph = Graph("rgb.onnx", hashlib.sha256(content).hexdigest())
    streams = tuple(replace(stream, graph=graph) for stream in package.config.streams)
    other = ModelPackage(replace(package.config, streams=streams), package.folder)
    with pytest.raises(PackageError, match=r"rgb\.onnx' cannot be run by onnxruntime"):
        make_engine(other, "onnx", "cpu")


def test_the_engine_is_chosen_by_what_there_is(
    package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipdetect.detection.engines.has_nvidia", lambda: False)
    config = package.config
    assert choose_engine(config).engine == "onnx"
    assert choose_engine(config, device="cpu").engine == "onnx"
    assert choose_engine(config, "torch").engine == "torch"
    assert choose_engine(config, device="mps").engine == "torch"
    bare = replace(config, streams=tuple(replace(stream, graph=None) for stream in config.streams))
    chosen = choose_engine(bare)
    assert chosen.engine == "torch"
    assert "carries no graph" in chosen.reason
    with pytest.raises(ModelError, match=r"no graph; .*models export MODEL --to onnx"):
        choose_engine(bare, "onnx")
    learned = replace(
        config, streams=tuple(replace(stream, consensus="rnn") for stream in config.streams)
    )
    assert "'rnn' consensus" in choose_engine(learned).reason
    with pytest.raises(UsageError, match="unknown engine 'tflite'"):
        choose_engine(config, "tflite")
    monkeypatch.setattr("slipdetect.detection.engines.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"openvino is not installed; pip install 'slipdetect\["):
        choose_engine(config, "openvino")
    assert choose_engine(config).reason.startswith("onnxruntime is not installed")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_a_device_that_an_engine_lacks_is_named(package: ModelPackage, engine: str) -> None:
    if engine == "openvino":
        pytest.importorskip("openvino")
    with pytest.raises(ModelError, match=f"'{engine}' does not compute on 'mps'"):
        make_engine(package, engine, "mps")
    with pytest.raises(ModelError, match="there is no device 'CPU'"):
        make_engine(package, engine, "CPU")


def test_exporting_says_what_is_not_installed(
    package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(LibraryError, match=r"onnxscript.*slipdetect\[export\]"):
        export_graphs(package, "onnx", None, {})


def test_a_copy_keeps_graphs_and_new_weights_lose_them(
    package: ModelPackage, tmp_path: Path
) -> None:
    copied = copy_package(package, tmp_path / "copy", package.config)
    assert choose_engine(copied.config).engine == "onnx"
    images = drawn(copied.config.streams[0], 1)
    np.testing.assert_array_equal(
        make_engine(load_package(tmp_path / "copy"), "onnx", "cpu").logits("rgb", images),
        make_engine(package, "onnx", "cpu").logits("rgb", images),
    )
    averaged = average_packages([package, copied], tmp_path / "mean", name="mean")
    assert all(stream.graph is None for stream in averaged.config.streams)
    assert not list((tmp_path / "mean").glob("*.onnx"))


def test_a_copy_over_another_model_drops_what_would_read_the_other_weights(
    package: ModelPackage, tmp_path: Path
) -> None:
    write(tmp_path / "other", bias=0.25)
    path = tmp_path / "other" / "rgb.safetensors"
    assert path.read_bytes() != (package.folder / "rgb.safetensors").read_bytes()
    copied = copy_package(package, tmp_path / "other", package.config, overwrite=True)
    for stream in copied.config.streams:
        assert (stream.graph is None) == (stream.file != f"{stream.modality}.safetensors")
    load_package(tmp_path / "other")


def test_exporting_again_replaces_a_graph(package: ModelPackage) -> None:
    with pytest.raises(OutputError, match=r"rgb\.onnx' exists already"):
        export_graphs(package, "onnx", None, {})
    export_graphs(package, "onnx", None, {}, overwrite=True)
    again = load_package(package.folder)
    assert len(list(package.folder.glob("*.onnx"))) == len(MODALITIES)
    assert choose_engine(again.config).engine == "onnx"


def test_the_command_knows_every_engine_and_so_does_the_page() -> None:
    assert detect_options.ENGINES == ENGINES
    page = (Path(__file__).parents[2] / "docs" / "graphs.md").read_text(encoding="utf-8")
    assert all(f"| `{engine}` |" in page for engine in ENGINES)
