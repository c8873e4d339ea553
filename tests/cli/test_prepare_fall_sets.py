"""Data sets of falls: small trees in the layout of each release give the CSV computed by hand.

In: CSVs, videos of 10 s and pictures as the releases have them. Out: rows.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from slipdetect.cli.main import cli
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare import omnifall
from slipdetect.video import open_video
from synth import make_video

HEAD = "path,label,start,end,subject,cam,dataset\n"
# -0.04: some of its starts are negative; 9.0 is a float of pandas
LE2I = (
    HEAD + "Home/video_1,0,-0.04,2.0,3,-1,le2i\nHome/video_1,1,2.0,3.25,3,-1,le2i\n"
    "Home/video_1,2,3.25,9.5,3,-1,le2i\nHome/video_2,3,-0.5,1.5,3,-1,le2i\n"
    "Home/video_2,4.0,1.5,4,3.0,-1,le2i\nHome/video_2,lie_down,4,5.5,3,-1,le2i\n"
)
SYN = HEAD + "a/1,walk,0,5,-1,-1,of-syn\na/2,15,1,1,-1,-1,of-syn\na/3,1,1,2,-1,-1,of-syn\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of 10 s where OmniFall has them."""
    folder = tmp_path_factory.mktemp("omnifall")
    make_video(folder / "one.mp4", count=100, rate=10.0, size=(64, 48))
    data = (folder / "one.mp4").read_bytes()
    for name in ("le2i/video/Home/video_1", "le2i/video/Home/video_2", "of-syn/video/a/1",
                 "of-syn/video/a/2"):  # fmt: skip
        path = folder / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def run(root: Path, tmp_path: Path) -> Any:
    """Run ``prepare omnifall`` over texts by the name of their file."""

    def call(files: dict[str, str], *options: object) -> Result:
        given = []
        for name, text in files.items():
            file = tmp_path / f"{name.replace('=', '-')}.csv"
            file.write_text(text)
            given.append(f"{name.partition('=')[0]}={file}" if "=" in name else str(file))
        line = ["prepare", "omnifall", *given, "--videos", root, "--out", root / "clips.csv"]
        args = [str(each) for each in (*line, "--overwrite", *options)]
        return CliRunner().invoke(cli, args, catch_exceptions=False)

    return call


