"""``slipdetect compare``: from scores files to tables and pictures, or a line that says why not.

In: scores files written here. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scored import drawn
from slipdetect.lab.evaluate.scores import write_scores

SKILL = {"rgb": 1.0, "flow": 0.7, "rgbdiff": 0.5}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, (name, skill) in enumerate(SKILL.items()):
        (tmp_path / name).mkdir()
        facts = {"name": name, "backbones": {name: "resnet18"}}
        for part, short in (("test", "test"), ("val", "val")):
            scores = drawn(40, {name: skill}, seed, short, **facts)
            write_scores(scores, tmp_path / name / f"scores-{part}.npz")


def test_three_runs_make_one_backbone_of_eight_rows(run, tmp_path: Path) -> None:
    result = run("compare", *SKILL, "--out", "out", "--resamples", "100")
    assert result.exit_code == 0, result.output
    assert "rgb+flow+rgbdiff fitted" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "written: out/comparison.md" in result.stderr
    data = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert len(data["rows"]) == 8
    assert data["reference_chosen_by"] == "validation"
    assert data["command"] == "slipdetect compare rgb flow rgbdiff --resamples 100 --seed 0"
    assert len((tmp_path / "out" / "comparison.csv").read_text().splitlines()) == 9
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert str(tmp_path) not in (tmp_path / "out" / "comparison.md").read_text()


def test_the_command_tells_runs_of_one_folder_name_apart(run, tmp_path: Path) -> None:
    for name in ("rgb", "flow"):
        (tmp_path / name).rename(tmp_path / "moved")
        (tmp_path / name).mkdir()
        (tmp_path / "moved").rename(tmp_path / name / "seed0")
    args = ["compare", "rgb/seed0", tmp_path / "flow" / "seed0", "--resamples", "100"]
    assert run(*args, "--out", "out").exit_code == 0
    data = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert data["command"].startswith("slipdetect compare rgb/seed0 seed0 --resamples")


def test_files_do_as_well_and_without_out_nothing_is_written(run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = run(
        "compare",
        "rgb/scores-test.npz",
        "flow",
        "--weights",
        "rgb=1,flow=2",
        "--against",
        "resnet18 flow",
        "--no-validation",
        "--resamples",
        "100",
    )
    assert result.exit_code == 0, result.output
    assert "rgb+flow 1:2" in result.stdout
    assert "fitted " not in result.stdout.split("Against")[0]
    assert "the reference: as asked for" in result.stdout
    assert result.stderr == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_overwritten_unasked(run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "comparison.csv").write_text("mine")
    args = ("compare", "rgb", "--out", "out", "--resamples", "100")
    result = run(*args)
    assert result.exit_code == 6
    assert "comparison.csv" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["comparison.csv"]
    assert run(*args, "--overwrite").exit_code == 0


def test_other_clips_are_refused_and_common_helps(run, tmp_path: Path) -> None:
    more = drawn(44, {"flow": 0.7}, 1, "test", backbones={"flow": "resnet18"})
    write_scores(more, tmp_path / "more.npz")
    result = run("compare", "rgb", "more.npz")
    assert result.exit_code == 3
    assert "4 test clips are in only one of" in result.stderr
    assert run("compare", "rgb", "more.npz", "--common", "--resamples", "100").exit_code == 0


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ([], 2, "Missing argument"),
        (["rgb", "rgb"], 2, "named twice"),
        (["rgb", "--weights", "rgb"], 2, "rgb=1,flow=1.5"),
        (["rgb", "--weights", "rgb=-1"], 2, "rgb=1,flow=1.5"),
        (["rgb", "--weights", "rgb=nan"], 2, "rgb=1,flow=1.5"),
        (["rgb", "--weights", "rgb=1,rgb=2"], 2, "rgb=1,flow=1.5"),
        (["rgb", "--weights", "rgb=0"], 2, "no weight above 0"),
        (["rgb", "--weights", "rgb=1,flow=1"], 2, "check --weights"),
        (["rgb", "--against", "x"], 2, "no row called 'x'; choose from 'resnet18 rgb'"),
        (["gone"], 3, "cannot read scores"),
        (["."], 3, "no scores-test.npz"),
    ],
)
def test_wrong_wishes_are_refused(run, args: list[str], code: int, words: str) -> None:
    result = run("compare", *args)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output
