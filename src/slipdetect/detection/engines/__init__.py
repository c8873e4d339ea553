"""Which engine computes the networks of a model package; its library loads when it is chosen.

In: a package, what the user asked for. Out: an ``Engine``, and why it is that one. An engine's
library loads only when it is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from slipdetect.detection.engines.engine import Engine, has_nvidia
from slipdetect.errors import ModelError, UsageError
from slipdetect.modalities.snippet import LEARNED_CONSENSUS
from slipdetect.models.config import ModelConfig
from slipdetect.models.package import ModelPackage

# engines that run graphs: their module's name and class, their library, what installs it
_OF_GRAPHS = {
    "onnx": ("onnx_engine.OnnxEngine", "onnxruntime", "onnxruntime"),
    "openvino": ("openvino_engine.OpenVinoEngine", "openvino", "'slipdetect[openvino]'"),
}
ENGINES = ("auto", "torch", *_OF_GRAPHS)


@dataclass(frozen=True)
class Choice:
    """Which engine of ``ENGINES``, never ``"auto"``, a model gets, and why in a few words."""

    engine: str
    reason: str


def choose_engine(config: ModelConfig, engine: str = "auto", device: str = "auto") -> Choice:
    """Return the engine for a model.

    Args:
        config: Of the model.
        engine: One of ``ENGINES``; ``"auto"`` takes ONNX Runtime where the model carries a graph
            and the device is one that it has here, and torch elsewhere.
        device: As for ``Detector.load``.

    Raises:
        UsageError: There is no such engine.
        ModelError: The one that was named cannot compute this model here.
    """
    if engine not in ENGINES:
        raise UsageError(f"unknown engine {engine!r}; choose from {', '.join(ENGINES)}")
    if engine == "torch":
        return Choice("torch", "as asked for")
    if engine != "auto":
        reason = _refusal(config, engine)
        if reason:
            raise ModelError(f"engine {engine!r} cannot be used: {reason}")
        return Choice(engine, "as asked for")
    reason = _refusal(config, "onnx") or _device_refusal(device)
    return Choice("torch", reason) if reason else Choice("onnx", "the model carries a graph")


def make_engine(
    package: ModelPackage,
    engine: str = "auto",
    device: str = "auto",
    batch: int = 64,
    exact: bool = False,
) -> Engine:
    """Return the engine for a package, loaded.

    Args:
        package: The model.
        engine: As for ``choose_engine``.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        batch: Most snippets in a pass of torch; fewer where the device's memory does not hold them.
        exact: Compute in float32, also on CPUs that are faster with bfloat16.

    Raises:
        UsageError: As ``choose_engine`` raises.
        ModelError: As ``choose_engine`` raises, or the device is not there.
        PackageError: A graph is not what the package says of it.
    """
    chosen = choose_engine(package.config, engine, device).engine
    if chosen in _OF_GRAPHS:
        module, _, kind = _OF_GRAPHS[chosen][0].partition(".")
        made: Engine = getattr(import_module(f"{__name__}.{module}"), kind)(package, device)
        return made
    from slipdetect.detection.engines.torch_engine import TorchEngine

    return TorchEngine(package, device, batch, exact)


def _refusal(config: ModelConfig, engine: str) -> str:
    """Return why a model cannot be computed by an engine that runs graphs; nothing if it can."""
    _, library, install = _OF_GRAPHS[engine]
    for stream in config.streams:
        if stream.graph is None:
            return (
                f"the {stream.modality} stream of {config.name!r} carries no graph; "
                "'slipdetect models export MODEL --to onnx' makes one"
            )
        if stream.consensus in LEARNED_CONSENSUS:
            return (
                f"the {stream.consensus!r} consensus of the {stream.modality} stream of "
                f"{config.name!r} is computed by torch only"
            )
    if find_spec(library) is None:
        return f"{library} is not installed; pip install {install}"
    return ""


def _device_refusal(device: str) -> str:
    """Return why ONNX Runtime as installed is not the best for a device; nothing if it is."""
    kind = device.partition(":")[0]
    if kind == "cpu" or (kind == "auto" and not has_nvidia()):
        return ""
    from slipdetect.detection.engines.onnx_engine import gpu_providers

    if kind in ("auto", "cuda") and gpu_providers():
        return ""
    if kind == "auto":
        import torch

        return "torch computes on the GPU" if torch.cuda.is_available() else ""
    return f"onnxruntime as installed does not compute on {device!r}"
