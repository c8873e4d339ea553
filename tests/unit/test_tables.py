"""Tables as spreadsheets, programs and people write them.

In: lines. Out: rows by column with their line numbers, or one-line errors.
"""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect._tables import Table, whole
from slipdetect.errors import DataError

NEEDED = ("path", "start")


def read(text: str, needed: tuple[str, ...] = NEEDED, **aliases: tuple[str, ...]) -> list:
    lines = io.StringIO(text, newline="\n")
    return list(Table(lines, "table 'x'", needed, aliases))


@pytest.mark.parametrize("mark", [",", ";", "\t", ", ", "; "])
def test_the_header_says_what_parts_cells(mark: str) -> None:
    rows = [["PATH", "Start", "my  Note"], ["a b.mp4", "1.5", ""], ["c.mp4", "2"]]
    text = "".join(mark.join(row) + "\r\n" for row in rows)
    assert read(text) == [
        (2, {"path": "a b.mp4", "start": "1.5", "my_note": ""}),
        (3, {"path": "c.mp4", "start": "2", "my_note": ""}),
    ]


def test_what_is_passed_over_and_where_rows_are() -> None:
    text = '\n# x\n\npath,start\n,,\n# a,1\n"a\nb",1\n,\n c.mp4 , 2 \n'
    assert read(text) == [
        (8, {"path": "a\nb", "start": "1"}),
        (10, {"path": "c.mp4", "start": "2"}),
    ]


def test_decimal_commas_only_where_commas_part_nothing() -> None:
    assert read("path;start\na,5;-1,25\n1,2,3;4,x\n") == [
        (2, {"path": "a,5", "start": "-1.25"}),
        (3, {"path": "1,2,3", "start": "4,x"}),
    ]
    assert read('path,start\na,"1,25"\n') == [(2, {"path": "a", "start": "1,25"})]
    assert read("sep=;\npath;start\na;1\n") == [(3, {"path": "a", "start": "1"})]


def test_a_cell_that_no_column_holds_is_not_lost_in_silence() -> None:
    """A decimal comma or a comma in a name makes two cells of one."""
    with pytest.raises(DataError, match=r"'x' line 3 has 3 cells, its header names 2; put cells"):
        read("path,start\na,1\na,1,5\n")
    assert read("path,start\na,1,, \n") == [(2, {"path": "a", "start": "1"})]


def test_other_names_of_columns() -> None:
    text = "source,start,event_start\na,,3\nb,1,2\n"
    rows = read(text, path=("source",), start=("event_start",))
    assert [(cells["path"], cells["start"]) for _, cells in rows] == [("a", "3"), ("b", "1")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "table 'x' is empty; its first line must name at least path,start"),
        ("# only this\n", "is empty"),
        ("path,begin\na,1\n", "lacks the column start; its first line must name at least"),
        ("path;begin\na;1\n", "lacks the column start"),
        ('path,start\na,"' + "x" * 140_000 + '"\n', "line 2 is not CSV: field larger"),
    ],
)
def test_what_is_no_table(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(text)
    assert "\n" not in str(caught.value)


CELLS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")), min_size=1)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5), st.sampled_from(",;\t"))
def test_what_a_spreadsheet_writes_is_read_back(
    rows: list[tuple[str, str, str]], mark: str
) -> None:
    kept = [row for row in rows if not row[0].startswith("#")]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=mark)
    writer.writerows([("path", "start", "more"), *kept])
    read_back = [tuple(cells.values()) for _, cells in read(buffer.getvalue())]
    expected = [tuple(cell if mark == "," else _dotted(cell) for cell in row) for row in kept]
    assert read_back == expected


def _dotted(cell: str) -> str:
    digits = cell.removeprefix("-").split(",")
    is_number = len(digits) == 2 and all(part.isdigit() for part in digits)
    return cell.replace(",", ".") if is_number else cell


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.0", "1"), ("0.", "0"), ("-1.000", "-1"), ("1.5", "1.5"), ("1", "1"), ("a.0", "a.0")],
)
def test_whole_numbers(text: str, expected: str) -> None:
    assert whole(text) == expected
