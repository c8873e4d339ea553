"""Scoring clips with a model: by their most confident window, or by segments and crops.

In: a model package, annotated clips, a folder for decoded frames, a protocol. Out: ``ClipScores``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._version import __version__
from slipdetect.detection import TSNScorer
from slipdetect.detection.engines import make_engine
from slipdetect.detection.fixed_windows import FixedWindows
from slipdetect.detection.pipeline import BATCH, RunState, Segment, window_scores
from slipdetect.detection.schedule import Scores
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.augment.images import flip_images, scale_short_side
from slipdetect.lab.augment.transforms import GroupOverSample
from slipdetect.lab.data import Clip, FrameCache, Sampling
from slipdetect.lab.data.array_file import in_order
from slipdetect.lab.evaluate.each_clip import each_clip
from slipdetect.lab.evaluate.protocol import Protocol, default_protocol
from slipdetect.lab.evaluate.scores import ClipScores, clip_name
from slipdetect.modalities.snippet import Box, SnippetGrid, StreamInput, cut
from slipdetect.models import ModelConfig, ModelPackage
from slipdetect.store import VideoStore
from slipdetect.video import Frame

Progress = Callable[[int, int], None]
Images = npt.NDArray[np.uint8]

_SCALED = 256 / 224  # the reference scales the short side to 256 and crops 224
_MARGIN = (_SCALED - 1) / 2  # room between its center crop and its corners, as a share of the crop
_CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1), (0, 0))


def score_clips(
    package: ModelPackage,
    clips: Sequence[Clip],
    cache: Path | None,
    protocol: Protocol | None = None,
    *,
    device: str = "auto",
    batch: int = 32,
    root: Path | None = None,
    store: VideoStore | None = None,
    on_clip: Progress = lambda done, total: None,
) -> ClipScores:
    """Score every clip; one that cannot be read is logged as a warning and left out.

    Args:
        package: The model.
        clips: What to score.
        cache: Folder for decoded frames and flow, as of training; None: a temporary one that
            never holds more than one clip.
        protocol: How; None: ``default_protocol`` of the model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        batch: Views in a pass; halved where the device's memory does not hold them.
        root: Folder that clips are named from; clips elsewhere keep their whole path.
        store: What ``slipdetect extract`` made, to take frames and flow from.
        on_clip: Called after each clip with (clips done, clips in all).

    Returns:
        One row a readable clip, in the order of ``clips``.

    Raises:
        DataError: There is no clip, or none that can be read, or the store has one by another
            recipe.
        ModelError: The device is not there, or its memory does not hold one snippet.
        UsageError: The protocol does not suit the model.
        OutputError: The disk has no room for a decoded clip.
    """
    if not clips:
        raise DataError("there are no clips to score; check the split and the data sets chosen")
    protocol = default_protocol(package.config) if protocol is None else protocol
    score = clip_scorer(package, protocol, device, cache, store, batch=batch)
    return collected(package, protocol, clips, each_clip(clips, score, on_clip), root)


def clip_scorer(
    package: ModelPackage,
    protocol: Protocol,
    device: str,
    cache: Path | None,
    store: VideoStore | None,
    *,
    batch: int = 32,
    scratch: Path | None = None,
) -> Callable[[Clip], Scores]:
    """Return what scores a clip by every stream; it raises ``VideoError`` where it cannot be read.

    The arguments are those of ``score_clips``; ``scratch`` is the folder for temporary ones, the
    system's where it is None or not there.
    """
    config = package.config
    if protocol.segments is None:
        score = _by_window(TSNScorer(package, device, exact=True, batch=batch, engine="torch"))
    else:
        engine = make_engine(package, "torch", device, batch, exact=True)
        score = _by_segments(SnippetScorer(config, engine), protocol.segments, protocol.crops)

    def score_clip(clip: Clip) -> Scores:
        with frame_cache(cache, config, store, scratch) as kept:
            kept.require_room([clip.path])
            return score(_cached_segment(kept, clip.path, config))

    return score_clip


def _cached_segment(cache: FrameCache, path: Path, config: ModelConfig) -> Segment:
    """Return the frames of a clip, with the flow of the cache where a stream wants flow."""
    frames = in_order(cache.frames(path))
    stored = cache.flows(path) if config.flow is not None else None

    def read(images: Iterator[Images]) -> Iterator[Images]:
        fields = iter(()) if stored is None else in_order(stored)
        for _, each in zip(pairwise(images), fields, strict=False):
            yield each

    timed = (Frame(index / config.sample_fps, image) for index, image in enumerate(frames))
    return Segment(timed, RunState(flow=None if stored is None else read))


def _by_window(scorer: TSNScorer) -> Callable[[Segment], Scores]:
    """Return what scores a clip by the window whose fused probability of a slip is largest."""
    networks = scorer.networks

    def score(segment: Segment) -> Scores:
        agreed = (networks.consensus(window.scores) for window in scorer.window_scores(segment))
        return max(agreed, key=lambda logits: networks.probability(logits)[0])

    return score


def _by_segments(networks: SnippetScorer, segments: int, crops: int) -> Callable[[Segment], Scores]:
    """Return what scores a clip as the reference does: segments by crops, every snippet alone.

    Logits are averaged over the crops of a segment, then the model's consensus combines the
    segments; with ``avg`` that is the mean of all of them, before any softmax (Wang et al., ECCV
    2016, equation 1). A clip is one fixed window.

    Raises:
        UsageError: A ``weighted`` consensus was learned for another number of segments.
    """
    config = networks.config
    for stream in config.streams:
        if stream.consensus == "weighted" and stream.num_segments != segments:
            raise UsageError(
                f"the {stream.modality} stream of model {config.name!r} has a weighted consensus "
                f"of {stream.num_segments} segments; test it with the protocol "
                f"{stream.num_segments}x{crops}, not {segments}x{crops}"
            )
    streams = [
        StreamInput(
            each.snippet,
            each.input_size,
            each.crop,
            snippet_views(each.crop, each.input_size, crops, each.modality == "flow"),
        )
        for each in config.streams
    ]
    schedule = FixedWindows(
        grids={
            each.modality: SnippetGrid.make([each.snippet], 1, config.sample_fps)
            for each in config.streams
        },
        segments=segments,
        step=1,
        length=None,
        size=lambda start, frames: frames if start == 0 else 0,
        rate=config.sample_fps,
    )

    def score(segment: Segment) -> Scores:
        batch, flow = max(1, BATCH // crops), segment.run.flow
        (clip,) = window_scores(segment, streams, flow, schedule, networks, batch)
        agreed = networks.consensus(clip.scores)
        # the identity consensus leaves segments apart: they are averaged, as the reference does
        return {name: row.mean(0) if row.ndim == 2 else row for name, row in agreed.items()}

    return score


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


@contextmanager
def frame_cache(
    folder: Path | None,
    config: ModelConfig,
    store: VideoStore | None,
    scratch: Path | None = None,
) -> Iterator[FrameCache]:
    """Yield what keeps the frames and flow that a model looks at; see ``clip_scorer``."""
    sampling = Sampling(config.sample_fps, config.frame_short_side)
    flow = next((stream.flow for stream in config.streams if stream.flow is not None), None)
    if folder is not None:
        yield FrameCache(folder, sampling, flow, store)
        return
    below = scratch if scratch is not None and scratch.is_dir() else None
    # Windows does not delete files that are mapped into memory still
    with tempfile.TemporaryDirectory(
        prefix="slipdetect-", dir=below, ignore_cleanup_errors=True
    ) as name:
        yield FrameCache(Path(name), sampling, flow, store)


def collected(
    package: ModelPackage,
    protocol: Protocol,
    clips: Sequence[Clip],
    found: Sequence[Scores | None],
    root: Path | None,
) -> ClipScores:
    """Return the scores of the clips that have some, with what is known of them.

    Raises:
        DataError: None has.
    """
    rows = [row for row in found if row is not None]
    clips = [clip for clip, row in zip(clips, found, strict=True) if row is not None]
    if not rows:
        raise DataError("none of the clips can be read; check the paths in the annotation file")
    config = package.config
    positive = config.labels.index(config.positive)
    other = next(index for index in range(len(config.labels)) if index != positive)
    return ClipScores(
        labels=config.labels,
        positive=config.positive,
        clips=tuple(clip_name(clip.path, root) for clip in clips),
        groups=tuple(clip.group for clip in clips),
        datasets=tuple(clip.dataset for clip in clips),
        truth=np.array([positive if clip.positive else other for clip in clips], np.int64),
        logits={name: np.stack([row[name] for row in rows]) for name in rows[0]},
        facts=_facts(config, protocol),
    )


def _facts(config: ModelConfig, protocol: Protocol) -> dict[str, Any]:
    return {
        "model": config.name,
        "backbones": {stream.modality: stream.backbone for stream in config.streams},
        "weights": {stream.modality: stream.sha256 for stream in config.streams},
        "protocol": str(protocol),
        "fusion": config.fusion,
        "calibration": config.calibration.to_json(),
        "versions": {"slipdetect": __version__},
    }
