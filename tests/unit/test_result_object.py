"""What a result can do by itself: count, print, JSON, a table of pandas, HTML for notebooks.

In: results made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import jsonschema
import pytest

from results import FALL, LOOKED_AT, WITH_PERSON, make_result
from slipdetect.errors import LibraryError, UsageError
from slipdetect.reports.formats import detect_schema, json_report
from slipdetect.types import Event, EventConfig, Sighting, Window
from slipdetect.video import DecodeReport

NOTHING = pytest.approx(float("nan"), nan_ok=True)
LATER = Event(6.0, 6.5, 6.25, 0.71, interrupted=True)


def test_its_repr_is_a_line() -> None:
    result = make_result("kitchen.mp4", FALL)
    assert repr(result) == f"<DetectionResult of 'kitchen.mp4': {result.headline}>"


def test_it_is_a_collection_of_its_events() -> None:
    result = make_result("a.mp4", FALL, LATER)
    assert list(result) == [FALL, LATER]
    assert len(result) == 2
    assert FALL in result


def test_one_without_events_is_empty_and_yet_true() -> None:
    """What ``result or default`` and ``if result`` ask is whether there is a result."""
    nothing = make_result()
    assert (len(nothing), list(nothing), bool(nothing)) == (0, [], True)
    assert (nothing or None) is nothing


def test_events_are_found_anew_from_the_windows() -> None:
    """Windows a second long: 0.9 at 2 s to 3 s, 0.5 at 5 s to 6 s."""
    probabilities = [0.1, 0.1, 0.9, 0.1, 0.1, 0.5, 0.1, 0.1]
    windows = tuple(Window(float(t), t + 1.0, p) for t, p in enumerate(probabilities))
    config = EventConfig(0.8, 0.6, min_duration_off=0.2, pad_onset=0.25)
    first = Event(1.75, 3.0, 2.5, 0.9, "fall")
    result = make_result("a", first, windows=windows, event_config=config, label="fall")
    assert result.at() == result
    # a lone lower onset lowers the offset; the other settings stay
    lower = result.at(onset=0.4)
    assert lower.event_config == EventConfig(0.4, 0.4, min_duration_off=0.2, pad_onset=0.25)
    assert lower.events == (first, Event(4.75, 6.0, 5.5, 0.5, "fall"))
    assert lower.windows == result.windows
    assert result.events == (first,)
    joined = lower.at(min_duration_off=2.5, pad_onset=0.0, pad_offset=0.5)
    assert joined.events == (Event(2.0, 6.5, 2.5, 0.9, "fall"),)
    assert lower.at(min_duration_on=1.5).events == ()
    assert lower.at(onset=0.8, offset=0.6) == result
    with pytest.raises(UsageError, match="onset must be"):
        result.at(onset=1.5)


def test_it_prints_as_a_line_on_the_source_and_one_for_each_event() -> None:
    assert str(make_result("a\n.mp4", FALL, LATER)).splitlines() == [
        r"a\n.mp4: 9.9 s, 2 events",
        "  00:00:03.200 to 00:00:04.900  slip 0.97",
        "  00:00:06.000 to 00:00:06.500  slip 0.71",
    ]
    # the second window, from 0.2 s to 1.7 s, has 0.5
    odd = make_result("rtsp://me:pw@cam/1", report=DecodeReport(9, 2, True), padded=True)
    assert str(odd) == (
        "rtsp://cam/...: 9.9 s, truncated, damaged, short, no event, "
        "highest probability 0.50 at 00:00:00.950"
    )
    assert str(make_result(windows=())) == "kitchen.mp4: 9.9 s, no event"
    assert make_result("a", FALL).headline == "9.9 s, 1 event"


@pytest.mark.parametrize("windows", [False, True])
def test_its_json_is_that_of_the_command(windows: bool) -> None:
    result = make_result("a.mp4", FALL)
    text = result.to_json(windows=windows)
    assert text + "\n" == json_report(result, windows=windows)
    jsonschema.validate(json.loads(text), detect_schema())
    assert ("windows" in json.loads(text)) is windows


def test_its_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="JSON"):
        make_result("a.mp4", Event(float("nan"), 1.0, 1.0, 0.5)).to_json()


def test_without_pandas_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for windows in (False, True):
        with pytest.raises(LibraryError, match="pip install pandas"):
            make_result("a.mp4", FALL).to_dataframe(windows=windows)
    with pytest.raises(ImportError):
        make_result().to_dataframe()


def test_events_as_a_table() -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    table = make_result("rtsp://me:pw@cam", FALL, LATER).to_dataframe()
    assert table.to_dict("list") == {
        "source": ["rtsp://cam/..."] * 2,
        "start": [3.2, 6.0],
        "end": [4.9, 6.5],
        "peak": [4.1, 6.25],
        "score": [0.97, 0.71],
        "label": ["slip"] * 2,
        "interrupted": [False, True],
        "track": [None] * 2,
        **{name: [NOTHING] * 2 for name in ("left", "top", "right", "bottom")},
        **{name: [NOTHING] * 2 for name in ("down_for", "recovered_at")},
        "file": [None, None],
        "file_start": [pytest.approx(float("nan"), nan_ok=True)] * 2,
        "time_of_day": [None, None],
    }


def test_a_table_says_who_fell_where_and_what_followed() -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    (row,) = make_result("a.mp4", WITH_PERSON).to_dataframe().to_dict("records")
    assert [row[name] for name in ("track", "left", "top", "right", "bottom")] == [
        *(3, 0.1, 0.2, 0.3, 0.9)
    ]
    assert (row["down_for"], row["recovered_at"]) == (4.0, 10.0)
    (row,) = make_result(windows=(LOOKED_AT,)).to_dataframe(windows=True).to_dict("records")
    assert row["person"] == 3


def test_windows_as_a_table() -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    windows = (
        Window(0.0, 1.5, 0.25, {"rgb": 0.2, "flow": 0.3}),
        Window(0.2, 1.7, 0.5, {"rgb": 0.6, "flow": 0.4}, corrupt=True, zone="bed"),
    )
    result = make_result(windows=windows, weights={"rgb": "a", "flow": "b"})
    assert result.to_dataframe(windows=True).to_dict("list") == {
        "source": ["kitchen.mp4"] * 2,
        "start": [0.0, 0.2],
        "end": [1.5, 1.7],
        "probability": [0.25, 0.5],
        "probability_rgb": [0.2, 0.6],
        "probability_flow": [0.3, 0.4],
        "person": [None] * 2,
        "corrupt": [False, True],
        "zone": [None, "bed"],
    }


def test_an_empty_table_has_columns_of_the_same_types() -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    empty, full = make_result(), make_result("a", FALL)
    assert empty.to_dataframe().dtypes.to_dict() == full.to_dataframe().dtypes.to_dict()
    none = make_result(windows=()).to_dataframe(windows=True)
    assert none.dtypes.to_dict() == full.to_dataframe(windows=True).dtypes.to_dict()


class Elements(HTMLParser):
    """Which elements open, with their attributes, and that all of them close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data.strip("\n")

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def curve(page: Elements) -> list[tuple[float, float]]:
    """Return the points of the curve, whose group stands 6 px below the top."""
    assert page.named("g") == [{"transform": "translate(0 6)"}]
    (line,) = [each for each in page.named("path") if each.get("fill") == "none"]
    pairs = (pair.split() for pair in (line["d"] or "").removeprefix("M").split("L"))
    return [(float(x), float(y) + 6) for x, y in pairs]


