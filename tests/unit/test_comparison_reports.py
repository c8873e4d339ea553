"""A comparison as tables, CSV, data and picture.

In: a comparison of made-up scores. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from slipdetect.lab.compare.comparison_csv import comparison_csv, comparison_data
from slipdetect.lab.compare.comparison_plot import comparison_figure, draw_comparison
from slipdetect.lab.compare.comparison_table import comparison_markdown, comparison_table
from slipdetect.lab.compare.score_runs import StreamSet

from scored import drawn
from slipdetect.lab.compare.comparison import Comparison, compare

SKILL = {"rgb": 1.0, "flow": 0.7, "rgbdiff": 0.5}


def _comparison(*names: str) -> Comparison:
    sets = [
        StreamSet(name, drawn(40, SKILL, seed), drawn(40, SKILL, seed + 50, "val"))
        for seed, name in enumerate(names)
    ]
    # sets of other seeds have the same clips and truth, other noise
    return compare(sets, resamples=100)


@pytest.fixture(scope="module")
def two() -> Comparison:
    return _comparison("resnet18", "vgg16")


def test_the_table_fits_and_names_every_row(two: Comparison) -> None:
    text = comparison_table(two)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    for row in two.rows:
        shown = [line for line in lines if line[4:].startswith(f"{row.streams} ")]
        assert len(shown) == 4  # two backbones, two tables
    assert sum(line.startswith("  * ") for line in lines) == 2
    marked = two.rows[two.reference]
    figure = f"{100 * marked.test.accuracy.value:.1f} ["
    assert any(line.startswith(f"  * {marked.streams}") and figure in line for line in lines)
    assert "best on validation by mean-class accuracy" in text
    assert "corrects its p for 15" in text


def test_columns_are_aligned(two: Comparison) -> None:
    lines = comparison_table(two).splitlines()
    heading = next(line for line in lines if line.rstrip().endswith("AUC"))
    rows = [line for line in lines if "rgb+flow 1:1 " in line][:2]
    assert {len(line) for line in rows} == {len(heading)}


def test_names_of_any_length_and_kind_fit() -> None:
    found = _comparison("a" * 200, "bad\x1b[2J|name")
    text = comparison_table(found)
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    page = comparison_markdown(found, "")
    assert "\x1b" not in page
    assert "bad\\\\x1b\\[2J\\|name" in page


def test_markdown_has_a_line_per_row_of_equal_width(two: Comparison) -> None:
    page = comparison_markdown(two, "slipdetect compare a b")
    assert "`slipdetect compare a b`" in page
    tables = [line for line in page.splitlines() if line.startswith("| ")]
    first, second = tables[: 2 + 16], tables[2 + 16 :]
    assert {line.count("|") for line in first} == {first[0].count("|")}
    assert len(second) == 2 + 15
    assert {line.count("|") for line in second} == {second[0].count("|")}
    assert sum(line.startswith("| \\* |") for line in first) == 1


def test_the_csv_has_every_figure(two: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(comparison_csv(two))))
    assert [f"{row['group']} {row['streams']}" for row in rows] == [row.name for row in two.rows]
    assert [row["reference"] for row in rows].count("yes") == 1
    for cells, row in zip(rows, two.rows, strict=True):
        assert float(cells["accuracy"]) == pytest.approx(row.test.accuracy.value, abs=1e-6)
        assert float(cells["auc_low"]) == pytest.approx(row.test.auc.interval.low, abs=1e-6)
        assert cells["n"] == "40"
        if row.versus is None:
            assert cells["mcnemar_p"] == cells["auc_difference"] == ""
        else:
            assert float(cells["mcnemar_p_holm"]) == pytest.approx(row.versus.corrected, abs=1e-6)


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@x"])
def test_no_cell_is_a_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(comparison_csv(_comparison(name)))))
    assert rows[1][0] == f"'{name}"


def test_data_is_plain_and_complete(two: Comparison) -> None:
    data = json.loads(json.dumps(comparison_data(two, "command"), allow_nan=False))
    assert data["reference"] == two.rows[two.reference].name
    assert data["reference_chosen_by"] == "validation"
    assert len(data["rows"]) == 16
    versus = data["rows"][3]["versus"]
    assert versus is None or set(versus) == {"gained", "lost", "p_value", "corrected", "auc"}
    assert data["rows"][0]["test"]["accuracy"]["interval"]["method"] in ("bootstrap", "exact")


def test_the_picture_has_a_dot_per_row_and_the_baseline(two: Comparison) -> None:
    figure = comparison_figure(two)
    left, right = figure.axes
    for axes, measure in ((left, "accuracy"), (right, "auc")):
        dots = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        values = [float(line.get_xdata()[0]) for line in dots]
        assert values == pytest.approx([getattr(row.test, measure).value for row in two.rows])
        places = [float(line.get_ydata()[0]) for line in dots]
        assert places == sorted(places)
        assert [line.get_marker() for line in dots].index("*") == two.reference
    assert [label.get_text() for label in left.get_yticklabels()] == [r.streams for r in two.rows]
    dashed = [line for line in left.lines if list(line.get_xdata()) == [two.majority] * 2]
    assert len(dashed) == 1
    assert {text.get_text() for text in left.texts} == {"resnet18", "vgg16"}


def test_a_missing_auc_leaves_a_dash(two: Comparison) -> None:
    rows = tuple(
        replace(row, test=replace(row.test, auc=replace(row.test.auc, value=None, interval=None)))
        for row in two.rows
    )
    found = replace(two, rows=rows)
    assert len(comparison_figure(found).axes[1].texts) == len(rows)
    assert comparison_table(found).splitlines()[4].endswith("  -")


def test_forty_rows_become_a_picture(tmp_path: Path) -> None:
    found = _comparison(
        "bninception", "resnet101", "resnest101", "inceptionv4", "inceptionresnetv2"
    )
    assert len(found.rows) == 40
    draw_comparison(found, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    figure = comparison_figure(found)
    # a fifth of an inch a row is what 8 pt letters need
    assert figure.get_size_inches()[1] >= 0.2 * 40
