"""Reports: every field by hand, rounding, alignment, and no number that is not one.

In: results made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from results import FALL, LOOKED_AT, WITH_PERSON, make_result
from slipdetect._text import clock, columns, shorten, timecode
from slipdetect.detection import Event, Window
from slipdetect.reports.formats import csv_report, json_report, vtt_report
from slipdetect.reports.table import SummaryTable, event_table
from slipdetect.video import DecodeReport


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "00:00:00.000"),
        (59.9996, "00:01:00.000"),
        (3661.25, "01:01:01.250"),
        (360_000.0, "100:00:00.000"),
    ],
)
def test_timecode(seconds: float, text: str) -> None:
    assert timecode(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3599.6, "1:00:00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_json_has_exactly_the_agreed_keys() -> None:
    report = DecodeReport(300, 2, True, ["damaged: x"])
    data = json.loads(json_report(make_result("k.mp4", FALL, report=report), windows=True))
    assert data == {
        "version": 2,
        "source": {
            "name": "k.mp4",
            "duration": 9.9,
            "start_offset": 0.0,
            "zero_stamp": 0.0,
            "started": None,
            "gaps": [],
            "joins": [],
            "fps_nominal": 29.97,
            "width": 640,
            "height": 480,
            "frames_read": 300,
            "decode_failures": 2,
            "packets_without_picture": 0,
            "truncated": True,
            "padded": False,
            "warnings": ["damaged: x"],
        },
        "model": {"name": "tiny", "weights_sha256": {"rgb": "ab" * 32}, "modalities": ["rgb"]},
        "events": [{"start": 3.2, "end": 4.9, "peak": 4.1, "score": 0.97, "label": "slip"}],
        "windows": [
            {"start": 0.0, "end": 1.5, "probability": 0.25, "streams": {"rgb": 0.25}},
            {"start": 0.2, "end": 1.7, "probability": 0.5, "streams": {"rgb": 0.5}},
        ],
    }


def test_json_without_windows_and_rounded() -> None:
    text = json_report(make_result("k.mp4", Event(1 / 3, 2 / 3, -0.0, 0.1234567)))
    assert '"start": 0.333333, "end": 0.666667, "peak": 0.0, "score": 0.123457' in text
    assert "windows" not in json.loads(text)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_json_refuses_what_is_no_number(bad: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_report(make_result("k.mp4", replace(FALL, score=bad)))


def test_csv_rows() -> None:
    assert csv_report([make_result("a,b.mp4", FALL), make_result("none.mp4")]) == (
        "source,id,start_s,end_s,start_timecode,end_timecode,duration_s,score,label,"
        "track,left,top,right,bottom,down_for_s,recovered_at_s,file,file_start_s,time_of_day\n"
        '"a,b.mp4",1,3.2,4.9,00:00:03.200,00:00:04.900,1.7,0.97,slip,,,,,,,,,,\n'
    )


def test_every_format_says_who_fell_where_and_what_followed() -> None:
    result = make_result("k.mp4", FALL, WITH_PERSON, windows=(LOOKED_AT,))
    data = json.loads(json_report(result, windows=True))
    assert list(data["events"][0]) == ["start", "end", "peak", "score", "label"]
    assert list(data["events"][1].items())[5:] == [
        ("track", 3),
        ("box", [0.1, 0.2, 0.3, 0.9]),
        ("down_for", 4.0),
        ("recovered_at", 10.0),
    ]
    (window,) = data["windows"]
    assert window["people"] == [{"track": 3, "box": [0.1, 0.2, 0.3, 0.9], "state": "down"}]
    assert window["person"] == 3
    last = csv_report([result]).splitlines()[-1]
    assert last.endswith(",slip,3,0.1,0.2,0.3,0.9,4,10,,,")
    assert "slip 0.90, down for 4.0 s, up again at 00:00:10.000" in vtt_report(result)
    assert "slip 0.90, down for 4.0 s, up again at 00:00:10.000" in str(result)
    lines = event_table(result).splitlines()
    assert lines[2].split()[-6:] == ["person", "down", "for", "up", "again", "at"]
    assert lines[3].split()[-1] == "slip"
    assert lines[4].split()[-5:] == ["slip", "3", "4.0", "s", "00:00:10.000"]
    lying = make_result("k.mp4", replace(WITH_PERSON, recovered_at=None))
    assert "down for at least 4.0 s" in str(lying)
    assert event_table(lying).splitlines()[2].split()[-3:] == ["person", "down", "for"]


def test_windows_in_which_nobody_was_looked_at_have_an_empty_cell() -> None:
    windows = (
        Window(0.0, 1.0, 0.1, {"rgb": 0.1}),
        Window(0.5, 1.5, 0.2, {"rgb": 0.2, "pose": 0.75}),
    )
    text = event_table(make_result("k.mp4", windows=windows), windows=True)
    head, first, second = text.splitlines()[-3:]
    assert head.split()[-2:] == ["rgb", "pose"]
    assert first.split()[2:] == ["0.100", "0.100"]
    assert second.split()[2:] == ["0.200", "0.200", "0.750"]


def test_table_of_one_source() -> None:
    lines = event_table(make_result("k.mp4", FALL)).splitlines()
    assert lines[0] == "k.mp4: 9.9 s, 1 event"
    times = ["00:00:03.200", "00:00:04.900", "00:00:04.100"]
    assert lines[3].split() == ["1", *times, "1.7", "s", "0.97", "slip"]
    assert lines[2].index("start") == lines[3].index("00:00:03.200")


def test_table_says_when_nothing_was_found_and_how_near_it_came() -> None:
    text = event_table(make_result("k.mp4", padded=True))
    assert text == "k.mp4: 9.9 s, short, no event, highest probability 0.50 at 00:00:00.950\n"


def test_table_lists_windows_and_their_streams() -> None:
    windows = (Window(0.0, 1.5, 0.25, {"rgb": 0.125, "flow": 0.5}, corrupt=True),)
    text = event_table(make_result("k.mp4", windows=windows), windows=True)
    assert text.splitlines()[-1].split()[2:] == ["0.250", "0.125", "0.500", "damaged"]


@pytest.mark.parametrize("width", [80, 120, None])
def test_summary_rows_are_aligned_and_fit(width: int | None) -> None:
    names = ["a.mp4", "very/long/" * 12 + "name.mp4", "日本語.mp4"]
    table = SummaryTable(names, width)
    rows = [table.header(), *(table.row(make_result(name, FALL)) for name in names)]
    rows.append(table.failure(names[0]))
    assert len({columns(row.split("events")[0]) for row in rows[:1]}) == 1
    starts = {columns(row[: row.index("00:00:03.200")]) for row in rows[1:4]}
    assert starts == {columns(rows[0][: rows[0].index("times")])}
    assert all(row.endswith("\n") and row.count("\n") == 1 for row in rows)
    if width is not None:
        assert max(columns(row.rstrip()) for row in rows) <= width
        assert "name.mp4" in rows[2]


def test_summary_marks_what_is_less_than_sure() -> None:
    report = DecodeReport(5, 3, True, [])
    row = SummaryTable(["a.mp4"], 120).row(make_result("a.mp4", report=report, padded=True))
    assert "no slip found (truncated, damaged, short)" in row
    above = SummaryTable(["a.mp4"], 120).row(make_result("a.mp4", view="above"))
    assert "no slip found (seen from above)" in above


@pytest.mark.parametrize("width", [16, 20, 40])
@pytest.mark.parametrize("text", ["x" * 60, "a/" * 30 + "b.mp4", "台" * 40, "f/" + "y" * 50])
def test_shorten_never_exceeds_its_width(text: str, width: int) -> None:
    short = shorten(text, width)
    assert columns(short) <= width
    assert short[-1] == text[-1]
    assert "..." in short
