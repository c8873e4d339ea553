"""Figures and their intervals as tables tell them.

In: figures made by hand. Out: text, plain data, sentences.
"""

from __future__ import annotations

import pytest
from slipdetect.lab.evaluate.reports.figure_text import (
    COUNTED,
    DRAWN,
    figure_text,
    interval_data,
    interval_notes,
)
from slipdetect.lab.stats.measures import Figure

from slipdetect.lab.stats.intervals import Interval

DRAWN_ENDS, EXACT_ENDS = Interval(0.25, 0.75, "bootstrap"), Interval(0.0, 1.0, "exact")
NONE, BARE = Figure(None, 0, 0, None), Figure(0.5, 1, 2, None)
SURE, WIDE = Figure(0.5, 1, 2, DRAWN_ENDS), Figure(0.5, 1, 2, EXACT_ENDS)


@pytest.mark.parametrize(
    ("figure", "wanted"),
    [(NONE, "- "), (BARE, "50 "), (SURE, "50 [25, 75] "), (WIDE, "50 [0, 100]*")],
)
def test_the_last_place_is_for_the_star(figure: Figure, wanted: str) -> None:
    assert figure_text(figure, lambda value: f"{100 * value:.0f}") == wanted


def test_an_interval_that_is_not_there_is_null() -> None:
    assert interval_data(SURE.interval) == {"low": 0.25, "high": 0.75, "method": "bootstrap"}
    assert interval_data(None) == {"low": None, "high": None, "method": None}


def test_only_what_is_in_the_table_is_explained() -> None:
    assert interval_notes([NONE, BARE]) == []
    assert interval_notes([SURE, NONE]) == [DRAWN]
    assert interval_notes([WIDE]) == [COUNTED]
    assert interval_notes([WIDE, SURE], "* another") == [DRAWN, "* another"]
