"""Detection, outputs and annotations on the recording's clock: over gaps, and behind sound.

In: rooms in which a lamp is on while the event lasts. Out: times that a player shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from brightness import STRIDE, Brightness, save
from media.making import with_sound
from media.marker import read_marker
from slipdetect import backbones
from slipdetect.detection import Detector, loading
from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import AnnotationLine, Clip, Span
from slipdetect.lab.data.frame_cache import FrameCache, Sampling
from slipdetect.lab.data.window_reader import WindowReader, WindowRecipe
from slipdetect.lab.data.windows import WindowRule
from slipdetect.lab.prepare.cut_plan import PlannedClip
from slipdetect.lab.prepare.cutting import cut_video
from slipdetect.lab.prepare.times import Late, check_times
from slipdetect.lab.prepare.trimming import Cut, trim
from slipdetect.modalities.snippet import SnippetGrid, get_modality
from slipdetect.reports.formats import json_report, srt_report
from slipdetect.video import open_video
from synth import make_video

MODALITY = get_modality("rgb")
RULE = WindowRule(window=0.8)
RATE = 25
GAP = 4000.0


@pytest.fixture
def bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Brightness(channels)
    )
    return Detector.load(save(tmp_path / "model", "rgb"), device="cpu")


def lamp(on: bool) -> np.ndarray:
    return np.full((48, 64, 3), 235 if on else 20, np.uint8)


def with_gap(path: Path, lit: Sequence[tuple[float, float]]) -> Path:
    """Eight seconds of pictures, nothing for 4,000 s, and eight more."""
    times = [i / RATE + (GAP if i >= 8 * RATE else 0.0) for i in range(16 * RATE)]
    pictures = [lamp(any(start <= time < end for start, end in lit)) for time in times]
    return make_video(path, pictures, times=times).path


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_events_behind_a_gap_are_on_the_files_clock(
    tmp_path: Path, bright: Detector, suffix: str
) -> None:
    clip = with_gap(tmp_path / f"gap.{suffix}", [(3.0, 5.5), (GAP + 11.0, GAP + 13.5)])
    result = bright.detect(clip)
    first, second = result.events
    assert first.start == pytest.approx(3.0, abs=STRIDE + 0.04)
    assert second.start == pytest.approx(GAP + 11.0, abs=STRIDE + 0.04)
    assert second.end == pytest.approx(GAP + 13.5, abs=STRIDE + 0.04)
    assert result.duration == pytest.approx(GAP + 15.96, abs=0.1)
    (gap,) = result.report.gaps
    assert (gap.start, gap.end) == pytest.approx((7.96, GAP + 8.0))
    assert result.report.warnings == [
        "1 gap without pictures: 8.0 s to 4008.0 s (4000.0 s)",
    ]
    assert list(bright.iter_events(clip)) == list(result.events)
    assert result.at().events == result.events
    assert "01:06:5" in srt_report(result)
    assert json.loads(json_report(result))["source"]["gaps"] == [{"start": 7.96, "end": 4008.0}]


def test_nothing_is_computed_for_a_gap(tmp_path: Path, bright: Detector) -> None:
    result = bright.detect(with_gap(tmp_path / "gap.mkv", []))
    assert result.profile is not None
    sampled = bright.config.sample_fps
    assert result.profile.samples <= 16 * sampled + 2
    assert not any(
        7.96 < w.start < GAP + 8.0 or 7.96 < w.center < GAP + 8.0 for w in result.windows
    )


def test_an_event_does_not_go_on_over_a_gap(tmp_path: Path, bright: Detector) -> None:
    clip = with_gap(tmp_path / "gap.mkv", [(5.0, GAP + 10.0)])
    result = bright.detect(clip)
    first, second = result.events
    assert first.end == pytest.approx(7.96, abs=0.2)
    assert first.interrupted
    assert second.start == pytest.approx(GAP + 8.0)
    assert second.end == pytest.approx(GAP + 10.0, abs=STRIDE + 0.04)
    assert list(bright.iter_events(clip)) == list(result.events)


def test_times_behind_sound_are_those_of_a_player(tmp_path: Path, bright: Detector) -> None:
    numbers = {i: 6 + i / RATE for i in range(8 * RATE)}
    clip = with_sound(
        tmp_path / "sound.mp4", numbers, 14.0, draw=lambda i: lamp(3.0 <= i / RATE < 5.5)
    )
    result = bright.detect(clip)
    (event,) = result.events
    assert event.start == pytest.approx(9.0, abs=STRIDE + 0.04)
    assert event.end == pytest.approx(11.5, abs=STRIDE + 0.04)
    assert (result.info.start, result.info.end) == pytest.approx((6.0, 14.0), abs=0.01)
    assert not result.padded
    assert not result.report.warnings
    assert "00:00:09," in srt_report(result) or "00:00:08," in srt_report(result)
    assert json.loads(json_report(result))["source"]["start_offset"] == 6.0


@pytest.fixture
def late(tmp_path: Path) -> Path:
    """Marked pictures from 6 s to 14 s of a recording whose sound begins at once."""
    return with_sound(tmp_path / "late.mp4", {i: 6 + i / RATE for i in range(8 * RATE)}, 14.0)


def numbers(path: Path) -> list[int]:
    with open_video(path) as video:
        return [read_marker(frame.image) for frame in video.frames()]


def test_times_read_off_a_player_are_taken(late: Path, tmp_path: Path) -> None:
    marked = Span("a.csv, line 2", 9.0, 13.0, True)
    line = AnnotationLine("a.csv, line 2", late, "late.mp4", True, marked, "late", "", "", {})
    checked, end = check_times([line], Late())
    assert checked == [line]
    assert end == pytest.approx(14.0, abs=0.05)
    ((clip, path),) = cut_video(late, [(PlannedClip(9.0, 11.0, (9.5, 10.0)), tmp_path / "cut.mp4")])
    assert numbers(path) == list(range(3 * RATE, 5 * RATE))
    assert clip.start == pytest.approx(9.0, abs=0.02)
    assert clip.event == (9.5, 10.0)
    trim(late, tmp_path / "trim.mp4", Cut(9.0, 11.0))
    assert numbers(tmp_path / "trim.mp4") == list(range(3 * RATE, 5 * RATE))


def test_a_piece_over_a_gap_is_refused(tmp_path: Path) -> None:
    clip = with_gap(tmp_path / "gap.mkv", [])
    target = tmp_path / "cut.mp4"
    with pytest.raises(DataError, match=r"has a gap between 7\.00 s and 4010\.00 s"):
        cut_video(clip, [(PlannedClip(7.0, GAP + 10.0, None), target)])
    assert not target.exists()
    for first in ([], [(PlannedClip(5.0, 7.0, None), tmp_path / "first.mp4")]):
        inside = (PlannedClip(GAP, GAP + 10.0, None), target)
        with pytest.raises(DataError, match=r"has a gap between 4000\.00 s and 4010\.00 s"):
            cut_video(clip, [*first, inside], overwrite=True)
        assert not target.exists()
    ((made, _),) = cut_video(clip, [(PlannedClip(GAP + 8.0, GAP + 10.0, None), target)])
    assert (made.start, made.end) == pytest.approx((GAP + 8.0, GAP + 10.0), abs=0.05)
    target.unlink()
    ((made, _),) = cut_video(clip, [(PlannedClip(GAP + 9.0, GAP + 11.0, None), target)])
    assert (made.start, made.end) == pytest.approx((GAP + 9.0, GAP + 11.0), abs=0.05)


def test_training_windows_lie_where_the_events_are(late: Path, tmp_path: Path) -> None:
    cache = FrameCache(tmp_path / "cache", Sampling(10.0, 48))
    recipe = WindowRecipe(MODALITY, SnippetGrid.make([MODALITY], 1, 10.0), 32, "center", 1, RULE)
    reader = WindowReader(recipe, cache)
    assert cache.times(late).tolist() == pytest.approx([6 + k / 10 for k in range(80)], abs=1e-3)
    clip = reader.placed(Clip(late, True, ((9.0, 10.0),), lookalikes=((12.0, 13.0),)))
    assert clip.events == (pytest.approx((3.0, 4.0), abs=0.01),)
    assert clip.lookalikes == (pytest.approx((6.0, 7.0), abs=0.01),)
    first = reader.first_sample(sum(clip.events[0]) / 2, 80)
    middle = np.asarray(cache.frames(late))[first + (reader.length - 1) // 2]
    assert read_marker(middle) == pytest.approx(3.5 * RATE, abs=3)
    # a clip without a gap and without a delay stays as it is, to the bit
    plain = Clip(make_video(tmp_path / "plain.mp4", count=100).path, True, ((1.1, 2.3),))
    assert reader.placed(plain) is plain


def test_training_windows_behind_a_gap(tmp_path: Path) -> None:
    path = with_gap(tmp_path / "gap.mkv", [])
    cache = FrameCache(tmp_path / "cache", Sampling(10.0, 48))
    recipe = WindowRecipe(MODALITY, SnippetGrid.make([MODALITY], 1, 10.0), 32, "center", 1, RULE)
    reader = WindowReader(recipe, cache)
    clip = reader.placed(Clip(path, True, ((3.0, 4.0), (GAP + 11.0, GAP + 12.0))))
    assert clip.events[0] == pytest.approx((3.0, 4.0))
    # 80 samples before the gap, and those behind it begin at 8 s
    assert clip.events[1] == pytest.approx((11.0, 12.0), abs=0.11)
    assert reader.duration(clip) == pytest.approx(15.9, abs=0.1)
    with pytest.raises(DataError, match=r"has no pictures from 100 s to 102 s"):
        reader.placed(Clip(path, True, ((100.0, 102.0),)))


def test_hours_are_counted_without_gaps(tmp_path: Path, bright: Detector) -> None:
    result = bright.detect(with_gap(tmp_path / "gap.mkv", []))
    assert result.watched == pytest.approx(15.9, abs=0.15)
    assert result.profile is not None
    assert result.profile.video == result.watched


def test_stored_flow_goes_on_behind_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stored:
        recipe = SimpleNamespace(flow={"method": "x"})
        manifest = SimpleNamespace(flows=5, key="a")

        def iter_flows(self) -> Iterator[str]:
            return iter(["01", "12", "over the gap", "34", "45"])

    monkeypatch.setattr(loading.StoreQuery, "find", lambda self, path: Stored())
    config = SimpleNamespace(flow={}, sample_fps=10.0, frame_short_side=48)
    flow = loading.stored_flow(None, tmp_path, config)
    assert list(flow(iter([0, 1, 2]))) == ["01", "12"]
    assert list(flow(iter([3, 4, 5]))) == ["34", "45"]
