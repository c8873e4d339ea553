"""The loop and its scorers: batches, counts, files and live sources, anybody's own scorer.

In: networks that count, scorers of a few lines. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from slipdetect import Detector, EventConfig, Frame, Segment, Window, WindowScorer
from slipdetect.detection import EventFinal, LiveDetection, RunState
from slipdetect.detection.cutting import Snippet, SnippetCutter
from slipdetect.detection.engines.torch_engine import TorchEngine
from slipdetect.detection.fixed_windows import FixedWindows
from slipdetect.detection.pipeline import Stopwatch, window_scores
from slipdetect.detection.schedule import EverySnippet, Scores, WindowPlan
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import SnippetGrid, StreamInput, get_modality
from slipdetect.models import load_package
from slipdetect.video import DecodeReport
from slipdetect.video.live.wall_clock import WallClock
from stub_models import stub_package
from synth import make_video

FPS = 10.0
RGB = get_modality("rgb")
GRID = SnippetGrid.make([RGB], 2, FPS)
EVERY = EverySnippet(("rgb",), GRID, WindowPlan.make(1.0, 0.2, GRID.step, GRID.span, FPS))
STREAMS = [StreamInput(RGB, 8, "center")]


def frames(levels: Sequence[float]) -> Iterator[Frame]:
    for index, level in enumerate(levels):
        yield Frame(index / FPS, np.full((16, 16, 3), level, np.uint8))


class Counting:
    """Networks whose score is the level of the picture, and that know what they were asked."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.alone: list[bool] = []

    def session(
        self, watch: Stopwatch, alone: bool
    ) -> AbstractContextManager[Callable[[Sequence[Snippet]], list[Scores]]]:
        self.alone.append(alone)
        return nullcontext(self.score)

    def score(self, snippets: Sequence[Snippet]) -> list[Scores]:
        self.sizes.append(len(snippets))
        return [
            {"rgb": snippet.views("rgb").mean(axis=(1, 2, 3, 4)).astype(np.float32)}
            for snippet in snippets
        ]


def test_the_frames_of_a_file_are_scored_in_batches_and_counted() -> None:
    networks, segment = Counting(), Segment(frames(range(85)))
    windows = list(window_scores(segment, STREAMS, None, EVERY, networks))
    assert networks.sizes == [16, 16, 11]
    assert networks.alone == [True]
    run = segment.run
    assert (run.samples, run.snippets, run.computed, run.last) == (85, 43, 43, 8.4)
    assert windows[0].start == 0.0
    assert windows[-1].end == 8.4
    # a window of 1 s holds the snippets at six instants
    (middle,) = (window for window in windows if window.start == 2.0)
    assert middle.scores["rgb"][:, 0].tolist() == [20, 22, 24, 26, 28, 30]


def test_a_live_source_is_scored_as_soon_as_nothing_more_can_be_had() -> None:
    networks = Counting()
    waiting = iter([0, 0, 5, 3, 1, 0, 0, 0, 0, 0, 0])
    segment = Segment(frames(range(21)), waiting=lambda: next(waiting))
    live = list(window_scores(segment, STREAMS, None, EVERY, networks))
    assert networks.sizes == [1, 1, 3, 1, 1, 1, 1, 1, 1]
    assert networks.alone == [False]
    whole = list(window_scores(Segment(frames(range(21))), STREAMS, None, EVERY, Counting()))
    assert [(w.start, w.end) for w in live] == [(w.start, w.end) for w in whole]


def test_fixed_windows_sample_each_by_itself_and_end_where_they_are_told_to() -> None:
    def size(start: int, count: int) -> int:
        left = count - start
        return 10 if left >= 10 else left if left > 4 else 0

    schedule = FixedWindows({"rgb": SnippetGrid(1, 1, 1)}, 3, 10, 10, size, FPS)
    for count, sizes in ((36, [10, 10, 10, 6]), (34, [10, 10, 10]), (4, [])):
        windows = list(
            window_scores(Segment(frames(range(count))), STREAMS, None, schedule, Counting())
        )
        assert [round((w.end - w.start) * FPS) for w in windows] == sizes
        for index, window in enumerate(windows):
            offsets = segment_offsets(sizes[index], 3, 1, "test") + 10 * index
            assert window.scores["rgb"][:, 0].tolist() == offsets.tolist()


def test_snippets_of_several_segments_are_scored_in_one_call(tiny_package: Path) -> None:
    package = load_package(tiny_package)
    networks = SnippetScorer(package.config, TorchEngine(package, "cpu"))
    (stream,) = networks.config.streams
    inputs = [StreamInput(stream.snippet, stream.input_size, stream.crop)]
    cut = [
        list(SnippetCutter(EVERY, inputs).cut(frames(levels)))
        for levels in (range(20), range(200, 180, -1))
    ]
    apart = [networks.score(snippets, Stopwatch()) for snippets in cut]
    together = networks.score([*cut[0], *cut[1]], Stopwatch())
    for mine, wanted in zip(together, [*apart[0], *apart[1]], strict=True):
        np.testing.assert_allclose(mine["rgb"], wanted["rgb"], rtol=1e-5, atol=1e-6)


