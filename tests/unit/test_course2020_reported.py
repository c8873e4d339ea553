"""The 2020 course report's figures: which counts of clips can give them, and which cannot.

In: the figures we quote. Out: nothing but assertions.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from slipdetect.lab.course2020.tables import REPORTED, TABLES
from slipdetect.lab.stats.intervals import clopper_pearson

PAGE = Path(__file__).parents[2] / "docs" / "reproducing.md"
TEST_CLIPS = {475: 118, 525: 131, 575: 143, 668: 133}  # of each size of the data
TEST_CLIPS_BY_LABEL = (49, 69)
SIZES = list(TEST_CLIPS)
CLIPS = sum(TEST_CLIPS_BY_LABEL)


def hits(percent: float, decimals: int, clips: int) -> list[int]:
    """Return every k for which k of ``clips`` is printed as ``percent``."""
    shown = f"{percent:.{decimals}f}"
    return [k for k in range(clips + 1) if f"{100 * k / clips:.{decimals}f}" == shown]


def mean_class_hits(percent: float) -> list[tuple[int, int]]:
    """Return every pair of right clips by label whose mean of shares is printed as ``percent``."""
    slips, others = TEST_CLIPS_BY_LABEL
    pairs = itertools.product(range(slips + 1), range(others + 1))
    # the report may have rounded or cut the last digit
    return [(a, b) for a, b in pairs if abs(50 * a / slips + 50 * b / others - percent) < 0.00501]


def test_the_labels_add_up_to_the_test_clips() -> None:
    assert TEST_CLIPS[475] == CLIPS


@pytest.mark.parametrize("row", ["Spatial", "Motion", "Fusion"])
@pytest.mark.parametrize("column", range(4))
def test_table_1_counts_clips_but_for_one_figure(row: str, column: int) -> None:
    percent = REPORTED["table1"].rows[row][column]
    found = hits(percent, 4, TEST_CLIPS[SIZES[column]])
    assert len(found) == (0 if (row, column) == ("Fusion", 3) else 1)


def test_the_impossible_figure_of_table_1_is_near_131_of_133() -> None:
    assert f"{100 * 131 / 133:.4f}" == "98.4962"
    assert "131/133 is 98.4962" in REPORTED["table1"].unsound["Fusion", 3]


@pytest.mark.parametrize("row", ["Spatial", "Motion", "Fusion"])
@pytest.mark.parametrize("column", range(4))
def test_table_2_counts_clips_but_for_the_figure_of_table_3(row: str, column: int) -> None:
    percent = REPORTED["table2"].rows[row][column]
    found = hits(percent, 4, (118, 118, 143, 143)[column])
    assert len(found) == (0 if (row, column) == ("Spatial", 2) else 1)


def test_the_impossible_figure_of_table_2_is_table_3s() -> None:
    copied = REPORTED["table2"].rows["Spatial"][2]
    assert copied == REPORTED["table3"].rows["Spatial"][0]
    assert hits(copied, 4, 118) == [104]


def test_tables_1_and_2_share_cells_and_contradict_each_other_in_one() -> None:
    one, two = REPORTED["table1"], REPORTED["table2"]
    pairs = {
        (row, a): (one.rows[row][a], two.rows[row][b])
        for row in one.rows
        for a, b in ((0, 1), (2, 3))
    }
    assert [place for place, (a, b) in pairs.items() if a != b] == [("Motion", 2)]
    assert ("Motion", 2) in one.unsound
    assert ("Motion", 3) in two.unsound


def test_table_3_has_two_digits_swapped() -> None:
    spatial, motion, fusion = (
        REPORTED["table3"].rows[row][0] for row in ("Spatial", "Motion", "Fusion")
    )
    assert hits(motion, 4, 118) == []
    assert f"{100 * 109 / 118:.4f}" == "92.3729"
    assert (hits(spatial, 4, 118), hits(fusion, 4, 118)) == ([104], [112])


def test_table_6_is_mean_class_accuracy_but_for_one_plain_figure() -> None:
    table = REPORTED["table6"]
    for row, values in table.rows.items():
        for column, percent in enumerate(values):
            plain, by_class = hits(percent, 2, CLIPS), mean_class_hits(percent)
            if (row, column) in table.unsound:
                assert (plain, by_class) == ([109], [])
            else:
                assert not plain
                assert len(by_class) == 1


def test_the_plain_accuracies_of_table_6_are_those_of_the_documentation() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for row, values in REPORTED["table6"].rows.items():
        counts = [sum(pair) for value in values for pair in mean_class_hits(value)[:1] or [(109,)]]
        cells = " | ".join(f"{100 * count / CLIPS:.2f}" for count in counts)
        assert f"| {row} | {cells} |" in page


def test_the_interval_of_112_of_118_is_that_of_the_documentation() -> None:
    ends = clopper_pearson(112 / 118, 118)
    said = f"exact interval of {100 * ends.low:.1f} to {100 * ends.high:.1f}"
    assert said in " ".join(PAGE.read_text(encoding="utf-8").split())


def test_every_fourth_of_a_list_is_in_every_four_in_a_row() -> None:
    tested = [(index + 1) % 4 == 0 for index in range(475)]
    for size in (4, 9, 10):
        for begin in range(475 - size + 1):
            assert set(tested[begin : begin + size]) == {True, False}


def test_table_7_is_plain_accuracy() -> None:
    for values in REPORTED["table7"].rows.values():
        for percent in values:
            assert len(hits(percent, 4, CLIPS)) == 1


def test_rgbdiff_has_54_channels_before_differencing_and_45_after() -> None:
    segments, differences, colors = 3, 5, 3
    assert segments * (differences + 1) * colors == 54
    assert segments * differences * colors == 45


@pytest.mark.parametrize("name", list(REPORTED))
def test_the_reports_tables_fit_ours(name: str) -> None:
    table, reported = TABLES[name], REPORTED[name]
    headings = [row.label for row in table.rows]
    assert list(reported.rows) == headings[: len(reported.rows)]
    assert all(len(values) == len(table.columns) for values in reported.rows.values())
    assert len(reported.columns) in (0, len(table.columns))
    for row, column in reported.unsound:
        assert column < len(reported.rows[row])
