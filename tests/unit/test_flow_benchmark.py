"""The flow benchmark: who runs, in which turns, and that its figures are what was computed.

In: stand-in methods on tiny pictures, and the real ones on a small scene. Out: pass or fail.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from opencl_cpu import opencl_environment
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor, registry
from synth import make_video

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "flow_bench.py"
sys.path.insert(0, str(SCRIPT.parent))
import flow_bench  # noqa: E402
import flow_contest  # noqa: E402
from flow_contest import FlowBenchmark, FlowContest, Timing, moving_scene  # noqa: E402

TINY = ("--size", "48x40", "--frames", "2")
calls: list[tuple[str, int]] = []
clock = [0.0]


@dataclass(frozen=True)
class NoParameters:
    pass


class Stub:
    """Flow of its own constant, for which a clock of the test's advances."""

    parameters_type = NoParameters
    concurrent = False
    uses_initial_flow = False
    name, cost, value = "tvl1-opencv", 1.0, 0.0

    def __init__(self, parameters: Any, device: str) -> None:
        self.parameters = parameters
        clock[0] += 5.0

    def calc(self, prev: Any, next: Any, initial: Any = None) -> NDArray[np.float32]:
        clock[0] += self.cost
        calls.append((self.name, int(prev[0, 0])))
        flow = np.zeros((2, *prev.shape), np.float32)
        flow[0] = self.value
        return flow


class Fast(Stub):
    name, cost, value = "fast", 0.25, 0.3


class Absent(Stub):
    def __init__(self, parameters: Any, device: str) -> None:
        raise UsageError("no such card")


class Dying(Stub):
    name = "dying"

    def calc(self, prev: Any, next: Any, initial: Any = None) -> NDArray[np.float32]:
        if int(prev[0, 0]) > 10:
            raise UsageError("the card went away")
        return super().calc(prev, next, initial)


def stub_frames(count: int) -> list[NDArray[np.uint8]]:
    return [np.full((8, 10), index, np.uint8) for index in range(count)]


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"fast": "Fast", "tvl1-opencv": "Stub", "absent": "Absent", "dying": "Dying"}
    methods = {name: {"cpu": f"{__name__}:{kind}"} for name, kind in here.items()}
    methods["fast"]["cuda"] = "no.such.module:Loaded"
    monkeypatch.setattr(registry, "_METHODS", methods)
    monkeypatch.setattr("flow_contest.has_cuda", lambda: False)
    monkeypatch.setattr(flow_contest.time, "perf_counter", lambda: clock[0])
    calls.clear()


@pytest.mark.usefixtures("stubs")
def test_methods_take_turns_and_their_own_seconds_are_counted() -> None:
    contest = FlowContest(stub_frames(61), [60, 10], ["fast", "tvl1-opencv"])
    assert contest.labels == ["fast", "tvl1-opencv"]
    assert contest.expected_seconds == pytest.approx(60 * 1.25)
    calls.clear()
    shares: list[float] = []
    result = contest.run(shares.append)
    expected = []
    for first, last in ((0, 10), (10, 35), (35, 60)):
        expected += [("tvl1-opencv", index) for index in range(first, last)]
        expected += [("fast", index) for index in range(first, last)]
    assert calls == expected
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    fast, slow = result.timings
    assert fast.seconds == pytest.approx((2.5, 15.0))
    assert slow.seconds == pytest.approx((10.0, 60.0))
    assert slow.first_call == pytest.approx(6.0)
    assert fast.first_call == pytest.approx(5.25)
    assert result.counts == (10, 60)
    assert result.size == (10, 8)
    assert result.rate(fast) == pytest.approx(4.0)
    assert result.ratio(fast) == pytest.approx(4.0)


@pytest.mark.usefixtures("stubs")
def test_accuracy_is_the_mean_distance_and_the_share_of_near_bytes() -> None:
    result = FlowContest(stub_frames(4), [3], ["fast", "tvl1-opencv"]).run()
    fast, reference = result.timings
    # u is 0.3 px off everywhere, which is 131 instead of 128; v is right
    assert fast.distance == pytest.approx(0.3)
    assert fast.within_one == pytest.approx(0.5)
    assert (reference.distance, reference.within_one) == (0.0, 1.0)


