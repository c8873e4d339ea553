"""Detection as the seed report's programs did it: windows of frames, each sampled by itself.

In: a detector with RGB and flow, a video, a schedule. Out: a ``DetectionResult``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import tee
from typing import TYPE_CHECKING, Unpack

import numpy as np
import torch

from slipdetect.detection.findings import Findings
from slipdetect.detection.flow_sources import computed_flow
from slipdetect.detection.snippets import Image
from slipdetect.errors import ModelError, VideoError
from slipdetect.lab.compare.saturation import trusted_stream
from slipdetect.lab.course2020.seed_windows import SeedWindows
from slipdetect.modalities.crops import GroupOverSample
from slipdetect.modalities.images import scale_short_side
from slipdetect.modalities.motion_crop import cut
from slipdetect.modalities.snippet import snippet_box
from slipdetect.models import StreamConfig
from slipdetect.types import DetectionResult, Window, find_events
from slipdetect.video import Frame, VideoOptions, open_video
from slipdetect.video.decoder import DEFAULT_FRAME_RATE

if TYPE_CHECKING:
    from slipdetect.detection.detector import Detector

_SCALED = 256 / 224  # the reference scales the short side to 256 and crops 224


def detect_as_seed(
    detector: Detector,
    source: str,
    schedule: SeedWindows,
    on_progress: Callable[[float, float | None], None] | None = None,
    **reading: Unpack[VideoOptions],
) -> DetectionResult:
    """Look at a whole video as one of the seed report's programs did.

    Every frame counts, whatever the rate; logits of a window are averaged (or summed), those of
    the streams added one to one, and the softmax is the probability, without calibration. What is
    behind the last window is not looked at. A window is said to last from its first frame to the
    one behind its last.

    Args:
        detector: With an RGB and a flow stream and nothing else.
        source: A file.
        schedule: Windows and samples.
        on_progress: Called with (seconds done, seconds in all or None).
        **reading: As for ``open_video``.

    Raises:
        ModelError: The model has other streams.
        VideoError: The video cannot be read, or is too short for a window.
    """
    require_seed_streams(detector, schedule.name)
    findings = Findings()
    with open_video(source, **reading) as video:
        rate = DEFAULT_FRAME_RATE if video.info.frame_rate is None else video.info.frame_rate
        label = _TimeLabel(detector, schedule)
        for frame, field in _with_flow(
            detector, video.frames(None, detector.config.frame_short_side)
        ):
            label.push(frame.image, field)
            if on_progress is not None and label.frames % 30 == 0:
                on_progress(frame.time, video.info.duration)
        label.finish()
    if not label.scored:
        raise VideoError(
            f"{source!r} has {label.frames} frames, and {schedule.name!r} needs "
            f"{schedule.length + schedule.first_spare}; leave the preset out for short videos"
        )
    windows = label.windows(rate)
    return DetectionResult(
        source=source,
        model=detector.config.name,
        weights={stream.modality: stream.sha256 for stream in detector.config.streams},
        events=find_events(windows, detector.events, detector.config.positive),
        windows=windows,
        info=video.info,
        report=video.report,
        duration=(label.frames - 1) / rate,
        padded=False,
        profile=findings.profile(video.report, (label.frames - 1) / rate),
        event_config=detector.events,
        label=detector.config.positive,
    )


def require_seed_streams(detector: Detector, preset: str) -> None:
    """Refuse a model whose streams are not those of the seed report.

    Raises:
        ModelError: Saying what to do.
    """
    has = sorted(stream.modality for stream in detector.config.streams)
    if has != ["flow", "rgb"]:
        raise ModelError(
            f"preset {preset!r} repeats a program with an RGB and a flow stream, and model "
            f"{detector.config.name!r} has {', '.join(has)}; make one of the two checkpoints with "
            "'slipdetect models import'"
        )


def _with_flow(detector: Detector, frames: Iterator[Frame]) -> Iterator[tuple[Frame, Image | None]]:
    """Yield every frame with the flow that leads to it; None at the start."""
    recipe = detector.config.stream("flow").flow
    own, copied = tee(frames)
    fields = computed_flow(recipe or {})(frame.image for frame in copied)
    for index, frame in enumerate(own):
        yield frame, next(fields) if index else None


@dataclass(frozen=True)
class _Scored:
    """A window's first frame, its frames, and the logits ``(classes,)`` of each stream."""

    start: int
    size: int
    logits: dict[str, torch.Tensor]


