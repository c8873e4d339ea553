"""``train --negatives``: footage becomes training clips, and wishes that make no sense say why.

In: tiny videos and a network with random weights. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from slipdetect.models import load_package
from synth import make_video

TINY = (
    "--modality rgb --backbone resnet18 --epochs 1 --batch-size 2 --device cpu "
    "--set input_size=32 --set short_side=48 --set sample_fps=5 --set window=0.6 "
    "--set snippet_step=1 --set windows_per_epoch=4"
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four clips of four groups, and a folder of footage beside them."""
    rows = ["path,label,start,end,group,dataset"]
    for index, kind in enumerate(("slip", "slip", "walk", "still")):
        make_video(tmp_path / f"{index}.mp4", kind, count=50 + index, size=(64, 48))
        event = "1.0,1.6" if kind == "slip" else ","
        rows.append(f"{index}.mp4,{'slip' if kind == 'slip' else 'other'},{event},g{index},own")
    (tmp_path / "clips.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "quiet").mkdir()
    make_video(tmp_path / "quiet" / "a.mp4", "walk", count=60, size=(64, 48))
    return tmp_path / "clips.csv"


def train(run: Any, data: Path, *args: object) -> Any:
    out = data.parent / "run"
    quiet = ("--negatives", data.parent / "quiet")
    return run("train", "--data", data, "--out", out, *TINY.split(), *quiet, *args)


def test_false_alarms_are_learned_from(run: Any, data: Path, tiny_package: Path) -> None:
    from_it = ("--init-from", tiny_package, "--mine-above", "0")
    result = train(run, data, *from_it)
    assert result.exit_code == 0, result.output
    with (data.parent / "run" / "mined" / "mined.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert f"{len(rows)} false alarms" in result.stderr
    assert {(row["label"], row["dataset"], row["split"]) for row in rows} == {
        ("other", "mined", "train")
    }
    training = load_package(data.parent / "run" / "last").config.training
    by_dataset = {part["dataset"]: part["clips"] for part in training["training_data"]}
    assert by_dataset["mined"] == len(rows) > 0
    assert "mined" not in {part["dataset"] for part in training["validation_data"]}
    assert training["config"]["hard_negative_fraction"] == 0.25
    # refused before the footage is looked at again
    again = train(run, data, *from_it)
    assert again.exit_code == 6
    assert "--overwrite" in again.stderr
    on = train(run, data, *from_it, "--resume", "--negatives", "nowhere")
    assert on.exit_code == 0, on.output
    assert f"going on with the {len(rows)} false alarms" in on.stderr


def test_a_model_that_is_not_fooled_is_told_of(run: Any, data: Path, tiny_package: Path) -> None:
    result = train(run, data, "--init-from", tiny_package, "--mine-above", "1")
    assert result.exit_code == 0, result.output
    assert "nothing is added" in result.stderr


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "--init-from default"),
        (["--init-from", "default", "--mine-above", "nan"], 2, "'nan' is not a finite number"),
        (["--init-from", "default", "--set", "sampling=clips"], 2, "--set sampling=windows"),
        (["--init-from", "default", "--negatives", "no*.mp4"], 3, "matches no file"),
        # before the footage is looked at
        (
            ["--init-from", "default", "--negatives", "no*.mp4", "--overwrite", "--resume"],
            2,
            "choose one",
        ),
    ],
)
def test_wishes_that_make_no_sense(
    run: Any, data: Path, args: list[str], code: int, message: str
) -> None:
    result = train(run, data, *args)
    assert result.exit_code == code
    assert message in result.stderr
    assert not (data.parent / "run" / "last").exists()


def test_a_limit_of_mining_needs_footage(run: Any, data: Path) -> None:
    result = run("train", "--data", data, "--out", data.parent / "run", "--mine-above", "0.3")
    assert result.exit_code == 2
    assert "--mine-above has no effect without --negatives" in result.stderr
