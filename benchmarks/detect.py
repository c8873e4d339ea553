"""How fast detection is on a CPU, and how much of its time is reading.

The bundled model on H.264 of 1280 x 720, 30 frames a second: the rendered example, scaled up, over
and over. Reading alone hands out the same sampled frames by the same reader and does nothing with
them. Both take turns, each in a process of its own that has loaded the model.

    python benchmarks/detect.py --run
    python benchmarks/detect.py --report
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

RESULT = Path(__file__).parent / "results" / "detect.json"
EXAMPLE = Path(__file__).parents[1] / "examples" / "slip.mp4"
WIDTH, HEIGHT, RATE = 1280, 720, 30.0
WORK = ("read", "detect")


def main() -> None:
    """Run or report, as the command line says; ``--work`` is for the processes of a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored")
    parser.add_argument("--seconds", type=float, default=60.0, help="of video (default: 60)")
    parser.add_argument("--turns", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--video", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        print(json.dumps(measured(arguments.work, arguments.video)))
        return
    if not (arguments.run or arguments.report):
        parser.error("say --run or --report")
    if arguments.run:
        found = json.dumps(run(arguments.seconds, arguments.turns), indent=1)
        RESULT.write_text(found + "\n", encoding="utf-8")
    if arguments.report:
        print("\n".join(report(json.loads(RESULT.read_text(encoding="utf-8")))))


def run(seconds: float, turns: int) -> dict[str, Any]:
    """Return the seconds and the peak memory of every turn."""
    import torch

    from slipdetect.flow.machine import machine_name

    turn: dict[str, list[dict[str, float]]] = {work: [] for work in WORK}
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "720p.mp4"
        make_video(video, seconds)
        for _ in range(turns):
            for work in WORK:
                command = [sys.executable, __file__, "--work", work, "--video", str(video)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                turn[work].append(json.loads(done.stdout))
    machine = f"{machine_name()}, torch {torch.__version__}"
    return {"machine": machine, "video": seconds, "turns": turn}


def make_video(target: Path, seconds: float) -> None:
    """Write the example, scaled up, until the video is so long."""
    from slipdetect.video import write_timed_video

    frames = ((index / RATE, picture) for index, picture in enumerate(_pictures()))
    within = _until(frames, seconds)
    write_timed_video(target, within, RATE)


def _until(
    frames: Iterator[tuple[float, npt.NDArray[np.uint8]]], seconds: float
) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    for at, picture in frames:
        if at >= seconds:
            return
        yield at, picture


def _pictures() -> Iterator[npt.NDArray[np.uint8]]:
    from slipdetect.video import open_video

    for _ in count():
        with open_video(EXAMPLE) as video:
            for frame in video.frames():
                large = cv2.resize(frame.image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
                yield np.asarray(large, np.uint8)


def measured(work: str, video: Path) -> dict[str, float]:
    """Read or detect once; return elapsed and processor seconds and peak memory, MiB."""
    from slipdetect.detection import Detector
    from slipdetect.video import open_video

    detector = Detector.load("default", device="cpu")
    before, busy = time.perf_counter(), time.process_time()
    if work == "detect":
        detector.detect(video)
    else:
        config = detector.config
        with open_video(video) as source:
            for _ in source.frames(config.sample_fps, config.frame_short_side):
                pass
    return {
        "seconds": time.perf_counter() - before,
        "processor": time.process_time() - busy,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def report(found: dict[str, Any]) -> list[str]:
    """Return the lines to print."""
    turns, video = found["turns"], found["video"]
    lines = [
        found["machine"],
        f"{video:.0f} s of H.264, {WIDTH}x{HEIGHT}, {RATE:.0f} frames a second, "
        f"{len(turns['detect'])} turns, median (lowest to highest):",
    ]
    for work in WORK:
        speed = [video / turn["seconds"] for turn in turns[work]]
        peak = max(turn["peak_mib"] for turn in turns[work])
        processor = statistics.median(turn["processor"] for turn in turns[work])
        lines.append(
            f"  {work}: {statistics.median(speed):.1f} times real time "
            f"({min(speed):.1f} to {max(speed):.1f}), {processor:.1f} s of processor time, "
            f"peak {peak:.0f} MiB"
        )
    share = [
        read["seconds"] / whole["seconds"]
        for read, whole in zip(turns["read"], turns["detect"], strict=True)
    ]
    lines.append(
        f"  detecting runs at {statistics.median(share):.2f} of the speed of reading alone "
        f"({min(share):.2f} to {max(share):.2f})"
    )
    return lines


if __name__ == "__main__":
    main()
