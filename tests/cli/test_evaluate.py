"""``evaluate clips``: rows are chosen, a model or kept scores are tested, results go where asked.

In: tiny videos and a network with random weights. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect.lab.evaluate.scores import read_scores

TRAINED_ON = "noise"  # the data set that the tiny package names


@pytest.fixture
def data(videos: Path, tmp_path: Path) -> Path:
    """Four clips, the last two rows in no split."""
    return write(tmp_path / "clips.csv", videos)


def write(file: Path, videos: Path, split: str = "", dataset: str = "other") -> Path:
    rows = ["path,label,group,dataset,split"]
    for index in range(4):
        label = "slip" if index < 2 else "other"
        rows.append(f"{videos / f'{index}.mp4'},{label},g{index},{dataset},{split}")
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.fixture
def evaluate(run: Any, tiny_package: Path, videos: Path) -> Any:
    """Return a function that evaluates the tiny package."""

    def call(data: Path, *args: object) -> Any:
        root = ("--root", videos, "--device", "cpu")
        return run("evaluate", "clips", tiny_package, data, *root, *args)

    return call


def test_a_model_is_tested_and_its_scores_are_kept(
    run: Any, evaluate: Any, data: Path, tmp_path: Path
) -> None:
    kept, picture = tmp_path / "kept.npz", tmp_path / "confusion.png"
    result = evaluate(data, "--scores", kept, "--confusion", picture)
    assert result.exit_code == 0, result.output
    assert "model tiny, protocol windows: 4 clips, 2 of them slip, of 4 groups" in result.stdout
    assert "'clips.csv' has no split: testing on all its clips" in result.stderr
    assert f"wrote {str(kept)!r}" in result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    scores = read_scores(kept)
    assert scores.clips == ("0.mp4", "1.mp4", "2.mp4", "3.mp4")
    assert scores.groups == ("g0", "g1", "g2", "g3")
    assert scores.truth.tolist() == [0, 0, 1, 1]
    assert scores.facts["data"] == "clips.csv"
    again = run("evaluate", "clips", kept)
    assert again.exit_code == 0
    assert again.stdout == result.stdout
    assert again.stderr == ""


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_processes_give_the_same_scores_and_a_run_goes_on(
    evaluate: Any, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    kept, done = [tmp_path / f"{number}.npz" for number in range(3)], tmp_path / "done.jsonl"
    assert evaluate(data, "--scores", kept[0]).exit_code == 0
    result = evaluate(data, "--scores", kept[1], "--jobs", jobs, "--resume", done)
    assert result.exit_code == 0, result.output

    def never(*_: Any) -> None:
        raise AssertionError("all clips are done")

    monkeypatch.setattr("slipdetect.lab.evaluate.clip_scoring.TSNScorer.window_scores", never)
    assert evaluate(data, "--scores", kept[2], "--resume", done).exit_code == 0
    expected = read_scores(kept[0])
    for path in kept[1:]:
        found = read_scores(path)
        assert found.clips == expected.clips
        np.testing.assert_allclose(found.logits["rgb"], expected.logits["rgb"], rtol=1e-5)
    np.testing.assert_array_equal(
        read_scores(kept[1]).logits["rgb"], read_scores(kept[2]).logits["rgb"]
    )
    other = evaluate(data, "--resume", done, "--protocol", "2x1")
    assert other.exit_code == 6
    assert "with other protocol" in other.stderr


def test_segments_by_crops(evaluate: Any, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.json"
    result = evaluate(data, "--protocol", "2x10", "--out", out, "--cache", tmp_path / "cache")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "protocol 2x10 (20 views of each)" in result.stderr
    assert json.loads(out.read_text())["facts"]["protocol"] == "2x10"
    assert len(list((tmp_path / "cache").iterdir())) == 8  # pictures and times of four clips


def test_json_is_pure(evaluate: Any, data: Path) -> None:
    result = evaluate(data, "--format", "json", "--protocol", "1x1")
    assert json.loads(result.stdout)["reports"][0]["name"] == "rgb"


def test_the_split_is_obeyed(evaluate: Any, data: Path, videos: Path) -> None:
    rows = data.read_text().splitlines()
    rows[1:] = [
        row + part for row, part in zip(rows[1:], ("test", "train", "test", "val"), strict=True)
    ]
    data.write_text("\n".join(rows) + "\n")
    result = evaluate(data, "--protocol", "1x1")
    assert "testing on the clips of split 'test', 2 of 4" in result.stderr
    assert "clips.csv, split test, model tiny, protocol 1x1: 2 clips" in result.stdout
    assert "2 clips" in evaluate(data, "--protocol", "1x1", "--split", "test").stdout
    assert "4 clips" in evaluate(data, "--protocol", "1x1", "--split", "all").stdout
    assert "1 clips" in evaluate(data, "--protocol", "1x1", "--split", "val").stdout
    none = evaluate(write(data, videos, "train"), "--protocol", "1x1")
    assert none.exit_code == 3
    assert "no rows of the split 'test', it has train" in none.stderr


def test_data_that_the_model_saw_are_warned_of(evaluate: Any, data: Path, videos: Path) -> None:
    warning = "Warning: the model was trained on clips of noise, which may be among these"
    assert warning not in evaluate(data, "--protocol", "1x1").stderr
    seen = write(data, videos, dataset=TRAINED_ON)
    assert warning in evaluate(seen, "--protocol", "1x1").stderr
    assert (
        warning not in evaluate(write(data, videos, "test", TRAINED_ON), "--protocol", "1x1").stderr
    )


@pytest.mark.parametrize("key", ["dataset", "source"], ids=["now", "before"])
def test_a_test_side_that_another_split_made_is_warned_of(
    run: Any, tiny_package: Path, data: Path, videos: Path, tmp_path: Path, key: str
) -> None:
    model = shutil.copytree(tiny_package, tmp_path / "model")
    page = model / "model.json"
    content = json.loads(page.read_text())
    known = [{key: TRAINED_ON, "clips": 3, "positive": 1, "groups": 3, "licenses": []}]
    content["training"]["training_data"] = known
    page.write_text(json.dumps(content))
    rows = write(data, videos, "test", TRAINED_ON).read_text().splitlines()
    warning = "may be among these"
    for training, warned in ((1, True), (2, True), (3, False)):
        text = [row.removesuffix("test") + "train" for row in rows[1 : 1 + training]]
        data.write_text("\n".join([rows[0], *text, *rows[1 + training :]]) + "\n")
        args = ("--root", videos, "--device", "cpu", "--protocol", "1x1")
        result = run("evaluate", "clips", model, data, *args)
        assert (warning in result.stderr) == warned, result.stderr


def test_an_unreadable_clip_is_5(evaluate: Any, data: Path, videos: Path, tmp_path: Path) -> None:
    (videos / "broken.mp4").write_bytes(b"no video")
    with data.open("a") as stream:
        stream.write(f"{videos / 'broken.mp4'},other,g9,other,\n")
    result = evaluate(data, "--protocol", "1x1")
    assert result.exit_code == 5
    assert "4 clips" in result.stdout
    assert "Warning: left out: " in result.stderr
    assert "broken.mp4" in result.stderr


def test_data_sets_are_chosen(evaluate: Any, data: Path) -> None:
    data.write_text(data.read_text().replace("g0,other", "g0,mine").replace("g3,other", "g3,mine"))
    result = evaluate(data, "--protocol", "1x1", "--dataset", "mine")
    assert "2 clips" in result.stdout
    both = evaluate(data, "--protocol", "1x1")
    assert "By data set, rgb:" in both.stdout
    assert evaluate(data, "--dataset", "none").exit_code == 2


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--protocol", "25x3"], "1, 2, 5, 10 crops"),
        (["--protocol", "fast"], "neither SEGMENTSxCROPS"),
        (["--fusion", "rgb"], "not a list such as rgb=1,flow=1.5"),
        (["--fusion", "rgb=-1"], "not a list such as rgb=1,flow=1.5"),
        (["--fusion", "rgb=1,rgb=2"], "not a list such as rgb=1,flow=1.5"),
        (["--fusion", "rgb=0"], "no weight above 0"),
        (["--fusion", "rgb=1,flow=1"], "there are no scores of 'flow', only of rgb"),
        (["--scores", "x.csv"], "--scores writes .npz files, not 'x.csv'"),
        (["--out", "x.png", "--confusion", "x.png"], "name one file"),
    ],
)
def test_what_makes_no_sense_is_2(evaluate: Any, data: Path, args: list[str], text: str) -> None:
    result = evaluate(data, *args)
    assert result.exit_code == 2
    assert text in " ".join(result.stderr.split())
    assert "scoring" not in result.stderr  # refused before the work


def test_files_are_not_overwritten_and_that_is_found_first(
    run: Any, data: Path, videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.npz").write_text("mine")
    for name in ("--scores", "--out", "--confusion"):
        result = run("evaluate", "clips", "no-model", data, name, tmp_path / "x.npz")
        assert result.exit_code == 6
    assert (tmp_path / "x.npz").read_text() == "mine"
    assert run("evaluate", "clips", "no-model", data, "--root", videos).exit_code == 4
    assert run("evaluate", "clips", "default").exit_code == 2
    missing = run("evaluate", "clips", tmp_path / "none.npz")
    assert missing.exit_code == 3
    assert missing.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--protocol", "1x1"], "--protocol has no effect: the clips are scored already"),
        (["--split", "test"], "--split has no effect: the clips are scored already"),
        (["clips.csv"], "leave DATA.csv out"),
    ],
)
def test_options_that_kept_scores_do_not_heed_are_2(
    run: Any, evaluate: Any, data: Path, tmp_path: Path, args: list[str], text: str
) -> None:
    kept = tmp_path / "kept.npz"
    evaluate(data, "--protocol", "1x1", "--scores", kept)
    result = run("evaluate", "clips", kept, *args)
    assert result.exit_code == 2
    assert text in result.stderr


def test_what_is_no_command_is_answered_with_those_there_are(run: Any) -> None:
    result = run("evaluate", "default", "clips.csv")
    assert result.exit_code == 2
    assert "No such command 'default'" in result.stderr
    assert "evaluate clips" in result.stderr
    assert "evaluate events" in result.stderr


def test_what_computes_elsewhere_need_not_be_there_here(
    run: Any, tiny_package: Path, data: Path, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(clips: Any, do: Any, on_clip: Any, **_: Any) -> Any:
        return [do(clip) for clip in clips]

    monkeypatch.setattr("slipdetect.lab.evaluate.clips_command.open_backend", lambda *_: None)
    monkeypatch.setattr("slipdetect.lab.evaluate.each_clip.each_clip", elsewhere)
    args = ("--on", "ray", "--device", "cuda:7", "--root", videos, "--protocol", "1x1")
    result = run("evaluate", "clips", tiny_package, data, *args)
    assert result.exit_code == 0, result.output
    assert "scoring 4 clips on ray" in result.stderr


def test_scores_of_other_programs_are_converted_first(run: Any, tmp_path: Path) -> None:
    (tmp_path / "old.pickle").write_bytes(b"x")
    result = run("evaluate", "clips", tmp_path / "old.pickle", "clips.csv")
    assert result.exit_code == 2
    assert "slipdetect convert-scores" in result.stderr
    np.savez(tmp_path / "old.npz", scores=np.zeros((1, 2)), labels=np.zeros(1))
    npz = run("evaluate", "clips", tmp_path / "old.npz")
    assert npz.exit_code == 3
    assert "slipdetect convert-scores" in npz.stderr


def test_a_test_of_known_groups_is_warned_of(evaluate: Any, data: Path) -> None:
    rows = data.read_text().splitlines()
    # g1 is in training and in the test; g3 in the test alone
    splits = ("train", "train", "test", "test")
    rows[1:] = [row + split for row, split in zip(rows[1:], splits, strict=True)]
    rows[3] = rows[3].replace("g2", "g1")
    data.write_text("\n".join(rows) + "\n")
    result = evaluate(data, "--protocol", "1x1")
    assert result.exit_code == 0, result.stderr
    assert "Warning: 1 test clips are of groups that are in training" in result.stderr
    assert "'g1' (1 train, 1 test)" in result.stderr
    assert "g3" not in result.stderr
