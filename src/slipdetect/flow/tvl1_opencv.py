"""TV-L1 flow (Zach, Pock and Bischof, DAGM 2007) by OpenCV's contrib module, on the CPU.

In: two gray pictures. Out: ``(2, H, W)`` float32 px.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any, cast

import cv2
import numpy as np

from slipdetect.errors import UsageError
from slipdetect.flow.arrays import Flow, Gray
from slipdetect.flow.machine import check_not_forked, opencl_device
from slipdetect.flow.registry import FlowMethod
from slipdetect.flow.tvl1_parameters import TvL1Parameters

# cv2's type stubs leave the contrib modules out
_cv2 = cast("Any", cv2)

# where OpenCV's setters are named otherwise than its creation arguments
_SETTERS = {
    "lambda_": "setLambda",
    "nscales": "setScalesNumber",
    "warps": "setWarpingsNumber",
}


class TvL1OpenCV(FlowMethod):
    """OpenCV's ``DualTVL1OpticalFlow``; one solver is kept as long as the picture size stays.

    OpenCV lowers a solver's pyramid levels for good at the first small picture, so a solver made
    for another size would give another flow.
    """

    parameters_type = TvL1Parameters

    def __init__(self, parameters: TvL1Parameters, device: str = "cpu") -> None:
        check_contrib()
        super().__init__(parameters, device)
        self._solver: Any = None
        self._size: tuple[int, ...] = ()

    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        start = self._start(prev.shape, initial) if self.uses_initial_flow else None
        return np.moveaxis(self._solver_for(prev.shape).calc(prev, next, start), -1, 0)

    def _solver_for(self, size: tuple[int, ...]) -> Any:
        if self._solver is None or self._size != size:
            self._solver, self._size = self._made(self.parameters), size
        return self._solver

    def _made(self, parameters: TvL1Parameters) -> Any:
        return create_solver(parameters)

    def _start(self, size: tuple[int, ...], initial: Flow | None) -> Any:
        """Return ``(H, W, 2)`` float32 px to start from, an array that OpenCV may write into."""
        start = np.zeros((*size, 2), dtype=np.float32)
        if initial is not None and self.uses_initial_flow:
            start[...] = np.moveaxis(initial, 0, -1)
        return start


def check_contrib() -> None:
    """Raise ``UsageError`` where the installed OpenCV has no TV-L1."""
    if not hasattr(getattr(_cv2, "optflow", None), "DualTVL1OpticalFlow_create"):
        raise UsageError(
            f"OpenCV {cv2.__version__} lacks its contrib modules, which TV-L1 flow needs "
            "(another OpenCV package overwrote them); uninstall every opencv package, then "
            "reinstall opencv-contrib-python"
        )


def create_solver(parameters: TvL1Parameters) -> Any:
    """Return a ``DualTVL1OpticalFlow`` with all parameters set."""
    solver = _cv2.optflow.DualTVL1OpticalFlow_create()
    for name, value in asdict(parameters).items():
        setter = "set" + "".join(part.capitalize() for part in name.split("_"))
        getattr(solver, _SETTERS.get(name, setter))(value)
    return solver


_PROBE_SIDE = 16


class TvL1UMat(TvL1OpenCV):
    """OpenCV's ``DualTVL1OpticalFlow`` on pictures that lie in an OpenCL device.

    Three things set it apart from the same solver on the CPU (read in OpenCV's source and measured
    with OpenCV 5.0):

    - Without an initial flow it starts from whatever its memory holds, so it always gets one here.
    - It filters the median in place, so some pixels differ from run to run; the mean difference
      between two runs is some thousandths of a px, from the CPU some hundredths.
    - It ignores gamma and silently falls back to the CPU, which does not: a gamma of NaN tells a
      flow of the device from one of the CPU.
    """

    def __init__(self, parameters: TvL1Parameters, device: str = "opencl") -> None:
        super().__init__(parameters, device)
        if parameters.gamma != 0:
            raise UsageError(
                "OpenCV's TV-L1 on OpenCL ignores gamma; leave it at 0 or use 'tvl1-opencv'"
            )
        self.runs_on = opencl_device().name
        self._probe()

    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        """Compute the flow; see ``FlowMethod.calc``.

        Raises:
            UsageError: OpenCV computed it on the CPU after all, or this process was forked
                after OpenCL was used.
        """
        check_not_forked()
        start = self._start(prev.shape, initial)
        on_device = [_cv2.UMat(item) for item in (prev, next, start)]
        flow = self._solver_for(prev.shape).calc(*on_device).get()
        if np.isnan(flow).any():
            height, width = prev.shape
            raise UsageError(
                f"OpenCV does not run TV-L1 flow of {width}x{height} px on OpenCL device "
                f"{self.runs_on!r} (its kernels fail there, or OpenCL was switched off); "
                "use 'tvl1-opencv'"
            )
        return np.ascontiguousarray(np.moveaxis(flow, -1, 0), dtype=np.float32)

    def _probe(self) -> None:
        """Compute the cheapest flow there is, to see where OpenCV computes it."""
        least = TvL1Parameters(nscales=1, warps=1, inner_iterations=1, outer_iterations=1)
        self._solver, self._size = self._made(least), (_PROBE_SIDE, _PROBE_SIDE)
        ramp = np.arange(_PROBE_SIDE**2, dtype=np.uint8).reshape(self._size)
        self.calc(ramp, np.ascontiguousarray(ramp.T))
        self._solver = None

    def _made(self, parameters: TvL1Parameters) -> Any:
        solver = create_solver(replace(parameters, use_initial_flow=True))
        solver.setGamma(math.nan)
        return solver
