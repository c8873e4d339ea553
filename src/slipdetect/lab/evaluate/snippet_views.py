"""The crops of one snippet that a clip test scores.

In: a cached clip, a place in it, a number of crops. Out: uint8 network inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.modalities import GroupOverSample, segment_offsets
from slipdetect.modalities.images import flip_images, scale_short_side
from slipdetect.modalities.motion_crop import Box, cut, thumbnail
from slipdetect.modalities.snippet import SnippetGrid, snippet_box
from slipdetect.models import StreamConfig

Images = npt.NDArray[np.uint8]

_SCALED = 256 / 224  # the reference scales the short side to 256 and crops 224
_MARGIN = (_SCALED - 1) / 2  # room between its center crop and its corners, as a share of the crop
_CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1), (0, 0))


class SnippetViews:
    """Cuts the views of one stream out of clips.

    * 1 crop is the model's own, as in detection; 2 crops add its mirror image.
    * 5 crops of a ``center`` model are the reference's: pictures are scaled so that the short side
      is 256/224 of the input, then cropped at the corners and in the center.
    * 5 crops of a ``motion`` model are the snippet's motion box, moved by 1/14 of its side (what
      the reference leaves between center and corner, (256 - 224) / 2 / 224) to the left and up,
      right and up, left and down, right and down, and not at all. What then lies outside the
      picture is gray, as in training.
    * 10 crops are those five, each followed by its mirror image.

    Args:
        stream: What snippets of it look like.
        protocol: Segments and crops.
        sample_fps: Frames read of every second.

    Raises:
        UsageError: The protocol is that of windows.
    """

    def __init__(self, stream: StreamConfig, protocol: Protocol, sample_fps: float) -> None:
        if protocol.segments is None:
            raise UsageError("windows have no views; use WindowScoring")
        self.stream = stream
        self.segments = protocol.segments
        self.crops = protocol.crops
        self._grid = SnippetGrid.make([stream.snippet], 1, sample_fps)

    def of_clip(self, frames: Images, stored: Images) -> Iterator[Images]:
        """Yield a segment's views ``(crops, images, S, S, C)``, segment by segment.

        Args:
            frames: ``(T, H, W, 3)`` sampled frames of the clip.
            stored: What snippets are made of: ``frames``, or flow ``(T - 1, H, W, 2)``.
        """
        modality = self.stream.snippet
        offsets = segment_offsets(len(frames), self.segments, modality.frames, "test")
        for start in offsets.tolist():
            indices = self._grid.indices(start, modality, len(frames))
            if modality.name == "flow":
                indices = np.minimum(indices[:-1], len(stored) - 1)
            yield self._views(np.asarray(stored[indices]), frames, start)

    def _views(self, picked: Images, frames: Images, start: int) -> Images:
        is_flow = self.stream.modality == "flow"
        size = self.stream.input_size
        if self.crops > 2 and self.stream.crop == "center":
            scaled = scale_short_side(picked, round(size * _SCALED))
            return GroupOverSample(size, flip=self.crops == 10, is_flow=is_flow)(scaled)
        box = self._box(frames, start)
        boxes = [box] if self.crops <= 2 else corner_boxes(box)
        plain = [cut(picked, each, size) for each in boxes]
        if self.crops in (1, 5):
            return np.stack(plain)
        return np.stack([view for crop in plain for view in (crop, flip_images(crop, is_flow))])

    def _box(self, frames: Images, start: int) -> Box:
        first, last = self._grid.context_bounds(start, len(frames))
        moving = self.stream.crop == "motion"
        context: Sequence[npt.NDArray[np.float32]] = (
            [thumbnail(frame) for frame in frames[first:last]] if moving else []
        )
        height, width = frames.shape[1:3]
        return snippet_box(context, height, width, self.stream.crop)


def corner_boxes(box: Box) -> list[Box]:
    """Return ``box`` moved to its four corners and in place, in the order of the reference."""
    return [box.jittered(1.0, x * _MARGIN, y * _MARGIN) for x, y in _CORNERS]
