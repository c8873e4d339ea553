"""TV-L1 flow (Zach, Pock and Bischof, DAGM 2007) by OpenCV's contrib module, on the CPU.

In: two gray pictures. Out: ``(2, H, W)`` float32 px.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.tvl1_parameters import TvL1Parameters

# cv2's type stubs leave the contrib modules out
_cv2 = cast("Any", cv2)

# where OpenCV's setters are named otherwise than its creation arguments
_SETTERS = {
    "lambda_": "setLambda",
    "nscales": "setScalesNumber",
    "warps": "setWarpingsNumber",
}


class TvL1OpenCV:
    """OpenCV's ``DualTVL1OpticalFlow``; one solver is kept as long as the picture size stays.

    OpenCV lowers a solver's pyramid levels for good at the first small picture, so a solver made
    for another size would give another flow.
    """

    parameters_type: ClassVar[type[Any]] = TvL1Parameters
    concurrent: ClassVar[bool] = False

    def __init__(self, parameters: TvL1Parameters, device: str = "cpu") -> None:
        check_contrib()
        self.parameters = parameters
        self.uses_initial_flow = parameters.use_initial_flow
        self._solver: Any = None
        self._size: tuple[int, ...] = ()

    def __reduce__(self) -> tuple[type[TvL1OpenCV], tuple[TvL1Parameters]]:
        """Copy and pickle without the solver, which OpenCV cannot copy."""
        return TvL1OpenCV, (self.parameters,)

    def calc(
        self,
        prev: NDArray[np.uint8],
        next: NDArray[np.uint8],
        initial: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Compute the flow; see ``FlowMethod.calc``."""
        if self._solver is None or self._size != prev.shape:
            self._solver, self._size = create_solver(self.parameters), prev.shape
        start = None
        if self.uses_initial_flow:
            # OpenCV writes into the array it is given
            start = np.zeros((*prev.shape, 2), dtype=np.float32)
            if initial is not None:
                start[...] = np.moveaxis(initial, 0, -1)
        flow = self._solver.calc(prev, next, start)
        return np.moveaxis(flow, -1, 0)


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
