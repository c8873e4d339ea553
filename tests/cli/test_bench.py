"""``bench flow`` leaves a page, data and a plot, says what it does, and overwrites nothing.

In: small runs of fast methods. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from opencl_cpu import opencl_environment
from synth import make_video

FAST = ("--methods", "dis,farneback", "--size", "48x40")


def test_it_leaves_a_page_data_and_a_plot(run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "bench"
    result = run("bench", "flow", "--frames", "3, 2", "--threads", 1, "--out", out, *FAST)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["flow.json", "flow.md", "flow.png"]
    data = json.loads((out / "flow.json").read_text())
    assert data["counts"] == [2, 3]
    assert (data["width"], data["height"], data["threads"]) == (48, 40, 1)
    assert [row["label"] for row in data["methods"]] == ["dis", "farneback"]
    assert data["command"] == (
        "slipdetect bench flow --frames 2,3 --size 48x40 --threads 1 --methods dis,farneback "
        "--out DIR"
    )
    assert data["command"] in (out / "flow.md").read_text()
    assert (out / "flow.png").read_bytes().startswith(b"\x89PNG")
    assert [line.split()[0] for line in result.stdout.splitlines()[2:5]] == [
        "method",
        "dis",
        "farneback",
    ]
    assert "3 flow frames by each of dis, farneback: about" in result.stderr
    assert "written: " in result.stderr


def test_methods_that_cannot_run_are_named_with_the_reason(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cv2.ocl.haveOpenCL", lambda: False)
    args = ("--frames", "1", "--out", tmp_path, "--size", "32x32", "--methods", "dis,tvl1-umat")
    result = run("bench", "flow", *args)
    assert result.exit_code == 0, result.output
    assert "tvl1-umat does not run here: OpenCV finds no OpenCL" in result.stderr
    assert "tvl1-umat did not run: OpenCV finds no OpenCL" in result.stdout


def test_opencl_on_the_cpu_is_measured_and_said_to_be_that(tmp_path: Path) -> None:
    args = ["bench", "flow", "--frames", "1", "--size", "64x48", "--out", str(tmp_path)]
    args += ["--methods", "tvl1-opencv,tvl1-umat"]
    done = subprocess.run(
        [sys.executable, "-m", "slipdetect", *args],
        env=opencl_environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    data = json.loads((tmp_path / "flow.json").read_text())
    mat, umat = data["methods"]
    assert (mat["label"], mat["device"], umat["label"]) == ("tvl1-opencv", "CPU", "tvl1-umat")
    assert umat["device"].startswith("OpenCL on a CPU: ")
    assert umat["seconds"][0] > 0
    assert 0 < umat["distance"] < 0.1
    assert f"tvl1-umat used {umat['device']}" in done.stdout
    assert umat["device"] in (tmp_path / "flow.md").read_text()
    assert data["command"].startswith("OPENCV_OPENCL_DEVICE=:CPU: slipdetect bench flow --frames 1")


def test_nothing_is_overwritten_unasked_and_that_is_said_first(run, tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text("mine")
    args = ("bench", "flow", "--frames", "1", "--out", tmp_path, *FAST)
    result = run(*args)
    assert result.exit_code == 6
    assert "flow.json' exists already; pass --overwrite" in result.stderr
    assert "about" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["flow.json"]
    assert run(*args, "--overwrite").exit_code == 0
    assert (tmp_path / "flow.json").read_text().startswith("{")
    assert not list(tmp_path.glob(".flow*"))


def test_a_short_video_is_shown_forth_and_back(run, tmp_path: Path) -> None:
    make_video(tmp_path / "short.mp4", "bars", count=3)
    args = ("bench", "flow", "--frames", "7", "--out", tmp_path / "out", *FAST)
    result = run(*args, "--video", tmp_path / "short.mp4")
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "out" / "flow.json").read_text())
    assert data["source"] == "short.mp4"
    assert str(tmp_path) not in json.dumps(data)


def test_the_loop_has_no_cut(tmp_path: Path) -> None:
    from slipdetect.lab.bench.command import _frames

    make_video(tmp_path / "short.mp4", "bars", count=4)
    frames = _frames(tmp_path / "short.mp4", 10, (48, 40))
    shown = [next(i for i in range(4) if (frames[i] == frame).all()) for frame in frames]
    assert shown == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--frames", "10,x"], 2, "no list of whole numbers"),
        (["--frames", "0"], 2, "no list of whole numbers"),
        (["--size", "342"], 2, "WIDTHxHEIGHT"),
        (["--size", "342x7"], 2, "too small"),
        (["--size", "99999x99999"], 2, "too large"),
        (["--threads", "0"], 2, "threads"),
        (["--methods", "raft"], 2, "unknown flow method 'raft'"),
        (["--video", "missing.mp4"], 3, "missing.mp4"),
    ],
)
def test_wrong_wishes_are_refused(
    run, tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    result = run("bench", "flow", "--frames", "1", "--out", tmp_path / "out", *args)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_video_of_one_frame_is_refused(run, tmp_path: Path) -> None:
    make_video(tmp_path / "one.mp4", "bars", count=1)
    result = run("bench", "flow", "--out", tmp_path, "--video", tmp_path / "one.mp4")
    assert result.exit_code == 3
    assert "has one frame only" in result.stderr


def test_torch_is_not_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from slipdetect.cli.main import cli\n"
        "try: cli(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    args = ["bench", "flow", "--frames", "1", "--out", str(tmp_path), *FAST]
    subprocess.run([sys.executable, "-c", code, *args], check=True, capture_output=True)
