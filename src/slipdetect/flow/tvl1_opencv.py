"""TV-L1 flow (Zach, Pock and Bischof, DAGM 2007) by OpenCV's contrib module, on the CPU.

In: two grey pictures. Out: ``(2, H, W)`` float32 px.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError

# cv2's type stubs leave the contrib modules out
_cv2 = cast("Any", cv2)

# where OpenCV's setters are named otherwise than its creation arguments
_SETTERS = {
    "lambda_": "setLambda",
    "nscales": "setScalesNumber",
    "warps": "setWarpingsNumber",
}


def _real(default: float, low: float, high: float, meaning: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "help": meaning})


@dataclass(frozen=True)
class TvL1Parameters:
    """OpenCV's parameters with OpenCV's defaults; ranges and meanings are in the metadata."""

    tau: float = _real(0.25, 1e-6, 1.0, "time step of the numerical scheme")
    lambda_: float = _real(0.15, 1e-6, 1e3, "weight of the data term; smaller is smoother")
    theta: float = _real(0.3, 1e-6, 1e3, "tightness between the data and the smoothness part")
    nscales: int = _real(5, 1, 32, "pyramid levels; cut down where a side falls below 16 px")
    warps: int = _real(5, 1, 1000, "warpings per level")
    epsilon: float = _real(0.01, 0.0, 1e3, "stopping threshold")
    inner_iterations: int = _real(30, 1, 10000, "iterations between outlier filterings")
    outer_iterations: int = _real(10, 1, 10000, "outlier filterings per warping")
    scale_step: float = _real(0.8, 0.05, 0.99, "size ratio of neighbouring levels")
    gamma: float = _real(0.0, 0.0, 1e3, "weight of illumination change; 0 leaves it out")
    median_filtering: int = _real(5, 1, 5, "median filter side, px: 1 (none), 3 or 5")
    use_initial_flow: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "use_initial_flow":
                if not isinstance(value, bool):
                    raise UsageError(f"TV-L1 use_initial_flow is true or false, not {value!r}")
                continue
            whole = isinstance(item.default, int)
            low, high = item.metadata["low"], item.metadata["high"]
            kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
            if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
                number = "a whole number" if whole else "a number"
                raise UsageError(f"TV-L1 {item.name} is {number} {low:g}..{high:g}, not {value!r}")
            # plain numbers, so that a recipe can be written as JSON
            object.__setattr__(self, item.name, int(value) if whole else float(value))
        if self.median_filtering not in (1, 3, 5):
            raise UsageError(f"TV-L1 median_filtering is 1, 3 or 5, not {self.median_filtering}")


class TvL1OpenCV:
    """OpenCV's ``DualTVL1OpticalFlow``; one solver is kept as long as the picture size stays.

    OpenCV lowers a solver's pyramid levels for good at the first small picture, so a solver made
    for another size would give another flow.
    """

    parameters_type: ClassVar[type[Any]] = TvL1Parameters
    devices: ClassVar[tuple[str, ...]] = ("cpu",)

    def __init__(self, parameters: TvL1Parameters) -> None:
        if not hasattr(getattr(_cv2, "optflow", None), "DualTVL1OpticalFlow_create"):
            raise UsageError(
                f"OpenCV {cv2.__version__} lacks its contrib modules, which TV-L1 flow needs "
                "(another OpenCV package overwrote them); uninstall every opencv package, then "
                "reinstall opencv-contrib-python"
            )
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
            self._solver, self._size = self._create_solver(), prev.shape
        start = None
        if self.uses_initial_flow:
            # OpenCV writes into the array it is given
            start = np.zeros((*prev.shape, 2), dtype=np.float32)
            if initial is not None:
                start[...] = np.moveaxis(initial, 0, -1)
        flow = self._solver.calc(prev, next, start)
        return np.ascontiguousarray(np.moveaxis(flow, -1, 0), dtype=np.float32)

    def _create_solver(self) -> Any:
        solver = _cv2.optflow.DualTVL1OpticalFlow_create()
        for name, value in asdict(self.parameters).items():
            setter = "set" + "".join(part.capitalize() for part in name.split("_"))
            getattr(solver, _SETTERS.get(name, setter))(value)
        return solver
