"""``slipdetect plot``: a picture of learning curves, or a line that says why not.

In: small logs written here. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

LOG = "Epoch,Batch Time,Loss,Prec@1\n0,0.3,1.5,71.2\n1,0.3,0.5,91.5\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("rgb_train.csv", "rgb_test.csv", "opf_test.csv"):
        (tmp_path / name).write_text(LOG)


def test_logs_become_a_picture_and_nothing_is_printed(run, tmp_path: Path) -> None:
    result = run("plot", "rgb_train.csv", "rgb_test.csv", "opf_test.csv")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "2 runs drawn; written: curves.png" in result.stderr
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_overwritten_unasked(run, tmp_path: Path) -> None:
    (tmp_path / "curves.png").write_text("mine")
    result = run("plot", "rgb_test.csv")
    assert result.exit_code == 6
    assert (tmp_path / "curves.png").read_text() == "mine"
    assert run("plot", "rgb_test.csv", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 2, "Missing argument"),
        (["rgb_test.csv", "--out", "x.gif"], 2, ".png, .svg, .pdf"),
        (["gone.csv"], 3, "No such file"),
        (["rgb_test.csv", "--out", "no/x.png"], 6, "does not exist"),
    ],
)
def test_wrong_wishes_are_refused(run, args: list[str], code: int, words: str) -> None:
    result = run("plot", *args)
    assert result.exit_code == code
    assert words in result.stderr
    assert "Traceback" not in result.output
