"""``reproduce``: lists, runs, resumes, fails in part, and prints the table with its files.

In: made-up clips and work; tiny clips and a tiny network. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect import backbones
from slipdetect.errors import ModelError
from slipdetect.lab.course2020 import runs
from slipdetect.lab.course2020.division import Division
from slipdetect.lab.course2020.reproduce_report import SMOKE
from slipdetect.lab.course2020.runs import Attempt, Settings, scores_file
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.scores import ClipScores, read_scores, write_scores
from tiny_clips import create_tiny, tiny_clips

EPOCH = {"train_loss": 0.6, "train_accuracy": 0.7, "val_loss": 0.5, "val_accuracy": 0.8}


class MadeWork:
    """Work that draws its scores; trials named in ``broken`` fail."""

    broken: frozenset[str] = frozenset()
    ran: tuple[str, ...] = ()
    changes: Mapping[str, Any]  # of training, of the last run

    def __init__(self, division: Division, settings: Settings) -> None:
        self.division = division
        self.settings = settings
        MadeWork.changes = settings.changes

    def facts(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "trial": attempt.trial.key,
            "seed": attempt.seed,
            "protocol": self.settings.protocol,
            "weights": self.settings.starting_weights(attempt.trial.backbone),
        }

    def run(self, attempt: Attempt, folder: Path, say: Any) -> None:
        MadeWork.ran += (attempt.trial.key,)
        if attempt.trial.key in self.broken:
            raise ModelError("cannot get weights; pass --weights none")
        (folder / "run").mkdir(exist_ok=True)
        rows = [
            {"modality": "rgb", "epoch": k, **EPOCH, "val_auc": 0.8 + k / 20, "lr": 0.001}
            for k in range(3)
        ]
        log = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "run" / "metrics.jsonl").write_text(log)
        say("training", 3, 3)
        for side in ("val", "test"):
            clips = self.division.side(side)
            truth = np.array([0 if clip.positive else 1 for clip in clips])
            rng = np.random.default_rng(len(attempt.trial.key))
            logits = rng.normal(size=(len(clips), 2)) + 2 * np.eye(2)[truth]
            scores = ClipScores(
                labels=("slip", "other"),
                positive="slip",
                clips=tuple(self.division.name(clip) for clip in clips),
                groups=tuple(clip.group for clip in clips),
                datasets=("",) * len(clips),
                truth=truth,
                logits={attempt.trial.modality: logits.astype(np.float32)},
                facts={"trial": self.facts(attempt)},
            )
            write_scores(scores, scores_file(folder, side), overwrite=True)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> type[MadeWork]:
    monkeypatch.setattr(runs, "TrainingWork", MadeWork)
    monkeypatch.setattr(MadeWork, "ran", ())
    monkeypatch.setattr(MadeWork, "broken", frozenset())
    return MadeWork


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Sixty clips that nobody opens, thirty groups."""
    rows = ["path,label,group"]
    for index in range(60):
        (tmp_path / f"{index}.mp4").write_bytes(bytes([index]) * 8)
        rows.append(f"{index}.mp4,{'fall' if index // 2 % 2 else 'other'},g{index // 2}")
    file = tmp_path / "clips.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def test_a_table_is_run_printed_and_written(run, work, data: Path) -> None:
    out = data.parent / "out"
    args = ["reproduce", "table6", "--data", data, "--out", out]
    result = run(*args, "--with-report")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Table 6")
    assert "InceptionV4" in result.stdout
    assert "92.37 [a]" in result.stdout
    assert "starting weights imagenet" in result.stdout
    assert len(work.ran) == 15
    rows = list(csv.DictReader((out / "table6.csv").open()))
    assert {row["state"] for row in rows} == {"done"}
    assert json.loads((out / "table6.json").read_text())["course_report"]["unsound"]
    assert "| RGB |" in (out / "table6.md").read_text()
    sides = {row["split"] for row in csv.DictReader((out / "split.csv").open())}
    assert sides == {"train", "val", "test"}
    again = run(*args)
    assert again.exit_code == 0
    assert "15 of them done already" in again.stderr
    assert len(work.ran) == 15


def test_table_7_trains_nothing_after_table_6(run, work, data: Path) -> None:
    out = data.parent / "out"
    assert run("reproduce", "table6", "--data", data, "--out", out).exit_code == 0
    result = run("reproduce", "table7", "--data", data, "--out", out)
    assert result.exit_code == 0, result.output
    assert len(work.ran) == 15
    assert "all three, fitted" in result.stdout
    assert "Weights of 'all three, fitted': BNInception" in result.stdout


