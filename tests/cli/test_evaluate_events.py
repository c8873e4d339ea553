"""``evaluate events``: a model or kept predictions, tables and pictures of both.

In: tiny videos, a network with random weights, predictions made by hand. Out: assertions.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from predicted import predicted
from slipdetect.detection import Detector, model_folder
from slipdetect.errors import VideoError
from slipdetect.lab.evaluate import events_command
from slipdetect.lab.evaluate.predictions import read_predictions, write_predictions
from synth import make_video

RISING = [0.1, 0.4, 0.6, 0.9, 0.4, 0.1, 0.1]
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    rows = ["path,label,start,end,group,dataset,action"]
    for index, kind in enumerate(("slip", "walk", "still")):
        truth = make_video(folder / f"{index}.mp4", kind, count=50, size=(64, 48))
        start, end = truth.events[0] if truth.events else ("", "")
        label = "slip" if truth.events else "other"
        rows.append(f"{index}.mp4,{label},{start},{end},g{index},made,{kind}")
    (folder / "clips.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Predictions of a fall that is found, one that is missed, and a clip without."""
    items = [
        predicted(RISING, [(1.4, 2.0)], clip="0.mp4", group="a", size=0.6),
        predicted([0.1, 0.2, 0.1], [(0.4, 0.8)], clip="1.mp4", group="b", dataset="y"),
        predicted([0.1, 0.7, 0.1], clip="2.mp4", group="c", action="sit"),
    ]
    write_predictions(items, tmp_path / "kept.jsonl")
    return tmp_path / "kept.jsonl"


def test_a_model_is_run_once_and_its_predictions_serve_again(
    run: Any, tiny_package: Path, videos: Path, tmp_path: Path
) -> None:
    new, curves, sheet = tmp_path / "new.jsonl", tmp_path / "c.png", tmp_path / "m.png"
    args = ["--device", "cpu", "--onset", "0.01", "--offset", "0.01"]
    files = ["--predictions", new, "--curves", curves, "--mistakes", sheet]
    result = run("evaluate", "events", tiny_package, videos / "clips.csv", *args, *files)
    assert result.exit_code == 0, result.output
    assert "clips.csv, model tiny, onset 0.01, offset 0.01: 3 clips of 3 groups" in result.stdout
    assert "detecting events in 3 clips on cpu" in result.stderr
    assert curves.read_bytes().startswith(PNG)
    assert sheet.read_bytes().startswith(PNG)
    rows = read_predictions(new)
    assert [row.clip for row in rows] == ["0.mp4", "1.mp4", "2.mp4"]
    assert rows[0].size is not None  # somebody walks and falls
    assert rows[2].size is None  # nothing moves
    again = run("evaluate", "events", new)
    assert again.exit_code == 0, again.output
    figures = lambda text: text.splitlines()[2:]  # noqa: E731
    assert figures(again.stdout) == figures(result.stdout)
    assert again.stderr == ""


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_processes_find_the_same_and_a_run_goes_on(
    run: Any,
    tiny_package: Path,
    videos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    jobs: str,
) -> None:
    data, done = tmp_path / "clips.csv", tmp_path / "done.jsonl"
    text = (videos / "clips.csv").read_text() + "missing.mp4,other,,,g9,made,none\n"
    data.write_text(text)
    args = [tiny_package, data, "--root", videos, "--device", "cpu", "--format", "json"]
    args = ["evaluate", "events", *args]
    plain = run(*args)
    beside = run(*args, "--jobs", jobs, "--resume", done)
    assert beside.exit_code == plain.exit_code == 5
    assert beside.stdout == plain.stdout
    assert sorted(beside.stderr.splitlines()) == sorted(plain.stderr.splitlines())
    looked: list[str] = []

    def seen(self: Detector, source: Path) -> Any:
        looked.append(source.name)
        raise VideoError("not again")

    monkeypatch.setattr(Detector, "detect", seen)
    again = run(*args, "--resume", done)
    assert looked == ["missing.mp4"]
    assert again.stdout == plain.stdout
    data.write_text(text.replace("walk", "run"))
    other = run(*args, "--resume", done)
    assert other.exit_code == 6
    assert "with other annotations" in other.stderr


def test_data_that_the_model_saw_are_warned_of(
    run: Any, tiny_package: Path, videos: Path, tmp_path: Path
) -> None:
    warning = "Warning: the model was trained on clips of noise, which may be among these"
    text = (videos / "clips.csv").read_text().splitlines()
    for source, warned in (("made", False), ("noise", True)):
        row = text[3].replace("made", source)  # "noise" is what the tiny package names
        (tmp_path / "one.csv").write_text(f"{text[0]}\n{row}\n")
        args = ("--device", "cpu", "--root", videos)
        result = run("evaluate", "events", tiny_package, tmp_path / "one.csv", *args)
        assert result.exit_code == 0, result.output
        assert (warning in result.stderr) == warned


def test_kept_predictions_at_other_thresholds(run: Any, kept: Path) -> None:
    def report(*args: object) -> Any:
        result = run("evaluate", "events", kept, "--format", "json", *args)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    plain = report()
    assert plain["facts"]["thresholds"]["onset"] == 0.5
    assert plain["report"]["figures"]["recall"]["value"] == 0.5
    assert plain["report"]["figures"]["false_per_clip"]["value"] == 1.0
    lower = report("--onset", "0.15")
    assert lower["facts"]["thresholds"]["offset"] == 0.15
    assert lower["report"]["figures"]["recall"]["value"] == 1.0
    higher = report("--onset", "0.8")
    assert higher["report"]["figures"]["false_per_clip"]["value"] == 0.0
    only = report("--dataset", "y")
    assert only["report"]["clips"] == 1
    longer = report("--min-duration", "5")
    assert longer["report"]["figures"]["recall"]["value"] == 0.0


