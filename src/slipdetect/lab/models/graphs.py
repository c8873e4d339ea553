"""Exporting the networks of a model package as graphs, from bytes of a snippet to its logits.

In: a ``ModelPackage``. Out: an ONNX file a stream that other programs run too, from the bytes of a
snippet to its logits, and how far its logits are from torch's.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from slipdetect._io import check_writable, file_sha256, make_folder
from slipdetect.detection.engines.engine import INPUT, OUTPUT, planar
from slipdetect.detection.engines.torch_engine import TorchEngine
from slipdetect.detection.pipeline import Segment
from slipdetect.detection.scorer import TSNScorer
from slipdetect.errors import ModelError, OutputError
from slipdetect.lab import require
from slipdetect.lab.models.graph_weights import embed, share_weights
from slipdetect.lab.models.measure import cause
from slipdetect.modalities.normalize import NOISE
from slipdetect.models.config import Graph, StreamConfig
from slipdetect.models.package import (
    CONFIG_FILE,
    GRAPH_FACTS,
    ModelPackage,
    files_of,
    graph_facts,
    write_config,
)
from slipdetect.models.saving import place, remove_leftovers, staging_path
from slipdetect.models.tsn import TSN
from slipdetect.video import open_video

if TYPE_CHECKING:
    import onnx

Images = Sequence[npt.NDArray[np.uint8]]

TOLERANCE = 1e-3  # of the largest logit, or of 1
_OPSET = 18
_DRAWN, _MOST = 8, 32  # snippets


@dataclass(frozen=True)
class Exported:
    """A graph that was written."""

    path: Path  # its file
    modality: str  # of its stream
    apart: float  # largest difference of a logit from torch's
    snippets: int  # how many it was compared on


class GraphNetwork(nn.Module):
    """A stream from bytes to logits, with as few passes over the pixels as a graph can have.

    Normalization is that of ``SnippetNormalizer``; differences are taken and scaled in one step, a
    convolution over channels, because their means cancel.

    Args:
        stream: What the package says.
        network: With its weights.
    """

    difference: torch.Tensor | None

    def __init__(self, stream: StreamConfig, network: TSN) -> None:
        super().__init__()
        self.network = network
        norm, images = stream.normalization, stream.snippet.images
        self._reversed = norm.color == "BGR" and stream.modality != "flow"
        self._contrast = norm.contrast
        channels = 2 if stream.modality == "flow" else 3
        mean: tuple[float, ...] = norm.mean
        std: tuple[float, ...] = norm.std
        if channels == 2:
            mean, std = (norm.flow_mean,) * 2, (norm.flow_std,) * 2
        scale = norm.value_range / (255.0 * torch.tensor(std))
        shift = torch.tensor(mean) / torch.tensor(std)
        self._images = images
        self.scale = nn.Buffer(scale.repeat(images)[:, None, None])
        self.shift = nn.Buffer(shift.repeat(images)[:, None, None])
        if stream.modality != "rgbdiff":
            self.difference = None
        else:
            first = torch.eye((images - 1) * channels, images * channels)
            neighbors = first.roll(channels, 1) - first
            self.difference = nn.Buffer((neighbors * self.scale.view(1, -1))[:, :, None, None])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits ``(N, classes)`` of ``(N, images * C, H, W)`` uint8."""
        values = images.float()
        if self._reversed:
            colors = values.reshape(-1, self._images, 3, *values.shape[2:])
            values = colors.flip(2).flatten(1, 2)
        if self.difference is None:
            values = values * self.scale - self.shift
        else:
            values = nn.functional.conv2d(values, self.difference)
            if self._contrast is not None:
                energy = (values * values).mean(dim=(1, 2, 3), keepdim=True)
                values = values * (self._contrast / (energy + NOISE**2).sqrt())
        logits: torch.Tensor = self.network.classify(self.network.backbone(values))
        return logits


