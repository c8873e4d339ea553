"""Dense inverse search flow (Kroeger et al., ECCV 2016) by OpenCV, on the CPU: fast.

In: two gray pictures. Out: ``(2, H, W)`` float32 px.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from slipdetect.errors import UsageError
from slipdetect.flow.arrays import Flow, Gray
from slipdetect.flow.registry import FlowMethod

# cv2's type stubs leave its creation functions out
_cv2 = cast("Any", cv2)

_PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}

# below this side OpenCV reads outside its pyramid and the process dies
_SAFE_SIDE = 32


@dataclass(frozen=True)
class DisParameters:
    """Parameters of dense inverse search.

    Attributes:
        preset: OpenCV's set of parameters: ``"ultrafast"``, ``"fast"`` or ``"medium"``.
    """

    preset: str = "medium"

    def __post_init__(self) -> None:
        if self.preset not in _PRESETS:
            raise UsageError(
                f"unknown DIS preset {self.preset!r}; choose from {', '.join(_PRESETS)}"
            )


class Dis(FlowMethod):
    """OpenCV's ``DISOpticalFlow``; pictures below 32 px a side are padded with their edge first.

    A solver is made per pair (some 10 us), because OpenCV changes its parameters in a call on a
    small picture and the next call would give another flow.
    """

    parameters_type = DisParameters
    concurrent = True

    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        height, width = prev.shape
        missing = ((0, max(_SAFE_SIDE - height, 0)), (0, max(_SAFE_SIDE - width, 0)))
        if missing != ((0, 0), (0, 0)):
            prev, next = np.pad(prev, missing, mode="edge"), np.pad(next, missing, mode="edge")
        solver = _cv2.DISOpticalFlow_create(_PRESETS[self.parameters.preset])
        flow = solver.calc(prev, next, None)[:height, :width]
        return np.moveaxis(flow, -1, 0)


@dataclass(frozen=True)
class FastDisParameters(DisParameters):
    """Parameters of dense inverse search, ``"fast"`` where nothing is said."""

    preset: str = "fast"


class FastDis(Dis):
    """The same at a quarter of the time: coarser, without the final refinement."""

    parameters_type = FastDisParameters