def test_pictures_of_kept_predictions(run: Any, kept: Path, videos: Path) -> None:
    curves, sheet = kept.with_name("c.png"), kept.with_name("m.png")
    args = ["--curves", curves, "--mistakes", sheet, "--root", videos]
    page = kept.with_name("page.md")
    result = run("evaluate", "events", kept, *args, "--out", page)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert page.read_text().startswith("# Event test\n")
    assert curves.read_bytes().startswith(PNG)
    assert sheet.read_bytes().startswith(PNG)


def test_an_unreadable_clip_is_5(
    run: Any, tiny_package: Path, videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "2.mp4").write_bytes((videos / "2.mp4").read_bytes())
    (tmp_path / "clips.csv").write_text("path,label\n2.mp4,other\nbroken.mp4,other\n")
    args = ["--device", "cpu"]
    result = run("evaluate", "events", tiny_package, tmp_path / "clips.csv", *args)
    assert result.exit_code == 5
    assert "1 clips" in result.stdout
    assert "Warning: left out: " in result.stderr


def test_where_nothing_can_be_read_nothing_is_kept(
    run: Any, tiny_package: Path, tmp_path: Path
) -> None:
    (tmp_path / "clips.csv").write_text("path,label\ngone.mp4,other\n")
    kept = tmp_path / "x.jsonl"
    args = ["--device", "cpu", "--predictions", kept]
    result = run("evaluate", "events", tiny_package, tmp_path / "clips.csv", *args)
    assert result.exit_code == 3
    assert "none of the clips can be read" in result.stderr
    assert not kept.exists()
    kept.write_text("")
    empty = run("evaluate", "events", kept)
    assert empty.exit_code == 3
    assert "holds no predictions" in empty.stderr


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--protocol", "1x1"], "No such option"),
        (["x.csv"], "leave DATA.csv out"),
        (["--device", "cpu"], "--device has no effect: nothing is run"),
        (["--split", "test"], "--split has no effect: there is no DATA.csv"),
        (["--root", "."], "--root has no effect: no video is read"),
        (["--mistakes", "x.png"], "name their folder with --root"),
        (["--predictions", "x.json"], "--predictions writes .jsonl files, not 'x.json'"),
        (["--out", "x.png", "--curves", "x.png"], "name one file"),
        (["--out", "x.png", "--curves", Path.cwd() / "x.png"], "name one file"),
        (["--dataset", "z"], "no clip is of data set 'z'"),
        (["--onset", "0.2", "--offset", "0.4"], "offset must be at most"),
    ],
)
def test_what_makes_no_sense_is_2(run: Any, kept: Path, args: list[str], text: str) -> None:
    result = run("evaluate", "events", kept, *args)
    assert result.exit_code == 2, result.output
    assert text in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_scores_of_clips_have_no_events(run: Any, tmp_path: Path) -> None:
    result = run("evaluate", "events", tmp_path / "x.npz")
    assert result.exit_code == 2
    assert "holds scores of whole clips" in result.stderr


def test_files_are_not_overwritten_and_that_is_found_first(run: Any, kept: Path) -> None:
    mine = kept.with_name("mine.jsonl")
    mine.write_text("mine")
    for name in ("--out", "--predictions", "--curves", "--mistakes"):
        result = run("evaluate", "events", "no-model", "no.csv", name, mine)
        assert result.exit_code == 6, result.output
    assert mine.read_text() == "mine"
    new = run("evaluate", "events", kept, "--predictions", mine, "--overwrite")
    assert new.exit_code == 0
    assert read_predictions(mine) == read_predictions(kept)
    assert run("evaluate", "events", "none.jsonl").exit_code == 3
    assert run("evaluate", "events", "default").exit_code == 2


@pytest.mark.parametrize("waits", [True, False])
def test_curves_that_cannot_be_drawn_are_refused_before_the_work(
    run: Any, tiny_package: Path, videos: Path, tmp_path: Path, waits: bool
) -> None:
    model = tiny_package
    (tmp_path / "clips.csv").write_text("path,label\n0.mp4,slip\n")
    data, text = tmp_path / "clips.csv", "no clip has event times"
    if waits:  # which only models that look at people do
        model = Path(shutil.copytree(model_folder("default"), tmp_path / "model"))
        content = json.loads((model / "model.json").read_text())
        content["events"]["confirm_down"] = 5.0
        (model / "model.json").write_text(json.dumps(content))
        data, text = videos / "clips.csv", "asks who stays down"
    args = ("--root", videos, "--device", "cpu", "--curves", tmp_path / "x.png")
    result = run("evaluate", "events", model, data, *args)
    assert result.exit_code == (2 if waits else 3), result.output
    assert text in result.stderr
    assert "detecting events" not in result.stderr


def test_predictions_that_came_meanwhile_are_not_replaced(
    run: Any, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = kept.with_name("new.jsonl")
    check = events_command.check_suffix

    def meanwhile(*args: Any) -> None:
        check(*args)
        new.write_text("mine")

    monkeypatch.setattr(events_command, "check_suffix", meanwhile)
    result = run("evaluate", "events", kept, "--predictions", new)
    assert result.exit_code == 6
    assert new.read_text() == "mine"


def test_old_predictions_have_no_curves(run: Any, tmp_path: Path) -> None:
    old = {"clip": "a", "source": "", "positive": False, "truth": [], "seconds": 9.0}
    file = tmp_path / "old.jsonl"
    file.write_text(json.dumps({**old, "score": 0.5, "events": []}) + "\n")
    assert run("evaluate", "events", file).exit_code == 0
    result = run("evaluate", "events", file, "--curves", tmp_path / "x.png")
    assert result.exit_code == 3
    assert "without their windows" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "x.png").exists()