class Flicker(WindowScorer):
    """The change of the mean level from frame to frame, a tenth of it at most."""

    name, label = "flicker", "light"
    sample_fps, short_side, window = FPS, 48, 0.1

    def windows(self, segment: Segment) -> Iterator[Window]:
        for before, after in pairwise(segment):
            change = abs(float(after.image.mean()) - float(before.image.mean()))
            yield Window(before.time, after.time, min(change / 100, 1.0))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two seconds of flicker from 1 s on."""
    levels = [(20, 220)[index % 2 if 10 <= index < 30 else 0] for index in range(60)]
    pictures = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    return make_video(tmp_path / "film.mp4", pictures, rate=FPS).path


def test_anybodys_scorer_finds_events_in_files(film: Path) -> None:
    detector = Detector(Flicker(), EventConfig(0.8, 0.8))
    done: list[float] = []
    result = detector.detect(film, on_progress=lambda seconds, total: done.append(seconds))
    (event,) = result.events
    assert (event.start, event.end) == (pytest.approx(1.0), pytest.approx(3.0))
    assert (event.label, result.label, result.model, result.weights) == (
        "light",
        "light",
        "flicker",
        {},
    )
    assert len(result.windows) == 59
    assert done == [window.end for window in result.windows]
    assert (result.duration, result.padded) == (5.9, False)
    assert result.profile is not None
    assert (result.profile.samples, result.profile.snippets) == (60, 0)
    assert list(detector.iter_events(film)) == [event]
    dark = detector.with_transform(lambda each: (Frame(f.time, f.image // 9) for f in each))
    assert dark.detect(film).events == ()


def test_what_only_model_packages_have_is_refused() -> None:
    detector = Detector(Flicker())
    with pytest.raises(UsageError, match="scorer 'flicker' is no model package"):
        _ = detector.config


def test_a_scorer_that_leaves_frames_is_asked_again_after_the_gap() -> None:
    class Lazy(Flicker):
        def windows(self, segment: Segment) -> Iterator[Window]:
            first = next(segment)
            yield Window(first.time, first.time + 0.1, 1.0)

    class Scripted:
        dropped = reconnects = waiting = 0
        longest_lag = 0.0
        wall = WallClock("script")
        report = DecodeReport()

        def __init__(self) -> None:
            self._items = [*frames(range(9)), None]

        def get(self) -> Frame | None:
            return self._items.pop(0)

    run = LiveDetection(Detector(Lazy()), Scripted())  # type: ignore[arg-type]
    (final,) = (each for each in run.events() if isinstance(each, EventFinal))
    assert final.event.score == 1.0
    assert run.summary().sampled == 9


def test_a_live_source_needs_a_rate_and_a_size() -> None:
    class AsItIs(Flicker):
        sample_fps = None

    with pytest.raises(UsageError, match="has no sample_fps or short_side"):
        next(Detector(AsItIs()).iter_events("rtsp://127.0.0.1:1/"))


def test_a_segment_counts_for_its_run() -> None:
    run = RunState()
    first = Segment(frames(range(3)), run)
    assert [frame.time for frame in first] == [0.0, 0.1, 0.2]
    assert list(Segment(iter(()), run)) == []
    assert (run.samples, run.last, first.start) == (3, 0.2, 0.0)


@pytest.mark.parametrize(("concurrent", "makes"), [(True, 1), (False, 2)])
def test_sources_share_a_flow_method_only_where_threads_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, concurrent: bool, makes: int
) -> None:
    detector = Detector.from_package(stub_package(tmp_path / "m", monkeypatch, "flow"), "cpu")
    monkeypatch.setattr(FlowExtractor, "concurrent", concurrent)
    video = make_video(tmp_path / "walk.mp4", "walk", count=20, size=(64, 48)).path
    used: list[FlowExtractor] = []
    levels = FlowExtractor.levels

    def noting(self: FlowExtractor, frames: object, ahead: bool = True) -> object:
        used.append(self)
        return levels(self, frames, ahead)

    monkeypatch.setattr(FlowExtractor, "levels", noting)
    results = [detector.detect(video) for _ in range(2)]
    assert len(set(map(id, used))) == makes
    assert results[0].windows == results[1].windows


def test_a_file_is_read_no_further_ahead_than_the_engine_takes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = stub_package(tmp_path / "m", monkeypatch, "rgb")
    detector = Detector.from_package(package, "cpu", exact=True)
    engine = detector.tsn.networks.engine
    video = make_video(tmp_path / "walk.mp4", "walk", count=120, size=(64, 48)).path
    sizes: list[int] = []
    logits = engine.logits

    def noting(modality: str, images: Sequence[np.ndarray]) -> np.ndarray:
        sizes.append(len(images))
        return logits(modality, images)

    monkeypatch.setattr(engine, "logits", noting)
    found = {}
    for most in (3, 64):
        sizes.clear()
        engine.at_once = most
        found[most] = detector.detect(video).windows, max(sizes), sum(sizes)
    assert [largest for _, largest, _ in found.values()] == [3, 16]
    assert found[3][2] == found[64][2] > 16
    for one, other in zip(found[3][0], found[64][0], strict=True):
        assert (one.start, one.end) == (other.start, other.end)
        assert one.probability == pytest.approx(other.probability, abs=1e-6)
