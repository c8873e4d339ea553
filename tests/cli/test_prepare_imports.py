"""``slipdetect prepare hmdb51 | ucf101 | folder | intervals | lists`` from the outside.

In: arguments and small files. Out: exit codes, tables on stdout, CSVs that training reads.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from prepare_files import touch
from slipdetect.cli.main import cli
from slipdetect.lab.data import read_annotations
from synth import make_video

HEAVY = ("torch", "cv2", "av", "numpy", "matplotlib")


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["prepare", *map(str, args)], catch_exceptions=False)


@pytest.mark.parametrize(
    "page", ["hmdb51", "ucf101", "folder", "course2020", "intervals", "lists", "export-lists"]
)
def test_help_is_light(page: str) -> None:
    script = (
        "import sys\nfrom slipdetect.cli.main import cli\n"
        "try: cli(['prepare', *sys.argv[1:], '--help'], prog_name='slipdetect')\n"
        f"except SystemExit: print([n for n in {HEAVY!r} if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *page.split()], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"
    assert "slipdetect prepare" in done.stdout


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Six people who fall and do something else."""
    names = [f"{action}/p{i}/{k}.mp4" for action in ("fall", "normal") for i in range(6)
             for k in range(2)]  # fmt: skip
    return touch(tmp_path / "own", *names)


def test_a_folder_of_which_nothing_is_left(own: Path) -> None:
    result = run("folder", own, "--map", "*=skip", "--map", "fall=skip", "--out", own / "c.csv")
    assert result.exit_code == 3
    assert "no clip is left to write: 2 class left out by the mapping" in result.stderr


def test_folder_to_csv(own: Path) -> None:
    out = own / "clips.csv"
    result = run("folder", own, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        f"{out}\n\n"
        "split  slip  other  clips  groups\n"
        "train     8      8     16       4\n"
        "val       2      2      4       1\n"
        "test      2      2      4       1\n"
        "all      12     12     24       6\n"
    )
    clips = read_annotations(out)
    sides = {clip.group: {c.split for c in clips if c.group == clip.group} for clip in clips}
    assert all(len(found) == 1 for found in sides.values())
    first = out.read_bytes()
    assert run("folder", own, "--out", out).exit_code == 6
    assert run("folder", own, "--out", out, "--overwrite").exit_code == 0
    assert out.read_bytes() == first
    assert run("folder", own, "--out", out, "--overwrite", "--seed", "1").exit_code == 0
    assert out.read_bytes() != first


