"""The networks of a model package computed by ONNX Runtime from the graphs that it carries.

In: a model package, snippets. Out: their logits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from slipdetect._onnx import session_options
from slipdetect.detection.engines.engine import (
    INPUT,
    OUTPUT,
    GraphEngine,
    Logits,
    check_device,
    graph_path,
    has_nvidia,
    unreadable,
)
from slipdetect.errors import ModelError
from slipdetect.models.config import StreamConfig
from slipdetect.models.package import ModelPackage, check_graph_facts

_GPU_PROVIDERS = ("TensorrtExecutionProvider", "CUDAExecutionProvider")
_AT_ONCE = {"cpu": 4, "cuda": 64}  # what a CPU's cache holds, what keeps a GPU busy


class OnnxEngine(GraphEngine):
    """The engine of packages that carry graphs.

    Args:
        package: The model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``.

    Raises:
        ModelError: The device is not there.
        PackageError: A graph is damaged, or not of this model.
    """

    name = "onnx"

    def __init__(self, package: ModelPackage, device: str = "auto") -> None:
        providers = _providers(device)
        on = ("cuda" if len(providers) > 1 else "cpu") if device == "auto" else device
        self._open(package, providers, on)
        # where a GPU's libraries do not load, sessions are opened on the CPU without a word
        on_cpu = any(len(each.get_providers()) == 1 for each in self._sessions.values())
        if on_cpu and len(providers) > 1:
            if device != "auto":
                raise ModelError(
                    f"onnxruntime cannot compute on {device!r} here, its libraries for that do not "
                    "load; choose the engine 'torch' or the device 'cpu'"
                )
            self._open(package, providers[-1:], "cpu")

    def _open(self, package: ModelPackage, providers: list[Any], on: str) -> None:
        streams = package.config.streams
        super().__init__(on, len(streams), _AT_ONCE[on.partition(":")[0]])
        self._sessions = {
            stream.modality: _session(package, stream, providers, self.threads)
            for stream in streams
        }

    def run(self, modality: str, inputs: npt.NDArray[np.uint8]) -> Logits:
        """See ``GraphEngine``."""
        logits: Logits = self._sessions[modality].run([OUTPUT], {INPUT: inputs})[0]
        return logits


def gpu_providers() -> list[str]:
    """Return the providers of ONNX Runtime that compute on an NVIDIA GPU and are there."""
    there = onnxruntime.get_available_providers()
    return [name for name in _GPU_PROVIDERS if name in there]


def _providers(device: str) -> list[Any]:
    """Return what ONNX Runtime shall try in turn."""
    check_device(device, "onnx", ("auto", "cpu", "cuda"))
    kind, _, number = device.partition(":")
    found = gpu_providers() if kind == "cuda" or (kind == "auto" and has_nvidia()) else []
    if found:
        return [*((name, {"device_id": number or "0"}) for name in found), "CPUExecutionProvider"]
    if kind in ("auto", "cpu"):
        return ["CPUExecutionProvider"]
    raise ModelError(
        f"onnxruntime as installed does not compute on {device!r}; choose the engine 'torch' or "
        "the device 'cpu', or install onnxruntime-gpu in its place"
    )


def _session(
    package: ModelPackage, stream: StreamConfig, providers: list[Any], threads: int
) -> onnxruntime.InferenceSession:
    path = graph_path(package, stream)
    options = session_options(threads, shared=len(providers) == 1)
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        raise unreadable(path, stream, "onnxruntime", error) from error
    check_graph_facts(package, stream, session.get_modelmeta().custom_metadata_map, str(path))
    return session