def export_graphs(
    package: ModelPackage,
    target: str,
    folder: Path | None,
    snippets: Mapping[str, Images],
    *,
    overwrite: bool = False,
) -> list[Exported]:
    """Write the graph of every stream and compare it with torch.

    Args:
        package: The model.
        target: ``"onnx"`` or ``"openvino"``.
        folder: Where to, for other programs: files that hold their weights. None: into the package
            itself, whose graphs read its weights files and become what ``detect`` runs.
        snippets: By modality, what to compare on; drawn ones where there are none.
        overwrite: Replace graphs that are there.

    Raises:
        LibraryError: What exports is not installed.
        ModelError: A network has something that a graph cannot express, or the graph's logits are
            further from torch's than ``TOLERANCE``.
        OutputError: A file cannot be written.
    """
    for library in ("onnx", "onnxscript"):
        require(library, "export")
    if target == "openvino":
        require("openvino", "openvino")
    if folder is not None and (folder / CONFIG_FILE).exists():
        raise OutputError(
            f"{str(folder)!r} holds a model, whose graphs read its weights; give another folder, "
            "or none to give the model itself its graphs"
        )
    home = package.folder if folder is None else folder
    suffix, *more = (".xml", ".bin") if target == "openvino" else (".onnx",)
    make_folder(home)
    for stream in package.config.streams:
        names = [] if stream.graph is None else [stream.graph.file]
        if folder is not None:
            names = [f"{stream.modality}{each}" for each in (suffix, *more)]
        for name in names:
            check_writable(home / name, overwrite=overwrite)
    engine = TorchEngine(package, "cpu")
    made, streams = [], []
    for stream in package.config.streams:
        images = snippets.get(stream.modality) or drawn(stream)
        wanted = engine.logits(stream.modality, images)
        model = graph_of(package, stream)
        if folder is not None:
            embed(model, package.folder)
        # beside the weights that it may read
        staged = staging_path(home, f"{stream.modality}.onnx")
        try:
            staged.write_bytes(model.SerializeToString(deterministic=True))
            path = home / f"{stream.modality}{suffix}"
            if target == "openvino":
                apart = _as_openvino(staged, path, stream, images, wanted)
            else:
                apart = _apart(stream, wanted, _run(staged, images))
                # files for others keep their name; those of a package never replace one in use
                path = home / place(staged, path.name) if folder is None else staged.replace(path)
        except OSError as error:
            raise OutputError(f"cannot write in {str(home)!r}: {error.strerror}") from error
        finally:
            staged.unlink(missing_ok=True)
        made.append(Exported(path, stream.modality, apart, len(images)))
        if folder is None:
            graph = Graph(path.name, file_sha256(path))
            streams.append(replace(stream, graph=graph))
    if folder is None:
        config = replace(package.config, streams=tuple(streams))
        write_config(home / CONFIG_FILE, config, overwrite=True)
        remove_leftovers(home, files_of(config), files_of(package.config))
    return made


def graph_of(package: ModelPackage, stream: StreamConfig) -> onnx.ModelProto:
    """Return the graph of a stream; its weights stay in the package's file, which it names.

    Raises:
        ModelError: The network has something that a graph cannot express.
    """
    network = GraphNetwork(stream, package.build_stream(stream.modality)).eval()
    side = stream.input_size
    # two, because an exporter takes a single one for a constant
    example = torch.zeros(2, stream.snippet.stored_channels, side, side, dtype=torch.uint8)
    model = _exported(network, example, stream)
    share_weights(model, package.folder / stream.file)
    model.producer_name = "slipdetect"
    model.doc_string = (
        f"{package.config.name}, {stream.modality} stream. {INPUT}: uint8 (snippets, images * "
        f"channels, {side}, {side}), the {stream.snippet.images} "
        f"{'flow fields (u, v)' if stream.modality == 'flow' else 'RGB pictures'} of each snippet, "
        f"oldest first. {OUTPUT}: float32 (snippets, {len(package.config.labels)}), of "
        f"{', '.join(package.config.labels)}."
    )
    entry = model.metadata_props.add()
    entry.key = GRAPH_FACTS
    entry.value = json.dumps(graph_facts(stream, package.config), ensure_ascii=False)
    return model