def rows(file: Path, *names: str) -> list[tuple[str, ...]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [tuple(row[name] for name in names) for row in csv.DictReader(stream)]


def test_omnifall(run: Any, root: Path) -> None:
    result = run({"le2i": LE2I, "of-syn": SYN})
    assert result.exit_code == 0, result.stderr
    columns = ("path", "label", "start", "end", "group", "dataset", "action", "fallen", "subject")
    home = "le2i/video/Home/video_"
    assert rows(root / "clips.csv", *columns) == [
        (home + "1.mp4", "slip", "2", "3.25", "le2i-3", "le2i", "fall", "3.25-9.5", "3"),
        (home + "2.mp4", "other", "0", "1.5", "le2i-3", "le2i", "sit_down", "", "3"),
        (home + "2.mp4", "other", "4", "5.5", "le2i-3", "le2i", "lie_down", "", "3"),
        ("of-syn/video/a/1.mp4", "other", "", "", "of-syn-a/1", "of-syn", "", "", ""),
        ("of-syn/video/a/2.mp4", "other", "", "", "of-syn-a/2", "of-syn", "", "", ""),
    ]
    assert "1  in a list, but no such video" in result.stdout
    assert "1  segment without length" in result.stdout
    first, second, *_ = read_annotations(root / "clips.csv")
    assert (first.events, second.lookalikes) == (((2.0, 3.25),), ((0.0, 1.5), (4.0, 5.5)))


def test_splits_and_classes_of_omnifall(run: Any, root: Path) -> None:
    result = run({"train=": LE2I, "test=": SYN}, "--map", "fallen=slip", "--map", "sit_down=skip")
    assert result.exit_code == 0, result.stderr
    assert rows(root / "clips.csv", "label", "start", "split") == [
        ("slip", "2", "train"),
        ("slip", "3.25", "train"),
        ("other", "4", "train"),
        ("other", "", "test"),
        ("other", "", "test"),
    ]
    both = run({"train=": LE2I, "test=": LE2I})
    assert both.exit_code == 3
    assert "line 2: 'video_1.mp4' has another split in table '" in both.stderr


def test_a_fall_without_length_makes_no_video_free_of_falls(run: Any, root: Path) -> None:
    moment = "a/1,fall,3,3,-1,-1,of-syn\na/1,walk,0,3,-1,-1,of-syn\na/2,walk,0,5,-1,-1,of-syn\n"
    result = run({"of-syn": HEAD + moment})
    assert result.exit_code == 0, result.stderr
    assert rows(root / "clips.csv", "path", "label") == [("of-syn/video/a/2.mp4", "other")]
    assert "1  video with a fall without length" in result.stdout


def test_times_behind_the_end_of_a_video_of_omnifall_are_told_with_their_line(run: Any) -> None:
    result = run({"x": HEAD + "a/1,walk,0,2,-1,-1,of-syn\na/1,fall,60,75,-1,-1,of-syn\n"})
    assert result.exit_code == 3
    assert "x.csv' line 3: 60 s to 75 s of" in result.stderr
    assert "are these frame numbers at 10/s" in result.stderr


def test_a_video_whose_fall_is_left_out_shows_no_other(run: Any, root: Path) -> None:
    """Neither with times, where its rest would count as free of falls, nor without."""
    only = "a/1,fall,1,2,-1,-1,of-syn\na/2,walk,0,5,-1,-1,of-syn\n"
    result = run({"of-syn": HEAD + only, "le2i": LE2I.replace(",2,3.25,", ",sit_down,3.25,")},
                 "--map", "fall=skip")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert rows(root / "clips.csv", "path", "label", "start") == [
        ("of-syn/video/a/2.mp4", "other", ""),
        ("le2i/video/Home/video_2.mp4", "other", "0"),
        ("le2i/video/Home/video_2.mp4", "other", "4"),
    ]
    assert "2  video with a fall that the mapping leaves out" in result.stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("a/1,16,0,1,-1,-1,of-syn", "line 2: label '16' is none of OmniFall's"),
        (f"a/1,{'1' * 5000},0,1,-1,-1,of-syn", f"line 2: label '{'1' * 80}' is none of"),
        ("a/1,falls,0,1,-1,-1,of-syn", "line 2: label 'falls' is none of OmniFall's"),
        ("a/1,1,x,1,-1,-1,of-syn", "line 2: start 'x' is not seconds"),
        ("../../../a,1,0,1,-1,-1,of-syn", "leads out of"),
        ("a/1,1,0,1,-1,-1,../le2i", "'../le2i' is not the name of a data set"),
        (",1,0,1,-1,-1,of-syn", "line 2: the path is empty"),
        ("a/1,1,0,40,-1,-1,of-syn", "0 s to 40 s of"),
    ],
)
def test_lines_of_omnifall_that_make_no_sense(run: Any, line: str, words: str) -> None:
    result = run({"x": HEAD + line + "\n"})
    assert result.exit_code == 3
    assert words in result.stderr


