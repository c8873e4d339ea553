"""The painted video: what stands on it when, and that browsers play it.

In: results made by hand and small videos. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from results import make_result
from slipdetect.detection import Event, EventConfig, Window
from slipdetect.errors import VideoError
from slipdetect.reports.overlay import Overlay, OverlayPainter, draw_zones, zone_color
from slipdetect.types import Sighting, Zone, Zones
from slipdetect.video import open_video, show
from synth import make_video

EVENTS = EventConfig(onset=0.75, offset=0.3)
WINDOWS = (Window(0.0, 1.0, 0.2), Window(1.0, 2.0, 0.8))  # middles at 0.5 and 1.5 s
ORANGE = (255, 145, 71)
GRAY = np.full((240, 320, 3), 90, np.uint8)


def painter(*events: Event) -> OverlayPainter:
    return OverlayPainter(make_result("a.mp4", *events, windows=WINDOWS), EVENTS)


def share(image: np.ndarray, color: tuple[int, int, int]) -> float:
    return float((np.abs(image.astype(int) - color).sum(axis=2) < 12).mean())


@pytest.mark.parametrize(
    ("time", "probability"), [(0.0, 0.2), (0.5, 0.2), (1.0, 0.5), (1.25, 0.65), (9.0, 0.8)]
)
def test_probability_runs_straight_between_the_middles_of_windows(
    time: float, probability: float
) -> None:
    assert painter().probability_at(time) == pytest.approx(probability)
    assert OverlayPainter(make_result(windows=()), EVENTS).probability_at(time) == 0.0


def test_the_banner_stands_from_start_to_end() -> None:
    event = Event(1.0, 2.0, 1.5, 0.9)
    paint = painter(event).paint
    for time, inside in ((0.99, False), (1.0, True), (2.0, True), (2.01, False)):
        picture = paint(GRAY, time)[:240]
        assert (share(picture, ORANGE) > 0.03) is inside
        assert (picture[120, 160] == 90).all()  # the middle stays free
    assert (paint(GRAY, 0.5)[:240] == 90).all()


def test_an_hour_is_told_as_one_just_before_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def write(image: np.ndarray, text: str, *_: object) -> int:
        written.append(text)
        return 0

    monkeypatch.setattr("slipdetect.reports.overlay._write", write)
    for time in (3599.4, 3599.9996, 3600.0):
        painter().paint(GRAY, time)
    assert written[::2] == ["59:59.4", "01:00:00", "01:00:00"]


def test_the_bar_is_as_long_as_the_probability() -> None:
    blue = (86, 180, 233)
    strips = [painter().paint(GRAY, time)[240:] for time in (0.5, 1.0, 1.5)]
    lengths = [
        int((np.abs(strip[strip.shape[0] // 2].astype(int) - blue).sum(axis=1) < 12).sum())
        for strip in strips
    ]
    # 0.2, 0.5 and 0.8 of one length; the last has the mark at 0.75 within
    assert lengths[1] / lengths[0] == pytest.approx(2.5, rel=0.1)
    assert lengths[2] / lengths[0] == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("size", [(360, 640), (720, 1280), (320, 240), (1280, 720)])
@pytest.mark.parametrize("time", [1.5, 3725.4])
def test_upright_videos_have_a_bar_too(size: tuple[int, int], time: float) -> None:
    """Letters are sized by the shorter side, so that beside them a narrow picture has room."""
    width, height = size
    strip = painter().paint(np.full((height, width, 3), 90, np.uint8), time)[height:]
    row = strip[strip.shape[0] // 2].astype(int)
    # bar and track fill what the time and the number leave: a fifth of the width at least
    lit = np.abs(row - (86, 180, 233)).sum(axis=1) < 12
    assert lit.sum() > 0.8 * 0.2 * width


@pytest.mark.parametrize("size", [(16, 16), (64, 48), (90, 160), (3840, 2160)])
def test_any_size_is_painted(size: tuple[int, int]) -> None:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    painted = painter(Event(0.0, 2.0, 1.0, 0.9, label="<slip> -->\n\u2603" * 20)).paint(
        picture, 1.0
    )
    assert painted.shape[1] == size[0]
    assert (painted.shape[0] - size[1]) % 2 == 0


def test_frames_keep_their_times_and_browsers_play_it(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.2, 0.24, 0.9, 1.0]
    make_video(tmp_path / "a.mp4", count=6, times=times, size=(64, 48))
    result = make_result(str(tmp_path / "a.mp4"), Event(0.2, 0.5, 0.3, 0.9), windows=WINDOWS)
    overlay = Overlay(result, EVENTS, tmp_path / "o.mp4")
    show(result.source, [overlay])
    assert overlay.error is None
    data = (tmp_path / "o.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays while it loads
    with av.open(str(tmp_path / "o.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    with open_video(tmp_path / "o.mp4") as video:
        assert [frame.time for frame in video.frames()] == pytest.approx(times, abs=1e-3)


def test_a_video_that_vanished_leaves_nothing(tmp_path: Path) -> None:
    result = make_result(str(tmp_path / "a.mp4"))
    overlay = Overlay(result, EVENTS, tmp_path / "o.mp4")
    show(result.source, [overlay])
    assert isinstance(overlay.error, VideoError)
    assert "was not found" in str(overlay.error)
    assert list(tmp_path.iterdir()) == []


def test_the_events_person_has_a_box_while_it_lasts_and_nobody_else() -> None:
    def seen(start: float, left: float) -> Window:
        people = (
            Sighting(3, (left, 0.5, left + 0.25, 0.75), "down"),
            Sighting(4, (0.0, 0.9, 0.1, 1.0), "up"),
        )
        return Window(start, start + 1.0, 0.9, people=people, person=3)

    windows = (seen(0.5, 0.25), Window(1.0, 2.0, 0.9), seen(1.5, 0.5))  # middles 1, 1.5 and 2 s
    event = Event(0.9, 2.1, 1.5, 0.9, track=3, box=(0.25, 0.5, 0.5, 0.75))
    made = OverlayPainter(make_result("a.mp4", event, windows=windows), EVENTS)
    # in the middle between the two windows in which somebody was looked at
    assert made.box_at(event, 1.5) == pytest.approx((0.375, 0.5, 0.625, 0.75))
    assert made.box_at(event, 2.2) == pytest.approx((0.5, 0.5, 0.75, 0.75))
    assert made.box_at(event, 2.4) is None
    picture = made.paint(GRAY, 1.5)[:240]
    left, top = round(0.375 * 319), round(0.5 * 239)
    assert (picture[top, left : left + 40] == ORANGE).all()
    assert (picture[top : top + 30, left] == ORANGE).all()
    assert (picture[top + 20, left + 20] == 90).all()
    assert (picture[225, 16] == 90).all()  # where the other person is
    assert (GRAY == 90).all()
    outside = made.paint(GRAY, 0.5)[:240]
    assert (outside == 90).all()


BED = Zone("b\u00e9d \u5e8a", ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
FLOOR = Zone("f", ((0.0, 0.8), (1.0, 0.8), (1.0, 1.0), (0.0, 1.0)), include=True)


@pytest.mark.parametrize("names", [True, False])
def test_zones_are_thin_outlines_with_their_names(names: bool) -> None:
    picture = GRAY.copy()
    draw_zones(picture, Zones((BED, FLOOR)), names=names)
    drawn = np.abs(picture.astype(int) - 90).max(axis=2) > 20
    purple = np.array(list(bytes.fromhex(zone_color(BED)[1:])))
    green = np.array(list(bytes.fromhex(zone_color(FLOOR)[1:])))
    assert (purple != green).any()
    # 0.25 of 239 rows and 319 columns; one row up or down, not more
    assert np.abs(picture[60, 100].astype(int) - purple).max() < 25
    assert np.abs(picture[100, 80].astype(int) - purple).max() < 25
    assert np.abs(picture[191, 160].astype(int) - green).max() < 25
    assert drawn[60, 80:240].all()
    assert not drawn[57, 90:230].any()
    assert not drawn[63, 90:230].any()
    assert not drawn[:57].any()
    assert drawn[110:130, 140:180].any() == names  # in the middle of the zone


def test_a_name_stays_in_the_picture() -> None:
    for corner in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)):
        x, y = corner
        near = ((x, y), (abs(x - 0.05), y), (x, abs(y - 0.05)))
        picture = GRAY.copy()
        draw_zones(picture, Zones((Zone("a long name of a zone", near),)))
        drawn = np.abs(picture.astype(int) - 90).max(axis=2) > 20
        # all of the name: a tag is far wider than the zone
        rows, columns = np.nonzero(drawn)
        assert columns.max() - columns.min() > 100
        assert rows.max() - rows.min() < 30


def test_the_bar_is_gray_where_a_zone_leaves_the_window_out() -> None:
    windows = (WINDOWS[0], replace(WINDOWS[1], zone="bed"))
    result = make_result("a.mp4", windows=windows, zones=Zones((BED,)))
    paint = OverlayPainter(result, EVENTS).paint
    blue, gray = (86, 180, 233), (150, 154, 160)
    for time, color in ((0.5, blue), (0.9, blue), (1.1, gray), (1.5, gray)):
        other = gray if color == blue else blue
        assert share(paint(GRAY, time)[240:], color) > 0.02
        assert share(paint(GRAY, time)[240:], other) < 0.005
