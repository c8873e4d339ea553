"""``reproduce`` on the official split that ``prepare hmdb51`` has just made.

In: tiny clips in class folders, split files. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from slipdetect import backbones
from slipdetect.lab.course2020.reproduce_report import SMOKE
from tiny_clips import create_tiny, tiny_clips


@pytest.fixture
def hmdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Class folders and official splits; film 0 is trained on as a fall and tested as a walk."""
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    (tmp_path / "splits").mkdir()
    uses: dict[str, list[str]] = {"fall_floor": [], "walk": []}
    for index, clip in enumerate(tiny_clips(tmp_path, each=9)):
        action = "fall_floor" if clip.positive else "walk"
        film = 0 if index == 17 else index
        name = f"Film{film:02}x_{action}_f_cm_np1_fr_med_0.mp4"
        (tmp_path / action).mkdir(exist_ok=True)
        clip.path.rename(tmp_path / action / name)
        uses[action].append(f"{name} {'1' if index < 12 else '2'} \n")
    for action, lines in uses.items():
        (tmp_path / "splits" / f"{action}_test_split1.txt").write_text("".join(lines))
    return tmp_path


def test_S52_the_official_split_that_was_just_prepared_can_be_run(run, hmdb: Path) -> None:
    clips, out = hmdb / "clips.csv", hmdb / "out"
    prepared = run("prepare", "hmdb51", hmdb, "--splits", hmdb / "splits", "--out", clips)
    assert prepared.exit_code == 0, prepared.output
    args = ["reproduce", "table6", "--data", clips, "--quick", "--out", out, "--device", "cpu"]
    args += ["--only", "tsn-resnet101-rgb"]
    refused = run(*args)
    assert refused.exit_code == 3
    assert "'hmdb51-film00x' (1 train, 1 test)" in refused.stderr
    assert "or pass --allow-leaks" in refused.stderr
    assert not out.exists()
    result = run(*args, "--allow-leaks")
    assert result.exit_code == 0, result.output
    smoke, _, leak, *_ = result.stdout.splitlines()
    assert smoke == SMOKE
    assert leak.startswith("LEAKING SPLIT: 1 group or file is on two sides of the data's split,")
    rows = list(csv.DictReader((out / "table6.csv").open()))
    assert {row["state"] for row in rows if row["row"] == "RGB"} == {"done", "missing"}
    assert {(row["leaks"], row["leaking_test_clips"]) for row in rows} == {("1", "1")}
