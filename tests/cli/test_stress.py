"""``stress``: a model is tested under disturbance, stops and goes on, and draws what is meant.

In: tiny videos and a network with random weights. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from slipdetect.lab.stress import run as stress_run


@pytest.fixture
def data(videos: Path) -> Path:
    rows = ["path,label,start,end,group,dataset"]
    rows += [f"{k}.mp4,fall,0.4,0.9,g{k},made" for k in range(2)]
    rows += [f"{k}.mp4,other,,,g{k},made" for k in range(2, 4)]
    (videos / "clips.csv").write_text("\n".join(rows) + "\n")
    return videos / "clips.csv"


@pytest.fixture
def stress(run: Any, tiny_package: Path, data: Path, tmp_path: Path) -> Any:
    """Return a function that tests the tiny package in ``tmp_path / "out"``."""

    def call(*args: object) -> Any:
        where = () if "--pictures" in args else ("--out", tmp_path / "out", "--device", "cpu")
        return run("stress", tiny_package, data, *where, *args)

    return call


def test_a_run_is_kept_resumed_and_extended(
    stress: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    run_case = stress_run.run_case

    def watched(detector: Any, case: Any, *args: Any) -> None:
        done.append(case.key)
        run_case(detector, case, *args)

    monkeypatch.setattr(stress_run, "run_case", watched)
    result = stress("--conditions", "mirror,dark", "--strengths", "dark=50")
    assert result.exit_code == 0, result.output
    assert done == ["undisturbed", "mirror", "dark-50"]
    assert "model tiny: 4 clips, 2 of them with a fall" in result.stdout
    labels = [line[:12].strip() for line in result.stdout.splitlines()[3:6]]
    assert labels == ["undisturbed", "mirror", "dark 50%"]
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "dark-50.jsonl",
        "facts.json",
        "mirror.jsonl",
        "stress.json",
        "stress.md",
        "stress.png",
        "undisturbed.jsonl",
    ]
    assert imread(out / "stress.png").shape[1] == 1200

    # a stop lost one case; another condition is asked for
    (out / "mirror.jsonl").unlink()
    again = stress("--conditions", "mirror,turn", "--strengths", "turn=180", "--format", "json")
    assert again.exit_code == 0, again.output
    assert done[3:] == ["mirror", "turn-180"]
    assert "4 clips, 3 times each, 1 of them done before" in again.stderr
    table = json.loads(again.stdout)
    assert [row["label"] for row in table["rows"]] == ["undisturbed", "mirror", "turn 180°"]
    assert table == json.loads((out / "stress.json").read_text())
    # networks see a still brightness of this figure either way up
    assert table["rows"][0]["clips"] == table["rows"][2]["clips"] == 4

    third = stress("--conditions", "mirror,turn", "--strengths", "turn=180", "--format", "markdown")
    assert third.exit_code == 0
    assert len(done) == 5
    assert third.stdout == (out / "stress.md").read_text()


def test_another_run_is_refused(stress: Any, data: Path, tmp_path: Path) -> None:
    assert stress("--conditions", "mirror").exit_code == 0
    other = stress("--conditions", "mirror", "--seed", "1")
    assert other.exit_code == 6
    assert "seed 0 instead of 1" in other.stderr
    assert "choose another --out" in other.stderr
    data.write_text(data.read_text().replace("0.4,0.9", "0.5,0.9", 1))
    changed = stress("--conditions", "mirror")
    assert changed.exit_code == 6
    assert "data.sha256" in changed.stderr


def test_files_of_no_run_are_not_replaced(stress: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    page = tmp_path / "out" / "stress.md"
    page.write_text("mine")
    result = stress("--conditions", "mirror")
    assert result.exit_code == 6
    assert "holds 'stress.md' that is of no run" in result.stderr
    assert page.read_text() == "mine"
    page.rename(page.with_name("kept.jsonl"))  # it could be taken for a row that is done
    assert stress("--conditions", "mirror").exit_code == 6
    assert [path.name for path in page.parent.iterdir() if path.is_file()] == ["kept.jsonl"]


def test_clips_that_cannot_be_read_end_in_5(stress: Any, data: Path, videos: Path) -> None:
    (videos / "broken.mp4").write_bytes(b"no video")
    data.write_text(data.read_text() + "broken.mp4,other,,,g9,made\n")
    result = stress("--conditions", "mirror")
    assert result.exit_code == 5
    assert result.stderr.count("left out") == 1
    assert "broken.mp4" in result.stderr
    rows = [line.split()[:2] for line in result.stdout.splitlines()[3:5]]
    assert rows == [["undisturbed", "4"], ["mirror", "4"]]


def test_pictures_are_drawn_and_nothing_is_tested(stress: Any, tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    result = stress("--pictures", target)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert f"wrote {str(target)!r}" in result.stderr
    assert target.read_bytes().startswith(b"\x89PNG")
    assert stress("--pictures", target).exit_code == 6
    assert stress("--pictures", target, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--conditions", "fog"], "no condition 'fog'"),
        (["--conditions", ","], "names none of dark, noise"),
        (["--overwrite"], "--overwrite has no effect"),
        (["--pictures", "x.png", "--format", "json"], "--format has no effect with --pictures"),
        (["--pictures", "x.png", "--out", "x"], "--out has no effect with --pictures"),
        (["--pictures", "x.png", "--view", "level"], "--view has no effect with --pictures"),
        (["--view", "above"], "looks at no people, so it cannot judge by them alone"),
        (["--strengths", "noise"], "'noise' is not a list such as noise=10,30"),
        (["--strengths", "noise=1,x"], "is not a list such as"),
        (["--strengths", "noise=nan"], "is not a list such as"),
        (["--strengths", "dark=1", "--strengths", "dark=2"], "once for each"),
        (["--strengths", "rate=0"], "must be 0.1 to 1000 fps, not 0"),
        (["--conditions", "dark", "--strengths", "noise=1"], "not among --conditions"),
    ],
)
def test_what_makes_no_sense_is_refused(
    stress: Any, tmp_path: Path, args: list[str], message: str
) -> None:
    result = stress(*args)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


PLACED = "path,label,start,end,group,scene,camera_azimuth,camera_rise\n"


def test_the_same_scenes_from_other_places(stress: Any, data: Path, tmp_path: Path) -> None:
    rows = ("0.mp4,fall,.4,.9,f,f,0,", "1.mp4,fall,.4,.9,f,f,90,", "2.mp4,other,,,o,o,0,")
    data.write_text(PLACED + "\n".join((*rows, "3.mp4,other,,,o,o,90,")) + "\n")
    asked = ("--conditions", "mirror,viewpoint", "--format", "json")
    result = stress(*asked)
    assert result.exit_code == 0, result.output
    assert "2 scenes from 2 camera places" in result.stderr
    assert "2 clips, 3 times each" in result.stderr
    table = json.loads(result.stdout)
    assert table["facts"]["data"]["clips"] == 4
    told = [(row["label"], row["clips"], row["falls"]) for row in table["rows"]]
    assert told == [("undisturbed", 2, 1), ("mirror", 2, 1), ("viewpoint 90°", 2, 1)]
    assert table["rows"][2]["change"]["falls"] == 1
    out = tmp_path / "out"
    for name, seen in (("undisturbed", "02"), ("mirror", "02"), ("viewpoint-90", "13")):
        lines = (out / f"{name}.jsonl").read_text().splitlines()
        assert [json.loads(line)["clip"] for line in lines] == [f"{k}.mp4" for k in seen]
    assert "- viewpoint: the same scene in another clip" in (out / "stress.md").read_text()
    # with and without --quick, and with every condition, the same clips are compared
    again = stress(*asked, "--quick", "--strengths", "viewpoint=90")
    assert again.exit_code == 0, again.output
    assert "3 of them done before" in again.stderr
    assert stress("--pictures", tmp_path / "sheet.png").exit_code == 0
    data.write_text(data.read_text().replace("f,90,", "f,45,").replace("o,90,", "o,45,"))
    assert "data.sha256" in stress(*asked).stderr


def test_a_place_that_cannot_be_read_ends_in_5(stress: Any, data: Path, videos: Path) -> None:
    (videos / "broken.mp4").write_bytes(b"no video")
    rows = ("0.mp4,fall,,,f,f,0,", "broken.mp4,fall,,,f,f,90,", "2.mp4,other,,,o,o,0,")
    data.write_text(PLACED + "\n".join((*rows, "3.mp4,other,,,o,o,90,")) + "\n")
    result = stress("--conditions", "viewpoint", "--format", "json")
    assert result.exit_code == 5
    assert result.stderr.count("left out") == 1
    table = json.loads(result.stdout)
    assert [row["clips"] for row in table["rows"]] == [2, 1]
    assert table["rows"][1]["change"]["falls"] == 0


@pytest.mark.parametrize(
    ("rows", "code", "message"),
    [
        (["0.mp4,fall,,,a,,,"], 2, "viewpoint needs clips that say which scene they show"),
        (["0.mp4,fall,,,a,a,0,", "1.mp4,fall,,,a,,,"], 3, "'1.mp4' has no 'scene'"),
        (["0.mp4,fall,,,a,a,0,", "1.mp4,fall,,,b,b,0,"], 3, "scene 'a' is seen from one camera"),
        (["0.mp4,fall,,,a,a,45,", "1.mp4,fall,,,a,a,90,"], 3, "no clip from the reference place"),
        (["0.mp4,fall,,,a,a,0,", "1.mp4,fall,,,a,a,x,"], 3, "camera_azimuth 'x'"),
    ],
)
def test_clips_without_comparable_places_are_refused(
    stress: Any, data: Path, tmp_path: Path, rows: list[str], code: int, message: str
) -> None:
    data.write_text(PLACED + "\n".join(rows) + "\n")
    result = stress("--conditions", "viewpoint")
    assert result.exit_code == code, result.output
    (error,) = [line for line in result.stderr.splitlines() if line.startswith("Error")]
    assert message in error
    assert not (tmp_path / "out").exists()


def test_without_a_fall_nothing_can_be_lost(stress: Any, data: Path) -> None:
    data.write_text("path,label\n2.mp4,other\n3.mp4,other\n")
    result = stress()
    assert result.exit_code == 2
    assert "no clip of 'clips.csv' shows a fall" in result.stderr
    assert "viewpoint is left out: no clip says which scene it shows" in result.stderr


def test_data_that_the_model_saw_are_warned_of(stress: Any, data: Path, tmp_path: Path) -> None:
    warning = "Warning: the model was trained on clips of noise, which may be among these"
    args = ("--conditions", "mirror", "--quick")
    other = stress(*args)
    assert other.exit_code == 0, other.output
    assert "'clips.csv' has no split: testing on all its clips" in other.stderr
    assert warning not in other.stderr
    data.write_text(data.read_text().replace(",made", ",noise"))  # as the tiny package says
    drawn = stress(*args, "--pictures", tmp_path / "sheet.png")
    assert drawn.stderr == f"wrote {str(tmp_path / 'sheet.png')!r}\n"  # nothing is tested
    assert warning in stress(*args).stderr  # though the folder, of other data, is refused