class _TimeLabel:
    """Takes frames, keeps those of the windows under way, and scores each window once."""

    def __init__(self, detector: Detector, schedule: SeedWindows) -> None:
        self.frames = 0
        self.scored: list[_Scored] = []
        self._detector = detector
        self._schedule = schedule
        self._positive = detector.config.labels.index(detector.config.positive)
        self._kept: deque[tuple[Image, Image | None]] = deque()
        self._next = 0

    def push(self, image: Image, field: Image | None) -> None:
        """Take one more frame and the flow that leads to it."""
        self._kept.append((image, field))
        self.frames += 1
        size = self._schedule.size(self._next, self.frames)
        if size == self._schedule.length:
            self._score(size)

    def finish(self) -> None:
        """Score the last window if it is shorter than the others."""
        size = self._schedule.size(self._next, self.frames)
        if size:
            self._score(size)

    def windows(self, rate: float) -> tuple[Window, ...]:
        """Return the windows of a video of ``rate`` frames a second."""
        alone = {
            name: [self._share(each.logits[name]) for each in self.scored]
            for name in ("rgb", "flow")
        }
        trusted = trusted_stream(alone["rgb"]) if self._schedule.fallback else None
        found = []
        for index, each in enumerate(self.scored):
            fused = each.logits["rgb"] + each.logits["flow"]
            streams = {name: values[index] for name, values in alone.items()}
            found.append(
                Window(
                    each.start / rate,
                    (each.start + each.size) / rate,
                    self._share(fused) if trusted is None else streams[trusted],
                    streams,
                )
            )
        return tuple(found)

    def _share(self, logits: torch.Tensor) -> float:
        return float(logits.double().softmax(-1)[self._positive])

    def _score(self, size: int) -> None:
        part = [self._kept[index] for index in range(size)]
        logits = {
            stream.modality: self._logits(stream, part) for stream in self._detector.config.streams
        }
        self.scored.append(_Scored(self._next, size, logits))
        for _ in range(min(self._schedule.step, len(self._kept))):
            self._kept.popleft()
        self._next += self._schedule.step

    def _logits(self, stream: StreamConfig, part: list[tuple[Image, Image | None]]) -> torch.Tensor:
        modality = stream.snippet
        views = []
        for first in self._schedule.samples(modality, len(part)):
            if modality.name == "flow":
                chosen = [field for _, field in part[first + 1 : first + modality.frames]]
            else:
                chosen = [image for image, _ in part[first : first + modality.frames]]
            views.append(
                self._views(stream, np.stack([each for each in chosen if each is not None]))
            )
        rows = self._detector.scorer.logits(stream.modality, list(np.concatenate(views)))
        by_snippet = rows.reshape(len(views), self._schedule.crops, -1).mean(1)
        return by_snippet.sum(0) if self._schedule.total else by_snippet.mean(0)

    def _views(self, stream: StreamConfig, picked: Image) -> Image:
        """Return ``(crops, images, S, S, C)`` uint8 of a snippet ``(images, H, W, C)``."""
        size = stream.input_size
        if self._schedule.crops == 1:
            height, width = picked.shape[1:3]
            box = snippet_box([], height, width, "center")
            return cut(picked, box, size)[None]
        scaled = scale_short_side(picked, round(size * _SCALED))
        views = GroupOverSample(size, flip=True, is_flow=stream.modality == "flow")(scaled)
        return np.asarray(views)
