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
    """Return what scores a clip; see ``score_clips``.

    Args:
        package: The model.
        protocol: How.
        device: As for ``score_clips``, like ``cache``, ``store`` and ``batch``.
        cache: See ``device``.
        store: See ``device``.
        batch: See ``device``.
        scratch: Folder for temporary ones; None, or where there is none: the system's.
    """
    score = _scoring(package, protocol, device, batch)

    def score_clip(clip: Clip) -> Scores:
        with frame_cache(cache, package.config, store, scratch) as kept:
            kept.require_room([clip.path])
            return score(clip.path, kept)

    return score_clip


def _scoring(
    package: ModelPackage, protocol: Protocol, device: str, batch: int
) -> Callable[[Path, FrameCache], Scores]:
    if protocol.segments is None:
        return WindowScoring(TSNScorer(package, device, exact=True, batch=batch, engine="torch"))
    engine = make_engine(package, "torch", device, batch, exact=True)
    return SegmentScoring(SnippetScorer(package.config, engine), protocol)


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
    frames = in_order(cache.frames(path))
    stored = cache.flows(path) if flow else None

    def read(images: Iterator[Images]) -> Iterator[Images]:
        fields = iter(()) if stored is None else in_order(stored)
        for _, each in zip(pairwise(images), fields, strict=False):
            yield each

    run = RunState(flow=None if stored is None else read)
    return Segment((Frame(index / rate, image) for index, image in enumerate(frames)), run)


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
