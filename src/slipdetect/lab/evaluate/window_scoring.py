"""The logits of a clip as those of its surest window: what detection would see.

In: a model and a frame cache. Out: ``{modality: (classes,) float32}`` of a clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection import Detector
from slipdetect.detection.prefetch import prefetch
from slipdetect.detection.snippets import FlowSource, Snippet, SnippetCutter
from slipdetect.detection.windows import Scores, WindowAssembler
from slipdetect.lab.data import FrameCache
from slipdetect.video import Frame

Images = npt.NDArray[np.uint8]


class WindowScoring:
    """Scores clips by the window whose fused probability of a slip is largest.

    The networks, windows and fusion are the detector's; a test holds them equal.

    Args:
        detector: The model.
        batch: Snippets in a pass.
    """

    def __init__(self, detector: Detector, batch: int) -> None:
        self._detector = detector
        self._batch = batch

    def __call__(self, path: Path, cache: FrameCache) -> dict[str, npt.NDArray[np.float32]]:
        """Return the logits of the clip at ``path``, of every stream in the same window.

        Raises:
            VideoError: It cannot be decoded.
        """
        frames = cache.frames(path)
        needs_flow = any(stream.flow is not None for stream in self._detector.config.streams)
        flow = _kept(cache.flows(path)) if needs_flow else None
        surest = _Surest(self._detector)
        assembler = WindowAssembler(self._detector.plan, surest.judge)
        with closing(prefetch(self._snippets(frames, flow))) as batches:
            for batch in batches:
                for scores in self._detector.scorer.score(batch):
                    assembler.push(scores)
        assembler.finish((len(frames) - 1) / self._detector.config.sample_fps)
        return surest.logits

    def _snippets(self, frames: Images, flow: FlowSource | None) -> Iterator[list[Snippet]]:
        fps = self._detector.config.sample_fps
        cutter = SnippetCutter(self._detector.grid, self._detector.scorer.inputs(flow))
        snippets = cutter.cut(Frame(index / fps, image) for index, image in enumerate(frames))
        while batch := list(islice(snippets, self._batch)):
            yield batch


class _Surest:
    """Judges windows as the detector does and remembers the logits of the surest one."""

    def __init__(self, detector: Detector) -> None:
        self._scorer = detector.scorer
        self._probability = -1.0
        self.logits: dict[str, npt.NDArray[np.float32]] = {}

    def judge(self, window: Scores) -> tuple[float, dict[str, float]]:
        probability, streams = self._scorer.judge(window)
        if probability > self._probability:
            self._probability = probability
            self.logits = {
                name: _row(logits) for name, logits in self._scorer.agree(window).items()
            }
        return probability, streams


def _row(logits: torch.Tensor) -> npt.NDArray[np.float32]:
    row: npt.NDArray[np.float32] = logits[0].numpy().astype(np.float32)
    return row


def _kept(flows: Images) -> FlowSource:
    """Return a source of flow that has been computed already."""

    def read(images: Iterator[Images]) -> Iterator[Images]:
        for _, flow in zip(pairwise(images), flows, strict=False):
            yield flow

    return read
