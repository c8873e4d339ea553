"""``doctor VIDEO`` says what a recording is, and marks what is doubtful in it.

In: small recordings, each odd in one way. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from media.making import evenly, write_marked, write_multipart
from media.pictures import set_matrix, woven, write_lossless
from slipdetect.cli.checks import Check, check_lines
from slipdetect.cli.doctor_video import Times
from synth import cut, make_video

COUNT = 50


@pytest.fixture
def doctor(run, tmp_path: Path):
    """Return what is said of a video: rows by name, what stands on stderr, plain facts."""

    def call(path: Path, *options: object) -> tuple[dict[str, Check], str, dict[str, object]]:
        text = run("doctor", path, *options)
        assert text.exit_code == 0, text.stderr
        assert text.stdout.splitlines()[0] == str(path)
        assert max(map(len, text.stdout.splitlines())) <= 100 + len(str(path))
        assert len(text.stdout.splitlines()) <= 24
        data = json.loads(run("doctor", path, *options, "--json").stdout)
        checks = {item["name"]: Check(**item) for item in data["checks"]}
        doubtful = any(check.ok is False for check in checks.values())
        assert data["ok"] is not doubtful
        assert ("?   " in text.stdout) is doubtful
        return checks, text.stderr, data["video"]

    return call


def test_a_plain_recording_has_nothing_doubtful(doctor, tmp_path: Path) -> None:
    path = make_video(tmp_path / "plain.mp4", count=COUNT).path
    checks, said, facts = doctor(path)
    assert said == "nothing is doubtful\n"
    assert list(checks) == [
        *("file", "codec", "tracks", "picture", "color", "times", "rate", "began", "gaps"),
        "damage",
    ]
    assert checks["file"].found.startswith("QuickTime / MOV, ")
    assert checks["codec"].found == "h264 High, yuv420p"
    assert checks["picture"].found == "128 x 96"
    assert checks["color"].found.startswith("colors not told, taken for BT.601, limited range")
    assert checks["rate"].found == "25 pictures a second, evenly; 10 of them are looked at"
    assert checks["times"].found.endswith("00:00:00.000 to 00:00:01.960")
    assert checks["damage"].found == "50 pictures decoded to the end"
    assert facts["frames"] == COUNT
    assert (facts["start"], facts["end"]) == (0.0, 1.96)
    assert (facts["stamps"], facts["frame_rate"], facts["even"]) == ("presentation", 25.0, True)


def test_how_it_lies_and_its_pixels(doctor, tmp_path: Path) -> None:
    from fractions import Fraction

    path = make_video(tmp_path / "phone.mp4", count=3, aspect=Fraction(4, 3)).path
    set_matrix(path, (0, 1, 1, 0))
    checks, _, facts = doctor(path)
    assert checks["picture"].found == (
        "96 x 171; stored 128 x 96, mirrored, turned 90 degrees counterclockwise,"
        " pixels 4/3 made square"
    )
    assert (facts["turned"], facts["mirrored"], facts["pixel_aspect"]) == (90, True, "4/3")
    assert (facts["stored_width"], facts["width"]) == (128, 96)


def test_fields(doctor, tmp_path: Path) -> None:
    image = np.full((48, 64, 3), 60, np.uint8)
    path = write_lossless(tmp_path / "dvr.mkv", [woven(image, image)] * 3, "tff")
    checks, _, facts = doctor(path)
    assert "deinterlaced" in checks["fields"].found
    assert facts["interlaced"] is True


def test_gaps_and_an_uneven_rate(doctor, tmp_path: Path) -> None:
    times = [i / 20 for i in range(20)] + [30 + i / 5 for i in range(20)]
    path = write_marked(tmp_path / "gap.mkv", dict(enumerate(times)))
    checks, said, facts = doctor(path)
    assert said == "what is doubtful is marked ?\n"
    assert (checks["gaps"].ok, checks["gaps"].found) == (False, "00:00:00.950 to 00:00:30.000")
    assert "unevenly, 5 to 20 at times" in checks["rate"].found
    assert checks["rate"].ok is False  # 8 a second are fewer than are looked at
    assert facts["gaps"] == [{"start": 0.95, "end": 30.0}]
    assert facts["even"] is False


def test_a_cut_file_is_damaged(doctor, tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(0, 255, (COUNT, 96, 128, 3), np.uint8)
    path = make_video(tmp_path / "cut.mp4", list(grain), options={"movflags": "faststart"}).path
    checks, _, facts = doctor(cut(path, 0.5))
    assert checks["damage"].ok is False
    assert "a part is missing" in checks["damage"].found
    assert checks["warning"].ok is False
    assert facts["truncated"] is True


def test_times_that_are_made_up_and_those_that_the_user_gives(doctor, tmp_path: Path) -> None:
    path = make_video(tmp_path / "raw.mjpeg", count=20, codec="mjpeg", pix_fmt="yuvj420p").path
    checks, _, facts = doctor(path)
    assert checks["times"].ok is False
    assert "pictures are counted" in checks["times"].found
    assert "25 frames per second are assumed" in checks["warning"].found
    assert checks["warning"].found.endswith("say the rate by --frame-rate")
    assert facts["warnings"] == [checks["warning"].found]
    assert checks["rate"].ok is None
    assert facts["stamps"] == "none"
    checks, _, facts = doctor(path, "--frame-rate", 5)
    told = "pictures are counted, 5 a second as you say; 00:00:00.000 to 00:00:03.800"
    assert (checks["times"].ok, checks["times"].found) == (None, told)
    assert facts["end"] == pytest.approx(3.8)
    assert "the bundled model looks at 10" in checks["rate"].found


def test_stamped_JPEGs_between_boundaries_are_called_so(doctor, tmp_path: Path) -> None:
    path = write_multipart(tmp_path / "camera.mjpeg", evenly(20, 10.0), True)
    checks, _, facts = doctor(path)
    form = "JPEGs between boundaries, timed by their headers"
    assert checks["file"].found.startswith(f"{form}, ")
    assert facts["form"] == form
    assert (checks["rate"].ok, checks["times"].ok) == (True, True)


def test_quick_looks_at_the_beginning_only(doctor, tmp_path: Path) -> None:
    times = [i / 5 for i in range(60)] + [40.0]
    path = write_marked(tmp_path / "long.mkv", dict(enumerate(times)))
    checks, _, facts = doctor(path, "--quick")
    assert facts["frames"] == 50
    assert "gaps" not in checks
    assert "warning" not in checks
    assert checks["damage"].found == "50 pictures decoded of 10 s"


def test_a_playlist_is_one_recording(doctor, tmp_path: Path) -> None:
    for number in range(2):
        make_video(tmp_path / f"{number}.mp4", count=10)
    path = tmp_path / "day.ffconcat"
    path.write_text("ffconcat version 1.0\nfile 0.mp4\nfile 1.mp4\n")
    checks, _, facts = doctor(path)
    assert checks["file"].found == "QuickTime / MOV, 2 files read as one"
    assert facts["frames"] == 20


def test_what_cannot_be_read_is_an_error(run, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    result = run("doctor", tmp_path / "notes.mp4")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "is not a video" in result.stderr
    assert run("doctor", tmp_path).exit_code == 3


def test_options_of_a_video_need_one(run) -> None:
    result = run("doctor", "--stream", 1)
    assert result.exit_code == 2
    assert "about a VIDEO" in result.stderr


def test_distances_by_plain_sorting() -> None:
    times, rng = Times(), np.random.default_rng(0)
    steps = [int(step) for step in rng.integers(20, 200, 99)]
    seconds = 0.0
    times.add(seconds)
    for step in steps:
        seconds += step / 1000
        times.add(seconds)
    times.add(seconds + 11.0)  # a gap
    assert times.steps == Counter(steps)
    assert times.step(0.5) == sorted(steps)[49] / 1000
    assert times.rate == pytest.approx(99 / (sum(steps) / 1000))
    assert Times().rate is None
    assert Times().step(0.5) is None


def test_long_lines_go_on_below() -> None:
    checks = [Check("a", True, "word " * 30, "do this"), Check("longer", None, "x")]
    lines = check_lines(checks, "?", width=60)
    assert max(map(len, lines)) <= 60
    assert lines[0].startswith("ok  a       word")
    assert [line[:12].strip() for line in lines[1:-1]] == [""] * (len(lines) - 2)
    assert "-> do this" in lines[-2]
