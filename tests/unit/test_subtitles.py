"""WebVTT and SubRip: every event a cue, its times to the millisecond, its text harmless.

In: results made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import FALL, make_result
from slipdetect.detection import Event
from slipdetect.reports.formats import srt_report, vtt_report

TIMES = re.compile(r"(\d{2,}):(\d\d):(\d\d)[.,](\d{3}) --> (\d{2,}):(\d\d):(\d\d)[.,](\d{3})")


def read_cues(text: str) -> list[tuple[int, int, str]]:
    """Read cues back as (start, end, text), times in milliseconds."""
    cues = []
    for block in text.removeprefix("WEBVTT\n\n").split("\n\n"):
        if block in ("", "WEBVTT\n"):
            continue
        _, times, *lines = block.strip("\n").split("\n")
        found = TIMES.fullmatch(times)
        assert found is not None, times
        numbers = [int(group) for group in found.groups()]
        start, end = (
            ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest
            for hours, minutes, seconds, rest in (numbers[:4], numbers[4:])
        )
        assert len(lines) == 1
        cues.append((start, end, lines[0]))
    return cues


def test_vtt_letter_by_letter() -> None:
    result = make_result("kitchen.mp4", FALL, Event(7.0, 8.0004, 7.5, 0.5))
    assert vtt_report(result) == (
        "WEBVTT\n\n1\n00:00:03.200 --> 00:00:04.900\nslip 0.97\n"
        "\n2\n00:00:07.000 --> 00:00:08.000\nslip 0.50\n"
    )


def test_srt_letter_by_letter() -> None:
    result = make_result("kitchen.mp4", FALL, Event(3661.25, 3662.0, 3661.5, 1.0))
    assert srt_report(result) == (
        "1\n00:00:03,200 --> 00:00:04,900\nslip 0.97\n"
        "\n2\n01:01:01,250 --> 01:01:02,000\nslip 1.00\n"
    )


def test_nothing_found_is_a_valid_file() -> None:
    assert vtt_report(make_result()) == "WEBVTT\n"
    assert srt_report(make_result()) == ""


def test_hours_beyond_99() -> None:
    result = make_result("a.mp4", Event(360_000.0, 3_600_000.001, 400_000.0, 0.5))
    assert "\n100:00:00.000 --> 1000:00:00.001\n" in vtt_report(result)
    assert "\n100:00:00,000 --> 1000:00:00,001\n" in srt_report(result)


def test_seconds_that_round_up_to_a_minute() -> None:
    result = make_result("a.mp4", Event(59.9996, 3599.9999, 60.0, 0.5))
    assert "\n00:01:00.000 --> 01:00:00.000\n" in vtt_report(result)


def test_an_event_of_no_length_is_still_a_cue() -> None:
    result = make_result("a.mp4", Event(0.0, 0.0, 0.0, 0.9))
    assert read_cues(vtt_report(result)) == [(0, 1, "slip 0.90")]


@pytest.mark.parametrize(
    ("label", "vtt", "srt"),
    [
        ("<b>slip</b>", "&lt;b&gt;slip&lt;/b&gt;", "\u2039b\u203aslip\u2039/b\u203a"),
        ("a --> b", "a --&gt; b", "a --\u203a b"),
        ("a & b", "a &amp; b", "a & b"),
        ("two\nlines\n\n9", "two\\nlines\\n\\n9", "two\\nlines\\n\\n9"),
        ("{\\an8}top", "{\\an8}top", "(\\an8)top"),
    ],
)
def test_labels_are_one_harmless_line(label: str, vtt: str, srt: str) -> None:
    result = make_result("a.mp4", Event(1.0, 2.0, 1.5, 0.9, label=label))
    assert [text for _, _, text in read_cues(vtt_report(result))] == [f"{vtt} 0.90"]
    assert [text for _, _, text in read_cues(srt_report(result))] == [f"{srt} 0.90"]


@given(st.lists(st.integers(0, 10**9), max_size=12, unique=True).map(sorted))
def test_times_come_back_to_the_millisecond(edges: list[int]) -> None:
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    events = [Event(start / 1000, end / 1000, start / 1000, 0.5) for start, end in pairs]
    result = make_result("a.mp4", *events)
    for report in (vtt_report, srt_report):
        assert [cue[:2] for cue in read_cues(report(result))] == pairs
