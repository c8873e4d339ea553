"""Folders of pictures become videos: every picture at its number's time, flow left out.

In: coded pictures in the layout of the 2020 course report's archives. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from slipdetect.cli.main import cli
from slipdetect.errors import DataError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare.frame_folders import find_frame_folders, write_frames
from slipdetect.video import open_video
from synth import bars, read_code


def picture(path: Path, code: int, size: tuple[int, int] = (96, 64)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = cv2.resize(bars(code), size, interpolation=cv2.INTER_NEAREST)
    done, encoded = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    assert done
    path.write_bytes(encoded.tobytes())


def clip(root: Path, name: str, first: int, count: int) -> None:
    """Frames and flow of one video, as the archives have them."""
    for index in range(count):
        picture(root / name / f"frame_{index + 1:06d}.jpg", first + index)
        for part in "uv":
            picture(root / f"{name}_{part}" / f"{index + 1:06d}.jpg", 0)


def codes(path: Path) -> list[tuple[float, int]]:
    with open_video(path) as video:
        shown = [(f.time, cv2.resize(f.image, bars(0).shape[1::-1])) for f in video.frames()]
    return [(round(time, 3), read_code(image)) for time, image in shown]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["prepare", *map(str, arguments)])


def test_pictures_are_shown_at_their_numbers_times(tmp_path: Path) -> None:
    for number, code in ((1, 10), (2, 11), (5, 12), (10, 13)):
        picture(tmp_path / "v" / f"frame_{number:06d}.png", code)
    (tmp_path / "v" / "notes.txt").write_text("no picture")
    written = write_frames(tmp_path / "v", tmp_path / "v.mp4", 10.0)
    assert codes(tmp_path / "v.mp4") == [(0.0, 10), (0.1, 11), (0.4, 12), (0.9, 13)]
    assert (written.read, written.written, written.size) == (4, 4, (96, 64))
    assert written.warnings == ("6 numbers are missing between the first and the last",)


def test_flow_and_other_folders_are_left_out(tmp_path: Path) -> None:
    clip(tmp_path, "a", 0, 2)
    clip(tmp_path / "Slipping", "b_u", 0, 2)
    picture(tmp_path / "alone_u" / "1.jpg", 0)
    picture(tmp_path / "unnumbered" / "cover.jpg", 0)
    found = [path.relative_to(tmp_path).as_posix() for path in find_frame_folders(tmp_path)]
    assert found == ["Slipping/b_u", "a", "alone_u"]
    with pytest.raises(DataError, match="no folders of numbered pictures"):
        find_frame_folders(tmp_path / "unnumbered")
    with pytest.raises(DataError, match="is not a folder"):
        find_frame_folders(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("frame_000002.jpg", b"no picture", "is not a picture, or a damaged one"),
        ("frame_000002.jpg", b"", "is not a picture, or a damaged one"),
        ("x_1.jpg", None, "have one number"),
        ("frame_000002.png", None, "64x48 px, the first picture of its folder 96x64"),
    ],
)
def test_bad_pictures_are_named(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    picture(tmp_path / "v" / "frame_000001.jpg", 1)
    picture(tmp_path / "v" / name, 2, (64, 48))
    if content is not None:
        (tmp_path / "v" / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        write_frames(tmp_path / "v", tmp_path / "v.mp4", 10.0)
    assert name in str(caught.value)
    assert not (tmp_path / "v.mp4").exists()


def test_S03_frames_and_a_list_become_a_data_set(tmp_path: Path) -> None:
    """Frames and list as the 2020 program has them; the class folder is in the list alone."""
    root, lines = tmp_path / "video_data", []
    for index, name in enumerate(("NotSlipping", "NotSlipping", "Slipping", "Slipping")):
        video = f"v_{name}_g01_c{index:02d}"
        clip(root, video, 10 * index, 4 + index)
        lines.append(f"{name}/{video}\t\t{4 + index}\t{int(name == 'NotSlipping')}\n")
    out, train = tmp_path / "videos", tmp_path / "rgb_train.txt"
    train.write_text("".join(lines))
    made = run("frames", root, "--fps", 10, "--out", out)
    assert made.exit_code == 0, made.output
    assert "4 of 4 videos written" in made.stderr
    read = run("lists", out, "--list", f"train={train}", "--out", out / "clips.csv")
    assert read.exit_code == 0, read.output
    clips = read_annotations(out / "clips.csv")
    assert [clip.positive for clip in clips] == [False, False, True, True]
    for index, found in enumerate(clips):
        shown = [(round(k / 10, 3), 10 * index + k) for k in range(4 + index)]
        assert codes(found.path) == shown
    assert run("frames", root, "--out", out).exit_code == 6


def test_one_bad_folder_stops_nothing(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "good" / "1.jpg", 3)
    picture(tmp_path / "in" / "bad" / "1.jpg", 3)
    (tmp_path / "in" / "bad" / "2.jpg").write_bytes(b"x")
    done = run("frames", tmp_path / "in", "--out", tmp_path / "out")
    assert done.exit_code == 5
    assert "bad/2.jpg" in done.stderr
    assert codes(tmp_path / "out" / "good.mp4") == [(0.0, 3)]
    assert np.array_equal(sorted(p.name for p in (tmp_path / "out").iterdir()), ["good.mp4"])
