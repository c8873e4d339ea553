"""The HTML report: what is escaped, sorted, drawn and kept small.

In: results made by hand. Out: assertions about the text of the page.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import FALL, LOOKED_AT, WITH_PERSON, make_result
from slipdetect.detection import Event, EventConfig, Window
from slipdetect.reports.page import (
    About,
    ZonesPicture,
    event_pictures,
    failed_section,
    html_page,
    plays_in_browsers,
    video_section,
)
from slipdetect.types import Zone, Zones
from slipdetect.types.timeline import axis_length, curve_path, ticks
from slipdetect.video import VideoInfo, show
from synth import make_video

EVENTS = EventConfig(onset=0.7, offset=0.3)
ABOUT = About("tiny", {"rgb": "ab" * 32}, EVENTS, "# Card", "0.1", "2026-01-01T00:00:00", "/videos")
NASTY = "\"><script>alert(1)</script>\n\u202etxt & 'x'.mp4"


def points(path: str) -> list[tuple[float, float]]:
    pairs = (pair.split() for pair in path[1:].split("L")) if path else ()
    return [(float(x), float(y)) for x, y in pairs]


def windows_at(*middles: float) -> list[Window]:
    return [Window(middle, middle, 0.0) for middle in middles]


def test_a_curve_by_hand() -> None:
    # 10 s are 1000 units, a probability of 1 is at the top
    assert points(curve_path(windows_at(0.0, 5.0, 10.0), [0.0, 1.0, 0.25], 10.0)) == [
        (0.0, 100.0),
        (500.0, 0.0),
        (1000.0, 75.0),
    ]
    assert curve_path([], [], axis_length(0.0, [])) == ""


def test_a_curve_has_gaps_where_there_is_no_value() -> None:
    values = [None, 0.5, 1.0, None, None, 0.0, None]
    path = curve_path(windows_at(*range(7)), values, 10.0)
    assert path == "M100.0 50.0L200.0 0.0M500.0 100.0L500.0 100.0"
    assert curve_path(windows_at(1.0, 2.0), [None, None], 10.0) == ""


def test_a_long_curve_with_gaps_loses_no_peak() -> None:
    # of 9000 windows every third thousand has no value, and each of the others a peak
    values: list[float | None] = [0.1] * 9000
    for first in (2000, 5000, 8000):
        values[first : first + 1000] = [None] * 1000
    for peak in (777, 4321, 7000):
        values[peak] = 0.9
    path = curve_path(windows_at(*range(9000)), values, 9000.0)
    runs = [points(part) for part in path.split("M")[1:]]
    assert len(runs) == 3
    assert [max(1 - y / 100 for _, y in run) for run in runs] == pytest.approx([0.9] * 3)
    assert sum(len(run) for run in runs) <= 4 * 600


def test_what_followed_stands_beside_the_event() -> None:
    result = make_result("k.mp4", FALL, WITH_PERSON, windows=(LOOKED_AT,))
    html = video_section(result, EventConfig(), {}, "", "").html
    assert html.count("down for") == 1
    assert "seen from above" not in html
    assert "down for 4.0 s, up again at 00:00:10.000" in html


def test_a_video_from_above_says_so() -> None:
    result = make_result("k.mp4", FALL, view="above")
    html = video_section(result, EventConfig(), {}, "", "").html
    assert "640 x 480 · seen from above · surest moment" in html


def test_a_modality_that_some_windows_lack_is_drawn_where_it_is() -> None:
    windows = (
        Window(0.0, 1.0, 0.1, {"rgb": 0.1}),
        Window(1.0, 2.0, 0.2, {"rgb": 0.2, "pose": 0.75}),
        Window(2.0, 3.0, 0.2, {"rgb": 0.2}),
    )
    result = make_result("k.mp4", windows=windows, duration=10.0)
    html = video_section(result, EventConfig(), {}, "", "").html
    assert "pose alone" in html
    assert 'd="M150.0 25.0L150.0 25.0"' in html


def test_a_single_window_is_a_dot() -> None:
    assert points(curve_path(windows_at(5.0), [0.5], 10.0)) == [(500.0, 50.0)] * 2


def test_ticks_are_shares_of_the_axis() -> None:
    assert ticks(9.9, 4) == [(pytest.approx(second / 9.9), f"0:{second:02}") for second in (0, 5)]
    assert [text for _, text in ticks(axis_length(0.0, []))] == [
        f"0:00.0{digit}" for digit in "02468"
    ] + ["0:00.10"]


@given(st.integers(1300, 5000), st.data())
def test_a_long_curve_loses_no_peak_and_stays_in_order(count: int, data: st.DataObject) -> None:
    peak = data.draw(st.integers(0, count - 1))
    values = [0.1] * count
    values[peak] = 0.9
    drawn = points(curve_path(windows_at(*range(count)), values, float(count)))
    assert len(drawn) <= 4 * 600
    assert min(y for _, y in drawn) == 10.0
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)


def test_names_are_shown_and_never_obeyed() -> None:
    """R01: nothing that a name holds becomes markup, and its direction marks are seen."""
    event = Event(1.0, 2.0, 1.5, 0.9, label=NASTY)
    result = make_result(NASTY, event)
    section = video_section(result, EVENTS, {}, "./a%22.mp4", NASTY)
    failed = failed_section(NASTY, f"no video: {NASTY}")
    page = html_page([section, failed], About(NASTY, {}, EVENTS, NASTY, "1", "now", NASTY))
    assert page.count("<script>") == 1  # its own
    assert "\u202e" not in page
    for name in ("path", "root"):  # the script gets it letter by letter
        given = re.search(rf"data-{name}='([^']*)'", page)
        assert given is not None
        assert json.loads(html.unescape(given[1])) == NASTY


def test_the_page_obeys_no_script_but_its_own() -> None:
    page = html_page([], ABOUT)
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    # nothing is loaded from anywhere
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)


def test_videos_come_by_their_strongest_event() -> None:
    quiet, quieter = (
        make_result(name, windows=(Window(0.0, 1.0, probability),))
        for name, probability in (("quiet.mp4", 0.6), ("quieter.mp4", 0.1))
    )
    weak, strong = make_result("weak.mp4", Event(1, 2, 1.5, 0.71)), make_result("strong.mp4", FALL)
    sections = [video_section(each, EVENTS, {}, "", "") for each in (quieter, weak, quiet, strong)]
    page = html_page([failed_section("broken.mp4", "cannot be read"), *sections], ABOUT)
    assert re.findall(r"<h2>(\w+)\.mp4</h2>", page) == [
        "strong",
        "weak",
        "quiet",
        "quieter",
        "broken",
    ]
    assert "<h1>2 events in 5 videos</h1>" in page
    assert "2 videos with a slip or fall, 2 without, 1 could not be read" in page


def test_events_at_both_ends_stay_on_the_timeline() -> None:
    result = make_result("a.mp4", Event(0.0, 1.0, 0.5, 0.9), Event(9.0, 9.9, 9.5, 0.8))
    marks = re.findall(
        r'class="mark" data-seek="([\d.]+)" style="left:([\d.]+)%;width:([\d.]+)%"',
        video_section(result, EVENTS, {}, "", "").html,
    )
    # the video lasts 9.9 s
    assert [tuple(map(float, mark)) for mark in marks] == [
        (0.0, 0.0, pytest.approx(100 / 9.9, abs=1e-3)),
        (9.0, pytest.approx(900 / 9.9, abs=1e-3), pytest.approx(90 / 9.9, abs=1e-3)),
    ]


def test_ten_thousand_events_and_a_hundred_videos_stay_a_page() -> None:
    """R02: what is many is no error; a video of an hour takes less than 60 kB."""
    many = make_result("m.mp4", *(Event(i, i + 0.5, i, 0.9) for i in range(10_000)))
    assert video_section(many, EVENTS, {}, "", "m.mp4").html.count('<li class="event"') == 10_000
    hour = tuple(Window(i / 5, i / 5 + 2.4, (i * 7919 % 1000) / 1000) for i in range(18_000))
    section = video_section(make_result("h.mp4", FALL, windows=hour), EVENTS, {}, "", "h.mp4")
    assert len(section.html) < 60_000
    assert len(html_page([section] * 100, ABOUT)) < 6_100_000


def test_a_video_without_windows_is_shown() -> None:
    assert "no slip found" in video_section(make_result(windows=()), EVENTS, {}, "", "").html


def test_pictures_are_of_the_surest_events(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", count=25)
    events = [Event(i / 10, i / 10 + 0.2, i / 10, 0.5 + i / 100) for i in range(6)]
    views = event_pictures(events, most=4)
    show(str(tmp_path / "a.mp4"), views)
    assert {view.event for view in views} == set(events[2:])
    assert all(view.jpeg is not None and view.jpeg.startswith(b"\xff\xd8") for view in views)
    assert event_pictures([]) == []


def test_the_picture_of_an_event_has_the_persons_box_and_other_views_do_not(
    tmp_path: Path,
) -> None:
    make_video(tmp_path / "a.mp4", [np.full((96, 128, 3), 60, np.uint8)] * 10)
    box = (0.25, 0.25, 0.75, 0.75)
    views = event_pictures([Event(0, 1, 0, 0.5, track=1, box=box), Event(0, 1, 0, 0.4)])
    show(str(tmp_path / "a.mp4"), views)
    boxed, plain = (
        cv2.imdecode(np.frombuffer(view.jpeg or b"", np.uint8), cv2.IMREAD_COLOR) for view in views
    )
    # blue, green, red: the edges are orange, the middle stays
    assert boxed[24, 64, 2] > 150 > boxed[24, 64, 0]
    assert boxed[48, 32, 2] > 150 > boxed[48, 32, 0]
    assert abs(boxed[48, 64].astype(int) - 60).max() < 20
    assert abs(plain.astype(int) - 60).max() < 20


@pytest.mark.parametrize(
    ("codec", "name", "plays"),
    [
        ("h264", "a.mp4", True),
        ("vp9", "a.WEBM", True),
        ("h264", "a.avi", False),
        ("mpeg4", "a.mp4", False),
    ],
)
def test_what_browsers_play(codec: str, name: str, plays: bool) -> None:
    assert plays_in_browsers(VideoInfo(name, 64, 48, 25.0, 1.0, codec, 0, 1)) is plays


def test_zones_are_shown_by_name_and_picture_and_what_they_leave_out(tmp_path: Path) -> None:
    bed = Zone(NASTY, ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)))
    windows = (Window(0.0, 1.0, 0.3), Window(1.0, 2.0, 0.9, zone=bed.name))
    result = make_result("a.mp4", windows=windows, zones=Zones((bed,)))
    make_video(tmp_path / "a.mp4", [np.full((96, 128, 3), 60, np.uint8)] * 10)
    picture = ZonesPicture(result)
    show(str(tmp_path / "a.mp4"), [picture])
    assert picture.jpeg is not None
    shown = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    height, width = shown.shape[:2]
    row = shown[round(0.1 * height), width // 2].astype(int)  # blue, green, red
    assert row[2] > row[1] + 20 > 80  # purple on gray
    section = video_section(result, EVENTS, {}, "", "", zones=picture.jpeg).html
    assert base64.b64encode(picture.jpeg).decode() in section
    assert "<script>" not in section
    assert "(left out)" in section
    assert 'class="leftout"' in section
    assert "surest moment 0.30" in section  # of what counts
    assert video_section(result, EVENTS, {}, "", "").score == pytest.approx(0.3 - 1)
    plain = video_section(make_result(), EVENTS, {}, "", "").html
    assert "leftout" not in plain
    assert "zones" not in plain
