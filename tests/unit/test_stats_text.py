"""Metrics and their intervals as tables show them.

In: metrics made by hand. Out: text, plain data, sentences.
"""

from __future__ import annotations

import pytest

from slipdetect.lab.stats.intervals import Interval
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.text import (
    COUNTED,
    DRAWN,
    Page,
    interval_data,
    interval_notes,
    metric_text,
)

DRAWN_ENDS, EXACT_ENDS = Interval(0.25, 0.75, "bootstrap"), Interval(0.0, 1.0, "exact")
NONE, BARE = Metric(None, 0, 0, None), Metric(0.5, 1, 2, None)
SURE, WIDE = Metric(0.5, 1, 2, DRAWN_ENDS), Metric(0.5, 1, 2, EXACT_ENDS)


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [(NONE, "- "), (BARE, "50 "), (SURE, "50 [25, 75] "), (WIDE, "50 [0, 100]*")],
)
def test_the_last_place_is_for_the_star(metric: Metric, wanted: str) -> None:
    assert metric_text(metric, lambda value: f"{100 * value:.0f}") == wanted


def test_an_interval_that_is_not_there_is_null() -> None:
    assert interval_data(SURE.interval) == {"low": 0.25, "high": 0.75, "method": "bootstrap"}
    assert interval_data(None) == {"low": None, "high": None, "method": None}


def test_only_what_is_in_the_table_is_explained() -> None:
    assert interval_notes([NONE, BARE]) == []
    assert interval_notes([SURE, NONE]) == [DRAWN]
    assert interval_notes([WIDE]) == [COUNTED]
    assert interval_notes([WIDE, SURE], "* another") == [DRAWN, "* another"]


def test_a_page_is_as_wide_as_a_terminal_and_cuts_only_names() -> None:
    rows = [["name", "a", "b"], ["x" * 300, "1.5 [0.5, 2.5] ", "|"], ["short", "2", "*"]]
    page = Page("Title", "what was measured", [("", rows), ("Again", rows)], ["a note"])
    text, markdown = page.text(), page.markdown()
    lines = text.splitlines()
    assert lines[0] == "what was measured"
    assert max(map(len, lines)) == 100
    assert lines.count("Again:") == 1
    cut = [line for line in lines if line.startswith("xxx")]
    assert len(cut) == 2
    assert all("..." in line and line.endswith("1.5 [0.5, 2.5]   |") for line in cut)
    assert "x" * 300 in markdown
    assert markdown.startswith("# Title\n\nwhat was measured\n")
    assert "## Again" in markdown
    assert "\\|" in markdown
    assert "\\*" in markdown
