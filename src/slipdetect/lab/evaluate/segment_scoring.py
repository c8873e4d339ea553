"""The logits of a clip as the mean over its segments and their crops.

In: a model and a frame cache. Out: ``{modality: (classes,) float32}`` of a clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.detection.prefetch import prefetch
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import UsageError
from slipdetect.lab.data import FrameCache
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.lab.evaluate.snippet_views import SnippetViews
from slipdetect.models import ModelConfig

Images = npt.NDArray[np.uint8]


class SegmentScoring:
    """Scores clips as the reference tests them: segments by crops, every snippet alone.

    Logits are averaged over the crops of a segment, then the model's consensus combines the
    segments; with ``avg`` that is the mean of all of them, before any softmax (Wang et al., ECCV
    2016, equation 1). No more than a batch of views is in memory at a time.

    Args:
        scorer: The networks.
        protocol: Segments and crops.
        batch: Views in a pass.

    Raises:
        UsageError: A ``weighted`` consensus was learned for another number of segments.
    """

    def __init__(self, scorer: SnippetScorer, protocol: Protocol, batch: int) -> None:
        config = scorer.config
        _check_consensus(config, protocol)
        self._scorer = scorer
        self._batch = batch
        self._views = {
            stream.modality: SnippetViews(stream, protocol, config.sample_fps)
            for stream in config.streams
        }

    def __call__(self, path: Path, cache: FrameCache) -> dict[str, npt.NDArray[np.float32]]:
        """Return the logits of the clip at ``path``.

        Raises:
            VideoError: It cannot be decoded.
        """
        frames = cache.frames(path)
        segments = {}
        for name, views in self._views.items():
            stored = cache.flows(path) if name == "flow" else frames
            rows = self._rows(name, views.of_clip(frames, stored))
            classes = rows.shape[-1]
            segments[name] = rows.reshape(1, -1, views.crops, classes).mean(dim=2)
        agreed = self._scorer.agree(segments)
        return {name: _clip_logits(logits) for name, logits in agreed.items()}

    def _rows(self, modality: str, segments: Iterator[Images]) -> torch.Tensor:
        """Return the logits of every view in order, ``(segments * crops, classes)``."""
        with closing(prefetch(_batches(segments, self._batch))) as batches:
            return torch.cat([self._scorer.logits(modality, list(batch)) for batch in batches])


def _clip_logits(agreed: torch.Tensor) -> npt.NDArray[np.float32]:
    # the identity consensus leaves segments apart: they are averaged, as the reference does
    row = agreed[0].mean(dim=0) if agreed.ndim == 3 else agreed[0]
    logits: npt.NDArray[np.float32] = row.numpy().astype(np.float32)
    return logits


def _batches(segments: Iterator[Images], size: int) -> Iterator[Images]:
    """Regroup the views of segments into arrays of ``size``; the last one may be smaller."""
    waiting: list[Images] = []
    for segment in segments:
        for view in segment:
            waiting.append(view)
            if len(waiting) == size:
                yield np.stack(waiting)
                waiting = []
    if waiting:
        yield np.stack(waiting)


def _check_consensus(config: ModelConfig, protocol: Protocol) -> None:
    for stream in config.streams:
        if stream.consensus == "weighted" and stream.num_segments != protocol.segments:
            raise UsageError(
                f"the {stream.modality} stream of model {config.name!r} has a weighted consensus "
                f"of {stream.num_segments} segments; test it with the protocol "
                f"{stream.num_segments}x{protocol.crops}, not {protocol}"
            )
