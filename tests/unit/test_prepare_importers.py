"""Importers of data sets: one class and one line of the table make a command.

In: the example of an importer, folders of empty files. Out: help pages, CSVs.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from prepare_files import touch
from slipdetect.cli.main import cli
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare.command import IMPORTERS, load_importer

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "importer.py"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of the table that the example needs."""
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    monkeypatch.setitem(IMPORTERS, "named", "importer:Named")


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["prepare", *map(str, args)], catch_exceptions=False)


@pytest.mark.usefixtures("named")
def test_one_class_and_one_line_make_a_command(tmp_path: Path) -> None:
    names = [f"{action}-p{i}-{k}.mp4" for action in ("fall", "sitting", "x") for i in range(5)
             for k in range(2)]  # fmt: skip
    folder = touch(tmp_path / "own", *names)
    out = folder / "clips.csv"
    args = ("named", folder, "--separator", "-", "--out", out)
    undecided = run(*args)
    assert undecided.exit_code == 2
    assert "do not say whether somebody slips: sitting, x" in undecided.stderr
    done = run(*args, "--map", "x=skip", "--map", "sitting=other", "--val", 0.2)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (
        f"{out}\n\n"
        "split  slip  other  clips  groups\n"
        "train     6      6     12       3\n"
        "val       2      2      4       1\n"
        "test      2      2      4       1\n"
        "all      10     10     20       5\n"
        "\nleft out\n     1  class left out by the mapping\n"
    )
    clips = read_annotations(out)
    assert {clip.group for clip in clips} == {f"p{i}" for i in range(5)}
    assert {clip.dataset for clip in clips} == {"named"}
    assert run(*args, "--negative", "sitting").exit_code == 6
    again = run(*args, "--negative", "sitting", "--overwrite", "--test-every", 4)
    assert again.exit_code == 0
    clips = read_annotations(out)
    assert {clip.columns["action"] for clip in clips} == {"sitting"}
    assert [clip.split for clip in clips].count("test") == 10 // 4


@pytest.mark.usefixtures("named")
def test_the_page_has_the_class_and_the_shared_options() -> None:
    assert "Import videos that are named CLASS_PERSON_NUMBER." in run("--help").stdout
    page = " ".join(run("named", "--help").stdout.split())
    assert "prepare named [OPTIONS] FOLDER" in page
    for option in ("--separator TEXT", "--out FILE", "--root", "--overwrite", "--map", "--seed"):
        assert option in page
    assert "Share of the clips for the test, whole groups. [default: 0.2]" in page
    assert "--test" not in run("hmdb51", "--help").stdout
    assert "--map" not in run("intervals", "--help").stdout


def test_the_example_is_as_short_as_is_said() -> None:
    tree = ast.parse(EXAMPLE.read_text())
    (made,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    assert made.end_lineno is not None
    assert made.end_lineno - made.lineno < 20


@pytest.mark.parametrize("name", IMPORTERS)
def test_every_importer_is_documented(name: str) -> None:
    assert load_importer(name).__doc__
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    shown = re.search(rf"^slipdetect prepare {name} ", page, re.MULTILINE) is not None
    assert shown, f"docs/data.md shows no command line 'slipdetect prepare {name} ...'"
    listed = f"| `prepare {name}` |" in page
    assert listed, f"the table of docs/data.md has no row '| `prepare {name}` | ...'"