def test_a_csv_elsewhere_needs_the_root(own: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    out = tmp_path / "lists" / "clips.csv"
    result = run("folder", own, "--out", out)
    assert result.exit_code == 3
    assert "leads out of" in result.stderr
    assert "--root" in result.stderr
    result = run("folder", own, "--out", out, "--root", own)
    assert result.exit_code == 0
    assert "pass the same --root to train" in result.stderr
    assert len(read_annotations(out, own)) == 24


def test_the_course_reports_split_warns(own: Path) -> None:
    result = run("folder", own, "--out", own / "clips.csv", "--test-every", 4)
    assert result.exit_code == 0
    assert "--test-every goes by position, not by group" in result.stderr
    assert "test      3      3      6" in result.stdout
    both = run("folder", own, "--out", own / "x.csv", "--test-every", 4, "--val", 0.1)
    assert both.exit_code == 2
    assert "leave --val and --test out" in both.stderr


def test_split_folders_keep_their_split(tmp_path: Path) -> None:
    names = [f"{side}/{action}/{side}{k}.mp4" for side in ("train", "test")
             for action in ("fall", "normal") for k in range(4)]  # fmt: skip
    folder = touch(tmp_path / "sided", *names)
    args = ("folder", folder, "--split-folders", "--group-by", "file")
    assert run(*args, "--out", folder / "a.csv").exit_code == 0
    clips = read_annotations(folder / "a.csv")
    assert {(clip.split, clip.path.parts[-3]) for clip in clips} == {
        ("train", "train"),
        ("test", "test"),
    }
    assert run(*args, "--out", folder / "b.csv", "--val", 0.25).exit_code == 0
    clips = read_annotations(folder / "b.csv")
    assert sum(clip.split == "val" for clip in clips) == 2
    assert sum(clip.split == "test" for clip in clips) == 8
    for option, value in (("--test", 0.2), ("--test-every", 4)):
        refused = run(*args, "--out", folder / "c.csv", option, value)
        assert refused.exit_code == 2
        assert f"has splits already; leave {option} out" in refused.stderr


def test_what_is_left_out_is_counted_and_listed(own: Path) -> None:
    touch(own, "loose.mp4", "walking/x.mp4")
    out = own / "clips.csv"
    undecided = run("folder", own, "--out", out)
    assert undecided.exit_code == 2
    assert "--map 'walking=slip', =other or =skip" in undecided.stderr
    result = run("folder", own, "--out", out, "--map", "walking=skip", "-v")
    assert result.exit_code == 0
    assert result.stdout.endswith(
        "left out\n"
        "     1  video beside the class folders, so without a class\n"
        "     1  class left out by the mapping\n"
    )
    assert f"so without a class: {own / 'loose.mp4'}" in result.stderr
    quiet = run("folder", own, "--out", out, "--map", "walking=skip", "--overwrite", "-q")
    assert quiet.stderr == ""
    assert quiet.stdout == result.stdout


@pytest.mark.clips
def test_S01_hmdb51_with_real_clips(clips: Path, tmp_path: Path) -> None:
    out = tmp_path / "clips.csv"
    args = ("hmdb51", clips / "hmdb51", "--splits", clips / "hmdb51" / "splits", "--root", clips)
    result = run(*args, "--split", 1, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "train    70    204    274     125\n" in result.stdout
    assert "test     30     71    101      55\n" in result.stdout
    assert "   251  not used by this split (0 in its file)\n" in result.stdout
    assert "19 groups are in more than one split, with 38 of the clips held out" in result.stderr
    assert len(read_annotations(out, clips)) == 375
    held_out = run(*args, "--out", out, "--overwrite", "--val", 0.2, "--negative", "walk,run")
    assert held_out.exit_code == 0
    read = read_annotations(out, clips)
    assert {clip.columns["action"] for clip in read} == {"fall_floor", "walk", "run"}
    training = {clip.group for clip in read if clip.split == "train"}
    assert not training & {clip.group for clip in read if clip.split == "val"}
    assert {clip.positive for clip in read if clip.split == "val"} == {True, False}


def test_hmdb51_without_its_parts(tmp_path: Path) -> None:
    folder = touch(tmp_path / "hmdb", "walk/x.avi", "fall_floor.rar")
    splits = touch(tmp_path / "splits", "walk_test_split1.txt", "fall_floor_test_split1.txt")
    (splits / "walk_test_split1.txt").write_text("x.avi 1 \n")
    args = ("hmdb51", folder, "--splits", splits, "--out", tmp_path / "clips.csv")
    result = run(*args)
    assert result.exit_code == 2
    assert "must be unpacked first; name a folder for that with --work" in result.stderr
    unknown = run(*args, "--positive", "trip")
    assert unknown.exit_code == 2
    assert "there is no class 'trip'" in unknown.stderr
    skipped = run(*args, "--map", "fall_floor=skip", "--map", "walk=other")
    assert skipped.exit_code == 0
    assert "Warning: split train shows no slip" in skipped.stderr


def test_ucf101(tmp_path: Path) -> None:
    videos = touch(tmp_path / "ucf", "Golf/v_Golf_g01_c01.avi", "Golf/v_Golf_g02_c01.avi")
    for name, text in {
        "classInd.txt": "1 Golf\n",
        "trainlist01.txt": "Golf/v_Golf_g01_c01.avi 1\n",
        "testlist01.txt": "Golf/v_Golf_g02_c01.avi\nGolf/v_Golf_g03_c01.avi\n",
    }.items():
        (tmp_path / name).write_text(text)
    args = ("ucf101", videos, "--lists", tmp_path, "--out", tmp_path / "ucf.csv")
    assert run(*args).exit_code == 2
    result = run(*args, "--map", "*=other")
    assert result.exit_code == 0
    assert "     1  in a list, but no such video\n" in result.stdout
    assert [clip.split for clip in read_annotations(tmp_path / "ucf.csv")] == ["train", "test"]


def test_lists_there_and_back(tmp_path: Path) -> None:
    lines = []
    for index in range(4):
        name = ("Slipping", "NotSlipping")[index % 2]
        path = tmp_path / "videos" / name / f"v_{name}_g{index:02d}_c01.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_video(path, count=4 + index, size=(32, 32))
        split = "train" if index < 2 else "test"
        lines.append(f"{name}/{path.name},{('slip', 'other')[index % 2]},{split}\n")
    clips = tmp_path / "videos" / "clips.csv"
    clips.write_text("path,label,split\n" + "".join(lines))
    out = tmp_path / "lists"
    result = run("export-lists", clips, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        str(out / f"{kind}_{split}.txt") for kind in ("rgb", "flow") for split in ("train", "test")
    ]
    assert (out / "rgb_train.txt").read_text() == (
        "Slipping/v_Slipping_g00_c01\t\t4\t0\nNotSlipping/v_NotSlipping_g01_c01\t\t5\t1\n"
    )
    assert (out / "flow_test.txt").read_text() == (
        "Slipping/v_Slipping_g02_c01\t\t5\t0\nNotSlipping/v_NotSlipping_g03_c01\t\t6\t1\n"
    )
    assert run("export-lists", clips, "--out", out).exit_code == 6
    ucf = run("export-lists", clips, "--out", out, "--format", "ucf", "--frames")
    assert ucf.exit_code == 0
    counts = pickle.loads((out / "frame_count.pickle").read_bytes())
    assert counts["v_Slipping_g02_c01.mp4"] == 6
    back = tmp_path / "videos" / "back.csv"
    read = run(
        "lists", tmp_path / "videos", "--list", f"train={out / 'trainlist01.txt'}",
        "--list", f"test={out / 'testlist01.txt'}", "--classes", out / "classInd.txt",
        "--frame-count", out / "frame_count.pickle", "--out", back,
    )  # fmt: skip
    assert read.exit_code == 0, read.stderr
    found = read_annotations(back)
    first = {(clip.path, clip.positive, clip.split) for clip in read_annotations(clips)}
    assert {(clip.path, clip.positive, clip.split) for clip in found} == first
    assert sorted(clip.columns["frames"] for clip in found) == ["4", "5", "6", "7"]
    moved = run("export-lists", clips, "--out", tmp_path / "4", "--test-every", 4)
    assert moved.exit_code == 0
    assert len((tmp_path / "4" / "rgb_test.txt").read_text().splitlines()) == 1
    assert "--test-every goes by position" in moved.stderr


def test_lists_need_naming(tmp_path: Path) -> None:
    out = tmp_path / "clips.csv"
    assert run("lists", tmp_path, "--out", out).exit_code == 2
    (tmp_path / "a.txt").write_text("Slipping/a 1 0\n")
    train = ("lists", tmp_path, "--list", f"train={tmp_path / 'a.txt'}", "--out", out)
    for option, value in (("--test-every", 4), ("--test", 0.2)):
        both = run(*train, option, value)
        assert both.exit_code == 2
        assert f"has splits already; leave {option} out" in both.stderr
    unknown = run("lists", tmp_path, "--list", f"dev={tmp_path / 'a.txt'}", "--out", out)
    assert unknown.exit_code == 2
    assert "write train=, val= or test= before it" in unknown.stderr
    missing = run(*train)
    assert missing.exit_code == 3
    assert "no clip is left to write" in missing.stderr


def test_long_videos_need_no_other_ones(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_video(tmp_path / f"{name}.mp4", count=120, rate=10.0, size=(32, 32))
    times = tmp_path / "times.csv"
    times.write_text("path,start,end\na.mp4,5,6.5\nb.mp4,3,4\n")
    result = run("intervals", times, "--out", tmp_path / "two.csv", "--val", 0.5)
    assert result.exit_code == 0, result.stderr
    assert "Warning" not in result.stderr
    assert {clip.split for clip in read_annotations(tmp_path / "two.csv")} == {"train", "val"}
    times.write_text("path,start,end\na.mp4,5,6.5\n")
    alone = run("intervals", times, "--out", tmp_path / "one.csv", "--val", 0.5)
    assert alone.exit_code == 0, alone.stderr
    assert "Warning: split val has no clip: there is no group to spare, of 1" in alone.stderr


def test_lists_of_videos_that_are_elsewhere(tmp_path: Path) -> None:
    videos = touch(tmp_path / "videos", "fall_floor/a.avi")
    for name in ("train", "test"):
        (tmp_path / f"{name}.txt").write_text("Slipping/a\t\t20\t0\n")
    out = tmp_path / "clips.csv"
    result = run("lists", videos, "--list", f"train={tmp_path / 'train.txt'}", "--out", out)
    assert result.exit_code == 3
    assert "no clip is left to write: 1 in a list, but" in result.stderr
    assert "first 'Slipping/a'" in result.stderr
    assert not out.exists()


def test_intervals_whole_and_cut(tmp_path: Path) -> None:
    for name in ("a", "b", "quiet"):
        (tmp_path / "videos").mkdir(exist_ok=True)
        make_video(tmp_path / "videos" / f"{name}.mp4", count=120, rate=10.0, size=(32, 32))
    times = tmp_path / "times.csv"
    times.write_text("source,start,end,label\na.mp4,0:05,6.5,missed\nb.mp4,3,4,right\n"
                     "b.mp4,8,9,wrong\nquiet.mp4,,,\n")  # fmt: skip
    args = ("intervals", times, "--videos", tmp_path / "videos")
    whole = run(*args, "--out", tmp_path / "videos" / "whole.csv", "--dataset", "own")
    assert whole.exit_code == 0, whole.stderr
    clips = {clip.path.name: clip for clip in read_annotations(tmp_path / "videos" / "whole.csv")}
    assert clips["a.mp4"].events == ((5.0, 6.5),)
    assert (clips["b.mp4"].events, clips["b.mp4"].lookalikes) == (((3.0, 4.0),), ((8.0, 9.0),))
    assert {clip.dataset for clip in clips.values()} == {"own"}
    assert not clips["quiet.mp4"].positive
    cut = run(*args, "--cut", tmp_path / "cuts", "--out", tmp_path / "cut.csv", "--test", 0.4)
    assert cut.exit_code == 0, cut.stderr
    found = read_annotations(tmp_path / "cut.csv")
    assert {clip.group for clip in found} == {"a.mp4", "b.mp4", "quiet.mp4"}
    for name in ("a.mp4", "b.mp4", "quiet.mp4"):
        assert len({clip.split for clip in found if clip.group == name}) == 1
    assert sum(clip.positive for clip in found) == 2
    text = times.read_text()
    times.write_text(text.replace("label", "label,split").replace("missed", "missed,train"))
    both = run(*args, "--cut", tmp_path / "new", "--out", tmp_path / "z.csv", "--test", 0.4)
    assert both.exit_code == 2
    assert "the data set has splits already; leave --test out" in both.stderr
    assert not (tmp_path / "new").exists()
    times.write_text(text)
    outside = run(*args, "--cut", tmp_path / "cuts", "--out", tmp_path / "videos" / "x.csv")
    assert outside.exit_code == 2
    assert "must be in the folder that paths in the CSV count from" in outside.stderr
    again = run(*args, "--cut", tmp_path / "cuts", "--out", tmp_path / "y.csv")
    assert again.exit_code == 6
    times.write_text("source,start,end\na.mp4,5,99\n")
    late = run(*args, "--out", tmp_path / "videos" / "x.csv")
    assert late.exit_code == 3
    told = "which ends at 12.00 s; are these frame numbers at 10/s? correct"
    assert f"line 2: 5 s to 99 s of 'a.mp4', {told}" in late.stderr
    assert not (tmp_path / "videos" / "x.csv").exists()
