"""A model on disk: a folder with ``model.json`` and weights; torch loads with a network.

In: a folder. Out: a checked ``ModelPackage``. torch loads when a network is built.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._io import exists, write_text
from slipdetect.errors import OutputError, PackageError
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.stream import PoseConfig
from slipdetect.models.weights_file import check_file, load_strictly, read, read_arrays
from slipdetect.people.network import PoseNetwork

if TYPE_CHECKING:
    from slipdetect.models.tsn import TSN

CONFIG_FILE = "model.json"
CARD_FILE = "README.md"

_MAX_CONFIG_BYTES = 16 * 2**20
_PICKLES = {".pt", ".pth", ".tar", ".pkl", ".pickle", ".ckpt", ".bin"}


@dataclass(frozen=True)
class ModelPackage:
    """A package whose configuration and files have been checked."""

    config: ModelConfig
    folder: Path

    def build_streams(self) -> dict[str, TSN]:
        """Build the network of every stream, with its weights as float32, in evaluation mode.

        Raises:
            BackboneUnavailable: A backbone cannot be built here.
            PackageError: Weights do not fit the network or are not finite.
        """
        return {
            stream.modality: self.build_stream(stream.modality) for stream in self.config.streams
        }

    def build_stream(self, modality: str) -> TSN:
        """Build the network of one stream, as ``build_streams`` does."""
        from slipdetect.models.tsn import WithoutDrawing, build_network

        stream = self.config.stream(modality)
        with WithoutDrawing():
            network = build_network(stream, len(self.config.labels))
        path = self.folder / stream.file
        load_strictly(network, read(path), str(path))
        return network.eval()

    def pose_network(self) -> PoseNetwork | None:
        """Return the network that judges people; None where the model has none.

        Raises:
            PackageError: Its weights are damaged or of another network.
        """
        if self.config.pose is None:
            return None
        path = self.folder / self.config.pose.file
        return PoseNetwork(read_arrays(path), str(path))

    def card(self) -> str | None:
        """Return the text of the model card, None where there is none."""
        path = self.folder / CARD_FILE
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def load_package(folder: str | os.PathLike[str]) -> ModelPackage:
    """Read and check a package: configuration, digests, and what each file says it holds.

    Graphs are checked when an engine opens them: torch needs none.

    Only JSON and safetensors are read, so a hostile package cannot run code.

    Raises:
        PackageError: No package, damaged, incomplete, or made for something else.
    """
    folder = Path(folder)
    there = exists(folder)
    if folder.suffix.lower() in _PICKLES and not (there and folder.is_dir()):
        raise PackageError(
            f"{str(folder)!r} may be a pickle, which can run code and is never loaded; "
            "convert it with 'slipdetect models import'"
        )
    if not exists(folder / CONFIG_FILE):
        # a training run keeps its packages one level below
        below = sorted(folder.glob(f"*/{CONFIG_FILE}")) if there else []
        inner = [str(path.parent) for path in below]
        advice = " or ".join(repr(name) for name in inner[:2]) if inner else "its folder"
        raise PackageError(
            f"{str(folder)!r} is no model package: it has no {CONFIG_FILE}; give {advice}"
        )
    config = ModelConfig.from_json(_read_json(folder / CONFIG_FILE), str(folder / CONFIG_FILE))
    for stream in config.streams:
        check_file(folder / stream.file, stream.sha256, weight_facts(stream, config))
    if config.pose is not None:
        check_file(folder / config.pose.file, config.pose.sha256, pose_facts(config.pose))
    return ModelPackage(config, folder)


def weight_facts(stream: StreamConfig, config: ModelConfig) -> dict[str, str]:
    """Return what the weights file repeats about itself, so that a swapped file is noticed."""
    options = json.dumps(stream.backbone_options, sort_keys=True, ensure_ascii=False)
    return {
        "backbone": stream.backbone,
        # files of networks without options were written before there were any
        **({"backbone_options": options} if stream.backbone_options else {}),
        "modality": stream.modality,
        "snippet_length": str(stream.snippet_length),
        "classes": json.dumps(config.labels, ensure_ascii=False),
        "consensus": stream.consensus,
        "num_segments": str(stream.num_segments),
    }


def pose_facts(pose: PoseConfig) -> dict[str, str]:
    """Return what the weights file of a pose network repeats about itself."""
    return {
        "modality": "pose",
        "estimator": pose.estimator,
        "rate": f"{pose.rate:g}",
        "pictures": str(pose.pictures),
    }


GRAPH_FACTS = "slipdetect"  # key of a graph's metadata
GRAPH_ADVICE = (
    "use the engine 'torch', or make the graph anew with "
    "'slipdetect models export MODEL --to onnx --overwrite'"
)


def graph_facts(stream: StreamConfig, config: ModelConfig) -> dict[str, str]:
    """Return what a graph says about itself, so that one of other weights is noticed."""
    return {
        **weight_facts(stream, config),
        "weights": stream.sha256,
        "input_size": str(stream.input_size),
        "normalization": json.dumps(asdict(stream.normalization)),
    }


def check_graph_facts(
    package: ModelPackage, stream: StreamConfig, metadata: Mapping[str, str], name: str
) -> None:
    """Insist that the graph in the file ``name`` is of this very network.

    Raises:
        PackageError: It is of another one.
    """
    try:
        found = dict(json.loads(metadata.get(GRAPH_FACTS, "{}")))
    except (ValueError, TypeError):
        found = {}
    wanted = graph_facts(stream, package.config)
    differing = [key for key in wanted if found.get(key) != wanted[key]]
    if differing:
        raise PackageError(
            f"{name!r} is not the graph of the network in model.json (other "
            f"{', '.join(differing)}); {GRAPH_ADVICE}"
        )


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Fail early where ``save_package`` would fail later.

    Raises:
        OutputError: ``folder`` is no folder or holds a package already.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot create {str(folder)!r}: it is a file; choose another folder")
    if (folder / CONFIG_FILE).exists() and not overwrite:
        raise OutputError(
            f"{str(folder)!r} holds a model already; pass overwrite=True or another folder"
        )


def prepare(folder: Path, card: str | None, overwrite: bool) -> None:
    """Make the folder of a package, unless there is something in it that would be lost."""
    check_folder(folder, overwrite=overwrite)
    path = folder / CARD_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # a killed save may have left the very card that is to be written
        other = card is not None and path.exists() and path.read_bytes() != card.encode()
    except OSError as error:
        raise OutputError(f"cannot create {str(folder)!r}: {error.strerror}") from error
    if other and not overwrite:
        raise OutputError(f"{str(path)!r} exists already; pass overwrite=True or another name")


def named_files(folder: Path) -> list[str]:
    """Return the weights files of the package in ``folder``; none where it cannot be read."""
    if not (folder / CONFIG_FILE).is_file():
        return []
    try:
        config = ModelConfig.from_json(_read_json(folder / CONFIG_FILE))
    except PackageError:
        return []
    return files_of(config)


def files_of(config: ModelConfig) -> list[str]:
    """Return the names of the weights files and graphs of a package."""
    graphs = [stream.graph.file for stream in config.streams if stream.graph is not None]
    pose = [] if config.pose is None else [config.pose.file]
    return [*(stream.file for stream in config.streams), *graphs, *pose]


def write_config(path: Path, config: ModelConfig, overwrite: bool) -> None:
    """Write ``model.json`` in one step."""
    content = json.dumps(config.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, content + "\n", overwrite=overwrite)


def _read_json(path: Path) -> object:
    try:
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise PackageError(f"{str(path)!r} is larger than any model description; replace it")
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{str(path)!r} is not valid JSON: {error}") from error
    return content
