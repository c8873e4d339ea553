"""The contest of flow methods that ``flow_bench.py`` times, and the scene that it lets them see.

In: gray pictures and numbers of flows. Out: a ``FlowBenchmark``, plain numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from machine import device_name, machine_name
from numpy.typing import NDArray

from slipdetect.errors import SlipdetectError, UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.registry import available_methods, has_cuda, method_devices

Flow = NDArray[np.float32]

REFERENCE = "tvl1-opencv"
_TURN = 25
# px per picture of the background, to the right and down
_DRIFT = (0.4, 0.15)
# pictures that the disc takes for a round, and the half axes of its way as a share of the sides
_ROUND = 120
_REACH = (0.15, 0.12)
_RADIUS = 0.22
_NOISE = 1.0


@dataclass(frozen=True)
class Timing:
    """What one method did.

    Attributes:
        label: Name of the method, with the device where it has several.
        device: What it ran on.
        first_call: Seconds of making it and of its first flows, compilation included.
        seconds: Seconds until the n-th flow for each of the benchmark's ``counts``.
        distance: Mean distance from the flow of ``tvl1-opencv``, px; None: that did not run.
        within_one: Share of bytes within one level of those of ``tvl1-opencv``, bound 15.
    """

    label: str
    device: str
    first_call: float
    seconds: tuple[float, ...]
    distance: float | None = None
    within_one: float | None = None


@dataclass(frozen=True)
class FlowBenchmark:
    """Seconds against numbers of flows (Fig 3 of the 2020 course report), and accuracy.

    Attributes:
        counts: Numbers of flows, ascending.
        size: (width, height) of the pictures, px.
        threads: Threads that each method on the CPU had.
        machine: Processor and number of processors.
        timings: One per method that ran.
        missing: Why the others did not, by label.
    """

    counts: tuple[int, ...]
    size: tuple[int, int]
    threads: int
    machine: str
    timings: tuple[Timing, ...]
    missing: dict[str, str]

    def rate(self, timing: Timing) -> float:
        """Return flows per second over the largest count."""
        return self.counts[-1] / timing.seconds[-1]

    def ratio(self, timing: Timing) -> float | None:
        """Return how many times faster than ``tvl1-opencv`` a method was; None: unknown."""
        for other in self.timings:
            if other.label == REFERENCE:
                return other.seconds[-1] / timing.seconds[-1]
        return None


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


class FlowContest:
    """The methods that can run here, made and warmed up, ready to run side by side.

    Methods take turns of some pairs each, so that whatever else the machine does hits all alike.
    On the CPU each has the same number of threads, for pairs side by side or inside OpenCV.

    Args:
        frames: Gray pictures of one size, one more than the largest count.
        counts: Numbers of flows.
        methods: Names; None: all.
        threads: None: one per CPU that this process may use.
        on_step: Told what is being prepared.

    Raises:
        UsageError: Unknown method, wrong numbers, or no method can run; the message says why.
    """

    def __init__(
        self,
        frames: Sequence[NDArray[np.uint8]],
        counts: Sequence[int],
        methods: Sequence[str] | None = None,
        threads: int | None = None,
        on_step: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.counts = tuple(sorted(set(counts)))
        if not self.counts or self.counts[0] < 1 or len(frames) <= self.counts[-1]:
            raise UsageError("counts begin at 1 and need one frame more than the largest of them")
        self._frames = frames
        self._contestants: list[Contestant] = []
        self.missing: dict[str, str] = {}
        for name in available_methods() if methods is None else dict.fromkeys(methods):
            for device in method_devices(name):
                label = name if device == method_devices(name)[0] else f"{name} ({device})"
                on_step(label)
                self._add(label, name, device, threads)
        if not self._contestants:
            reasons = "; ".join(f"{label}: {why}" for label, why in self.missing.items())
            raise UsageError(f"none of these flow methods can run here: {reasons}")
        self._threads = self._contestants[0].extractor.threads

    @property
    def labels(self) -> list[str]:
        """Names of those that take part."""
        return [contestant.label for contestant in self._contestants]

    @property
    def expected_seconds(self) -> float:
        """How long ``run`` is likely to take, s."""
        return self.counts[-1] * sum(each.pair_seconds for each in self._contestants)

    def run(self, on_progress: Callable[[float], None] = lambda share: None) -> FlowBenchmark:
        """Let them run.

        Args:
            on_progress: Told the share of the work that is done, 0 to 1.
        """
        done, total = 0.0, self.expected_seconds
        for first, last in pairwise(self._stops()):
            turn = self._frames[first : last + 1]
            reference: list[Flow] | None = None
            # the reference goes first, so that no more than two lots of flows are in memory
            for contestant in sorted(self._contestants, key=lambda each: each.label != REFERENCE):
                flows = self._turn(contestant, turn)
                if contestant.label == REFERENCE:
                    reference = flows
                if reference is not None and flows is not None:
                    contestant.compare(flows, reference)
                if last in self.counts:
                    contestant.seconds.append(contestant.elapsed)
                done += (last - first) * contestant.pair_seconds
                on_progress(min(done / total, 1.0))
        height, width = self._frames[0].shape
        return FlowBenchmark(
            counts=self.counts,
            size=(width, height),
            threads=self._threads,
            machine=machine_name(),
            timings=tuple(_timing(contestant) for contestant in self._contestants),
            missing=self.missing,
        )

    def _add(self, label: str, name: str, device: str, threads: int | None) -> None:
        try:
            # asked first, because the module of such a method loads torch
            if device == "cuda" and not has_cuda():
                raise UsageError("there is no NVIDIA GPU that torch can use")
            self._contestants.append(Contestant(label, name, device, threads, self._frames))
        except SlipdetectError as error:
            self.missing[label] = str(error)

    def _turn(
        self, contestant: Contestant, frames: Sequence[NDArray[np.uint8]]
    ) -> list[Flow] | None:
        try:
            return contestant.turn(frames)
        except SlipdetectError as error:
            self.missing[contestant.label] = str(error)
            self._contestants.remove(contestant)
            return None

    def _stops(self) -> Iterator[int]:
        """Yield the numbers of flows at which turns end, 0 and every count among them."""
        length = max(_TURN, *(each.extractor.pairs_at_once for each in self._contestants))
        yield 0
        done = 0
        for count in self.counts:
            while done < count:
                done = min(done + length, count)
                yield done


def _timing(contestant: Contestant) -> Timing:
    distance, within_one = contestant.accuracy()
    return Timing(
        label=contestant.label,
        device=contestant.device,
        first_call=contestant.first_call,
        seconds=tuple(contestant.seconds),
        distance=distance,
        within_one=within_one,
    )


def moving_scene(count: int, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Yield ``count`` pictures ``(height, width)`` uint8.

    A textured disc of 0.22 of the shorter side goes round in front of a texture that drifts 0.4 px
    to the right and 0.15 px down per picture; the noise has a standard deviation of one level.
    """
    rng = np.random.default_rng(0)
    behind, front = (_Texture(rng, width, height) for _ in range(2))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for index in range(count):
        angle = 2 * np.pi * index / _ROUND
        right, down = _REACH[0] * width * np.cos(angle), _REACH[1] * height * np.sin(angle)
        away = np.hypot(x - width / 2 - right, y - height / 2 - down)
        inside = np.clip(_RADIUS * min(width, height) - away + 0.5, 0, 1)
        picture = behind.moved(index * _DRIFT[0], index * _DRIFT[1])
        picture += inside * (front.moved(right, down) - picture)
        picture += rng.normal(0, _NOISE, picture.shape)
        yield np.clip(np.rint(picture), 0, 255).astype(np.uint8)


class _Texture:
    """A periodic texture that can be moved by fractions of a px without resampling."""

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self._shape = (height, width)
        self._down = np.fft.fftfreq(height)[:, np.newaxis]
        self._right = np.fft.rfftfreq(width)[np.newaxis]
        # power falls with frequency about as in photographs
        weight = 1 / (4e-4 + self._down**2 + self._right**2)
        spectrum = np.fft.rfft2(rng.normal(size=self._shape)) * weight
        spectrum[0, 0] = 0
        self._spectrum = spectrum * (45 / np.fft.irfft2(spectrum, s=self._shape).std())

    def moved(self, right: float, down: float) -> NDArray[np.float64]:
        phase = np.exp(-2j * np.pi * (right * self._right + down * self._down))
        return 128 + np.fft.irfft2(self._spectrum * phase, s=self._shape)