def snippets_of(package: ModelPackage, video: Path) -> dict[str, Images]:
    """Return up to 32 snippets of a video as the model sees them, spread evenly, by modality.

    Raises:
        VideoError: It cannot be read.
    """
    scorer = TSNScorer(package, "cpu", engine="torch")
    with open_video(video) as source:
        frames = source.frames(scorer.sample_fps, scorer.short_side)
        found = list(scorer.snippets(Segment(frames)))
    chosen = found[:: max(1, len(found) // _MOST)][:_MOST]
    return {
        name: [view for snippet in chosen for view in snippet.views(name)]
        for name in scorer.weights
    }


def drawn(stream: StreamConfig, count: int = _DRAWN) -> Images:
    """Return snippets of a bright square that moves over noise, to compare engines on."""
    rng = np.random.default_rng(0)
    side, images = stream.input_size, stream.snippet.images
    channels = 2 if stream.modality == "flow" else 3
    snippets = []
    for _ in range(count):
        pictures = rng.integers(96, 160, (images, side, side, channels), dtype=np.uint8)
        start, step = rng.integers(0, side // 2, 2), rng.integers(-3, 4, 2)
        for index, picture in enumerate(pictures):
            top, left = np.clip(start + index * step, 0, side - side // 4)
            picture[top : top + side // 4, left : left + side // 4] = 230
        snippets.append(pictures)
    return snippets


def _exported(
    network: GraphNetwork, example: torch.Tensor, stream: StreamConfig
) -> onnx.ModelProto:
    from onnxscript import optimizer

    snippets = torch.export.Dim("snippets")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        try:
            program: Any = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: snippets},),
                opset_version=_OPSET,
                optimize=False,
                verbose=False,
            )
        except Exception as error:
            raise ModelError(
                f"the {stream.modality} network ({stream.backbone}) cannot be exported: "
                f"{cause(error)}; it stays usable by torch"
            ) from error
    optimizer.inline(program.model)
    # not what merges layers: weights keep the names and values of the package's file
    optimizer.fold_constants(program.model)
    optimizer.remove_unused_nodes(program.model)
    model: onnx.ModelProto = program.model_proto
    return model


def _as_openvino(
    source: Path,
    target: Path,
    stream: StreamConfig,
    images: Images,
    wanted: npt.NDArray[np.float32],
) -> float:
    """Write a graph as OpenVINO's, with float32 weights; return how far it is from torch.

    Raises:
        ModelError: Too far; nothing is written then.
    """
    import openvino

    model = openvino.convert_model(str(source))
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    run = openvino.Core().compile_model(model, "CPU", settings)
    apart = _apart(stream, wanted, run({INPUT: planar(images)})[OUTPUT])
    openvino.save_model(model, str(target), compress_to_fp16=False)
    return apart


def _run(path: Path, images: Images) -> npt.NDArray[np.float32]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        logits: npt.NDArray[np.float32] = session.run([OUTPUT], {INPUT: planar(images)})[0]
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"onnxruntime cannot run the graph: {reason}") from error
    return logits


def _apart(
    stream: StreamConfig, wanted: npt.NDArray[np.float32], found: npt.NDArray[np.float32]
) -> float:
    """Return how far a graph's logits are from torch's.

    Raises:
        ModelError: Further than ``TOLERANCE``.
    """
    apart = float(np.abs(found - wanted).max())
    if not apart <= TOLERANCE * max(1.0, float(np.abs(wanted).max())):
        raise ModelError(
            f"the graph of the {stream.modality} stream is {apart:.2g} from torch's logits, more "
            f"than {TOLERANCE:g}; it is not written, and the model stays usable by torch"
        )
    return apart
