"""Optical flow between pictures, by any registered method.

In: pictures. Out: ``(2, H, W)`` float32 px per pair of neighbours, or its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.pictures import to_grey
from slipdetect.flow.quantise import check_bound, dequantise, quantise
from slipdetect.flow.registry import create_method


class FlowExtractor:
    """Compute dense flow and turn it into bytes and back.

    Pictures are ``(H, W, 3)`` RGB or ``(H, W)`` grey, uint8 or float in [0, 1], 8 px a side or
    more. ``FlowExtractor.from_recipe(extractor.recipe())`` makes the same extractor again.

    Args:
        method: ``"tvl1-opencv"`` or ``"dis"``.
        device: ``"auto"`` or one that the method runs on; both methods run on ``"cpu"``.
        bound: Largest flow that the bytes can hold, px.
        **parameters: The method's own, see its ``parameters_type``.

    Raises:
        UsageError: Unknown method, device or parameter, or a value out of range.
    """

    def __init__(
        self,
        method: str = "tvl1-opencv",
        device: str = "auto",
        bound: float = 15.0,
        **parameters: Any,
    ) -> None:
        check_bound(bound)
        self._method = create_method(method, parameters)
        devices = self._method.devices
        if device not in ("auto", *devices):
            raise UsageError(
                f"flow method {method!r} does not run on {device!r}; use auto or "
                f"{', '.join(devices)}"
            )
        self.method = method
        self.device = devices[0] if device == "auto" else device
        self.bound = float(bound)

    @classmethod
    def from_recipe(cls, recipe: Mapping[str, Any]) -> Self:
        """Make the extractor that a recipe describes; see ``recipe``."""
        return cls(recipe["method"], bound=recipe["bound"], **recipe.get("parameters", {}))

    def pair(self, prev: NDArray[Any], next: NDArray[Any]) -> NDArray[np.float32]:
        """Compute the flow from ``prev`` to ``next``.

        Returns:
            ``(2, H, W)`` float32 px: u to the right, v down.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        return self._calc(to_grey(prev), to_grey(next), None)

    def iter(self, frames: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
        """Yield the n - 1 flows of n pictures, each picture read once; none for a single one.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        prev: NDArray[np.uint8] | None = None
        initial: NDArray[np.float32] | None = None
        for frame in frames:
            grey = to_grey(frame)
            if prev is not None:
                flow = self._calc(prev, grey, initial)
                # a copy, because the receiver may change the flow in place
                initial = flow.copy() if self._method.uses_initial_flow else None
                yield flow
            prev = grey

    def quantise(self, flow: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return ``flow`` (px, any shape) as bytes over -bound..bound, zero at 128."""
        return quantise(flow, self.bound)

    def dequantise(self, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return bytes as px, within one step of ``2 bound / 255`` px; 128 is exactly zero."""
        return dequantise(levels, self.bound)

    def recipe(self) -> dict[str, Any]:
        """Return what a model must record about its flow, ready for JSON."""
        import cv2

        return {
            "method": self.method,
            "bound": self.bound,
            "parameters": asdict(self._method.parameters),
            "opencv": cv2.__version__,
        }

    def _calc(
        self,
        prev: NDArray[np.uint8],
        next: NDArray[np.uint8],
        initial: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        if prev.shape != next.shape:
            sizes = [f"{grey.shape[1]}x{grey.shape[0]}" for grey in (prev, next)]
            raise UsageError(
                f"flow needs two pictures of one size; got {sizes[0]} and {sizes[1]} px, resize one"
            )
        return self._method.calc(prev, next, initial)
