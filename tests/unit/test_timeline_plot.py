"""The timeline shows every window, event and threshold where it is, at any length.

In: results made by hand. Out: figures and a PNG.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from results import FALL, make_result
from slipdetect.detection import Event, EventConfig, Window
from slipdetect.reports.timeline_plot import draw_timeline, timeline_figure
from slipdetect.types.timeline import tick_text, time_step
from slipdetect.video import DecodeReport

EVENTS = EventConfig(onset=0.6, offset=0.25)


def two_streams(count: int, stride: float = 0.2) -> tuple[Window, ...]:
    found = []
    for index in range(count):
        fused = index % 10 / 10
        streams = {"rgb": 1 - fused, "flow": fused / 2}
        found.append(Window(index * stride, index * stride + 1.0, fused, streams))
    return tuple(found)


def spans(axes) -> list[tuple[float, float]]:
    """Return start and end of what is shaded."""
    found = []
    for shape in axes.collections[0].get_paths():
        edges = [x for x, _ in shape.vertices]
        found.append((min(edges), max(edges)))
    return found


def test_curves_events_and_thresholds() -> None:
    windows = two_streams(40)
    last = Event(7.0, 8.5, 7.5, 0.4)
    figure = timeline_figure(make_result("a.mp4", FALL, last, windows=windows), EVENTS)
    fused, rgb, flow = figure.axes
    curves = {
        fused: [window.probability for window in windows],
        rgb: [window.streams["rgb"] for window in windows],
        flow: [window.streams["flow"] for window in windows],
    }
    for axes, values in curves.items():
        line = axes.lines[0]
        assert list(line.get_xdata()) == pytest.approx([w.start + 0.5 for w in windows])
        assert list(line.get_ydata()) == pytest.approx(values)
        assert spans(axes) == [pytest.approx((3.2, 4.9)), pytest.approx((7.0, 8.5))]
        assert axes.get_xlim() == (0, 9.9)
    assert [line.get_ydata()[0] for line in fused.lines[1:3]] == [0.6, 0.25]
    assert list(fused.lines[3].get_xdata()) == pytest.approx([4.05, 7.75])
    assert {text.get_text() for text in fused.texts} == {
        *("onset 0.6", "offset 0.25"),
        *("0.97", "0.40"),
    }
    assert [axes.get_ylabel() for axes in figure.axes[1:]] == ["rgb\nalone", "flow\nalone"]
    assert fused.get_title("left") == "a.mp4: 2 events, model tiny"


def test_hours_keep_their_highest_and_lowest_windows() -> None:
    windows = list(two_streams(36_000))
    windows[17_777] = Window(3555.4, 3556.4, 0.99, {"rgb": 1.0, "flow": 0.0})
    figure = timeline_figure(make_result("a.mp4", windows=tuple(windows), duration=7200.0), EVENTS)
    line = figure.axes[0].lines[0]
    assert len(line.get_xdata()) == 1200
    assert max(line.get_ydata()) == 0.99
    near = line.get_xdata()[list(line.get_ydata()).index(0.99)]
    assert near == pytest.approx(3555.9, abs=3.0)  # the middle of 30 windows, 6 s
    assert min(figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]) == 0.0


def test_scores_that_would_overlap_are_left_out_but_all_events_shown() -> None:
    events = [Event(i * 1.0, i + 0.5, i + 0.2, 0.5) for i in range(1000)]
    figure = timeline_figure(make_result("a.mp4", *events, duration=1000.0), EVENTS)
    assert len(spans(figure.axes[0])) == 1000
    scores = [text for text in figure.axes[0].texts if text.get_text() == "0.50"]
    assert 20 <= len(scores) <= 34


@pytest.mark.parametrize(
    ("duration", "texts"),
    [
        (0.0, ["0:00.00", "0:00.02", "0:00.04", "0:00.06", "0:00.08", "0:00.10"]),
        (2.0, ["0:00.0", "0:00.5", "0:01.0", "0:01.5", "0:02.0"]),
        (5.0, ["0:00", "0:01", "0:02", "0:03", "0:04", "0:05"]),
        (45.0, ["0:00", "0:05", "0:10", "0:15", "0:20", "0:25", "0:30", "0:35", "0:40", "0:45"]),
        (600.0, [f"{minutes}:00" for minutes in range(11)]),
        (7200.0, [f"{m // 60}:{m % 60:02}:00" for m in range(0, 121, 10)]),
    ],
)
def test_ticks_are_round_times(duration: float, texts: list[str]) -> None:
    figure = timeline_figure(make_result("a.mp4", windows=(), duration=duration), EVENTS)
    axis = figure.axes[-1].xaxis
    low, high = figure.axes[-1].get_xlim()
    shown = [x for x in axis.get_majorticklocs() if low - 1e-9 <= x <= high + 1e-9]
    assert axis.get_major_formatter().format_ticks(shown) == texts


@pytest.mark.parametrize("duration", [0.1 * 1.37**power for power in range(60)])
def test_there_are_neither_too_few_ticks_nor_too_many(duration: float) -> None:
    step = time_step(duration)
    assert 3 <= duration / step <= 12 or duration < 1
    last = int(duration / step)
    texts = [tick_text(index * step, step, duration) for index in range(last + 1)]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "result",
    [
        make_result("a.mp4", windows=()),
        make_result("a.mp4", Event(0, 0, 0, 0.9), windows=two_streams(1), duration=0.0),
        make_result("$\\bad$ \u53f0\n<x>.mp4", FALL, report=DecodeReport(9, 2, True)),
    ],
    ids=["no-window", "one-frame", "hostile-name"],
)
def test_R06_odd_results_are_drawn_without_a_word(tmp_path: Path, result) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_timeline(result, tmp_path / "x.png", EVENTS)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_odd_is_in_the_title() -> None:
    result = make_result("rtsp://u:secret@h", report=DecodeReport(9, 2, True), padded=True)
    title = timeline_figure(result, EVENTS).axes[0].get_title("left")
    assert title == "rtsp://h/...: no event, model tiny, truncated, damaged, short"


@pytest.mark.parametrize("count", [4, 36_000])
def test_a_stream_has_gaps_where_windows_lack_it(count: int) -> None:
    windows = [
        Window(k / 5, k / 5 + 1, 0.5, {"rgb": 0.1, **({"pose": 0.8} if k % 4 == 1 else {})})
        for k in range(count)
    ]
    windows[count // 2] = Window(windows[count // 2].start, windows[count // 2].end, 0.5, {})
    result = make_result("a.mp4", windows=tuple(windows), duration=count / 5 + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = timeline_figure(result, EVENTS)
    _, rgb, pose = figure.axes
    assert [axes.get_ylabel() for axes in (rgb, pose)] == ["rgb\nalone", "pose\nalone"]
    (line,) = pose.lines
    drawn = line.get_ydata()
    if count == 4:
        assert [k for k, value in enumerate(drawn) if value == value] == [1]
    # of the windows that share a pixel those that have the stream count
    assert {value for value in drawn if value == value} == {0.8}
