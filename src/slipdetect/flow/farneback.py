"""Flow by polynomial expansion (Farnebäck, SCIA 2003) by OpenCV, on the CPU.

In: two gray pictures. Out: ``(2, H, W)`` float32 px.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, cast

import cv2
import numpy as np

from slipdetect.flow.arrays import Flow, Gray
from slipdetect.flow.registry import FlowMethod
from slipdetect.flow.tvl1_parameters import number, settle_numbers

# cv2's type stubs ask for a flow to begin with, which may be None
_cv2 = cast("Any", cv2)


@dataclass(frozen=True)
class FarnebackParameters:
    """OpenCV's parameters, with the defaults of its class ``FarnebackOpticalFlow``."""

    pyr_scale: float = number(0.5, 0.05, 0.95, "size ratio of neighboring levels")
    levels: int = number(5, 0, 32, "pyramid levels below full size, none under 32 px a side")
    winsize: int = number(13, 2, 255, "side of the averaging window, px; larger is smoother")
    iterations: int = number(10, 1, 1000, "iterations per level")
    poly_n: int = number(5, 3, 31, "side of the neighborhood of a polynomial, px; 5 or 7")
    poly_sigma: float = number(1.1, 0.5, 10.0, "its Gaussian weight, px; 1.1 for 5, 1.5 for 7")

    def __post_init__(self) -> None:
        settle_numbers(self, "Farnebäck")


class Farneback(FlowMethod):
    """OpenCV's ``calcOpticalFlowFarneback``, which keeps nothing between calls."""

    parameters_type = FarnebackParameters
    concurrent = True

    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        # the parameters stand in OpenCV's order
        flow = _cv2.calcOpticalFlowFarneback(prev, next, None, *astuple(self.parameters), 0)
        return np.moveaxis(flow, -1, 0)
