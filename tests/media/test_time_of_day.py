"""When a recording began, told by its name, and when its events were, by the clock on the wall.

In: small videos under names with times. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from results import make_result
from slipdetect.errors import UsageError
from slipdetect.reports.formats import csv_report
from slipdetect.reports.page import video_section
from slipdetect.reports.table import event_table
from slipdetect.types import Event
from slipdetect.types.export import event_data
from slipdetect.video import Piece, open_video
from slipdetect.video.frame import Join
from slipdetect.video.named_time import name_pattern, time_in_name, time_of_day
from synth import make_video


@pytest.mark.parametrize(
    ("pattern", "path", "began"),
    [
        ("%Y%m%d-%H%M%S", "cam1-20261130-090507.mp4", "2026-11-30T09:05:07"),
        ("%Y-%m-%d_%H.%M", "2026-11-30_09.05.mp4", "2026-11-30T09:05:00"),
        ("%d%m%y%H%M%S", "CH01_301126090507_main.dav", "2026-11-30T09:05:07"),
        ("%Y-%m-%d/%H/%M.%S", "/rec/2026-11-30/09/05.07.mp4", "2026-11-30T09:05:07"),
        ("cam+%Y%m%d%H%M", "x/cam+202611300905.mp4", "2026-11-30T09:05:00"),
        ("%%%Y%m%d%H%M", "%202611300905.mp4", "2026-11-30T09:05:00"),
        ("_%s", "clip_1796029507.mp4", datetime.fromtimestamp(1796029507, UTC).isoformat()),
        # the last one that is a time
        ("%Y%m%d-%H%M%S", "/20250101-000000/20261130-090507/20261399-999999.ts", None),
        ("%Y%m%d-%H%M%S", "cam1.mp4", ""),
        ("%Y%m%d-%H%M%S", "20261340-090507.mp4", ""),
    ],
)
def test_names_tell_times(pattern: str, path: str, began: str | None) -> None:
    expected = "2026-11-30T09:05:07" if began is None else began.replace("+00:00", "Z") or None
    assert time_in_name(pattern, Path(path)) == expected


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("%Y%m%d", "lacks a part"),
        ("", "lacks a part"),
        ("%Y%m%d%H%M%q", "cannot have '%q'"),
        ("%Y%m%d%H%M%M", "cannot have '%M'"),
        ("%Y%m%d%H%M%", "cannot have '%'"),
        ("%Y%m%d%H%M%B", "cannot have '%B'"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        name_pattern(pattern)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("started", "seconds", "moment"),
    [
        ("2026-11-30T09:00:00", 65.4321, "2026-11-30T09:01:05.432"),
        ("2026-12-31T23:59:59.500Z", 0.5, "2027-01-01T00:00:00.000Z"),
        ("2026-11-30T09:00:00.000000Z", 1.0, "2026-11-30T09:00:01.000Z"),
        ("2026-11-30T09:00:00+02:00", 1.0, "2026-11-30T09:00:01.000+02:00"),
        ("yesterday", 1.0, None),
        (None, 1.0, None),
        ("9999-12-31T23:59:59", 1e9, None),
    ],
)
def test_seconds_are_added_in_the_zone_that_is_told(
    started: str | None, seconds: float, moment: str | None
) -> None:
    assert time_of_day(started, seconds) == moment


def test_a_recording_is_dated_by_its_name(tmp_path: Path) -> None:
    path = make_video(tmp_path / "cam-20261130-090507.mp4", count=5).path
    with open_video(path, time_from_name="%Y%m%d-%H%M%S") as video:
        assert video.info.started == "2026-11-30T09:05:07"
        assert video.report.warnings == []
    with open_video(path, time_from_name="%Y-%m-%d %H:%M") as video:
        assert video.info.started is None
        assert "its name has no time like '%Y-%m-%d %H:%M'" in video.report.warnings[0]
    with pytest.raises(UsageError, match="lacks a part"):
        open_video(path, time_from_name="%Y")


def test_each_piece_has_a_date_of_its_own(tmp_path: Path) -> None:
    files = []
    for minute in (5, 9):
        path = make_video(tmp_path / f"20261130-09{minute:02}.mp4", count=25).path
        files.append(str(path))
    reading = {"pieces": {"cam": files}, "time_from_name": "%Y%m%d-%H%M"}
    with open_video("cam", **reading) as video:  # type: ignore[arg-type]
        assert len(list(video.frames())) == 50
        assert video.info.started == "2026-11-30T09:05:00"
        pieces = video.report.pieces
    assert [piece.started for piece in pieces] == ["2026-11-30T09:05:00", "2026-11-30T09:09:00"]
    # nobody filmed between them
    event = Event(1.25, 2.0, 1.5, 0.9).placed(pieces, video.info.started)
    assert event.time_of_day == "2026-11-30T09:09:00.250"
    first = Event(0.5, 2.0, 1.5, 0.9).placed(pieces, video.info.started)
    assert first.time_of_day == "2026-11-30T09:05:00.500"


def test_behind_a_join_the_stamps_tell_the_time_of_day() -> None:
    """The clock was set 100 s ahead at 10 s, and 70 s back at 20 s."""
    joins = [Join(10.0, 110.0, dated=True), Join(20.0, 50.0, dated=True)]
    started = "2026-11-30T09:00:00"
    moments = {
        start: Event(start, 30.0, 25.0, 0.9).placed([], started, joins).time_of_day
        for start in (9.5, 10.0, 12.5, 21.0)
    }
    assert moments == {
        9.5: "2026-11-30T09:00:09.500",
        10.0: "2026-11-30T09:01:50.000",
        12.5: "2026-11-30T09:01:52.500",
        21.0: "2026-11-30T09:00:51.000",
    }
    result = make_result("k.dav", Event(12.5, 14.0, 13.0, 0.9))
    result = replace(result, info=replace(result.info, started=started))
    result.report.joins.append(Join(0.0, 3600.0, dated=True))
    found = result.at(onset=0.01).events
    assert found
    assert {str(event.time_of_day)[:14] for event in found} == {"2026-11-30T10:"}


def test_joins_of_another_piece_do_not_count() -> None:
    pieces = [
        Piece("a.dav", 0.0, 0.0, "2026-11-30T09:00:00"),
        Piece("b.dav", 60.0, 0.5, "2026-11-30T12:00:00"),
    ]
    joins = [Join(10.0, 110.0, dated=True), Join(80.0, 300.0, dated=True)]
    found = [
        Event(start, 90.0, 85.0, 0.9).placed(pieces, None, joins) for start in (11.0, 61.0, 82.0)
    ]
    assert [event.time_of_day for event in found] == [
        "2026-11-30T09:01:51.000",
        "2026-11-30T12:00:01.500",
        "2026-11-30T12:05:02.000",
    ]
    assert [event.file_start for event in found] == [11.0, 1.5, 22.5]


def test_outputs_show_it_beside_seconds() -> None:
    event = Event(3.5, 5.0, 4.0, 0.9)
    assert "time_of_day" not in event_data(event)
    dated = event.placed([], "2026-11-30T09:00:00Z")
    result = make_result("k.mp4", dated)
    moment = "2026-11-30T09:00:03.500Z"
    assert json.loads(result.to_json())["events"][0]["time_of_day"] == moment
    assert csv_report([result]).splitlines()[-1].endswith(f",{moment}")
    head, row = event_table(result).splitlines()[2:4]
    assert "time of day" in head
    assert "2026-11-30 09:00:03.500Z" in row
    assert list(result.to_dataframe()["time_of_day"]) == [moment]
    page = video_section(result, result.event_config, {}, "", "").html
    assert "2026-11-30 09:00:03.500Z" in page
    piece = Piece("rec/a.mp4", 0.0, 0.0)
    there = make_result("cam", event.placed([piece], None))
    page = video_section(there, there.event_config, {}, "", "").html
    assert "in rec/a.mp4 at 00:00:03.500" in page


def test_stamps_that_begin_at_0_again_are_no_time_of_day() -> None:
    """Two files one behind the other: the second does not happen when the first did."""
    event = Event(12.5, 14.0, 13.0, 0.9).placed([], "2026-11-30T09:00:00", [Join(10.0, 0.0)])
    assert event.time_of_day == "2026-11-30T09:00:12.500"
