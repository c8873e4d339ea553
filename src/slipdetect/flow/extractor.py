"""Optical flow between pictures, by any registered method.

In: pictures. Out: ``(2, H, W)`` float32 px per pair of neighbors, or its bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice, pairwise
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.arrays import Flow, Gray, Levels
from slipdetect.flow.machine import usable_cpus
from slipdetect.flow.registry import BatchFlowMethod, FlowMethod, create_method, resolve_device

MIN_SIDE = 8


def to_gray(picture: NDArray[Any]) -> Gray:
    """Turn a picture into 8-bit gray (ITU-R BT.601 luma).

    Args:
        picture: ``(H, W, 3)`` RGB or ``(H, W)`` gray; uint8, or float in [0, 1], which is rounded
            to 8 bits.

    Returns:
        ``(H, W)`` uint8, contiguous.

    Raises:
        UsageError: Another shape or type, floats outside [0, 1], or a side below 8 px.
    """
    picture = np.asarray(picture)
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise UsageError(f"flow takes pictures (H, W, 3) or (H, W); got shape {picture.shape}")
    if min(picture.shape[:2]) < MIN_SIDE:
        height, width = picture.shape[:2]
        raise UsageError(
            f"picture of {width}x{height} px is too small for flow; "
            f"give {MIN_SIDE} px a side or more"
        )
    eight_bit = np.ascontiguousarray(_to_bytes(picture))
    if eight_bit.ndim == 2:
        return eight_bit
    import cv2

    return cast("Gray", cv2.cvtColor(eight_bit, cv2.COLOR_RGB2GRAY))


def _to_bytes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    if picture.dtype == np.uint8:
        return picture
    if not np.issubdtype(picture.dtype, np.floating):
        raise UsageError(f"flow takes uint8 or float pictures; got {picture.dtype}, convert first")
    low, high = float(picture.min()), float(picture.max())
    # written so that NaN fails it too
    if not (low >= 0.0 and high <= 1.0):
        raise UsageError(
            f"float pictures lie in [0, 1]; got {low:g} to {high:g}, divide by 255 or pass uint8"
        )
    return np.rint(picture * 255.0).astype(np.uint8)


ZERO = 128


def check_bound(bound: float) -> None:
    """Raise ``UsageError`` unless ``bound`` is a finite number of px above zero."""
    if not (np.isfinite(bound) and bound > 0):
        raise UsageError(f"flow bound must be a finite number of px above 0, not {bound}")


def quantize(flow: NDArray[np.floating], bound: float, overwrite: bool = False) -> Levels:
    """Map -bound..bound to 0..255, clipping what lies outside; zero flow gives exactly 128.

    Args:
        flow: px, any shape; infinite values clip.
        bound: Largest flow kept, px.
        overwrite: Compute in the memory of ``flow``, whose values are lost.

    Raises:
        UsageError: ``flow`` has NaN, or ``bound`` is no number above zero.
    """
    check_bound(bound)
    flow = np.asarray(flow, dtype=np.float32)
    low, high = flow.min(initial=0.0), flow.max(initial=0.0)
    if np.isnan(low):
        raise UsageError("flow has NaN values and cannot be quantized; compute it again")
    middle, scale = np.float32(bound), np.float32(255.0 / (2 * bound))
    # for an odd bound, float32 can put 127.5 a hair lower and round still pixels to 127
    still = flow == 0 if np.rint(middle * scale) != ZERO else None
    scaled: Flow = np.add(flow, middle, out=flow if overwrite else None)
    scaled *= scale
    np.rint(scaled, out=scaled)
    if low < -middle or high > middle:
        np.clip(scaled, 0, 255, out=scaled)
    levels = scaled.astype(np.uint8)
    if still is not None:
        levels[still] = ZERO
    return levels


def dequantize(levels: Levels, bound: float) -> Flow:
    """Return px from bytes: 128 is exactly zero, every other value within one step of the flow.

    A step is ``2 bound / 255`` px.

    Raises:
        UsageError: ``levels`` are no bytes, or ``bound`` is no number above zero.
    """
    check_bound(bound)
    if levels.dtype != np.uint8:
        raise UsageError(f"quantized flow is uint8; got {levels.dtype}")
    return (levels.astype(np.float32) - ZERO) * np.float32(2 * bound / 255.0)


def chained(frames: Iterable[Gray], method: FlowMethod) -> Iterator[Flow]:
    """Yield the flows one by one; each starts from the one before, if the method does that."""
    initial: Flow | None = None
    for prev, next in pairwise(frames):
        flow = method.calc(prev, next, initial)
        # a copy, because the receiver may change the flow in place
        initial = flow.copy() if method.uses_initial_flow else None
        yield flow
        del flow  # nobody needs it while the next picture is waited for


def threaded(
    frames: Iterable[Gray], calc: Callable[[Gray, Gray], Flow], threads: int
) -> Iterator[Flow]:
    """Yield the flows in order, ``threads`` of them computed at a time."""
    with ThreadPoolExecutor(threads, "flow") as pool:
        waiting: deque[Future[Flow]] = deque()
        try:
            for prev, next in pairwise(frames):
                waiting.append(pool.submit(calc, prev, next))
                # one more than there are threads, so that none waits for the next picture
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def batched(frames: Iterable[Gray], method: BatchFlowMethod) -> Iterator[Flow]:
    """Yield the flows in order, computed ``method.batch`` pairs at a time."""
    pairs = pairwise(frames)
    while batch := list(islice(pairs, method.batch)):
        flows = method.calc_batch(
            np.stack([prev for prev, _ in batch]), np.stack([next for _, next in batch])
        )
        yield from flows


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
    def concurrent(self) -> bool:
        """Several threads may use it at once."""
        return self._method.concurrent

    def again(self) -> Self:
        """Make another one of the same recipe, on the same device."""
        return self.from_recipe(self.recipe(), self.device, self.threads)

    @property
    def pairs_at_once(self) -> int:
        """Pairs that ``iter`` computes side by side or in one batch."""
        if self._method.uses_initial_flow:
            return 1
        if isinstance(self._method, BatchFlowMethod):
            return self._method.batch
        return self.threads if self._method.concurrent else 1

    def pair(self, prev: NDArray[Any], next: NDArray[Any]) -> Flow:
        """Compute the flow from ``prev`` to ``next``.

        Returns:
            ``(2, H, W)`` float32 px: u to the right, v down.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        first, second = self._grays([prev, next])
        return self._method.calc(first, second, None)

    def iter(self, frames: Iterable[NDArray[Any]]) -> Iterator[Flow]:
        """Yield the n - 1 flows of n pictures, each picture read once; none for a single one.

        The flows do not depend on the number of threads.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        return self._flows(frames, ahead=True)

    def levels(self, frames: Iterable[NDArray[Any]], ahead: bool = True) -> Iterator[Levels]:
        """Return the n - 1 flows of n pictures as bytes ``(H, W, 2)``, as snippets store them.

        Args:
            frames: As for ``iter``.
            ahead: Pictures may be taken before their flow is asked for, as ``iter`` does; those of
                a live source should not.

        Raises:
            UsageError: A picture cannot be used, or the sizes differ.
        """
        # nobody holds a flow, four times as large, while the next picture is waited for
        return map(self._stored, self._flows(frames, ahead))

    def _flows(self, frames: Iterable[NDArray[Any]], ahead: bool) -> Iterator[Flow]:
        grays, method = self._grays(frames), self._method
        if ahead and self.pairs_at_once > 1:
            if isinstance(method, BatchFlowMethod):
                return batched(grays, method)
            return threaded(grays, method.calc, self.threads)
        return chained(grays, method)

    def _stored(self, flow: Flow) -> Levels:
        levels = quantize(flow, self.bound, overwrite=True)
        return np.ascontiguousarray(levels.transpose(1, 2, 0))

    def quantize(self, flow: NDArray[np.floating]) -> Levels:
        """Return ``flow`` (px, any shape) as bytes over -bound..bound, zero at 128."""
        return quantize(flow, self.bound)

    def dequantize(self, levels: Levels) -> Flow:
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

    def _grays(self, frames: Iterable[NDArray[Any]]) -> Iterator[Gray]:
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