@pytest.mark.parametrize("table", ["table1", "table2", "table3"])
def test_two_stream_tables(run, work, data: Path, table: str) -> None:
    result = run("reproduce", table, "--data", data, "--out", data.parent / "out", "--with-report")
    assert result.exit_code == 0, result.output
    for row in ("Spatial", "Motion", "Fusion"):
        assert f"\n{row}" in result.stdout


def test_segments_come_with_curves(run, work, data: Path) -> None:
    out = data.parent / "out"
    result = run("reproduce", "segments", "--data", data, "--out", out, "--seeds", "2")
    assert result.exit_code == 0, result.output
    assert "10 segments" in result.stdout
    assert "3 of 3" in result.stdout
    assert "range over seeds" in result.stdout
    assert (out / "segments.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((out / "segments-epochs.csv").open()))
    assert {row["run"] for row in rows} >= {"1 segment, seed 0", "10 segments, seed 1"}
    assert len(rows) == 4 * 2 * 3


def test_one_failure_is_5_and_the_rest_is_done(
    run, work, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = data.parent / "out"
    monkeypatch.setattr(work, "broken", frozenset({"tsn-resnet101-flow"}))
    args = ["reproduce", "table6", "--data", data, "--out", out]
    result = run(*args)
    assert result.exit_code == 5
    assert "tsn-resnet101-flow seed 0 failed: cannot get weights" in result.stderr
    rows = list(csv.DictReader((out / "table6.csv").open()))
    states = [row["state"] for row in rows if (row["row"], row["column"]) != ("Flow", "ResNet101")]
    assert set(states) == {"done"}
    assert "failed" in result.stdout
    monkeypatch.setattr(work, "broken", frozenset())
    assert run(*args).exit_code == 0
    assert len(work.ran) == 16


def test_only_some_trials(run, work, data: Path) -> None:
    args = ["reproduce", "table6", "--data", data, "--out", data.parent / "out"]
    result = run(*args, "--only", "tsn-resn*-rgb")
    assert result.exit_code == 0
    assert work.ran == ("tsn-resnet101-rgb", "tsn-resnest101-rgb")
    assert run(*args, "--only", "resnet*").exit_code == 2


def test_a_pattern_without_a_trial_writes_nothing(run, work, data: Path) -> None:
    out = data.parent / "out"
    result = run("reproduce", "table6", "--data", data, "--out", out, "--only", "resnet*")
    assert result.exit_code == 2
    assert "tsn-resnet101-rgb" in result.stderr
    assert not out.exists()


def test_a_cell_that_cannot_be_computed_is_5(run, work, data: Path) -> None:
    out = data.parent / "out"
    args = ["reproduce", "table3", "--data", data, "--out", out]
    assert run(*args).exit_code == 0
    path = scores_file(out / "two-stream-resnet101-flow" / "seed0", "test")
    scores = read_scores(path)
    first = np.arange(len(scores.clips)) == 0
    write_scores(scores.select(~first), path, overwrite=True)  # as if a clip could not be read
    result = run(*args)
    assert "scored different clips" in result.stdout
    assert result.exit_code == 5


def test_the_list_shows_what_is_done_and_writes_nothing(run, work, data: Path) -> None:
    out = data.parent / "out"
    args = ["reproduce", "table3", "--data", data, "--out", out]
    result = run(*args, "--list")
    assert result.exit_code == 0
    assert "0 of 2 runs done" in result.stdout
    assert not out.exists()
    run(*args, "--only", "*-rgb")
    result = run(*args, "--list")
    lines = {line.split()[0]: line.split()[-1] for line in result.stdout.splitlines() if line}
    assert lines["two-stream-resnet101-rgb"] == "done"
    assert lines["two-stream-resnet101-flow"] == "open"


def test_other_settings_or_data_in_the_same_folder_are_6(run, work, data: Path) -> None:
    args = ["reproduce", "table3", "--data", data, "--out", data.parent / "out"]
    assert run(*args).exit_code == 0
    result = run(*args, "--protocol", "25x10")
    assert result.exit_code == 6
    assert 'protocol "25x1" instead of "25x10"' in result.stderr
    assert run(*args, "--weights", "none").exit_code == 6
    text = data.read_text().replace("59.mp4,fall", "59.mp4,other")
    data.write_text(text)
    result = run(*args)
    assert result.exit_code == 6
    assert "other clips or another split" in result.stderr


def test_a_leaking_split_is_3(run, work, data: Path) -> None:
    lines = data.read_text().splitlines()
    sides = ["split", *["train", "val", "test", "train"] * 15]
    data.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, sides, strict=True)))
    result = run("reproduce", "table3", "--data", data, "--out", data.parent / "out")
    assert result.exit_code == 3
    assert "the split leaks: 30 groups" in result.stderr
    assert "or pass --allow-leaks" in result.stderr
    assert work.ran == ()


