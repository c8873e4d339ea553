"""Tables of text: aligned columns for a terminal, Markdown for a page."""

from __future__ import annotations

import time

from slipdetect.reports.text_table import markdown_table, text_table


def test_words_stand_to_the_left_and_numbers_to_the_right() -> None:
    lines = text_table(("clip", "score"), [("a", "0.5"), ("longer", "12.25")])
    assert lines == ["clip    score", "a         0.5", "longer  12.25"]


def test_wide_letters_count_as_two_columns() -> None:
    lines = text_table(("clip", "n"), [("転倒", "1"), ("e\u0301", "22")])
    assert lines == ["clip   n", "転倒   1", "e\u0301     22"]


def test_long_headings_take_two_lines_where_they_can_be_broken() -> None:
    lines = text_table(
        ("", "false events a clip", "unbreakableheading"), [("all", "0.25", "1")], indent=2
    )
    assert lines == [
        "       false events",
        "             a clip  unbreakableheading",
        "  all          0.25                   1",
    ]


def test_rows_alone_have_no_headings_and_may_all_stand_to_the_left() -> None:
    rows = [("torch", "2.5"), ("", "-> pip install"), ("av", "14")]
    assert text_table((), rows, left=(0, 1), indent=2) == [
        "  torch  2.5",
        "         -> pip install",
        "  av     14",
    ]
    assert text_table((), []) == []


def test_markdown_shows_what_would_be_markup() -> None:
    lines = markdown_table(("a|b", "n "), [("<b>*x*", " 1")])
    assert lines == ["| a\\|b | n |", "| --- | ---: |", "| &lt;b>\\*x\\* | 1 |"]


def test_windows_of_a_day_are_laid_out_in_seconds() -> None:
    rows = [(f"{index}", f"{index / 7:.3f}", "転", "x") for index in range(60_000)]
    begun = time.process_time()
    assert len(text_table(("a", "b", "c", "d"), rows)) == 60_001
    assert time.process_time() - begun < 5