def test_the_environment_says_where_a_set_is(
    run: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere" / "a"
    other.mkdir(parents=True)
    (other / "1.mp4").write_bytes((root / "of-syn/video/a/1.mp4").read_bytes())
    monkeypatch.setenv("OMNIFALL_VIDEO_ROOT__of-syn", str(tmp_path / "elsewhere"))
    found = omnifall.read_segments(_file(tmp_path, SYN), root)
    assert found[0].video == other / "1.mp4"


def _file(folder: Path, text: str) -> Path:
    (folder / "x.csv").write_text(text)
    return folder / "x.csv"


# seconds of the ten pictures of fall-01; the seventh came late
TIMES = [0.0, 0.033, 0.066, 0.1, 0.133, 0.166, 0.35, 0.383, 0.416, 0.45]


@pytest.fixture
def urfd(tmp_path: Path) -> Path:
    """Three sequences of ten pictures, as the archives unpack."""
    folder = tmp_path / "urfd"
    for name, count in (("fall-01-cam0", 10), ("fall-01-cam1", 10), ("adl-31-cam0", 10)):
        place = folder / f"{name}-rgb" / f"{name}-rgb"
        place.mkdir(parents=True)
        for number in range(1, count + 1):
            picture = np.full((24, 32, 3), 20 * number, np.uint8)
            cv2.imwrite(str(place / f"{name}-rgb-{number:03}.png"), picture)
    lines = [f"{n},{1000 * time:.3f},1.02\n" for n, time in enumerate(TIMES, 1)]
    (folder / "fall-01-data.csv").write_text("".join(lines))
    labels = [-1, -1, 0, -1, 0, 0, 1, 1, 1, 1]
    text = "".join(f"fall-01,{n},{label},3.1,0.5\n" for n, label in enumerate(labels, 1))
    (folder / "urfall-cam0-falls.csv").write_text(text)
    lying = "".join(f"adl-31,{n},{(-1, 0, 0, 1)[min(n // 3, 3)]},2\n" for n in range(1, 11))
    (folder / "urfall-cam0-adls.csv").write_text(lying)
    return folder


def prepare(folder: Path, *options: object) -> Result:
    args = ["prepare", "urfd", folder, "--out", folder / "clips.csv", "--overwrite", *options]
    return CliRunner().invoke(cli, [str(each) for each in args], catch_exceptions=False)


def test_urfd(urfd: Path) -> None:
    """Frames 5 and 6 are labeled falling, 7 to 10 lying; in adl-31 2 is -1, 3 to 8 are 0."""
    result = prepare(urfd)
    assert result.exit_code == 0, result.stderr
    columns = ("path", "label", "start", "end", "group", "dataset", "action", "fallen")
    end = f"{0.45 + 1 / 30:.6f}"
    assert rows(urfd / "clips.csv", *columns) == [
        ("adl-31-cam0.mp4", "other", "0.066667", "0.266667", "urfd-adl-31", "urfd-cam0",
         "lie_down", "0.266667-0.333333"),
        ("fall-01-cam0.mp4", "slip", "0.133", "0.35", "urfd-fall-01", "urfd-cam0", "fall",
         f"0.35-{end}"),
        ("fall-01-cam1.mp4", "slip", "", "", "urfd-fall-01", "urfd-cam1", "fall", ""),
    ]  # fmt: skip
    with open_video(urfd / "fall-01-cam0.mp4") as video:
        shown = [frame.time for frame in video.frames()]
    assert shown == pytest.approx(TIMES, abs=1e-4)
    assert "taken for 30 a second" in result.stderr
    assert "no labels: it is not known when they are" in result.stderr
    made = (urfd / "fall-01-cam0.mp4").stat().st_mtime_ns
    assert prepare(urfd).exit_code == 0
    assert (urfd / "fall-01-cam0.mp4").stat().st_mtime_ns == made


def test_a_video_of_urfd_made_of_other_times_is_made_again(urfd: Path) -> None:
    times = urfd / "fall-01-data.csv"
    known = times.read_text()
    times.unlink()
    assert prepare(urfd).exit_code == 0
    times.write_text(known)
    (urfd / "clips.csv").unlink()
    args = ["prepare", "urfd", str(urfd), "--out", str(urfd / "clips.csv")]
    refused = CliRunner().invoke(cli, args, catch_exceptions=False)
    assert refused.exit_code == 6
    assert "fall-01-cam0.mp4' exists already" in refused.stderr
    assert prepare(urfd).exit_code == 0
    with open_video(urfd / "fall-01-cam0.mp4") as video:
        assert [frame.time for frame in video.frames()] == pytest.approx(TIMES, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("fall-01-data.csv", "1,0,1\n2,33,1\n", "has no time for picture 3"),
        ("fall-01-data.csv", "1,33,1\n2,33,1\n", "its times do not grow with its frames"),
        *[
            ("fall-01-data.csv", f"1,{x},1\n", "line 1: column 2 is no")
            for x in ("x", "nan", "inf")
        ],
        ("fall-01-data.csv", "inf,0,1\n", "line 1: column 1 is not a number"),
        ("urfall-cam0-falls.csv", "fall-01,1,3\n", "label 3 is none of -1, 0 and 1"),
        (
            "urfall-cam0-falls.csv",
            "fall-01,1,-1\nfall-01,90,1\n",
            "'fall-01-cam0' is of frame 90",
        ),
    ],
)
def test_files_of_urfd_that_make_no_sense(urfd: Path, name: str, text: str, words: str) -> None:
    (urfd / name).write_text(text)
    result = prepare(urfd)
    assert result.exit_code == 3
    assert words in result.stderr


def test_a_folder_without_pictures_of_urfd(tmp_path: Path) -> None:
    result = prepare(tmp_path)
    assert result.exit_code == 3
    assert "holds no folders such as fall-01-cam0-rgb" in result.stderr