@pytest.mark.usefixtures("stubs")
def test_without_the_reference_there_is_no_accuracy() -> None:
    result = FlowContest(stub_frames(4), [3], ["fast"]).run()
    assert result.timings[0].distance is None
    assert result.ratio(result.timings[0]) is None
    assert "| - |" in flow_bench.markdown(result, "x", "y")


@pytest.mark.usefixtures("stubs")
def test_who_cannot_run_or_fails_on_the_way_is_listed_with_the_reason() -> None:
    result = FlowContest(stub_frames(41), [5, 40]).run()
    assert [timing.label for timing in result.timings] == ["fast", "tvl1-opencv"]
    assert result.missing == {
        "fast (cuda)": "there is no NVIDIA GPU that torch can use",
        "absent": "no such card",
        "dying": "the card went away",
    }
    page = flow_bench.markdown(result, "x", "y")
    assert "- `absent`: no such card" in page
    assert "- `dying`: the card went away" in page


@pytest.mark.usefixtures("stubs")
@pytest.mark.parametrize(
    ("counts", "methods", "words"),
    [
        ([], None, "counts"),
        ([0, 3], None, "counts"),
        ([4], None, "one frame more"),
        ([3], ["fst"], "unknown flow method 'fst'"),
        ([3], ["absent"], "none of these flow methods can run here: absent: no such card"),
    ],
)
def test_a_contest_that_cannot_be_is_refused(
    counts: list[int], methods: list[str] | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        FlowContest(stub_frames(4), counts, methods)


def test_the_real_methods_compute_what_the_extractor_computes() -> None:
    frames = list(moving_scene(4, 64, 48))
    contest = FlowContest(frames, [1, 3], ["dis", "tvl1-opencv", "farneback"], threads=2)
    result = contest.run()
    reference = list(FlowExtractor("tvl1-opencv").iter(frames))
    for timing in result.timings:
        assert 0 < timing.seconds[0] < timing.seconds[1]
        distances, near = [], 0
        for flow, other in zip(FlowExtractor(timing.label).iter(frames), reference, strict=True):
            for y in range(48):
                for x in range(64):
                    right, down = (float(flow[i, y, x]) - float(other[i, y, x]) for i in (0, 1))
                    distances.append((right**2 + down**2) ** 0.5)
                    for i in (0, 1):
                        level = np.rint((float(flow[i, y, x]) + 15) * 8.5)
                        near += abs(level - np.rint((float(other[i, y, x]) + 15) * 8.5)) <= 1
        assert timing.distance == pytest.approx(sum(distances) / len(distances), rel=1e-4)
        assert timing.within_one == pytest.approx(near / len(distances) / 2, abs=1e-3)


def test_the_scene_moves_as_it_says_and_is_the_same_every_time() -> None:
    frames = list(moving_scene(6, 128, 96))
    assert all(frame.shape == (96, 128) and frame.dtype == np.uint8 for frame in frames)
    for frame, again in zip(frames, moving_scene(6, 128, 96), strict=True):
        np.testing.assert_array_equal(frame, again)
    flow = FlowExtractor("tvl1-opencv").pair(frames[0], frames[5])
    corner = flow[:, 10:20, 10:40]
    assert np.median(corner[0]) == pytest.approx(5 * 0.4, abs=0.25)
    assert np.median(corner[1]) == pytest.approx(5 * 0.15, abs=0.25)
    assert len(list(moving_scene(2, 9, 8))) == 2


RESULT = FlowBenchmark(
    counts=(10, 250),
    size=(342, 256),
    threads=2,
    machine="Some CPU, 2 CPUs",
    timings=(
        Timing("tvl1", "CPU", 1.5, (0.5, 12.5), 0.0044, 0.9971),
        Timing("tvl1-opencv", "CPU", 0.5, (5.0, 125.0), 0.0, 1.0),
        Timing("tvl1-umat", "OpenCL on a CPU: some", 9.0, (20.0, 500.0), 0.05, 0.99),
    ),
    missing={"tvl1 (cuda)": "no card"},
)


def test_the_page_and_the_data_say_how_they_were_made() -> None:
    page = flow_bench.markdown(RESULT, "python x.py", "kitchen.mp4")
    assert "`python x.py`, pictures from kitchen.mp4." in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len({row.count("|") for row in rows}) == 1
    assert "| `tvl1` | CPU | 0.50 s | 12.50 s | 20.0 | 10.0x | 0.0044 | 99.71% | 1.50 s |" in rows
    data = flow_bench.plain_data(RESULT, "python x.py", "kitchen.mp4")
    assert data["methods"][0]["ratio"] == 10.0
    assert data["methods"][0]["seconds"] == (0.5, 12.5)
    assert data["missing"] == {"tvl1 (cuda)": "no card"}


def test_the_plot_is_a_picture_with_a_line_per_method(tmp_path: Path) -> None:
    target = tmp_path / "flow.png"
    flow_bench.draw(RESULT, target)
    picture = cv2.imread(str(target))
    assert picture.shape[1] > 900
    # matplotlib's first three colors
    for blue, green, red in ((180, 119, 31), (14, 127, 255), (44, 160, 44)):
        near = np.abs(picture.astype(int) - (blue, green, red)).max(axis=2) < 8
        assert near.sum() > 200


def measured(out: Path, *args: str, env: dict[str, str] | None = None) -> Any:
    """Run the script on tiny pictures and return what it left and printed."""
    command = [sys.executable, str(SCRIPT), "--run", str(out), *args]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    return json.loads((out / "flow.json").read_text()), done


def test_a_run_leaves_data_and_a_plot_and_prints_the_table(tmp_path: Path) -> None:
    make_video(tmp_path / "short.mp4", "bars", count=3)
    out = tmp_path / "new" / "bench"
    args = ("--frames", "7,2", "--size", "48x40", "--threads", "1", "--methods", "dis,farneback")
    data, done = measured(out, *args, "--video", str(tmp_path / "short.mp4"))
    assert sorted(path.name for path in out.iterdir()) == ["flow.json", "flow.png"]
    assert data["counts"] == [2, 7]
    assert (data["width"], data["height"], data["threads"]) == (48, 40, 1)
    assert [row["label"] for row in data["methods"]] == ["dis", "farneback"]
    assert "--run DIR --frames 2,7 --size 48x40 --threads 1 --methods dis,farneback" in done.stdout
    assert str(tmp_path) not in json.dumps(data)
    assert "| `farneback` | CPU |" in done.stdout
    assert (out / "flow.png").read_bytes().startswith(b"\x89PNG")
    again = subprocess.run(
        [sys.executable, str(SCRIPT), "--run", str(out)], capture_output=True, text=True
    )
    assert again.returncode == 1
    assert "exists already; choose another folder" in again.stderr


def test_opencl_on_the_cpu_is_measured_and_said_to_be_that(tmp_path: Path) -> None:
    args = ("--frames", "1", "--size", "64x48", "--methods", "tvl1-opencv,tvl1-umat")
    data, done = measured(tmp_path, *args, env=opencl_environment())
    mat, umat = data["methods"]
    assert (mat["label"], mat["device"], umat["label"]) == ("tvl1-opencv", "CPU", "tvl1-umat")
    assert umat["device"].startswith("OpenCL on a CPU: ")
    assert umat["seconds"][0] > 0
    assert 0 < umat["distance"] < 0.1
    assert umat["device"] in done.stdout
    assert data["command"].startswith("OPENCV_OPENCL_DEVICE=:CPU: python benchmarks/flow_bench.py")


def test_the_loop_of_a_short_video_has_no_cut(tmp_path: Path) -> None:
    make_video(tmp_path / "short.mp4", "bars", count=4)
    frames = flow_bench.pictures(tmp_path / "short.mp4", 10, (48, 40))
    shown = [next(i for i in range(4) if (frames[i] == frame).all()) for frame in frames]
    assert shown == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "nothing to do"),
        (["--frames", "10,x"], "no list of whole numbers"),
        (["--frames", "0"], "no list of whole numbers"),
        (["--size", "342"], "is not WIDTHxHEIGHT"),
        (["--size", "342x7"], "8 px a side or more"),
        (["--run", "b", *TINY, "--methods", "raft"], "unknown flow method 'raft'"),
        (["--run", "b", *TINY, "--threads", "0", "--methods", "dis"], "threads must be 1 or more"),
        (["--run", "b", "--video", "missing.mp4"], "'missing.mp4' was not found"),
    ],
)
def test_wrong_wishes_are_refused_in_a_line(
    args: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["flow_bench.py", *args])
    with pytest.raises(SystemExit) as caught:
        flow_bench.main()
    assert caught.value.code != 0
    assert words in f"{caught.value.code} {capsys.readouterr().err}"
    assert not (tmp_path / "b").exists()
