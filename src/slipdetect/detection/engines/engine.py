"""What an engine is, and what those share that compute the graphs of a package, without torch.

In: snippets of one stream. Out: their logits.
"""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect._io import file_sha256
from slipdetect.errors import ModelError, PackageError
from slipdetect.flow.machine import usable_cpus
from slipdetect.models.config import StreamConfig
from slipdetect.models.package import GRAPH_ADVICE, ModelPackage

Images = Sequence[npt.NDArray[np.uint8]]
Logits = npt.NDArray[np.float32]

# of a graph
INPUT, OUTPUT = "images", "logits"


class Engine(Protocol):
    """Computes the networks of one model package on one device.

    Attributes:
        name: ``"torch"``, ``"onnx"``, ...
        device: Where it computes, such as ``"cpu"`` or ``"cuda:0"``.
        at_once: Most snippets in a pass; given more it takes memory and is no faster.
    """

    name: str
    device: str
    at_once: int

    def session(self) -> AbstractContextManager[Executor | None]:
        """Return a context that gives a thread for each network; None: one after the other.

        It leaves one CPU to the thread that reads. Outside of it engines work too.
        """

    def logits(self, modality: str, images: Images) -> Logits:
        """Return the logits ``(snippets, classes)`` of one stream's snippets.

        Args:
            modality: Of the stream, here and below.
            images: ``(images, S, S, C)`` uint8 of each snippet.

        Raises:
            ModelError: The device's memory does not hold one snippet.
        """

    def agreed(self, modality: str, scores: Logits) -> Logits:
        """Return the logits ``(classes,)`` of ``(snippets, classes)`` by a learned consensus."""


def has_nvidia() -> bool:
    """Return whether there is an NVIDIA GPU, without loading torch, which knows too."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


class GraphEngine(Engine):
    """An engine with a network for each stream, and a thread for each on several CPUs."""

    def __init__(self, device: str, networks: int, at_once: int) -> None:
        self.device = device
        cpus = usable_cpus()
        self.threads = max(1, (cpus - 1) // networks)  # of a network; one CPU is left for reading
        self.at_once = at_once
        self._workers = networks if cpus > 1 and networks > 1 and device == "cpu" else 0

    @abstractmethod
    def run(self, modality: str, inputs: npt.NDArray[np.uint8]) -> Logits:
        """Return the logits ``(N, classes)`` of ``(N, images * C, S, S)`` bytes."""

    def session(self) -> AbstractContextManager[Executor | None]:
        """See ``Engine``."""
        if not self._workers:
            return nullcontext()
        return ThreadPoolExecutor(self._workers, "slipdetect-network")

    def logits(self, modality: str, images: Images) -> Logits:
        """See ``Engine``.

        Raises:
            ModelError: The library fails, as where memory does not suffice.
        """
        rows = []
        for start in range(0, len(images), self.at_once):
            inputs = planar(images[start : start + self.at_once])
            try:
                rows.append(self.run(modality, inputs))
            except Exception as error:
                reason = " ".join(str(error).split())[:200]
                raise ModelError(
                    f"{self.name} cannot compute the {modality} network: {reason}"
                ) from error
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def agreed(self, modality: str, scores: Logits) -> Logits:
        """Refuse: models with such a consensus are given torch."""
        raise ModelError("a learned consensus is computed by torch; use the engine 'torch'")


def planar(snippets: Images) -> npt.NDArray[np.uint8]:
    """Return ``(snippets, images * C, H, W)`` uint8 of ``(images, H, W, C)`` each, for graphs."""
    images, height, width, channels = snippets[0].shape
    planes = np.empty((len(snippets), images, channels, height, width), np.uint8)
    for snippet, target in zip(snippets, planes, strict=True):
        for image, into in zip(snippet, target, strict=True):
            cv2.split(image, list(into))
    return planes.reshape(len(snippets), images * channels, height, width)


def graph_path(package: ModelPackage, stream: StreamConfig) -> Path:
    """Return the file of a stream's graph.

    Raises:
        PackageError: The package carries none, or it is missing or changed.
    """
    if stream.graph is None:
        raise PackageError(f"{str(package.folder)!r} carries no graph of {stream.modality}")
    path = package.folder / stream.graph.file
    if not path.is_file() or file_sha256(path) != stream.graph.sha256:
        state = "not the graph that model.json describes" if path.is_file() else "missing"
        raise PackageError(f"{str(path)!r} is {state}; {GRAPH_ADVICE}")
    return path


def check_device(name: str, engine: str, kinds: Sequence[str]) -> None:
    """Insist on a device that an engine can have.

    Raises:
        ModelError: There is no such device, or the engine never has it.
    """
    kind = name.partition(":")[0]
    if kind not in ("auto", "cpu", "cuda", "mps"):
        raise ModelError(f"there is no device {name!r}; choose auto, cpu, cuda, cuda:1 or mps")
    if kind not in kinds:
        raise ModelError(
            f"the engine {engine!r} does not compute on {name!r}; choose the engine 'torch' or the "
            "device 'cpu'"
        )


def unreadable(path: Path, stream: StreamConfig, library: str, error: Exception) -> PackageError:
    """Return what to raise where a library cannot open a graph."""
    reason = " ".join(str(error).split())[:200]
    if stream.file.encode() not in path.read_bytes():
        reason = f"it reads other weights than {stream.file!r}"
    return PackageError(f"{str(path)!r} cannot be run by {library}: {reason}; {GRAPH_ADVICE}")
