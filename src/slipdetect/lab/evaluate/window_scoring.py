"""The logits of a clip as those of its most confident window: what detection would see.

In: a model and a frame cache. Out: ``{modality: (classes,) float32}`` of a clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.detection.pipeline import RunState, Segment
from slipdetect.detection.schedule import Scores
from slipdetect.detection.scorer import TSNScorer
from slipdetect.lab.data import FrameCache
from slipdetect.video import Frame

Images = npt.NDArray[np.uint8]


class WindowScoring:
    """Scores clips by the window whose fused probability of a slip is largest.

    Args:
        scorer: The model; exact.
    """

    def __init__(self, scorer: TSNScorer) -> None:
        self._scorer = scorer

    def __call__(self, path: Path, cache: FrameCache) -> Scores:
        """Return the logits of the clip at ``path``, of every stream in the same window.

        Raises:
            VideoError: It cannot be decoded.
        """
        networks, config = self._scorer.networks, self._scorer.config
        segment = cached_segment(cache, path, config.sample_fps, flow=config.flow is not None)
        windows = self._scorer.window_scores(segment)
        agreed = (networks.consensus(window.scores) for window in windows)
        return max(agreed, key=lambda logits: networks.probability(logits)[0])


def cached_segment(cache: FrameCache, path: Path, rate: float, *, flow: bool) -> Segment:
    """Return the frames of a clip, with the flow of the cache where it is wanted.

    Args:
        cache: Where they are kept.
        path: Of the clip.
        rate: Frames per second.
        flow: A stream wants flow.
    """
    frames = cache.frames(path)
    stored = cache.flows(path) if flow else None

    def read(images: Iterator[Images]) -> Iterator[Images]:
        for _, each in zip(pairwise(images), () if stored is None else stored, strict=False):
            yield each

    run = RunState(flow=None if stored is None else read)
    return Segment((Frame(index / rate, image) for index, image in enumerate(frames)), run)
