"""The table of the 2020 report's components: every row is there and every test it names exists.

In: ``benchmarks/mission_rows.toml`` and the page that shows it. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import mission_rows  # noqa: E402
from mission_rows import Row, Shown, markdown, read_rows, table  # noqa: E402

ROWS = read_rows()


def test_there_are_all_58_and_each_is_shown_by_something() -> None:
    assert [row.id for row in ROWS] == [f"S{number:02d}" for number in range(1, 59)]
    assert all(row.tests or row.commands for row in ROWS)


@pytest.mark.parametrize("node", sorted({test for row in ROWS for test in row.tests}))
def test_every_test_that_is_named_exists(node: str) -> None:
    file, _, name = node.partition("::")
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    # contract tests make a class for each backbone, which no line of the file names
    if name and not name.startswith("Test_"):
        assert re.search(rf"^def {re.escape(name.partition('[')[0])}\(", text, re.MULTILINE)


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "reproducing.md").read_text(encoding="utf-8")
    assert markdown(ROWS) in page


def test_what_did_not_run_or_failed_is_told() -> None:
    row = Row("S01", "a thing", ("unit/test_x.py",), (), "a GPU: a CPU")
    assert Shown(passed=2, skipped=1).verdict == "works"
    assert Shown(skipped=3).verdict == "not here"
    failed = Shown(passed=5, troubles=["unit/test_x.py::test_y: no"])
    assert failed.verdict == "FAILS"
    lines = table([row], {"S01": failed}).splitlines()
    assert [line.split()[0] for line in lines] == ["S01", "unit/test_x.py::test_y:", "not"]


@pytest.mark.parametrize("ids", [["S99"], ["S35", "s36"]])
def test_a_row_that_there_is_not_is_refused(
    ids: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mission_rows, "show", lambda rows: {})
    monkeypatch.setattr(sys, "argv", ["mission_rows.py", *ids])
    with pytest.raises(SystemExit) as ended:
        mission_rows.main()
    assert ended.value.code == 2
    assert f"there is no row '{ids[-1]}'; they are S01 to S58" in capsys.readouterr().err
