"""The benchmark of detection compares what it says it compares, and says what it could not measure.

In: made-up results as the benchmark stores them, and builds that do nothing. Out: nothing but
assertions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from slipdetect.models import StreamConfig
from slipdetect.video import open_video, write_video

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
COMMIT = "8c7b7003" + 32 * "0"


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def turns(seconds: Sequence[float], **more: Any) -> list[dict[str, Any]]:
    usual = {"processor": 9.0, "peak_mib": 400.0, "stages": [["windows", 0.5, False]]}
    return [{"seconds": value, **usual, "computed": 0.9, **more} for value in seconds]


@pytest.fixture
def found() -> dict[str, Any]:
    bars = {
        "bit_rate": 2e6,
        "turns": {"read": turns([2.0, 3.0, 2.0]), "detect": turns([4.0, 4.0, 4.0])},
        "before": {"read": turns([2.0, 2.0, 2.0]), "detect": turns([8.0, 12.0, 7.0])},
    }
    start = {"turns": {"command": turns([1.0, 2.0])}, "before": {"command": turns([8.0, 8.0])}}
    growing = [300.0, 310.0, 330.0]
    long = {
        "turns": {"long": turns([60.0], peak_mib=330.0, peak_by_5_minutes=growing)},
        "before": {"long": turns([90.0], peak_mib=1100.0, peak_by_5_minutes=[1100.0])},
    }
    jobs = {"turns": {"one": turns([16.0, 18.0], events=8), "jobs": turns([10.0, 10.0], events=8)}}
    people = {"turns": {"detect": turns([9.0]), "motion": turns([9.0], processor=6.0)}}
    seed = {"turns": {"seed": turns([90.0]), "ours": turns([9.0])}}
    here: dict[str, Any] = {"machine": "a machine", "video": 60.0}
    return {
        "bars": {**here, "against": COMMIT, "contents": {"camera": bars, "still": bars}},
        "start": {**here, "against": COMMIT, "contents": {"example": start}},
        "long": {**here, "against": COMMIT, "video_before": 30.0, "contents": {"camera": long}},
        "jobs": {**here, "contents": {"camera": jobs}},
        "people": {**here, "contents": {"camera": people}},
        "seed": {**here, "contents": {"camera": seed}},
    }


def cells(found: dict[str, Any], name: str, commit: str = COMMIT) -> tuple[str, ...]:
    from detect_report import BARS

    (row,) = [bar for bar in BARS if name in bar.name]
    return tuple(row.cells(found, commit)[1:])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 8 / 4, 12 / 4, 7 / 4
        ("camera, speed to the older", (">= 2", "2.00", "1.75 to 3.00", "3", "yes")),
        # 2 / 4, 3 / 4, 2 / 4
        ("camera, speed to reading", (">= 0.75", "0.50", "0.50 to 0.75", "3", "no")),
        ("still, speed to reading", (">= 0.9", "0.50", "0.50 to 0.75", "3", "no")),
        # 330 / 1100
        ("peak memory", ("<= 0.4", "0.30", "0.30 to 0.30", "1", "yes")),
        # 330 / 300
        ("after 5 minutes", ("<= 1.05", "1.10", "1.10 to 1.10", "1", "no")),
        # 1 / 8, 2 / 8: 3 / 16 between them
        ("ten-second", ("<= 0.25", "0.19", "0.12 to 0.25", "2", "yes")),
        # 16 / 10, 18 / 10
        ("4 videos", (">= 1.6", "1.70", "1.60 to 1.80", "2", "yes")),
        # 9 / 6 of the processor, not of the clock
        ("without people", ("<= 1.25", "1.50", "1.50 to 1.50", "1", "no")),
        ("2020 report", (">= 12", "10.00", "10.00 to 10.00", "1", "no")),
    ],
)
def test_a_row_has_its_ratio(found: dict[str, Any], name: str, expected: tuple[str, ...]) -> None:
    assert cells(found, name) == expected


def test_a_row_without_figures_says_why(found: dict[str, Any]) -> None:
    assert cells({}, "2020 report")[-1] == "not measured"
    assert cells(found, "ten-second", "f" * 40)[-1] == "not measured against it"
    assert cells(found, "camera, speed to reading", "f" * 40)[-1] == "no"
    found["jobs"] = {"machine": "", "contents": {}, "missing": "detect has no option --jobs"}
    assert cells(found, "4 videos")[-1] == "not there: detect has no option --jobs"
    found["long"]["contents"]["camera"]["turns"]["long"][0]["peak_by_5_minutes"].pop()
    assert cells(found, "after 5 minutes")[-1] == "too short to tell"


def test_the_report_names_both_builds_and_a_busy_machine(found: dict[str, Any]) -> None:
    from detect_report import report

    lines = report(found)
    assert lines[0] == "against 8c7b700:"
    assert "    8c7b700: detecting runs at 0.25 of the speed of reading alone" in "\n".join(lines)
    assert "  8c7b700: 0 minutes in 90 s; peak memory in MiB after every 5 minutes: 1100" in lines
    assert not any("IDLE" in line for line in lines)
    for turn in found["start"]["contents"]["example"]["before"]["command"]:
        turn["others"] = 0.7
    assert [line for line in report(found) if "IDLE" in line] == [
        "  NOT ON AN IDLE MACHINE: other processes kept up to 0.7 CPUs busy"
    ]


def test_without_an_older_build_there_is_no_table(found: dict[str, Any]) -> None:
    from detect_report import report

    assert report({"seed": found["seed"]})[0].startswith("a machine: 60 s of the same video")


def test_peers_that_fail_are_named_with_the_reason(found: dict[str, Any]) -> None:
    from detect_report import report

    taken = {"detect": turns([6.0]), "neura": turns([12.0], peak_mib=200.0)}
    part = {**found["seed"], "date": "2026-01-31", "failed": {"human": "no such wheel"}}
    lines = report({"peers": {**part, "contents": {"camera": {"turns": taken}}}})
    assert lines[2].endswith("slipdetect has 2.00 times its speed and 2.00 times its memory")
    assert lines[3] == "  human-fall-detection 0.1.2 could not be run: no such wheel"


def test_contestants_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    import detect
    from detect_builds import Build, BuildError

    done = []

    def turn(build: Build, work: str, video: Path) -> dict[str, Any]:
        done.append((build.python.name, work))
        if work == "neura":
            raise BuildError("it does not start")
        return {"seconds": len(done)}

    monkeypatch.setattr(detect, "turn", turn)
    new, old, video, failed = Build(Path("new")), Build(Path("old")), Path("video"), {}
    contestants = [("turns", "detect", new, video), ("before", "detect", old, video)]
    found = detect.take_turns([*contestants, ("turns", "neura", new, video)], 2, failed)
    pair = [("new", "detect"), ("old", "detect")]
    assert done == [*pair, ("new", "neura"), *pair]  # what failed once has no other turn
    assert failed == {"neura": "it does not start"}
    assert found == {
        "turns": {"detect": [{"seconds": 1}, {"seconds": 4}]},
        "before": {"detect": [{"seconds": 2}, {"seconds": 5}]},
    }


def test_a_build_sees_no_modules_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from detect_builds import ROOT, Build, BuildError, present

    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    other = Build(Path(sys.executable))
    assert "/elsewhere" not in other.run("-c", "import sys; print(sys.path)")
    assert str(ROOT / "src") in present().run("-c", "import sys; print(sys.path)")
    with pytest.raises(BuildError, match=r"^ValueError: this way$"):
        other.run("-c", "raise ValueError('this way')")


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_an_unknown_commit_is_one_line() -> None:
    from detect_builds import BuildError, commit_of

    with pytest.raises(BuildError, match=r"^fatal: [^\n]+$"):
        commit_of("no-such-commit")


def test_the_worker_needs_nothing_but_python() -> None:
    """Older builds and other projects' packages run it, whatever they have."""
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
    without_packages = [sys.executable, "-S", "-c", "import detect_work"]
    subprocess.run(without_packages, check=True, env=environment)


