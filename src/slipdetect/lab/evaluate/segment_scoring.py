"""The logits of a clip as the mean over its segments and their crops.

In: a model and a frame cache. Out: ``{modality: (classes,) float32}`` of a clip.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.detection.pipeline import BATCH, StreamInput, window_scores
from slipdetect.detection.schedule import FixedWindows, Scores
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import UsageError
from slipdetect.lab.data import FrameCache
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.lab.evaluate.window_scoring import cached_segment
from slipdetect.modalities import GroupOverSample
from slipdetect.modalities.images import flip_images, scale_short_side
from slipdetect.modalities.snippet import Box, SnippetGrid, cut
from slipdetect.models import ModelConfig

Images = npt.NDArray[np.uint8]

_SCALED = 256 / 224  # the reference scales the short side to 256 and crops 224
_MARGIN = (_SCALED - 1) / 2  # room between its center crop and its corners, as a share of the crop
_CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1), (0, 0))


class SegmentScoring:
    """Scores clips as the reference tests them: segments by crops, every snippet alone.

    Logits are averaged over the crops of a segment, then the model's consensus combines the
    segments; with ``avg`` that is the mean of all of them, before any softmax (Wang et al., ECCV
    2016, equation 1). A clip is one fixed window.

    Args:
        networks: Score snippets.
        protocol: Segments and crops.

    Raises:
        UsageError: The protocol is that of windows; a ``weighted`` consensus was learned for
            another number of segments.
    """

    def __init__(self, networks: SnippetScorer, protocol: Protocol) -> None:
        if protocol.segments is None:
            raise UsageError("windows have no segments; use WindowScoring")
        config = networks.config
        _check_consensus(config, protocol)
        self._networks = networks
        self._streams = [
            StreamInput(
                stream.snippet,
                stream.input_size,
                stream.crop,
                snippet_views(
                    stream.crop, stream.input_size, protocol.crops, stream.modality == "flow"
                ),
            )
            for stream in config.streams
        ]
        self._batch = max(1, BATCH // protocol.crops)
        self._schedule = FixedWindows(
            grids={
                stream.modality: SnippetGrid.make([stream.snippet], 1, config.sample_fps)
                for stream in config.streams
            },
            segments=protocol.segments,
            step=1,
            length=None,
            size=lambda start, frames: frames if start == 0 else 0,
            rate=config.sample_fps,
        )

    def __call__(self, path: Path, cache: FrameCache) -> Scores:
        """Return the logits of the clip at ``path``.

        Raises:
            VideoError: It cannot be decoded.
        """
        config = self._networks.config
        segment = cached_segment(cache, path, config.sample_fps, flow=config.flow is not None)
        (clip,) = window_scores(
            segment, self._streams, segment.run.flow, self._schedule, self._networks, self._batch
        )
        agreed = self._networks.consensus(clip.scores)
        # the identity consensus leaves segments apart: they are averaged, as the reference does
        return {name: row.mean(0) if row.ndim == 2 else row for name, row in agreed.items()}


def snippet_views(
    crop: str, size: int, crops: int, is_flow: bool
) -> Callable[[Images, Box], Images] | None:
    """Return what cuts the views of a snippet that a test scores, in the order of the reference.

    * 1 crop is the model's own, as in detection (None is returned); 2 add its mirror image.
    * 5 crops of the center are the reference's: pictures are scaled so that the short side is
      256/224 of the input, then cropped at the corners and in the center.
    * 5 crops of what moves are the snippet's box, moved by 1/14 of its side (what the reference
      leaves between center and corner, (256 - 224) / 2 / 224) to the left and up, right and up,
      left and down, right and down, and not at all. What then lies outside the picture is gray, as
      in training.
    * 10 crops are those five, each followed by its mirror image.

    Args:
        crop: ``"motion"`` or ``"center"``.
        size: Side of the input, pixels.
        crops: 1, 2, 5 or 10.
        is_flow: Pictures are quantized (u, v).
    """
    if crops == 1:
        return None

    def of_center(pictures: Images, box: Box) -> Images:
        scaled = scale_short_side(pictures, round(size * _SCALED))
        return GroupOverSample(size, flip=crops == 10, is_flow=is_flow)(scaled)

    def of_box(pictures: Images, box: Box) -> Images:
        plain = [cut(pictures, each, size) for each in ([box] if crops == 2 else corner_boxes(box))]
        if crops == 5:
            return np.stack(plain)
        return np.stack([view for each in plain for view in (each, flip_images(each, is_flow))])

    return of_center if crop == "center" and crops > 2 else of_box


def corner_boxes(box: Box) -> list[Box]:
    """Return ``box`` moved to its four corners and in place, in the order of the reference."""
    return [box.jittered(1.0, x * _MARGIN, y * _MARGIN) for x, y in _CORNERS]


def _check_consensus(config: ModelConfig, protocol: Protocol) -> None:
    for stream in config.streams:
        if stream.consensus == "weighted" and stream.num_segments != protocol.segments:
            raise UsageError(
                f"the {stream.modality} stream of model {config.name!r} has a weighted consensus "
                f"of {stream.num_segments} segments; test it with the protocol "
                f"{stream.num_segments}x{protocol.crops}, not {protocol}"
            )
