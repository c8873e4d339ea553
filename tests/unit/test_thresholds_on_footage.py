"""Thresholds on one's own footage, its moments, and what is told of them.

In: made-up predictions. Out: thresholds and text.
"""

from __future__ import annotations

import pytest

from slipdetect.detection import EventConfig
from slipdetect.errors import DataError
from slipdetect.lab.calibrate.report import MOST_MOMENTS, footage_text, rate
from slipdetect.lab.calibrate.threshold_selection import FootageThresholds, thresholds_on_footage
from slipdetect.lab.evaluate.predictions import ClipPrediction

OWN = EventConfig(onset=0.5, offset=0.3, min_duration_off=0.0)
DAILY = 1 / 24


def footage(name: str, hours: float, *probabilities: float) -> ClipPrediction:
    """Return a video with a window every ten seconds."""
    windows = tuple((10.0 * i, 10.0 * i + 2, p) for i, p in enumerate(probabilities))
    return ClipPrediction(name, "", False, (), 3600 * hours, 0.0, (), windows=windows)


def test_short_footage_raises_the_onset_just_above_its_surest_moment() -> None:
    found = thresholds_on_footage([footage("a.mp4", 2, 0.1, 0.62, 0.1, 0.55, 0.1)], DAILY, OWN)
    assert found.after.config.onset == pytest.approx(0.6201)
    assert (found.before.events, found.after.events) == (2, 0)
    assert found.needed == pytest.approx(71.9, abs=0.1)
    assert not found.enough
    assert found.sensitivity == {}
    assert [(m.start, m.score, m.found) for m in found.moments] == [
        (6.0, 0.62, False),
        (26.0, 0.55, False),
    ]


def test_short_footage_never_lowers_the_onset() -> None:
    quiet = footage("a.mp4", 2, 0.1, 0.35, 0.1)
    assert thresholds_on_footage([quiet], DAILY, OWN).after.config == OWN
    # 2 h are enough to show 2 an hour
    lowered = thresholds_on_footage([quiet], 2.0, OWN)
    assert lowered.enough
    assert lowered.after.config.onset == OWN.offset
    assert [m.found for m in lowered.moments] == [True]


def test_long_footage_spends_its_budget() -> None:
    """A hundred hours at one a day allow four events; the fifth is that of 0.4."""
    peaks = [0.9, 0.8, 0.7, 0.6, 0.4, 0.38]
    between = [p for peak in peaks for p in (0.1, peak)]
    found = thresholds_on_footage([footage("a.mp4", 100, *between, 0.1)], DAILY, OWN)
    assert found.enough
    assert found.after.config.onset == pytest.approx(0.4001)
    assert found.after.events == 4
    # a quarter of the budget is one event, four times the budget are sixteen
    assert found.sensitivity["low"].onset == pytest.approx(0.8001)
    assert found.sensitivity["high"].onset == OWN.offset


def test_certain_false_events_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError, match=r"even an onset of 1 .* somebody falls"):
        thresholds_on_footage([footage("a.mp4", 1, 1.0)], DAILY, OWN)


def told(found: FootageThresholds) -> dict[str, str]:
    lines = footage_text(found).splitlines()
    return {line[:14].strip(): line[14:] for line in lines[:6]}


def test_the_text_says_what_was_chosen_and_what_it_shows() -> None:
    found = thresholds_on_footage(
        [footage("a.mp4", 1.5, 0.1, 0.62, 0.1), footage("b\n.mp4", 0.5, 0.7)], DAILY, OWN
    )
    lines = told(found)
    assert lines["footage"] == "2 videos, 2.0 h"
    assert lines["budget"] == "at most 1 a day"
    assert lines["onset"] == "0.5 -> 0.7001"
    assert lines["false events"] == "2 before, 0 now"
    assert lines["shown"] == "at most 1.5 an hour, to be 95% sure"
    assert lines["presets"].startswith("none for low and high, which")
    rows = [line.split() for line in footage_text(found).splitlines()[-2:]]
    assert rows[0][-3:] == ["0.7000", "no", "b\\n.mp4"]
    assert rows[1][-3:] == ["0.6200", "no", "a.mp4"]


def test_quiet_footage_says_so_and_long_lists_are_cut() -> None:
    quiet = thresholds_on_footage([footage("a.mp4", 0.5, 0.1)], DAILY, OWN)
    assert footage_text(quiet).splitlines()[-1] == "nothing in it was taken for a fall"
    assert told(quiet)["onset"] == "0.5, as it was"
    assert told(quiet)["footage"] == "1 video, 30.0 min"
    busy = footage("a.mp4", 1, *[p for _ in range(MOST_MOMENTS + 2) for p in (0.1, 0.8)])
    last = footage_text(thresholds_on_footage([busy], DAILY, OWN)).splitlines()[-1]
    assert last == "... and 2 more"


def test_rates_are_in_the_unit_one_can_grasp() -> None:
    assert (rate(1 / 24), rate(0.5), rate(1.0), rate(36.26)) == (
        "1 a day",
        "12 a day",
        "1 an hour",
        "36.3 an hour",
    )
