"""``slipdetect prepare course2020``: archives as the author's become a set, byte for byte.

In: archives made in his layout. Out: the set, exit codes, and runs that train and test on it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from archive_files import contents, pack
from course_archives import Files, archive, author_flow, clips, flat_flow, frames, jpeg, names
from slipdetect import backbones
from slipdetect.cli.main import cli
from slipdetect.lab.course2020 import archives
from slipdetect.lab.course2020.lists import rows_of
from slipdetect.lab.data import read_annotations
from slipdetect.store import VideoStore
from slipdetect.video import open_video, recorded_bytes
from tiny_clips import create_tiny

FEW = names(4, 4)
SLIP, OTHER = "v_Slipping_g01_c01", "v_NotSlipping_g01_c01"


def prepare(*args: object) -> Result:
    return CliRunner().invoke(
        cli, ["prepare", "course2020", *map(str, args)], catch_exceptions=False
    )


@pytest.fixture(scope="module", name="few")
def few_clips() -> tuple[Files, Files]:
    return clips(FEW)


@pytest.fixture(name="pair")
def two_archives(few: tuple[Files, Files], tmp_path: Path) -> list[Path]:
    """Frames in one archive and flow in another, as for the set of 475."""
    return [
        archive(tmp_path / "video_data_475.zip", few[0], "video_data_475/"),
        archive(tmp_path / "opt_475.zip", few[1], "opt_475/flow/"),
    ]


def made_of(out: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(out).items() if name.endswith(".jpg")}


def test_S03_the_bytes_are_those_of_the_archives(
    few: tuple[Files, Files], pair: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "set"
    result = prepare(*pair, "--out", out)
    assert result.exit_code == 0, result.output
    assert made_of(out) == {**few[0], **few[1]}
    # hidden files are those of a set half made
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["opt_475.zip", "set", "video_data_475.zip"]
    )
    store = VideoStore(out)
    assert store.keys() == sorted(FEW)
    for name in FEW:
        stored = store[name]
        assert stored.times.tolist() == [0.0, 1 / 30, 2 / 30]
        shown = [cv2.imdecode(np.frombuffer(few[0][f"{name}/frame_{i:06d}.jpg"], np.uint8), 1)
                 for i in (1, 2, 3)]  # fmt: skip
        np.testing.assert_array_equal(stored.frames(), np.stack(shown)[..., ::-1])
        with open_video(out / f"{name}.json") as video:
            read = list(video.frames())
        assert [frame.time for frame in read] == stored.times.tolist()
        np.testing.assert_array_equal([frame.image for frame in read], stored.frames())
        pictures = [data for path, data in few[0].items() if path.startswith(f"{name}/")]
        assert recorded_bytes(out / f"{name}.json") == sum(map(len, pictures))
        flow = stored.recipe.flow
        assert flow is not None
        assert (flow["method"], flow["bound"]) == ("tvl1-opencv", 15.0)
        assert "author" in flow["origin"]


@pytest.mark.parametrize(
    ("slips", "others", "every", "test"), [(198, 277, 4, 118), (238, 430, 5, 133), (10, 12, 4, 5)]
)
def test_S03_every_set_gets_the_reports_split(
    slips: int, others: int, every: int, test: int, tmp_path: Path
) -> None:
    picture = next(iter(frames("x", 0, 1).values()))
    named = names(slips, others)
    packed = archive(tmp_path / "a.zip", {f"{name}/frame_000001.jpg": picture for name in named})
    out = tmp_path / "set"
    result = prepare(packed, "--out", out)
    assert result.exit_code == 0, result.output
    rows = read_annotations(out / "clips.csv")
    expected = ["test" if (i + 1) % every == 0 else "train" for i in range(slips + others)]
    assert [row.split for row in rows] == expected
    assert expected.count("test") == test
    assert [row.path.stem for row in rows] == sorted(named)
    assert [row.positive for row in rows] == ["NotSlipping" not in name for name in sorted(named)]
    if slips + others == 475:
        # as the report's lists have it: 149 and 208 to train on, 49 and 69 to test
        sides = Counter((row.split, row.positive) for row in rows)
        assert [sides[side, positive] for side in ("train", "test") for positive in (1, 0)] == [
            149, 208, 49, 69]  # fmt: skip
    odd = "22 clips are none of the 2020 course report's sets (475, 525, 575, 668)" in result.stderr
    assert odd is (slips == 10)
    assert "cuts groups" in result.stderr
    assert all(row.group == f"course2020-{row.path.stem[2:-4]}" for row in rows)


@pytest.mark.parametrize(("count", "test"), [(475, 118), (525, 131), (575, 143), (668, 133)])
def test_S03_the_sizes_of_all_sets(count: int, test: int, tmp_path: Path) -> None:
    of_frames = dict.fromkeys(names(198, count - 198), 3)
    rows = rows_of(tmp_path, of_frames, {}, [], None, "course2020").rows
    assert [row.split for row in rows].count("test") == test


@pytest.mark.parametrize("generation", [1, 2])
def test_lists_in_the_archives_are_the_split(
    few: tuple[Files, Files], generation: int, tmp_path: Path
) -> None:
    held_out = {SLIP, OTHER}
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for name in FEW[:-1]:
        side = "test" if name in held_out else "train"
        kind = name.split("_")[1]
        second = f"{kind}/{name}\t\t3\t{int(kind != 'Slipping')}"
        first = f"{kind}/{name}.avi" + (f" {1 + (kind != 'Slipping')}" if side == "train" else "")
        lines[side].append(second if generation == 2 else first)
    texts = {side: "".join(f"{line}\n" for line in of).encode() for side, of in lines.items()}
    pattern = "lists/rgb_{}.txt" if generation == 2 else "{}list01.txt"
    files = {pattern.format(side): text for side, text in texts.items()}
    if generation == 1:
        files["classInd.txt"] = b"1 Slipping\n2 NotSlipping\n"
    packed = archive(tmp_path / "a.zip", {**few[0], **few[1], **files})
    result = prepare(packed, "--out", tmp_path / "set")
    assert result.exit_code == 0, result.output
    rows = read_annotations(tmp_path / "set" / "clips.csv")
    assert {row.path.stem for row in rows if row.split == "test"} == held_out
    assert {row.path.stem for row in rows} == set(FEW[:-1])
    assert "no list names" in result.stdout
    assert not (tmp_path / "set" / FEW[-1]).exists()


def test_lists_that_contradict_each_other(pair: list[Path], tmp_path: Path) -> None:
    for side in ("train", "test"):
        (tmp_path / f"rgb_{side}.txt").write_text(f"Slipping/{SLIP}\t\t3\t0\n")
    lists = sorted(tmp_path.glob("*.txt"))
    result = prepare(*pair, *lists, "--out", tmp_path / "set")
    assert result.exit_code == 3
    assert (
        f"'{SLIP}' is slip for train, and otherwise in list 'rgb_test.txt' line 1" in result.stderr
    )
    assert str(tmp_path) not in result.stderr


@pytest.mark.parametrize("choice", ["refuse", "drop", "frames", "compute"])
def test_an_archive_that_lacks_flow_says_which(
    choice: str, few: tuple[Files, Files], tmp_path: Path
) -> None:
    lacking = {FEW[0]: "no flow", FEW[5]: "1 pictures of u and 2 of v", FEW[6]: "1 flows for 3 fra"}
    gone = {f"{FEW[5]}_u/000002.jpg", f"{FEW[6]}_u/000002.jpg", f"{FEW[6]}_v/000002.jpg"}
    flow = {name: data for name, data in few[1].items() if FEW[0] not in name and name not in gone}
    packed = archive(tmp_path / "a.zip", {**few[0], **flow})
    out = tmp_path / "set"
    result = prepare(packed, "--out", out, "--missing-flow", choice)
    if choice == "refuse":
        assert result.exit_code == 3
        assert "3 of 8 clips lack flow" in result.stderr
        assert all(f"{name} ({why}" in result.stderr for name, why in lacking.items())
        assert not out.exists()
        return
    assert result.exit_code == 0, result.output
    assert "flow of 5 clips, by the author" in result.stderr
    # both as they are printed: the second must not meet the first one's folder
    for recipe in ("course2020-rgb", "course2020-flow"):
        (line,) = [line for line in result.stderr.splitlines() if f"train {recipe} --data" in line]
        assert line.endswith(f"--out runs/{recipe}")
    assert ("flow of 3 clips, computed here" in result.stderr) == (choice == "compute")
    about = json.loads((out / "course2020.json").read_text(encoding="utf-8"))
    assert about["computed_flows"] == (3 if choice == "compute" else 0)
    store, rows = VideoStore(out), read_annotations(out / "clips.csv")
    kept = set(FEW) - (set(lacking) if choice == "drop" else set())
    assert set(store.keys()) == {row.path.stem for row in rows} == kept
    # by position in the whole set, whatever was left out
    assert {row.path.stem for row in rows if row.split == "test"} == kept & {FEW[7], FEW[3]}
    with_flow = {video.manifest.key for video in store if video.recipe.flow is not None}
    assert with_flow == kept - (set(lacking) if choice == "frames" else set())
    if choice != "compute":
        expected = {n for n in {**few[0], **flow} if n.split("/")[0].removesuffix("_u").removesuffix("_v") in kept}  # fmt: skip  # noqa: E501
        expected -= {n for n in flow if any(name in n for name in lacking)}
        assert set(made_of(out)) == expected
        return
    wanted = author_flow(FEW[0], {n: d for n, d in few[0].items() if n.startswith(FEW[0])})
    assert {n: d for n, d in made_of(out).items() if n.startswith(f"{FEW[0]}_")} == wanted
    assert store[FEW[0]].flows().shape == (2, 24, 32, 2)


def test_an_archive_of_frames_alone_is_a_set_without_flow(pair: list[Path], tmp_path: Path) -> None:
    result = prepare(pair[0], "--out", tmp_path / "set")
    assert result.exit_code == 0
    assert "flow of 0 clips, none; train computes it" in result.stderr
    assert "course2020-flow" not in result.stderr
    result = prepare(pair[1], "--out", tmp_path / "other")
    assert result.exit_code == 3
    assert "flow of 8 clips and no frames; name the archive of their frames too" in result.stderr


def test_broken_clips_are_left_out_by_name(few: tuple[Files, Files], tmp_path: Path) -> None:
    files = {**few[0], **few[1]}
    del files[f"{FEW[0]}/frame_000002.jpg"]
    files[f"{FEW[1]}/frame_000003.jpg"] = files[f"{FEW[1]}/frame_000003.jpg"][:-20]
    files[f"{FEW[2]}/frame_000003.jpg"] = jpeg(np.zeros((8, 8, 3), np.uint8))
    files |= flat_flow("v_Slipping_g99_c01", 3)
    result = prepare(archive(tmp_path / "a.zip", files), "--out", tmp_path / "set")
    assert result.exit_code == 5
    for words in (
        f"{FEW[0]} (frame 2 is missing, 1 of 3 in all)",
        f"{FEW[1]} (frame 3 is not a whole JPEG)",
        f"{FEW[2]} (frame 1 is 32x24 px, frame 3 8x8)",
        "v_Slipping_g99_c01 (flow without frames)",
    ):
        assert words in result.stderr
    rows = read_annotations(tmp_path / "set" / "clips.csv")
    assert {row.path.stem for row in rows} == set(FEW[3:])
    assert {row.path.stem for row in rows if row.split == "test"} == {FEW[3], FEW[7]}
    assert not list((tmp_path / "set").glob(f"{FEW[0]}*"))


def test_archives_may_overlap_where_they_agree(
    few: tuple[Files, Files], pair: list[Path], tmp_path: Path
) -> None:
    both = archive(tmp_path / "both.zip", {**few[0], **few[1]})
    assert prepare(*pair, both, "--out", tmp_path / "set").exit_code == 0
    assert made_of(tmp_path / "set") == {**few[0], **few[1]}
    other = archive(tmp_path / "other.zip", frames(SLIP, 77, 3))
    result = prepare(*pair, other, "--out", tmp_path / "no")
    assert result.exit_code == 3
    assert f"'{SLIP}/frame_000001.jpg' is not the same in" in result.stderr
    assert prepare(pair[0], pair[0], "--out", tmp_path / "no").exit_code == 2
    assert not (tmp_path / "no").exists()


def test_a_folder_is_an_archive_that_is_unpacked(few: tuple[Files, Files], tmp_path: Path) -> None:
    for name, data in {**few[0], **few[1]}.items():
        path = tmp_path / "video_data" / "Any Class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    result = prepare(tmp_path, "--out", tmp_path / "set", "--fps", "25")
    assert result.exit_code == 0, result.output
    assert made_of(tmp_path / "set") == {**few[0], **few[1]}
    assert VideoStore(tmp_path / "set")[SLIP].times.tolist() == [0.0, 1 / 25, 2 / 25]
    assert "25 a second" in result.stderr
    assert "--set sample_fps=25" in result.stderr


@pytest.mark.parametrize(
    ("files", "code", "words"),
    [
        ({"flow_i/v_x/img_00001.jpg": b"x"}, 3, "it has files such as 'flow_i/v_x/img_00001.jpg'"),
        ({"../x/frame_000001.jpg": b"x"}, 3, "which leads out of its folder"),
        ({"a b/frame_000001.jpg": b"x"}, 3, "a name that no list can hold"),
        (frames("v_Jump_g01_c01", 1, 2), 3, "no label is known for 'v_Jump_g01_c01'"),
    ],
)
def test_other_archives_are_refused(files: Files, code: int, words: str, tmp_path: Path) -> None:
    result = prepare(archive(tmp_path / "a.zip", files), "--out", tmp_path / "set")
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "set").exists()


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    (tmp_path / "a.rar").write_bytes(b"x")
    for name, words in (("a.zip", "cannot be unpacked"), ("a.rar", "is not unpacked here"),
                        ("none.zip", "was not found")):  # fmt: skip
        result = prepare(tmp_path / name, "--out", tmp_path / "set")
        assert result.exit_code == 3
        assert words in result.stderr


@pytest.mark.parametrize("name", [f"{SLIP}/frame_000001.jpg", "rgb_train.txt"])
def test_an_archive_that_swells_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 1000)
    result = prepare(pack(tmp_path / "a.zip", {name: bytes(100_000)}), "--out", tmp_path / "set")
    assert result.exit_code == 3
    assert "unpacks to more than 100 times its size" in result.stderr
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    result = prepare(tmp_path / "a.zip", "--out", tmp_path / "set")
    assert "is larger than 0 MiB" in result.stderr


def test_nothing_is_overwritten_unasked(pair: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "set"
    assert prepare(*pair, "--out", out).exit_code == 0
    before = contents(out)
    again = prepare(*pair, "--out", out)
    assert again.exit_code == 6
    assert "pass --overwrite" in again.stderr
    assert prepare(*pair, "--out", out, "--overwrite").exit_code == 0
    assert contents(out) == before
    (out / "runs").mkdir()
    for more in ([], ["--overwrite"]):
        refused = prepare(*pair, "--out", out, *more)
        assert refused.exit_code == 6
        assert "holds 'runs', which prepare course2020 did not make" in refused.stderr
    assert prepare(*pair, "--out", pair[0]).exit_code == 2
    assert prepare(*pair, "--out", tmp_path / "no" / "set").exit_code == 6
    (out / "runs").rmdir()
    # what fails leaves the older set as it was
    assert prepare(tmp_path / "none.zip", "--out", out, "--overwrite").exit_code == 3
    assert contents(out) == before


def test_a_killed_run_leaves_no_half_set(pair: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "set"
    script = (
        "import os, signal, sys\n"
        "from slipdetect.cli.main import cli\n"
        "from slipdetect.lab.course2020 import archive_set\n"
        "def die(*args): os.kill(os.getpid(), signal.SIGKILL)\n"
        "archive_set.publish_set = die\n"
        "cli(['prepare', 'course2020', *sys.argv[1:]])\n"
    )
    call = [sys.executable, "-c", script, *map(str, pair), "--out", str(out)]
    assert subprocess.run(call, env=dict(os.environ), check=False).returncode == -signal.SIGKILL
    assert not out.exists()
    assert prepare(*pair, "--out", out).exit_code == 0
    assert VideoStore(out).keys() == sorted(FEW)


def test_one_clip_under_two_names_is_told(tmp_path: Path) -> None:
    images, flow = clips(FEW)
    twin = FEW[3]
    images |= {f"{twin}/{n.split('/')[1]}": d for n, d in images.items() if n.startswith(SLIP)}
    result = prepare(archive(tmp_path / "a.zip", {**images, **flow}), "--out", tmp_path / "set")
    assert result.exit_code == 0
    assert f"1 clips are there twice under other names, 1 of them on two sides of the split: {SLIP} = {twin}" in result.stderr  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("with_flow", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_S03_training_and_testing_from_the_set(
    with_flow: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run
) -> None:
    """The author's flow is used, not computed anew; without it, it is computed."""
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    files: Files = {}
    for index, name in enumerate(names(2, 2)):
        of = frames(name, index, 8)
        files |= of | (author_flow(name, of) if with_flow else {})
    out = tmp_path / "set"
    assert prepare(archive(tmp_path / "a.zip", files), "--out", out).exit_code == 0
    if with_flow:
        # it could not be computed from these
        monkeypatch.setattr("slipdetect.flow.FlowExtractor.iter", None)
    small = "--backbone resnet18 --weights none --set input_size=32 --epochs 1 --batch-size 2"
    common = ["train", "course2020", "--data", out / "clips.csv", "--store", out, *small.split()]
    common += ["--set", "validation=0", "--device", "cpu", "--set", "flow_method=tvl1-opencv"]
    result = run(*common, "--modality", "flow", "--modality", "rgb", "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    scores = tmp_path / "scores.npz"
    args = ["evaluate", "clips", tmp_path / "run" / "last", out / "clips.csv", "--protocol", "3x1"]
    result = run(*args, "--store", out, "--scores", scores, "--device", "cpu")
    assert result.exit_code == 0, result.output
    with np.load(scores) as kept:
        assert {name for name in kept if "rgb" in name or "flow" in name}
    if with_flow:
        wrong = run(
            *common[:-1], "flow_method=tvl1", "--modality", "flow", "--out", tmp_path / "wrong"
        )
        assert wrong.exit_code == 3
        assert "fits other settings (method tvl1-opencv instead of tvl1)" in wrong.stderr
