"""One method of a benchmark: its stopwatch, and how far its flows are from the reference.

In: gray pictures. Out: flows, seconds, px.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.flow.extractor import FlowExtractor
from slipdetect.flow.machine import device_name

Flow = NDArray[np.float32]


class Contestant:
    """A method, made and warmed up, with what is known of it so far.

    Args:
        label: What to call it.
        method: Its name.
        device: What it shall run on.
        threads: Threads it may use on the CPU; None: one per CPU that this process may use.
        frames: Gray pictures to warm up with, two or more.

    Attributes:
        extractor: The method at work.
        device: Name of what it runs on.
        first_call: Seconds of making it and of its first flows, compilation included.
        pair_seconds: Seconds per pair when warm, measured once.
        elapsed: Seconds of all turns so far.
        seconds: ``elapsed`` at each count, filled by whoever counts.

    Raises:
        UsageError: The method cannot run here.
    """

    def __init__(
        self,
        label: str,
        method: str,
        device: str,
        threads: int | None,
        frames: Sequence[NDArray[np.uint8]],
    ) -> None:
        begin = time.perf_counter()
        self.label = label
        self.elapsed = 0.0
        self.extractor = FlowExtractor(method, device, threads=threads)
        together = min(self.extractor.pairs_at_once, len(frames) - 1)
        self.turn(frames[: together + 1])
        self.first_call = time.perf_counter() - begin
        self.elapsed = 0.0
        self.turn(frames[: together + 1])
        self.pair_seconds = self.elapsed / together
        self.elapsed = 0.0
        self.seconds: list[float] = []
        self.device = device_name(device)
        self._distances: list[float] = []
        self._shares: list[float] = []

    def turn(self, frames: Sequence[NDArray[np.uint8]]) -> list[Flow]:
        """Compute the flows of neighbors and add the time they take."""
        before = cv2.getNumThreads()
        # pairs side by side and threads inside OpenCV would be more than the others have
        inside = 1 if self.extractor.pairs_at_once > 1 else self.extractor.threads
        cv2.setNumThreads(inside)
        try:
            begin = time.perf_counter()
            flows = list(self.extractor.iter(frames))
            self.elapsed += time.perf_counter() - begin
        finally:
            cv2.setNumThreads(before)
        return flows

    def compare(self, flows: Sequence[Flow], reference: Sequence[Flow]) -> None:
        """Take note of how far ``flows`` are from those of the reference."""
        for flow, other in zip(flows, reference, strict=True):
            self._distances.append(float(np.hypot(*(flow - other)).mean(dtype=np.float64)))
            levels = self.extractor.quantize(flow).astype(np.int16)
            apart = np.abs(levels - self.extractor.quantize(other))
            self._shares.append(float((apart <= 1).mean()))

    def accuracy(self) -> tuple[float | None, float | None]:
        """Return mean distance (px) and share of bytes within one level; None: not compared."""
        if not self._distances:
            return None, None
        return float(np.mean(self._distances)), float(np.mean(self._shares))
