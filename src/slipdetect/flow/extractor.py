"""Optical flow between pictures, by any registered method.

In: pictures. Out: ``(2, H, W)`` float32 px per pair of neighbors, or its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.machine import usable_cpus
from slipdetect.flow.method import BatchFlowMethod
from slipdetect.flow.neighbors import batched, chained, threaded
from slipdetect.flow.pictures import to_gray
from slipdetect.flow.quantize import check_bound, dequantize, quantize
from slipdetect.flow.registry import create_method, resolve_device


class FlowExtractor:
    """Compute dense flow and turn it into bytes and back.

    Pictures are ``(H, W, 3)`` RGB or ``(H, W)`` gray, uint8 or float in [0, 1], 8 px a side or
    more. ``FlowExtractor.from_recipe(extractor.recipe())`` makes the same extractor again.

    Args:
        method: ``"tvl1"``, ``"tvl1-opencv"``, ``"tvl1-umat"``, ``"dis"``, ``"dis-fast"`` or
            ``"farneback"``; see ``available_methods``.
        device: ``"auto"``, or where the method runs: ``"cpu"``, ``"cuda"`` or ``"cuda:1"``
            (``"tvl1"``), ``"opencl"`` (``"tvl1-umat"``).
        bound: Largest flow that the bytes can hold, px.
        threads: Pairs that ``iter`` computes at a time on the CPU, where the method allows it;
            None: one per CPU that this process may use.
        **parameters: The method's own, see its ``parameters_type``.

    Raises:
        UsageError: Unknown method, device or parameter, or a value out of range.
    """

    def __init__(
        self,
        method: str = "tvl1",
        device: str = "auto",
        bound: float = 15.0,
        threads: int | None = None,
        **parameters: Any,
    ) -> None:
        check_bound(bound)
        self.device = resolve_device(method, device)
        self._method = create_method(method, parameters, self.device)
        self.method = method
        self.bound = float(bound)
        if threads is not None and threads < 1:
            raise UsageError(f"threads must be 1 or more, not {threads}")
        self.threads = usable_cpus() if threads is None else threads

    @classmethod
    def from_recipe(
        cls, recipe: Mapping[str, Any], device: str = "auto", threads: int | None = None
    ) -> Self:
        """Make the extractor that a recipe describes; see ``recipe``."""
        parameters = recipe.get("parameters", {})
        return cls(recipe["method"], device, bound=recipe["bound"], threads=threads, **parameters)

    @property
    def pairs_at_once(self) -> int:
        """Pairs that ``iter`` computes side by side or in one batch."""
        if self._method.uses_initial_flow:
            return 1
        if isinstance(self._method, BatchFlowMethod):
            return self._method.batch
        return self.threads if self._method.concurrent else 1

    def pair(self, prev: NDArray[Any], next: NDArray[Any]) -> NDArray[np.float32]:
        """Compute the flow from ``prev`` to ``next``.

        Returns:
            ``(2, H, W)`` float32 px: u to the right, v down.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        first, second = self._grays([prev, next])
        return self._method.calc(first, second, None)

    def iter(self, frames: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
        """Yield the n - 1 flows of n pictures, each picture read once; none for a single one.

        The flows do not depend on the number of threads.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        grays = self._grays(frames)
        if self._method.uses_initial_flow:
            return chained(grays, self._method)
        if isinstance(self._method, BatchFlowMethod):
            return batched(grays, self._method)
        if self.pairs_at_once > 1:
            return threaded(grays, self._method.calc, self.threads)
        return chained(grays, self._method)

    def levels(
        self, frames: Iterable[NDArray[Any]], ahead: bool = True
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the n - 1 flows of n pictures as bytes ``(H, W, 2)``, as snippets store them.

        Args:
            frames: As for ``iter``.
            ahead: Pictures may be taken before their flow is asked for, as ``iter`` does; those of
                a live source should not.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        if ahead or self.pairs_at_once == 1:
            flows = self.iter(frames)
        else:
            flows = (self.pair(*pair) for pair in pairwise(frames))
        for flow in flows:
            yield np.ascontiguousarray(self.quantize(flow).transpose(1, 2, 0))

    def quantize(self, flow: NDArray[np.floating]) -> NDArray[np.uint8]:
        """Return ``flow`` (px, any shape) as bytes over -bound..bound, zero at 128."""
        return quantize(flow, self.bound)

    def dequantize(self, levels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return bytes as px, within one step of ``2 bound / 255`` px; 128 is exactly zero."""
        return dequantize(levels, self.bound)

    def recipe(self) -> dict[str, Any]:
        """Return what a model must record about its flow, ready for JSON."""
        import cv2

        return {
            "method": self.method,
            "bound": self.bound,
            "parameters": asdict(self._method.parameters),
            "opencv": cv2.__version__,
        }

    def _grays(self, frames: Iterable[NDArray[Any]]) -> Iterator[NDArray[np.uint8]]:
        """Yield the pictures in gray, checked to be of one size."""
        size: tuple[int, ...] | None = None
        for frame in frames:
            gray = to_gray(frame)
            if size is not None and gray.shape != size:
                sizes = [f"{shape[1]}x{shape[0]}" for shape in (size, gray.shape)]
                raise UsageError(
                    f"flow needs pictures of one size; got {sizes[0]} and {sizes[1]} px, resize one"
                )
            size = gray.shape
            yield gray
