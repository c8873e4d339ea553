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

from scored import drawn
from slipdetect.lab.compare.comparison import Comparison, compare
from slipdetect.lab.compare.plot import comparison_figure
from slipdetect.lab.compare.report import comparison_csv, comparison_data, comparison_page
from slipdetect.lab.compare.runs import StreamSet
from slipdetect.lab.stats.metrics import Metric

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
    lines = comparison_page(two).text().splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    marked = two.rows[two.reference]
    for row in two.rows:
        name = f"* {row.name}" if row is marked else row.name
        shown = [line for line in lines if line.startswith(f"{name}  ")]
        assert len(shown) == (1 if row is marked else 2)
        accuracy = row.test.metrics["accuracy"]
        assert accuracy.value is not None
        assert f"  {100 * accuracy.value:.1f} [" in shown[0]
    text = "\n".join(lines)
    assert "best on validation by mean-class accuracy" in text
    assert "corrects its p for 15" in text


def test_columns_are_aligned(two: Comparison) -> None:
    lines = comparison_page(two).text().splitlines()
    heading = next(line for line in lines if line.endswith("AUC"))
    rows = [line for line in lines if "rgb+flow 1:1 " in line and "p, Holm" not in line]
    assert len(heading) - len(rows[0]) in (0, 1)  # a star may stand in the last place


def test_names_of_any_length_and_kind_fit() -> None:
    found = _comparison("a" * 200, "bad\x1b[2J|name")
    page = comparison_page(found)
    assert max(map(len, page.text().splitlines())) <= 100
    assert "\x1b" not in page.text()
    assert "\x1b" not in page.markdown()
    assert "bad\\x1b[2J\\|name" in page.markdown()


def test_markdown_has_a_line_per_row_of_equal_width(two: Comparison) -> None:
    page = comparison_page(two, "slipdetect compare a b", full=True).markdown()
    assert "slipdetect compare a b" in page
    tables = [line for line in page.splitlines() if line.startswith("| ")]
    first, second = tables[: 2 + 16], tables[2 + 16 :]
    assert {line.count("|") for line in first} == {first[0].count("|")}
    assert len(second) == 2 + 15
    assert {line.count("|") for line in second} == {second[0].count("|")}
    assert sum(line.startswith("| \\* ") for line in first) == 1
    assert "mean-class on validation" in first[0]
    assert "McNemar" in second[0]


def test_the_csv_has_every_figure(two: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(comparison_csv(two))))
    assert [f"{row['group']} {row['streams']}" for row in rows] == [row.name for row in two.rows]
    assert [row["reference"] for row in rows].count("yes") == 1
    for cells, row in zip(rows, two.rows, strict=True):
        assert float(cells["accuracy"]) == pytest.approx(
            row.test.metrics["accuracy"].value, abs=1e-6
        )
        assert float(cells["auc_low"]) == pytest.approx(
            row.test.metrics["auc"].interval.low, abs=1e-6
        )
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
    assert data["rows"][0]["test"]["figures"]["accuracy"]["method"] in ("bootstrap", "exact")


def test_the_picture_has_a_dot_per_row_and_the_baseline(two: Comparison) -> None:
    figure = comparison_figure(two)
    left, right = figure.axes
    for axes, measure in ((left, "accuracy"), (right, "auc")):
        dots = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        values = [float(line.get_xdata()[0]) for line in dots]
        assert values == pytest.approx([row.test.metrics[measure].value for row in two.rows])
        places = [float(line.get_ydata()[0]) for line in dots]
        assert places == sorted(places)
        assert [line.get_marker() for line in dots].index("*") == two.reference
    assert [label.get_text() for label in left.get_yticklabels()] == [r.streams for r in two.rows]
    dashed = [line for line in left.lines if list(line.get_xdata()) == [two.majority] * 2]
    assert len(dashed) == 1
    assert {text.get_text() for text in left.texts} == {"resnet18", "vgg16"}


def test_a_missing_auc_leaves_a_dash(two: Comparison) -> None:
    unknown = Metric(None, 40, None, None)
    rows = tuple(
        replace(row, test=replace(row.test, metrics={**row.test.metrics, "auc": unknown}))
        for row in two.rows
    )
    found = replace(two, rows=rows)
    assert len(comparison_figure(found).axes[1].texts) == len(rows)
    assert comparison_page(found).text().splitlines()[4].endswith("  -")


def test_forty_rows_become_a_picture(tmp_path: Path) -> None:
    found = _comparison(
        "bninception", "resnet101", "resnest101", "inceptionv4", "inceptionresnetv2"
    )
    assert len(found.rows) == 40
    comparison_figure(found).savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    figure = comparison_figure(found)
    # a fifth of an inch a row is what 8 pt letters need
    assert figure.get_size_inches()[1] >= 0.2 * 40
