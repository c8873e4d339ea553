"""The flow methods by name; a method's module is imported when it is asked for.

In: a name and parameters. Out: a ready ``FlowMethod``.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.flow.arrays import Flow, Gray


class FlowMethod(ABC):
    """A flow algorithm with its parameters and its device fixed.

    A flow depends on the pair, the parameters and ``initial`` only, never on earlier calls.
    Making one raises ``UsageError`` with the reason where it cannot run on this machine.

    Attributes:
        parameters_type: Frozen dataclass of the method's parameters, validated when made.
        concurrent: ``calc`` may run in several threads at once.
        uses_initial_flow: The method starts from the flow of the pair before, where there is one.
        parameters: An instance of ``parameters_type``.
        device: Where it runs.
    """

    parameters_type: ClassVar[type[Any]]
    concurrent: ClassVar[bool] = False

    def __init__(self, parameters: Any, device: str = "cpu") -> None:
        self.parameters = parameters
        self.device = device
        self.uses_initial_flow = bool(getattr(parameters, "use_initial_flow", False))

    def __reduce__(self) -> tuple[type[FlowMethod], tuple[Any, str]]:
        """Copy and pickle by what it was made from: solvers and work spaces stay behind."""
        return type(self), (self.parameters, self.device)

    @abstractmethod
    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        """Compute the flow.

        Args:
            prev: ``(H, W)`` uint8 gray.
            next: ``(H, W)`` uint8 gray, the same size.
            initial: ``(2, H, W)`` float32 px to start from, for methods that can.

        Returns:
            ``(2, H, W)`` float32 px: u to the right, v down.
        """


class BatchFlowMethod(FlowMethod):
    """A method that is at its best with many pairs at once, as on a GPU.

    Attributes:
        batch: Pairs that one call should get.
    """

    batch: int

    @abstractmethod
    def calc_batch(self, prev: Gray, next: Gray) -> Flow:
        """Compute the flows of pairs ``(N, H, W)`` uint8; return ``(N, 2, H, W)`` float32 px."""


# where a method runs and what does it there; the first device is the one "auto" falls back to
_METHODS: Mapping[str, Mapping[str, str]] = {
    "tvl1": {
        "cpu": "slipdetect.flow.tvl1:TvL1",
        "cuda": "slipdetect.flow.tvl1_cuda:TvL1Cuda",
    },
    "tvl1-opencv": {"cpu": "slipdetect.flow.tvl1_opencv:TvL1OpenCV"},
    "tvl1-umat": {"opencl": "slipdetect.flow.tvl1_opencv:TvL1UMat"},
    "dis": {"cpu": "slipdetect.flow.dis:Dis"},
    "dis-fast": {"cpu": "slipdetect.flow.dis:FastDis"},
    "farneback": {"cpu": "slipdetect.flow.farneback:Farneback"},
}


def available_methods() -> list[str]:
    """Return the names of the flow methods; nothing is imported."""
    return list(_METHODS)


def method_devices(name: str) -> list[str]:
    """Return the devices that method ``name`` can run on where they are present.

    Raises:
        UsageError: Unknown method.
    """
    if name not in _METHODS:
        raise UsageError(f"unknown flow method {name!r}; choose from {', '.join(_METHODS)}")
    return list(_METHODS[name])


def resolve_device(name: str, device: str) -> str:
    """Return the device that method ``name`` runs on when ``device`` is asked for.

    Raises:
        UsageError: Unknown method, or the method does not run on ``device``.
    """
    devices = method_devices(name)
    if device == "auto":
        return "cuda" if "cuda" in devices and has_cuda() else devices[0]
    kind, _, number = device.partition(":")
    if kind not in devices or (number and kind != "cuda"):  # nothing else is chosen by number
        raise UsageError(
            f"flow method {name!r} does not run on {device!r}; use auto or {', '.join(devices)}"
        )
    return device


def create_method(name: str, parameters: Mapping[str, Any], device: str) -> FlowMethod:
    """Import the method ``name`` for a resolved ``device`` and fix its parameters.

    Raises:
        UsageError: Unknown parameter, a value out of range, or the method cannot run here.
    """
    method = _import_method(name, device)
    return method(_make_parameters(name, method, parameters), device)


def complete_parameters(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``parameters`` with the method's defaults for what they leave out.

    Raises:
        UsageError: Unknown method or parameter, or a value out of range.
    """
    method = _import_method(name, method_devices(name)[0])
    return asdict(_make_parameters(name, method, parameters))


def _import_method(name: str, device: str) -> type[FlowMethod]:
    module, _, attribute = _METHODS[name][device.split(":")[0]].partition(":")
    try:
        return cast("type[FlowMethod]", getattr(import_module(module), attribute))
    except ImportError as error:
        raise UsageError(
            f"flow method {name!r} cannot be loaded ({error}); "
            "reinstall slipdetect, with opencv-contrib-python and no other OpenCV package"
        ) from error


def _make_parameters(name: str, method: type[FlowMethod], given: Mapping[str, Any]) -> Any:
    known = [field.name for field in fields(method.parameters_type)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UsageError(
            f"flow method {name!r} has no parameter {unknown[0]!r}; "
            f"it has {', '.join(known) or 'none'}"
        )
    return method.parameters_type(**given)


def has_cuda() -> bool:
    """Tell whether torch can use a GPU; torch is imported only where a driver is present."""
    if not Path("/dev/nvidiactl").exists() and sys.platform == "linux":
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
