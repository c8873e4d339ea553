"""Scoring a set of clips with a model: ``score_clips``.

In: a model package, annotated clips, a folder for decoded frames, a protocol. Out: ``ClipScores``.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._version import __version__
from slipdetect.detection import TSNScorer, resolve_device
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data import Clip, FrameCache, Sampling
from slipdetect.lab.evaluate.protocol import Protocol, default_protocol
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.evaluate.segment_scoring import SegmentScoring
from slipdetect.lab.evaluate.window_scoring import WindowScoring
from slipdetect.models import ModelConfig, ModelPackage
from slipdetect.store import VideoStore

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Logits = dict[str, npt.NDArray[np.float32]]


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
    """
    if not clips:
        raise DataError("there are no clips to score; check the split and the data sets chosen")
    protocol = default_protocol(package.config) if protocol is None else protocol
    score = _scoring(package, protocol, device, batch)
    rows: list[Logits] = []
    scored: list[Clip] = []
    for index, clip in enumerate(clips):
        try:
            with _frame_cache(cache, package.config, store) as kept:
                rows.append(score(clip.path, kept))
            scored.append(clip)
        except VideoError as error:
            logger.warning("left out: %s", error)
        on_clip(index + 1, len(clips))
    if not rows:
        raise DataError("none of the clips can be read; check the paths in the annotation file")
    return _collect(package, protocol, scored, rows, root)


def _scoring(
    package: ModelPackage, protocol: Protocol, device: str, batch: int
) -> Callable[[Path, FrameCache], Logits]:
    if protocol.segments is None:
        return WindowScoring(TSNScorer(package, device, exact=True, batch=batch))
    return SegmentScoring(SnippetScorer(package, resolve_device(device), batch), protocol)


@contextmanager
def _frame_cache(
    folder: Path | None, config: ModelConfig, store: VideoStore | None
) -> Iterator[FrameCache]:
    sampling = Sampling(config.sample_fps, config.frame_short_side)
    flow = next((stream.flow for stream in config.streams if stream.flow is not None), None)
    if folder is not None:
        yield FrameCache(folder, sampling, flow, store)
        return
    # Windows does not delete files that are mapped into memory still
    with tempfile.TemporaryDirectory(prefix="slipdetect-", ignore_cleanup_errors=True) as name:
        yield FrameCache(Path(name), sampling, flow, store)


def _collect(
    package: ModelPackage,
    protocol: Protocol,
    clips: Sequence[Clip],
    rows: Sequence[Logits],
    root: Path | None,
) -> ClipScores:
    config = package.config
    positive = config.labels.index(config.positive)
    other = next(index for index in range(len(config.labels)) if index != positive)
    return ClipScores(
        labels=config.labels,
        positive=config.positive,
        clips=tuple(clip_name(clip.path, root) for clip in clips),
        groups=tuple(clip.group for clip in clips),
        sources=tuple(clip.source for clip in clips),
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


def clip_name(path: Path, root: Path | None) -> str:
    """Return how a clip is called: its path from ``root`` if it lies there, with slashes."""
    inside = root is not None and path.is_relative_to(root)
    return (path.relative_to(root) if inside and root is not None else path).as_posix()
