"""``slipdetect prepare check`` as its users meet it: tables, files, exit codes.

In: tiny recordings and annotation files. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from recordings import RATE, recording
from slipdetect.video import write_video


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight recordings of eight groups in four rooms, and copies of two of them."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(8):
        write_video(folder / f"{number}.mp4", recording(number % 4, number, 2.5), RATE)
    write_video(folder / "copy.mp4", recording(0, 0, 2.5)[4:], RATE, quality=33)
    shutil.copy(folder / "1.mp4", folder / "same.mp4")
    (folder / "broken.mp4").write_bytes(b"no video at all")
    return folder


def annotate(dataset: Path, rows: dict[str, tuple[str, str, str]], *, split: bool = True) -> Path:
    """Write clips.csv: label, group and side of every file."""
    file = dataset / "clips.csv"
    lines = ["path,label,group,dataset" + (",split" if split else "")]
    for name, (label, group, side) in rows.items():
        lines.append(f"{name}.mp4,{label},{group},lab" + (f",{side}" if split else ""))
    file.write_text("\n".join(lines) + "\n")
    return file


SOUND = {
    str(n): ("fall" if n < 4 else "other", f"g{n}", ("train", "train", "val", "test")[n % 4])
    for n in range(8)
}


def test_check_a_sound_data_set(run, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    done = run("prepare", "check", annotate(dataset, SOUND), "--out", out, "--sheet")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("clips.csv: 8 clips in 8 groups\n")
    assert re.search(r"^  train  slip   lab +2 +2 +5 +0$", done.stdout, re.MULTILINE)
    assert "none: no group, file or recording is on two sides" in done.stdout
    assert "inside data sets" not in done.stdout
    names = [
        *("check.json", "confounds.json", "confounds.md", "confounds.png"),
        *("near-duplicates.csv", "sheet.png"),
    ]
    assert files(out) == names
    found = json.loads((out / "check.json").read_text())
    assert found["leaks"] == {"groups": [], "copies": [], "recordings": []}
    # 0 and 4 share a room, as do 1 and 5, 2 and 6, 3 and 7
    assert 1 <= found["near_duplicates"]["same scene"] <= 4
    assert "same recording" not in found["near_duplicates"]
    report = json.loads((out / "confounds.json").read_text())
    assert report["clips"] == {"slip": 4, "other": 4}
    assert all(0 <= item["auc"]["value"] <= 1 for item in report["confounds"])
    for name in ("confounds.png", "sheet.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    again = run("prepare", "check", dataset / "clips.csv", "--out", out)
    assert again.exit_code == 6
    assert "exists already" in again.stderr


def test_check_names_what_cannot_be_read_and_goes_on(run, dataset: Path) -> None:
    rows = {**SOUND, "broken": ("other", "b", "train"), "gone": ("fall", "g", "val")}
    done = run("prepare", "check", annotate(dataset, rows))
    assert done.exit_code == 5
    assert "broken.mp4" in done.stdout
    assert "gone.mp4' was not found" in done.stdout
    assert "2 of 10 videos cannot be read" in done.stderr
    assert "does anything else tell the label?" in done.stdout
    nothing = run("prepare", "check", annotate(dataset, {"broken": ("other", "b", "train")}))
    assert nothing.exit_code == 3


def test_check_without_a_split_looks_for_duplicates_only(run, dataset: Path) -> None:
    rows = {**SOUND, "copy": ("fall", "gc", ""), "same": ("other", "gs", "")}
    done = run("prepare", "check", annotate(dataset, rows, split=False))
    assert done.exit_code == 0, done.output
    assert "No clip has a split" in done.stdout
    assert "1.mp4 = same.mp4  (with different labels!)" in done.stdout
    assert "2 pairs show the same recording" in done.stdout


def test_check_fast_decodes_nothing(
    run, dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("slipdetect.lab.check.checking.measure_clip", lambda path: 1 / 0)
    out = tmp_path / "report"
    done = run("prepare", "check", annotate(dataset, SOUND), "--fast", "--out", out)
    assert done.exit_code == 0, done.output
    assert "not looked for (--fast)" in done.stdout
    assert files(out) == ["check.json"]


def test_check_leaves_nothing_of_an_earlier_report(run, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    clips = annotate(dataset, SOUND)
    assert run("prepare", "check", clips, "--out", out, "--sheet").exit_code == 0
    (out / "notes.txt").write_text("mine")
    again = run("prepare", "check", clips, "--fast", "--out", out, "--overwrite")
    assert again.exit_code == 0, again.output
    assert files(out) == ["check.json", "notes.txt"]


def test_check_group_names_that_differ_in_case_only(run, dataset: Path) -> None:
    rows = {**SOUND, "0": ("fall", "Big_Fish", "train"), "1": ("fall", "BIG-FISH", "train")}
    done = run("prepare", "check", annotate(dataset, rows), "--fast")
    assert "BIG-FISH = Big_Fish ?" in done.stdout


@pytest.mark.parametrize(
    ("args", "code"), [(["--sheet"], 2), (["--pictures", "0"], 2), (["--root", "nowhere"], 3)]
)
def test_check_refuses(run, dataset: Path, args: list[str], code: int) -> None:
    assert run("prepare", "check", annotate(dataset, SOUND), *args).exit_code == code