def test_html_has_the_curve_and_the_events_where_they_are() -> None:
    windows = (Window(0.0, 2.0, 0.0), Window(4.0, 6.0, 1.0), Window(8.0, 10.0, 0.5))
    result = make_result("a.mp4", Event(2.5, 5.0, 4.0, 0.9), duration=10.0, windows=windows)
    page = Elements(result._repr_html_())
    assert page.open == []
    # 64 px a second; probability 0 is at 74 px, 1 at 6 px
    assert curve(page) == [(64.0, 74.0), (320.0, 6.0), (576.0, 40.0)]
    (box,) = page.named("rect")
    assert (box["x"], box["width"]) == ("160.0", "160.0")
    assert "a.mp4: 10.0 s, 1 event" in page.text
    assert "00:00:02.50000:00:05.00000:00:04.0000.90slip" in page.text
    assert "0:000:020:040:060:080:10" in page.text


def test_html_is_escaped_and_needs_nothing_from_outside() -> None:
    evil = Event(1.0, 2.0, 1.5, 0.9, label='</title><script>alert("1")</script>')
    page = Elements(make_result('<img src="x">&.mp4', evil)._repr_html_())
    names = {name for name, _ in page.found}
    assert not names & {"script", "img", "link", "style", "foreignObject"}
    assert '<img src="x">&.mp4' in page.text
    for _, attributes in page.found:
        assert not {"href", "src", "onclick", "onload"} & set(attributes)


def test_html_stays_small_however_long_the_video_is() -> None:
    windows = tuple(Window(t, t + 2.0, (t % 7) / 7) for t in range(20_000))
    events = [Event(100.0 * i, 100.0 * i + 1, 100.0 * i, 0.9) for i in range(150)]
    result = make_result("a.mp4", *events, duration=20_001.0, windows=windows)
    html = result._repr_html_()
    assert len(html) < 80_000
    page = Elements(html)
    points = curve(page)
    assert len(points) <= 4 * 600
    # the highest of every place is kept: 6/7 of the way from 74 up to 6
    top = round(68 - 68 * 6 / 7, 1) + 6
    reached = [x for x, y in points if y == top]
    assert max(b - a for a, b in pairwise([0.0, *reached, 640.0])) < 3
    assert len(page.named("tr")) == 1 + 20
    assert "and 130 more" in page.text
    assert len(page.named("rect")) == 150


def test_html_of_nothing() -> None:
    page = Elements(make_result(windows=(), duration=0.0)._repr_html_())
    assert page.open == []
    assert page.named("table") == []
    assert "no event" in page.text


def test_html_of_a_single_window_is_a_dot() -> None:
    result = make_result(windows=(Window(0.0, 1.0, 0.5),), duration=1.0)
    assert curve(Elements(result._repr_html_())) == [(320.0, 40.0)] * 2


def test_a_result_from_above_says_so_and_knows_nobody_who_gets_up() -> None:
    weights = {"rgb": "ab" * 32, "pose": "cd" * 32}
    result = make_result("a", FALL, view="above", weights=weights)
    assert result.headline == "9.9 s, seen from above, 1 event"
    with pytest.raises(UsageError, match="from above nobody is seen to get up"):
        result.at(confirm_down=5)
    # whom the window of a lower onset speaks of may not have been seen at its center
    unseen = Window(1.0, 3.4, 0.6, people=(), person=3)
    later = Window(2.0, 4.4, 0.1, people=(Sighting(3, (0.1, 0.1, 0.2, 0.2), None),), person=3)
    found = replace(result, windows=(unseen, later)).at(onset=0.5)
    assert [(event.down_for, event.recovered_at) for event in found] == [(None, None)]


def test_names_of_files_in_a_table_can_be_written() -> None:
    pytest.importorskip("pandas")
    event = replace(FALL, file="caf\udce9.mp4", file_start=1.0)
    table = make_result(events=(event,)).to_dataframe()
    assert table["file"].tolist() == ["caf\\xe9.mp4"]
    assert table.to_csv().encode()
