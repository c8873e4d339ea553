"""Fault T04 on splits: what is on two sides is refused by name, before anything is trained.

In: tiny clips on the wrong sides. Out: a named error and no run.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recordings import RATE, recording
from slipdetect.cli.main import cli
from slipdetect.errors import DataError
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.train import TrainingRun
from slipdetect.video import write_video
from tiny_clips import tiny_config

Rows = list[tuple[str, str, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings 0 to 5, and 0 again: the same bytes; encoded anew; mirrored; trimmed and small."""
    folder = tmp_path_factory.mktemp("t04")
    for number in range(6):
        write_video(folder / f"{number}.mp4", recording(number, number, 2.5), RATE)
    first = recording(0, 0, 2.5)
    (folder / "copy.mp4").write_bytes((folder / "0.mp4").read_bytes())
    write_video(folder / "anew.mp4", first, RATE, quality=35)
    write_video(folder / "mirrored.mp4", [image[:, ::-1] for image in first], RATE)
    write_video(folder / "trimmed.mp4", [image[::2, ::2] for image in first[6:-4]], RATE)
    (folder / "broken.mp4").write_bytes(b"no video at all")
    return folder


SOUND: Rows = [
    ("0", "fall", "a", "train"),
    ("1", "other", "b", "train"),
    ("2", "fall", "c", "val"),
    ("3", "other", "d", "val"),
]


def check(folder: Path, rows: Rows, *options: str) -> Result:
    file = folder / "clips.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label", "group", "split"])
        writer.writerows([f"{name}.mp4", label, group, split] for name, label, group, split in rows)
    return CliRunner().invoke(cli, ["prepare", "check", str(file), *options])


def test_T04_a_sound_split_passes(folder: Path) -> None:
    assert check(folder, SOUND).exit_code == 0


def test_T04_a_group_on_two_sides_is_refused_by_name(folder: Path) -> None:
    rows = [*SOUND, ("4", "fall", "a", "test"), ("5", "other", "d", "train")]
    done = check(folder, rows)
    assert done.exit_code == 3
    error = done.stderr.splitlines()[-1]
    assert error.startswith("Error: the split leaks: 2 groups are on two sides or more: ")
    assert "'a' (1 train, 1 test), 'd' (1 train, 1 val)" in error
    assert "--allow-leaks" in error


@pytest.mark.parametrize("name", ["copy", "anew", "mirrored", "trimmed"])
def test_T04_a_recording_on_two_sides_is_refused_whatever_was_done_to_it(
    folder: Path, name: str
) -> None:
    done = check(folder, [*SOUND, (name, "fall", "e", "test")])
    assert done.exit_code == 3, done.output
    assert "0.mp4' (train)" in done.stderr
    assert f"{name}.mp4' (test)" in done.stderr
    same_side = check(folder, [*SOUND, (name, "fall", "e", "train")])
    assert same_side.exit_code == 0, same_side.output


def test_T04_a_leak_can_be_allowed_and_is_still_said(folder: Path, tmp_path: Path) -> None:
    rows = [*SOUND, ("4", "fall", "a", "test")]
    done = check(folder, rows, "--allow-leaks", "--out", str(tmp_path / "r"))
    assert done.exit_code == 0, done.output
    assert "Warning: the split leaks: 1 group is on two sides" in done.stderr
    assert (tmp_path / "r" / "check.json").exists()


def test_T04_the_report_is_written_although_the_split_leaks(folder: Path, tmp_path: Path) -> None:
    rows = [*SOUND, ("4", "fall", "a", "test"), ("broken", "other", "f", "val")]
    done = check(folder, rows, "--out", str(tmp_path / "r"))
    assert done.exit_code == 3
    assert "broken.mp4" in done.stdout
    assert (tmp_path / "r" / "confounds.json").exists()


def test_T04_training_refuses_a_group_on_both_sides_by_name(folder: Path, tmp_path: Path) -> None:
    check(folder, [*SOUND, ("4", "fall", "a", "val")])
    clips: list[Clip] = read_annotations(folder / "clips.csv")
    run = TrainingRun(
        clips, tmp_path / "out", ["rgb"], tiny_config(), cache=tmp_path / "cache", device="cpu"
    )
    with pytest.raises(DataError, match=r"'a' \(1 train, 1 val\)"):
        run.run()
    assert not (tmp_path / "out" / "last").exists()
