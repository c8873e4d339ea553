"""Tables of experiments as text: what every cell says, and that all forms say the same.

In: made-up figures. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from slipdetect.lab.course2020.division import Leaked
from slipdetect.lab.course2020.reproduce_report import (
    SMOKE,
    reproduce_csv,
    reproduce_data,
    reproduce_markdown,
    reproduce_text,
)
from slipdetect.lab.course2020.results import CellResult, Figure, Side, TableResult
from slipdetect.lab.course2020.tables import REPORTED, TABLES

FIGURE = Figure(0.91525, 0.8649, 0.9551, (0.91525,))
CELL = CellResult("done", FIGURE, replace(FIGURE, value=0.9246), ((1.0,),))


def made_result(name: str = "table6", cell: CellResult = CELL) -> TableResult:
    table = TABLES[name]
    return TableResult(
        name=name,
        title=table.title,
        columns=table.columns,
        rows=tuple((row.label, (cell,) * len(table.columns)) for row in table.rows),
        notes=table.notes,
        sides={"train": Side(480, 141, 134), "val": Side(124, 38, 35), "test": Side(218, 61, 73)},
        majority=157 / 218,
        settings={"protocol": "25x1", "seeds": "1"},
    )


def test_the_table_has_the_reports_layout() -> None:
    text = reproduce_text(made_result())
    lines = text.splitlines()
    assert lines[0] == "Table 6: backbones and modalities (TSN)"
    assert "Tested on n = 218 clips of 73 groups (61 with a slip or fall)." in " ".join(lines)
    assert "commoner label of training: 72.0" in " ".join(lines)
    assert "RGB      " in text
    assert "91.5 (86-96)" in text
    assert "92.5 (86-96)" in text
    assert text.index("Accuracy, %") < text.index("Mean-class accuracy, %")
    assert "2020 course report's own" not in text
    assert max(map(len, lines)) <= 100


def test_the_reports_figures_are_marked_as_its_own_and_as_unsound() -> None:
    for name, reported in REPORTED.items():
        text = reproduce_text(made_result(name), reported)
        own = text[text.index("The 2020 course report's own figures") :]
        assert f"{next(iter(reported.rows.values()))[0]:.{reported.decimals}f}" in own
        for reason in reported.unsound.values():
            assert reason in " ".join(own.split())
        assert max(map(len, text.splitlines())) <= 110


def test_an_unsound_figure_carries_the_letter_of_its_reason() -> None:
    text = reproduce_text(made_result("table1"), REPORTED["table1"])
    assert "98.6425 [b]" in text
    assert "[b] no k/133, the number of test clips; 131/133 is 98.4962." in text
    assert "81.8182 [a]" in text


def test_a_smoke_run_says_so_first() -> None:
    result = replace(made_result(), smoke=True)
    assert reproduce_text(result).splitlines()[0] == SMOKE
    assert SMOKE in reproduce_markdown(result).splitlines()[0]
    assert {row["smoke"] for row in csv.DictReader(io.StringIO(reproduce_csv(result)))} == {"1"}
    assert reproduce_data(result)["smoke"] is True


def test_S52_a_leaking_split_is_told_in_every_form() -> None:
    which = "3 groups are on two sides or more: 'a' (1 train, 1 test), 'b' (1 train, 2 test)"
    result = replace(made_result(), leaked=Leaked(3, 38, 101, (which,)), smoke=True)
    told = (
        "LEAKING SPLIT: 3 groups or files are on two sides of the data's split, with 38 of 101 test"
    )
    text = reproduce_text(result)
    before, _, after = text.partition("Table 6:")
    assert before.splitlines()[0] == SMOKE
    assert told in " ".join(before.split())
    assert f"The split leaks: {which}." in " ".join(after.split())
    assert max(map(len, text.splitlines())) <= 100
    page = reproduce_markdown(result)
    assert f"**{told}" in page.partition("# Table 6")[0]
    assert f"- The split leaks: {which}." in page.splitlines()
    rows = list(csv.DictReader(io.StringIO(reproduce_csv(result))))
    assert {(row["leaks"], row["leaking_test_clips"]) for row in rows} == {("3", "38")}
    data = json.loads(json.dumps(reproduce_data(result)))["leaked"]
    assert data == {"count": 3, "test_clips": 38, "of": 101, "sentences": [which]}


def test_a_split_without_leaks_says_nothing_of_them() -> None:
    assert "LEAK" not in reproduce_text(made_result()) + reproduce_markdown(made_result())
    rows = list(csv.DictReader(io.StringIO(reproduce_csv(made_result()))))
    assert {(row["leaks"], row["leaking_test_clips"]) for row in rows} == {("0", "0")}
    assert reproduce_data(made_result())["leaked"] is None


def test_cells_without_figures_say_why() -> None:
    result = replace(
        made_result("table3"),
        rows=(("Spatial", (CellResult("failed"),)), ("Motion", (CellResult("missing"),))),
        failures={"spatial seed 0": "no weights", "spatial seed 1": "no weights", "b": "odd"},
        majority=None,
    )
    text = reproduce_text(result)
    lines = [line.split() for line in text.splitlines()]
    assert ["Spatial", "failed"] in lines
    assert ["Motion", "-"] in lines
    assert "Failed: spatial seed 0, spatial seed 1: no weights" in text.splitlines()
    assert "Failed: b: odd" in text.splitlines()
    assert "commoner" not in text
    rows = list(csv.DictReader(io.StringIO(reproduce_csv(result))))
    assert [(row["state"], row["accuracy"]) for row in rows] == [("failed", ""), ("missing", "")]


def test_several_seeds_show_their_range() -> None:
    cell = replace(CELL, accuracy=replace(FIGURE, by_seed=(0.9, 0.87, 0.95)))
    text = reproduce_text(made_result("table3", cell))
    assert "range over seeds" in text
    assert "87.0-95.0" in text


def test_fitted_weights_are_named() -> None:
    cell = replace(CELL, weights=((0.5, 0.25, 0.25),), fitted=True)
    text = " ".join(reproduce_text(made_result("table7", cell)).split())
    assert "Weights of 'all three, fitted': BNInception 0.5:0.25:0.25, ResNet101" in text
    text = " ".join(reproduce_text(made_result("table7", replace(cell, note="no clips"))).split())
    assert text.count("InceptionResNetV2 0.5:0.25:0.25. no clips.") == 5


def test_markdown_has_the_same_cells() -> None:
    page = reproduce_markdown(made_result(), REPORTED["table6"])
    assert "| RGB | 91.5 (86-96) |" in page
    assert "| | BNInception | ResNet101 |" in page.replace("|  |", "| |")
    assert "| RGBDiff | 85.61 | 92.37 [a] |" in page


def test_csv_and_data_are_not_rounded() -> None:
    result = made_result()
    rows = list(csv.DictReader(io.StringIO(reproduce_csv(result))))
    assert len(rows) == 15
    assert {row["accuracy"] for row in rows} == {"0.91525"}
    data = json.loads(json.dumps(reproduce_data(result, REPORTED["table6"])))
    assert data["rows"][0]["cells"][0]["accuracy"]["low"] == 0.8649
    assert data["course_report"]["unsound"][0]["row"] == "RGBDiff"
    assert "course_report" not in reproduce_data(result)
