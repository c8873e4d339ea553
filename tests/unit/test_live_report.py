"""The lines of a live run: their schema, the page that promises them, and those for people.

In: notes made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from results import FALL, WITH_PERSON
from slipdetect.detection import (
    Detector,
    Event,
    EventFinal,
    EventStarted,
    LiveEvent,
    LiveSummary,
    StillDown,
    UpAgain,
)
from slipdetect.reports.formats import live_schema
from slipdetect.reports.live_report import (
    live_line,
    live_text,
    state_text,
    summary_line,
    summary_text,
)
from slipdetect.sinks.live_clips import ROOM, clip_stem
from slipdetect.video import Gap
from slipdetect.video.live import Reconnected, Reconnecting, Skipped, Started
from slipdetect.video.live.picture_memory import RATE, SHORT_SIDE
from slipdetect.video.live.sources import LiveSettings

PAGE = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")
NOW = datetime(2025, 3, 1, 9, 15, 27, 104_000, UTC)
NOTES: list[LiveEvent] = [
    Started(640, 480, "h264", None),
    EventStarted(1, 3.2, 0.9, time_of_day="2025-03-01T09:15:30.304Z"),
    EventFinal(1, FALL),
    EventFinal(2, Event(8.0, 8.0, 8.0, 0.7, interrupted=True)),
    EventFinal(3, replace(WITH_PERSON, time_of_day="2025-03-01T09:15:32.104Z")),
    StillDown(3, replace(WITH_PERSON, recovered_at=None), 30.0),
    UpAgain(3, WITH_PERSON),
    Reconnecting(8.0, "no data came in time"),
    Reconnected(13.2, 5.2),
    Skipped(14.0, 16.0, 20),
    Gap(17.0, 4017.0),
]
SUMMARY = LiveSummary(20.0, 2, 500, 3, 180, 20, 1.25, 1)


def written() -> list[dict[str, Any]]:
    lines = [live_line(note, "rtsp://cam/...", "tiny", NOW) for note in NOTES]
    return [
        json.loads(line)
        for line in [*lines, summary_line(SUMMARY, "rtsp://cam/...", "interrupted")]
    ]


def test_every_line_keeps_the_schema_and_no_other_would() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema, of the extra dev")
    jsonschema.Draft202012Validator.check_schema(live_schema())
    validator = jsonschema.Draft202012Validator(live_schema())
    for line in written():
        assert validator.is_valid(line), line
        assert not validator.is_valid({**line, "new": 1})
        for key in line:
            assert not validator.is_valid({k: v for k, v in line.items() if k != key})


def test_the_page_names_every_line_and_every_key() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", PAGE, re.MULTILINE))
    lines = {line["type"]: line for line in written()}
    rows.pop("type")  # the heading
    assert set(rows) == set(lines)
    for kind, row in rows.items():
        assert set(re.findall(r"`(\w+)`", row)) == set(lines[kind]) - {"version", "camera", "type"}


def test_the_page_says_what_the_bundled_model_and_the_settings_are() -> None:
    detector = Detector.load("default", device="cpu")
    config, plan, grid = detector.config, detector.tsn.plan, detector.tsn.grid
    half = ((plan.snippets - 1) * plan.step + plan.span - 1) / 2 / plan.sample_fps
    behind = half + grid.after / plan.sample_fps
    assert (
        f"(window {config.window} s, stride {config.stride} s) {behind + config.stride:.1f} s"
        in PAGE
    )
    gap = detector.event_config.min_duration_off
    assert f"`--min-gap` of {gap} s about {behind + gap + config.stride:.0f} s" in PAGE
    settings = LiveSettings()
    assert f"`--read-timeout` seconds ({settings.read_timeout:g})" in PAGE
    assert f"`--retries` ({settings.retries})" in PAGE
    assert f"`--max-lag` seconds ({settings.max_lag:g})" in PAGE
    assert f"last {ROOM // 2**20} MiB" in PAGE
    kept = f"{SHORT_SIDE} px on the short side and at most {RATE:g} a second"
    assert kept in " ".join(PAGE.split())


def test_people_read_onsets_events_and_the_state_of_the_source() -> None:
    assert [live_text(note) for note in NOTES] == [
        "",
        "00:00:03.200  onset 1, probability 0.90\n",
        "00:00:03.200  slip 1, 1.7 s, score 0.97\n",
        "00:00:08.000  slip 2, 0.0 s, score 0.70, interrupted\n",
        "00:00:05.000  slip 3, 1.5 s, score 0.90, down for 4.0 s, up again at 00:00:10.000\n",
        "00:00:05.000  slip 3, still down after 30 s\n",
        "00:00:05.000  slip 3, down for 4.0 s, up again at 00:00:10.000\n",
        *[""] * 4,
    ]
    assert [state_text(note) for note in NOTES] == [
        *[""] * 7,
        "reconnecting: it broke off at 00:00:08.000, no data came in time",
        "reconnected at 00:00:13.200, 5.2 s were not seen",
        "too slow for this source: skipped 20 frames from 00:00:14.000 to 00:00:16.000",
        "no pictures from 00:00:17.000 to 01:06:57.000 (4000.0 s)",
    ]
    assert summary_text(SUMMARY) == (
        "00:00:20.000: 2 events; 500 frames seen, 20 of 200 sampled ones dropped, "
        "9.0 a second looked at; longest lag 1.2 s; 1 reconnect"
    )
    slow = summary_text(replace(SUMMARY, drift=8.4))
    assert slow.endswith("1 reconnect; timestamps are 8.4 s behind the clock on the wall")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("rtsp://cam.example:554/...", "rtsp-cam.example-554"),
        ("rtsp://...", "rtsp"),
        ("camera 0", "camera-0"),
        ("standard input", "standard-input"),
        ("recordings/K\u00fcche 1.ts", "K\u00fcche-1"),
        ("yard.north", "yard.north"),
        ("...", "live"),
        ("\u5bb6" * 83 + ".ts", "\u5bb6" * 50),  # a file name has 255 bytes at most
    ],
)
def test_clips_are_named_by_their_source(name: str, stem: str) -> None:
    assert clip_stem(name) == stem


def test_a_camera_that_looks_down_says_so_once() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema, of the extra dev")
    validator = jsonschema.Draft202012Validator(live_schema())
    lines = [json.loads(live_line(note, "hall", "tiny", NOW, "above")) for note in NOTES]
    assert [line["type"] for line in lines if "view" in line] == ["started"]
    assert lines[0]["view"] == "above"
    assert all(validator.is_valid(line) for line in lines)
    assert not validator.is_valid({**lines[0], "view": "level"})
