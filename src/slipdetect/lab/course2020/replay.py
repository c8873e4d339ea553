"""Detection as the report's programs did it: their windows, their samples, their sums.

In: a detector with an RGB and a flow stream, the name of a preset. Out: a detector that looks so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipdetect.detection.detector import Detector
from slipdetect.detection.fixed_windows import FixedWindows
from slipdetect.detection.pipeline import Segment, WindowScorer, window_scores
from slipdetect.detection.schedule import WindowScores
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import ModelError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.compare.fusions import trusted_stream
from slipdetect.lab.evaluate.clip_scoring import snippet_views
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import Modality, SnippetGrid, StreamInput
from slipdetect.models import ModelConfig
from slipdetect.types import Window
from slipdetect.video.timing import DEFAULT_FRAME_RATE


@dataclass(frozen=True)
class ReplayWindows:
    """One program's schedule; counts are frames of the video, at whatever rate it has."""

    name: str  # of the preset
    program: str  # what it repeats
    length: int  # frames of a window
    step: int  # frames from one window to the next
    segments: int  # snippets of a window
    crops: int = 1  # views of each snippet
    total: bool = False  # logits of a window are summed, not averaged
    fallback: bool = False  # a stream that says the same of nearly every window is left out
    first_spare: int = 0  # frames that have to follow the first window; else it is not looked at
    spare: int = 0  # the same for every later one
    # a last window of more than this many frames is looked at too; None: never
    partial: int | None = None

    def starts(self, frames: int) -> list[int]:
        """Return the first frames of the windows of a video, none if it is too short."""
        return [start for start in range(0, max(frames, 0), self.step) if self.size(start, frames)]

    def size(self, start: int, frames: int) -> int:
        """Return how many frames the window at ``start`` has, 0 if it is not looked at."""
        left = frames - start
        if left >= self.length + (self.first_spare if start == 0 else self.spare):
            return self.length
        return left if self.partial is not None and self.partial < left < self.length else 0

    def samples(self, modality: Modality, size: int) -> list[int]:
        """Return the first frames of the snippets of a window of ``size`` frames, from its start.

        The centers of equal segments (Wang et al., ECCV 2016): of 30 frames and 7 segments RGB
        sees 2, 6, 10, 15, 19, 23, 27 and stacks of five flows begin at 1, 5, 8, 12, 16, 19, 23
        (one more where frames count from 1).
        """
        offsets = segment_offsets(size, self.segments, modality.frames, "test")
        return [int(offset) for offset in offsets]


SEED_WINDOWS = {
    "course2020": ReplayWindows(
        "course2020", "win_test.py, the final detector", 30, 10, 7, first_spare=1, spare=2
    ),
    "course2020-v1": ReplayWindows(
        "course2020-v1", "test.py before that", 30, 30, 10, crops=10, partial=20
    ),
    "course2020-v0": ReplayWindows(
        "course2020-v0", "test.py of the two-stream networks", 40, 10, 19, total=True, fallback=True
    ),
}


Logits = npt.NDArray[np.float32]


def replay_detector(detector: Detector, windows: ReplayWindows) -> Detector:
    """Return a detector that looks at videos as one of the 2020 course report's programs did.

    Raises:
        ModelError: The model has other streams.
        UsageError: The detector is for cameras that look straight down.
    """
    made = Detector(ReplayScorer(detector.tsn.networks, windows), detector.event_config)
    made.view = detector.view
    return made


class ReplayScorer(WindowScorer):
    """Scores windows as one of the 2020 course report's programs did.

    Every frame counts, whatever the rate; logits of a window are averaged (or summed), those of
    the streams added one to one, and the softmax is the probability, without calibration. What is
    after the last window is not looked at. A window is said to last from its first frame to the
    one after its last.

    Raises:
        ModelError: The model has other streams than RGB and flow.
    """

    sample_fps = None

    def __init__(self, networks: SnippetScorer, windows: ReplayWindows) -> None:
        self.config = config = networks.config
        _require_streams(config, windows.name)
        self._networks = networks
        self._seed = windows
        self._positive = config.labels.index(config.positive)
        self.name, self.label = config.name, config.positive
        self.short_side = config.frame_short_side
        self.weights = {stream.modality: stream.sha256 for stream in config.streams}
        self._flow = config.flow or {}
        self._streams = [
            StreamInput(
                stream.snippet,
                stream.input_size,
                "center",
                snippet_views(
                    "center", stream.input_size, windows.crops, stream.modality == "flow"
                ),
            )
            for stream in config.streams
        ]

    def windows(self, segment: Segment) -> Iterator[Window]:
        """Yield the windows of a video.

        Raises:
            VideoError: It is too short for one.
        """
        info = segment.run.info
        rate = None if info is None else info.frame_rate
        scored: Iterable[WindowScores] = window_scores(
            segment,
            self._streams,
            FlowExtractor.from_recipe(self._flow).levels,
            self._schedule(DEFAULT_FRAME_RATE if rate is None else rate),
            self._networks,
        )
        trusted = None
        if self._seed.fallback:
            # which stream to trust is known only after the last window
            scored = list(scored)
            trusted = trusted_stream([self._share(self._agreed(each, "rgb")) for each in scored])
        for each in scored:
            logits = {name: self._agreed(each, name) for name in each.scores}
            alone = {name: self._share(row) for name, row in logits.items()}
            fused = self._share(logits["rgb"] + logits["flow"])
            probability = fused if trusted is None else alone[trusted]
            yield Window(each.start, each.end, probability, alone, each.corrupt)
        if segment.run.snippets == 0:
            raise VideoError(
                f"{'' if info is None else info.source!r} has {segment.run.samples} frames, and "
                f"{self._seed.name!r} needs {self._seed.length + self._seed.first_spare}; leave "
                "the preset out for short videos"
            )

    def _schedule(self, rate: float) -> FixedWindows:
        spans = {each.modality.name: each.modality.frames for each in self._streams}
        return FixedWindows(
            grids={name: SnippetGrid(span, 1, span) for name, span in spans.items()},
            segments=self._seed.segments,
            step=self._seed.step,
            length=self._seed.length,
            size=self._seed.size,
            rate=rate,
        )

    def _agreed(self, window: WindowScores, modality: str) -> Logits:
        rows = window.scores[modality]
        agreed: Logits = rows.sum(0) if self._seed.total else rows.mean(0)
        return agreed

    def _share(self, logits: Logits) -> float:
        """Return the softmax of the positive class, in float64."""
        odds = np.exp(logits.astype(np.float64) - float(logits.max()))
        return float(odds[self._positive] / odds.sum())


def _require_streams(config: ModelConfig, preset: str) -> None:
    has = sorted(stream.modality for stream in config.streams)
    if has != ["flow", "rgb"]:
        raise ModelError(
            f"preset {preset!r} repeats a program with an RGB and a flow stream, and model "
            f"{config.name!r} has {', '.join(has)}; make one of the two checkpoints with "
            "'slipdetect models import'"
        )