def test_S52_a_leaking_split_is_run_if_told_and_every_file_says_so(run, work, data: Path) -> None:
    lines = data.read_text().splitlines()
    sides = ["split", *["train", "val", "test", "train"] * 15]
    data.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, sides, strict=True)))
    out = data.parent / "out"
    args = ["reproduce", "segments", "--data", data, "--out", out]
    told = "30 groups or files are on two sides of the data's split, with 15 of 15 test clips"
    listed = run(*args, "--allow-leaks", "--list")
    assert listed.exit_code == 0
    assert told in listed.stderr
    assert not out.exists()
    for ran in (4, 4):  # the second time nothing is trained and all is told again
        result = run(*args, "--allow-leaks")
        assert result.exit_code == 0, result.output
        assert len(work.ran) == ran
        assert told in result.stderr
        assert result.stdout.startswith("LEAKING SPLIT")
        assert told in " ".join(result.stdout.split())
        assert told in (out / "segments.md").read_text()
        assert json.loads((out / "segments.json").read_text())["leaked"]["count"] == 30
        for file in ("segments.csv", "segments-epochs.csv"):
            rows = list(csv.DictReader((out / file).open(newline="")))
            assert {(row["leaks"], row["leaking_test_clips"]) for row in rows} == {("30", "15")}
        for file in out.glob("segments*"):
            file.unlink()
    again = run(*args)
    assert again.exit_code == 3
    assert "or pass --allow-leaks" in again.stderr
    assert not list(out.glob("segments*"))


@pytest.mark.parametrize(
    ("option", "value"), [("--weights", "none"), ("--protocol", "25x1"), ("--epochs", "2")]
)
def test_quick_decides_for_itself(run, work, data: Path, option: str, value: str) -> None:
    result = run("reproduce", "table3", "--data", data, "--quick", option, value)
    assert result.exit_code == 2
    assert f"--quick decides {option} itself" in result.stderr


def test_quick_leaves_open_how_the_work_is_cut_up(run, work, data: Path) -> None:
    args = ("--quick", "--workers", "3", "--accumulate", "2", "--out", data.parent / "out")
    result = run("reproduce", "table3", "--data", data, *args)
    assert result.exit_code == 0, result.output
    cut_up = {name: work.changes.get(name) for name in ("workers", "accumulate", "epochs")}
    assert cut_up == {"workers": 3, "accumulate": 2, "epochs": 1}


def test_an_interruption_is_130_and_says_how_to_go_on(
    run, work, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "run", stop)
    result = run("reproduce", "table3", "--data", data, "--out", data.parent / "out")
    assert result.exit_code == 130
    assert "the same command goes on" in result.stderr


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Real work with a tiny network on tiny clips, each in its own group."""
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    clips: list[Clip] = tiny_clips(tmp_path, each=9)
    rows = [f"{c.path.name},{'fall' if c.positive else 'other'},{c.group}" for c in clips]
    file = tmp_path / "clips.csv"
    file.write_text("path,label,group\n" + "\n".join(rows) + "\n")
    return file


def test_a_leak_into_validation_is_trained_with_if_told(run, real: Path) -> None:
    """The training itself refuses it too."""
    head, *rows = real.read_text().splitlines()
    sides = ["train"] * 10 + ["val"] * 4 + ["test"] * 4
    rows[10] = rows[10].rpartition(",")[0] + ",fall-0"
    lines = [f"{row},{side}" for row, side in zip(rows, sides, strict=True)]
    real.write_text("\n".join([f"{head},split", *lines]) + "\n")
    args = ["reproduce", "table3", "--data", real, "--quick", "--out", real.parent / "out"]
    args += ["--device", "cpu", "--only", "*-rgb", "--allow-leaks"]
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert "with 0 of 4 test clips" in " ".join(result.stdout.split())


def test_a_smoke_run_trains_scores_and_says_that_it_means_nothing(run, real: Path) -> None:
    out = real.parent / "out"
    args = ["reproduce", "table3", "--data", real, "--quick", "--out", out, "--device", "cpu"]
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == SMOKE
    rows = list(csv.DictReader((out / "table3.csv").open()))
    assert [(row["state"], row["smoke"]) for row in rows] == [("done", "1")] * 3
    assert not list(out.rglob("*.safetensors"))
    assert run(*args, "--list").stdout.endswith("2 of 2 runs done\n")
