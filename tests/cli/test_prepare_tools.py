"""``slipdetect prepare trim``, ``resize`` and ``dedup`` as their users meet them.

In: tiny videos and command lines. Out: nothing but assertions.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipdetect.lab.data import read_annotations
from slipdetect.video import open_video
from synth import bars, make_video, read_code

HEAVY = ("torch", "cv2", "av", "numpy", "sklearn", "matplotlib")
SCRIPT = """
import sys
from slipdetect.cli.main import cli
try:
    cli(sys.argv[1:], prog_name="slipdetect")
except SystemExit as end:
    print(end.code, *[name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tools")
    for name, first in (("a", 0), ("b", 40)):
        make_video(folder / f"{name}.mp4", [bars(first + i) for i in range(20)], rate=10.0)
    make_video(folder / "still.mp4", [bars(7)] * 10, rate=10.0)
    (folder / "broken.mp4").write_bytes(b"no video at all")
    return folder


@pytest.fixture
def here(originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with in/fall/a.mp4 and in/other/b.mp4."""
    monkeypatch.chdir(tmp_path)
    for label, name in (("fall", "a"), ("other", "b")):
        (tmp_path / "in" / label).mkdir(parents=True)
        shutil.copy(originals / f"{name}.mp4", tmp_path / "in" / label)
    for name in ("still", "broken"):
        shutil.copy(originals / f"{name}.mp4", tmp_path)
    return tmp_path


def codes(path: Path) -> list[int]:
    with open_video(path) as video:
        return [read_code(frame.image) for frame in video.frames()]


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("verb", ["trim", "resize", "dedup", "check"])
def test_help_loads_nothing_heavy(verb: str) -> None:
    command = [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), "prepare", verb, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["0"]
    assert verb in done.stdout


def test_trim_one_video(run, here: Path) -> None:
    done = run("prepare", "trim", "in/fall/a.mp4", "--start", 0.5, "--end", 1.0, "--out", "x.mp4")
    assert done.exit_code == 0, done.output
    assert codes(here / "x.mp4") == [5, 6, 7, 8, 9]
    assert done.stdout == ""
    assert done.stderr == "'x.mp4': 5 of 11 frames, 0.50 s to 1.00 s, 128x96 px\n"


def test_trim_to_a_box_and_a_size(run, here: Path) -> None:
    options = ["--box", "0,0,64,48", "--size", "letterbox:100x100", "--out", "x.mp4"]
    assert run("prepare", "trim", "in/fall/a.mp4", *options).exit_code == 0
    with open_video(here / "x.mp4") as video:
        image = next(iter(video.frames())).image
    assert image.shape == (100, 100, 3)
    assert image[:10].max() < 40
    red = image[20:40, 10:40].mean(axis=(0, 1))
    assert red[0] > 200 > 60 > red[1]


def test_trim_where_nothing_moves_says_so(run, here: Path) -> None:
    done = run("prepare", "trim", "still.mp4", "--box", "auto", "--out", "x.mp4")
    assert done.exit_code == 0
    assert "Warning: 'still.mp4': nothing moves" in done.stderr


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["in/fall/a.mp4", "--start", "5", "--out", "x.mp4"], 3, "no frame from 5 s"),
        (["in/fall/a.mp4", "--start", "2", "--end", "1", "--out", "x.mp4"], 2, "--start and --end"),
        (["in/fall/a.mp4", "--box", "1,2", "--out", "x.mp4"], 2, "X,Y,WIDTH,HEIGHT"),
        (["in/fall/a.mp4", "--box", "0,0,500,9", "--out", "x.mp4"], 2, "128x96"),
        (["in/fall/a.mp4", "--size", "huge", "--out", "x.mp4"], 2, "letterbox"),
        (["in/fall/a.mp4", "--out", "still.mp4"], 6, "exists already"),
        (["in/fall/a.mp4", "--out", "x.txt"], 6, ".mp4"),
        (["in/fall/a.mp4", "--out", "in/fall/a.mp4", "--overwrite"], 6, "over a source"),
        (["in/fall/a.mp4", "--root", "in", "--out", "x.mp4"], 2, "--root"),
        (["broken.mp4", "--out", "x.mp4"], 3, "broken.mp4"),
        (["cuts.csv", "--start", "1", "--out", "o"], 2, "times of its own"),
        (["cuts.csv", "--out", "o"], 3, "cuts.csv"),
    ],
)
def test_trim_refuses_in_one_line(run, here: Path, args: list[str], code: int, says: str) -> None:
    before = files(here)
    done = run("prepare", "trim", *args)
    assert done.exit_code == code, done.output
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert files(here) == before


CUTS = """path,start,end,x,y,width,height,label,event_start,event_end,note
fall/a.mp4,0.5,1.0,,,,,fall,0.6,0.8,first
fall/a.mp4,1.2,,0,0,64,48,other,,,second
other/b.mp4,,0.3,,,,,other,,,
gone.mp4,,,,,,,other,,,
"""


def test_trim_a_list_of_cuts(run, here: Path) -> None:
    (here / "cuts.csv").write_text(CUTS)
    done = run("prepare", "trim", "cuts.csv", "--root", "in", "--out", "o")
    assert done.exit_code == 5, done.output
    assert "gone.mp4" in done.stderr
    assert "3 of 4 cuts written to 'o'" in done.stderr
    assert files(here / "o") == [
        "clips.csv",
        "fall/a-0.5-1.mp4",
        "fall/a-1.2-end.mp4",
        "other/b-0-0.3.mp4",
    ]
    assert codes(here / "o/fall/a-0.5-1.mp4") == [5, 6, 7, 8, 9]
    assert codes(here / "o/other/b-0-0.3.mp4") == [40, 41, 42]
    with open_video(here / "o/fall/a-1.2-end.mp4") as video:
        assert (video.info.width, video.info.height) == (64, 48)
    fall, rest, other = read_annotations(here / "o" / "clips.csv")
    assert fall.events == ((pytest.approx(0.1), pytest.approx(0.3)),)
    assert (fall.positive, rest.positive, other.positive) == (True, False, False)
    assert fall.group == rest.group == "fall/a.mp4" != other.group
    assert (fall.columns["note"], fall.columns["cut_start"]) == ("first", "0.500")
    again = run("prepare", "trim", "cuts.csv", "--root", "in", "--out", "o")
    assert again.exit_code == 6
    assert run("prepare", "trim", "cuts.csv", "--root", "in", "--out", "o", "--overwrite")


def test_several_parts_of_one_stretch_are_videos_of_their_own(run, here: Path) -> None:
    rows = [f"fall/a.mp4,0.5,1,{x},0,64,48" for x in ("0", "64")] + ["fall/a.mp4,0.5,1,,,,"]
    (here / "cuts.csv").write_text("\n".join(["path,start,end,x,y,width,height", *rows]))
    done = run("prepare", "trim", "cuts.csv", "--root", "in", "--out", "o")
    assert done.exit_code == 0, done.output
    names = ("0,0,64,48", "64,0,64,48", "whole")
    assert files(here / "o") == [f"a-0.5-1-{name}.mp4" for name in names]


@pytest.mark.parametrize("args", [["frames", "{}", "--out", "o"], ["dedup", "in", "--out", "{}"]])
def test_a_name_that_no_file_can_have_is_refused(run, here: Path, args: list[str]) -> None:
    done = run("prepare", *(arg.format("n" * 300) for arg in args))
    assert done.exit_code == 2
    assert "has a name that is too long" in done.stderr


def test_an_event_lasts_until_the_last_frame_of_its_cut_ends(run, here: Path) -> None:
    rows = ["fall/a.mp4,0.5,1,fall,0.6,1", "fall/a.mp4,1,0:01.1,fall,1,1.1"]
    head = "path,start,end,label,event_start,event_end"
    (here / "cuts.csv").write_text("\n".join([head, *rows]))
    assert run("prepare", "trim", "cuts.csv", "--root", "in", "--out", "o").exit_code == 0
    events = [clip.events for clip in read_annotations(here / "o" / "clips.csv")]
    assert events == [(pytest.approx((0.1, 0.5)),), (pytest.approx((0.0, 0.1)),)]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("../x.mp4,,,,,,,,,,", "line 2.*leads out"),
        ("a.mp4,two,,,,,,,,,", "line 2: start: time 'two' is neither"),
        ("a.mp4,3,2,,,,,,,,", "line 2.*makes no sense"),
        ("a.mp4,,,1,2,3,,,,,", "line 2.*X,Y"),
        ("a.mp4,0,1,,,,,fall,2,3,", "line 2.*outside the cut"),
        ("a.mp4,0,1,,,,,fall,0.5,,", "line 2.*event_end"),
        ("a.mp4,0,1,,,,,,,,\na.mp4,0,1,,,,,,,,", "line 3.*further up"),
        ("", "lists no cuts"),
    ],
)
def test_a_bad_list_of_cuts_is_refused(run, here: Path, row: str, says: str) -> None:
    (here / "cuts.csv").write_text(CUTS.splitlines()[0] + "\n" + row + "\n")
    done = run("prepare", "trim", "cuts.csv", "--out", "o")
    assert done.exit_code == 3
    assert re.search(says, done.stderr)
    assert not (here / "o").exists()


def test_resize_keeps_folders_and_goes_on(run, here: Path) -> None:
    done = run("prepare", "resize", "in", "broken.mp4", "--size", "course2020", "--out", "o")
    assert done.exit_code == 5, done.output
    assert "Error: 'broken.mp4'" in done.stderr
    assert "2 of 3 videos written to 'o', size course2020" in done.stderr
    assert files(here / "o") == ["in/fall/a.mp4", "in/other/b.mp4"]
    with open_video(here / "o/in/fall/a.mp4") as video:
        assert (video.info.width, video.info.height) == (342, 256)
        assert [frame.time for frame in video.frames()] == pytest.approx(
            [i / 10 for i in range(20)]
        )


def test_resize_never_overwrites_unasked(run, here: Path) -> None:
    assert run("prepare", "resize", "in", "--size", "short:48", "--out", "o").exit_code == 0
    before = (here / "o/fall/a.mp4").read_bytes()
    (here / "o/other/b.mp4").unlink()
    done = run("prepare", "resize", "in", "--size", "short:32", "--out", "o")
    assert done.exit_code == 6
    assert "exists already" in done.stderr
    assert (here / "o/fall/a.mp4").read_bytes() == before
    assert not (here / "o/other/b.mp4").exists()
    assert run("prepare", "resize", "in", "--size", "short:32", "--out", "o", "--overwrite")
    with open_video(here / "o/fall/a.mp4") as video:
        assert video.info.height == 32
    own = run("prepare", "resize", "in", "--size", "short:32", "--out", "in", "--overwrite")
    assert own.exit_code == 6
    assert "over a source" in own.stderr


def test_resize_needs_a_size_and_a_source_that_leads_somewhere(run, here: Path) -> None:
    assert run("prepare", "resize", "in", "--out", "o").exit_code == 2
    done = run("prepare", "resize", "nothing*.mp4", "--size", "course2020", "--out", "o")
    assert done.exit_code == 3
    assert "matches no file" in done.stderr


def test_two_files_with_one_stem_do_not_meet(run, here: Path) -> None:
    shutil.copy(here / "in/fall/a.mp4", here / "in/fall/a.m4v")
    assert run("prepare", "resize", "in", "--size", "short:48", "--out", "o").exit_code == 0
    assert len(files(here / "o")) == 3


def test_dedup_keeps_time_unless_asked(run, here: Path) -> None:
    done = run("prepare", "dedup", "still.mp4", "--out", "o")
    assert done.exit_code == 0, done.output
    assert "2 of 10 frames" in done.stderr
    with open_video(here / "o/still.mp4") as video:
        assert [frame.time for frame in video.frames()] == pytest.approx([0.0, 0.9])
    again = run("prepare", "dedup", "still.mp4", "--out", "p", "--renumber")
    assert again.exit_code == 0
    assert "Warning: --renumber breaks time" in again.stderr
    assert len(codes(here / "p/still.mp4")) == 1
    assert run("prepare", "dedup", "still.mp4", "--out", "q", "--threshold", 2).exit_code == 2


def test_debug_shows_why_one_of_several_videos_failed(run, originals: Path, tmp_path: Path) -> None:
    args = (
        "prepare",
        "resize",
        originals / "broken.mp4",
        originals / "a.mp4",
        "--size",
        "short:32",
    )
    quiet = run(*args, "--out", tmp_path / "one")
    assert (quiet.exit_code, "Traceback" in quiet.stderr) == (5, False)
    loud = run(*args, "--out", tmp_path / "two", "--debug")
    assert (loud.exit_code, "Traceback" in loud.stderr) == (5, True)
