"""Zones where events are found: in windows that are known, in files, live, and among people.

In: windows by hand, drawn rooms, a scorer that says what it is told. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect import (
    DetectionResult,
    Detector,
    EventConfig,
    Frame,
    Segment,
    Window,
    WindowScorer,
    Zone,
    Zones,
)
from slipdetect.detection import EventFinal, EventStarted, LiveDetection
from slipdetect.detection.cutting import SnippetCutter
from slipdetect.detection.schedule import EverySnippet, WindowPlan
from slipdetect.modalities.snippet import SnippetGrid, StreamInput, get_modality
from slipdetect.types import EventFinder, Sighting, find_events
from slipdetect.types.zones import OUTSIDE
from slipdetect.video import DecodeReport
from slipdetect.video.live.wall_clock import WallClock
from synth import make_video

CONFIG = EventConfig(onset=0.6, offset=0.4, min_duration_off=0.0)
BED = Zone("bed", ((0.5, 0.4), (1.0, 0.4), (1.0, 0.8), (0.5, 0.8)))
FLOOR = Zone("floor", ((0.0, 0.5), (0.45, 0.5), (0.45, 1.0), (0.0, 1.0)), include=True)
IN_BED = (0.6, 0.3, 0.9, 0.6)
BESIDE = (0.1, 0.5, 0.3, 0.9)


def windows(*probabilities: float) -> list[Window]:
    return [Window(k * 0.5, k * 0.5 + 1.0, p) for k, p in enumerate(probabilities)]


def test_a_window_that_is_left_out_is_in_no_event() -> None:
    found = windows(0.1, 0.7, 0.9, 0.8, 0.1)
    (event,) = find_events(found, CONFIG)
    assert (event.start, event.end, event.score) == (0.75, 2.25, 0.9)
    left_out = [replace(each, zone="bed") for each in found]
    assert find_events(left_out, CONFIG) == ()
    # the person falls out of the bed: the event begins, and has its peak, where they are beside it
    (event,) = find_events([*left_out[:3], *found[3:]], CONFIG)
    assert (event.start, event.end, event.peak, event.score) == (1.75, 2.25, 2.0, 0.8)
    # and ends where somebody gets into it
    (event,) = find_events([*found[:2], *left_out[2:]], CONFIG)
    assert (event.start, event.end, event.score) == (0.75, 1.25, 0.7)


def test_what_is_left_out_counts_nothing_where_all_counts() -> None:
    everything = EventConfig(onset=0.0, offset=0.0, min_duration_off=0.0)
    found = windows(0.0, 0.5, 0.5)
    assert len(find_events(found, everything)) == 1
    assert find_events([replace(each, zone="bed") for each in found], everything) == ()


probabilities = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=25)


@given(probabilities, st.floats(0.05, 1), st.floats(0.01, 1), st.floats(0, 1), st.floats(0, 3))
def test_events_are_those_of_windows_whose_probability_is_none(
    rows: list[tuple[float, bool]], onset: float, share: float, gap: float, narrow: float
) -> None:
    config = EventConfig(onset, onset * share, min_duration_off=gap, narrow=narrow)
    found = windows(*(p for p, _ in rows))
    left_out = [
        replace(each, zone="bed") if out else each
        for each, (_, out) in zip(found, rows, strict=True)
    ]
    zeroed = [
        replace(each, probability=0.0) if out else each
        for each, (_, out) in zip(found, rows, strict=True)
    ]
    assert find_events(left_out, config) == find_events(zeroed, config)


class Told(WindowScorer):
    """A scorer whose windows are told."""

    name, sample_fps, short_side = "told", 10.0, 48

    def __init__(self, told: list[Window]) -> None:
        self._told = told

    def windows(self, segment: Segment) -> Iterator[Window]:
        for window in self._told:
            for frame in segment:
                if frame.time >= window.end - 1e-6:
                    break
            yield window


def fall(*boxes: tuple[float, float, float, float]) -> list[Window]:
    """Somebody falls in the second and third of four windows, and is at these places."""
    rows = zip(windows(0.1, 0.9, 0.8, 0.1), boxes, strict=True)
    return [
        replace(window, people=(Sighting(1, box, "down"),), person=1, moving=(0, 0, 0.1, 0.1))
        for window, box in rows
    ]


class Pictures:
    """A live source that ends after five seconds."""

    name = "pictures"
    dropped = reconnects = waiting = 0
    longest_lag = 0.0
    wall = WallClock("script")

    def __init__(self) -> None:
        self.report = DecodeReport()
        blank = np.zeros((48, 64, 3), np.uint8)
        self._items = iter([Frame(k / 10, blank) for k in range(50)])

    def get(self) -> Frame | None:
        return next(self._items, None)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", "still", count=50, rate=10).path


def both_ways(film: Path, told: list[Window], *zones: Zone) -> DetectionResult:
    """Return what a file gives, after the live run and ``iter_events`` proved to give the same."""
    detector = Detector(Told(told), CONFIG)
    detector.zones = Zones(zones)
    result = detector.detect(film)
    assert tuple(detector.iter_events(film)) == result.events
    notes = list(LiveDetection(detector, Pictures()).events())  # type: ignore[arg-type]
    live = [note.event for note in notes if isinstance(note, EventFinal)]
    assert tuple(live) == result.events
    assert len([note for note in notes if isinstance(note, EventStarted)]) == len(live)
    assert result.at().events == result.events  # of windows that are kept
    return result


def test_a_fall_in_an_excluded_zone_is_none_and_beside_it_is_one(film: Path) -> None:
    inside, outside = fall(*[IN_BED] * 4), fall(*[BESIDE] * 4)
    result = both_ways(film, inside, BED)
    assert result.events == ()
    assert [window.zone for window in result.windows] == ["bed"] * 4
    assert [window.probability for window in result.windows] == [0.1, 0.9, 0.8, 0.1]
    assert result.headline.endswith("highest probability 0.90 at 00:00:01.000, in zone 'bed'")
    counted = both_ways(film, outside, BED)
    plain = both_ways(film, outside)
    assert counted.events == plain.events
    assert len(counted.events) == 1
    assert counted.windows == plain.windows == tuple(outside)


def test_a_zone_that_includes_lets_only_what_is_in_it_count(film: Path) -> None:
    assert len(both_ways(film, fall(*[BESIDE] * 4), FLOOR).events) == 1
    result = both_ways(film, fall(*[IN_BED] * 4), FLOOR)
    assert result.events == ()
    assert {window.zone for window in result.windows} == {OUTSIDE}
    assert result.headline.endswith(", outside all zones")


def test_who_falls_out_of_bed_is_found(film: Path) -> None:
    result = both_ways(film, fall(IN_BED, IN_BED, BESIDE, BESIDE), BED)
    (event,) = result.events
    # from midway between the second and the third window
    assert (event.start, event.peak, event.score) == (1.25, 1.5, 0.8)
    assert event.box == BESIDE


def test_of_whom_nobody_knows_where_they_are_counts(film: Path) -> None:
    told = windows(0.1, 0.9, 0.8, 0.1)
    assert len(both_ways(film, told, BED, FLOOR).events) == 1
    moving = [replace(each, moving=IN_BED) for each in told]
    assert both_ways(film, moving, BED).events == ()
    assert len(both_ways(film, moving).events) == 1


def test_zones_reach_results_and_their_json(film: Path) -> None:
    plain = both_ways(film, fall(*[IN_BED] * 4))
    assert "zone" not in plain.to_json(windows=True)
    result = both_ways(film, fall(*[IN_BED] * 4), BED, FLOOR)
    data = result.to_dict(windows=True)
    assert data["zones"] == [
        {"name": "bed", "exclude": [[0.5, 0.4], [1.0, 0.4], [1.0, 0.8], [0.5, 0.8]]},
        {"name": "floor", "include": [[0.0, 0.5], [0.45, 0.5], [0.45, 1.0], [0.0, 1.0]]},
    ]
    assert {each["zone"] for each in data["windows"]} == {"bed"}
    assert set(result.to_dataframe(windows=True)["zone"]) == {"bed"}
    assert plain.to_dataframe(windows=True)["zone"].isna().all()


def room(left: float, top: float, right: float, bottom: float, shade: int) -> np.ndarray:
    """A gray room of 120 x 160 px with a block of a shade somewhere."""
    picture = np.full((120, 160, 3), 90, np.uint8)
    picture[round(top * 120) : round(bottom * 120), round(left * 160) : round(right * 160)] = shade
    return picture


@pytest.mark.parametrize(
    ("crop", "locate"), [("motion", False), ("center", False), ("center", True)]
)
def test_a_snippet_knows_what_moves_around_it(crop: str, locate: bool) -> None:
    """A block that flickers, moves all over; its box is found to a cell of the thumbnail."""
    rgb = get_modality("rgb")
    grid = SnippetGrid.make([rgb], 2, 10.0)
    schedule = EverySnippet(("rgb",), grid, WindowPlan.make(1.0, 0.2, grid.step, grid.span, 10.0))
    box = (0.25, 0.5, 0.5, 0.75)
    pictures = [room(*box, 200 if k % 2 else 20) for k in range(20)]
    pictures += [room(*box, 20)] * 30
    frames = [Frame(k / 10, picture) for k, picture in enumerate(pictures)]
    cutter = SnippetCutter(schedule, [StreamInput(rgb, 8, crop)], locate=locate)
    moving = [snippet.moving for snippet in cutter.cut(frames)]
    if crop == "center" and not locate:
        assert set(moving) == {None}  # nobody looks for it
        return
    assert moving[0] is not None
    assert moving[0] == pytest.approx(box, abs=0.025)
    assert moving[-1] is None  # still for longer than motion is judged over


def test_a_window_has_what_moves_around_its_middle_snippet() -> None:
    rgb = get_modality("rgb")
    grid = SnippetGrid.make([rgb], 2, 10.0)
    schedule = EverySnippet(("rgb",), grid, WindowPlan.make(1.0, 0.2, grid.step, grid.span, 10.0))
    assembler = schedule.assembler()
    boxes = [(k / 100, 0.0, 1.0, 1.0) for k in range(13)]
    found = []
    places = schedule.layout().places(25, ended=True)
    for place, box in zip(places, boxes, strict=True):
        found += assembler.push(place, {"rgb": np.zeros(2, np.float32)}, False, box)
    found += assembler.finish(25)
    for window in found:
        assert window.moving is not None
        # snippets begin every 0.2 s; of two in the middle the later one
        assert 0 <= window.moving[0] * 20 - (window.start + window.end) / 2 <= 0.1 + 1e-9
    assert len(found) > 8


def test_the_finder_takes_windows_one_by_one() -> None:
    finder = EventFinder(CONFIG)
    for window in [replace(each, zone="bed") for each in windows(0.9, 0.9)]:
        assert finder.push(window) == []
        assert finder.open_since is None
        assert not finder.active
    assert finder.finish() == []
    assert finder.begun == 0