def test_a_repeated_video_is_as_long_as_its_copies(tmp_path: Path) -> None:
    from detect_videos import EXAMPLE, repeated

    video = Path(shutil.copy(EXAMPLE, tmp_path))
    with open_video(video) as once, open_video(repeated(video, 3)) as thrice:
        frames = [frame.time for frame in thrice.frames(short_side=16)]
        assert len(frames) == 3 * sum(1 for _ in once.frames(short_side=16))
    assert frames == sorted(set(frames))


def test_the_reports_way_looks_at_windows_of_seven_snippets(tmp_path: Path) -> None:
    from detect_seed import reports_way

    # flow of pictures that do not differ takes no time
    write_video(tmp_path / "gray.mp4", [np.full((64, 80, 3), 128, np.uint8)] * 31, 30.0)
    recipe = {"method": "tvl1-opencv", "bound": 20.0}
    streams = [
        StreamConfig(modality="rgb", backbone="resnet18", snippet_length=1),
        StreamConfig(modality="flow", backbone="resnet18", snippet_length=5, flow=recipe),
    ]
    seen: dict[str, list[tuple[int, ...]]] = {"rgb": [], "flow": []}

    def network(name: str) -> Any:
        return lambda snippets: seen[name].append(tuple(torch.as_tensor(snippets).shape))

    reports_way(
        SimpleNamespace(streams=streams),
        {name: network(name) for name in seen},
        tmp_path / "gray.mp4",
    )
    # frames 0 to 29
    assert seen == {"rgb": [(1, 7, 3, 224, 224)], "flow": [(1, 7, 10, 224, 224)]}
