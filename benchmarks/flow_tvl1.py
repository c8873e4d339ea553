"""TV-L1 flow of ours against OpenCV's: how much faster, and how different the results are.

In: the real clips of SLIPDETECT_TEST_DATA. Out: a Markdown page on stdout, the figures as JSON.

    python benchmarks/flow_tvl1.py --out benchmarks/results/flow_tvl1.json

The contestants take turns on the same pairs in one run. With several threads OpenCV works on one
pair with all of them, ours on as many pairs at a time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numba
import numpy as np
from flow_scenes import SCENES
from machine import machine_name
from numpy.typing import NDArray

from slipdetect.flow import FlowExtractor
from slipdetect.flow.extractor import to_gray
from slipdetect.video import open_video

Gray = NDArray[np.uint8]

DATASETS = ("hmdb51", "gmdcsa24", "upfall", "urfd")
SIZES = ((342, 256), (640, 480))
THREADS = (1, 2)
# pictures in a row: two pairs of neighbors, for two threads
ROW = 3
# mean change of gray value from one frame to the next at which the scene was cut
CUT = 30.0
# gray levels
DISTURBANCE = 1e-5


@dataclass(frozen=True)
class Speed:
    """Milliseconds a pair, and how many times faster ours is: the median over the rounds."""

    size: str
    threads: int
    opencv_ms: float
    ours_ms: float
    ratio: float
    lowest_ratio: float
    rounds: int


@dataclass(frozen=True)
class Difference:
    """How far ours is from OpenCV's over some pairs, and in bytes at bound 15.

    ``itself_px`` is how far OpenCV's is from itself when a hundred-thousandth of a gray level is
    added to the pictures: rounding grows in this algorithm, so nothing can be nearer than that.
    """

    pairs_of: str
    pairs: int
    mean_px: float
    worst_pair_px: float
    bytes_within_one: float
    itself_px: float


@dataclass(frozen=True)
class Accuracy:
    """Mean end-point error against the true flow, px; OpenCV's also on disturbed pictures."""

    scene: str
    ours_px: float
    opencv_px: float
    disturbed_px: float


def read_rows(folder: Path, per_dataset: int, per_clip: int) -> dict[str, list[list[Gray]]]:
    """Return rows of neighboring frames in gray, from clips spread evenly over each data set."""
    with (folder / "clips.csv").open(newline="") as file:
        clips = list(csv.DictReader(file))
    found: dict[str, list[list[Gray]]] = {}
    for dataset in DATASETS:
        paths = [folder / clip["path"] for clip in clips if clip["dataset"] == dataset]
        count = -(-per_dataset // per_clip)
        chosen = [paths[index * len(paths) // count] for index in range(count)]
        rows = [row for path in chosen for row in rows_of(path, per_clip)]
        found[dataset] = rows[:per_dataset]
    return found


def rows_of(path: Path, count: int) -> Iterator[list[Gray]]:
    """Yield ``count`` rows of neighboring frames, spread evenly over a clip."""
    with open_video(path) as video:
        frames = [to_gray(frame.image) for frame in video.frames()]
    for index in range(count):
        start = (index + 1) * (len(frames) - ROW) // (count + 1)
        yield frames[start : start + ROW]


def resized(row: Sequence[Gray], size: tuple[int, int]) -> list[Gray]:
    return [cv2.resize(gray, size, interpolation=cv2.INTER_AREA) for gray in row]  # type: ignore[misc]


def measure_speed(
    rows: Sequence[Sequence[Gray]], size: tuple[int, int], threads: int, rounds: int
) -> Speed:
    """Let both compute the same ``threads`` pairs in turn, ``rounds`` times."""
    cv2.setNumThreads(threads)
    ours, opencv = FlowExtractor("tvl1", threads=threads), FlowExtractor("tvl1-opencv")
    seconds: list[tuple[float, float]] = []
    # the first round is for warming up
    for index in range(rounds + 1):
        row = resized(rows[index % len(rows)], size)[: threads + 1]
        seconds.append((_timed(opencv, row), _timed(ours, row)))
    times = np.array(seconds[1:]) / threads
    ratios = times[:, 0] / times[:, 1]
    opencv_ms, ours_ms = 1000 * np.median(times, axis=0)
    return Speed(
        f"{size[0]}x{size[1]}",
        threads,
        round(float(opencv_ms), 1),
        round(float(ours_ms), 1),
        round(float(np.median(ratios)), 1),
        round(float(ratios.min()), 1),
        rounds,
    )


def _timed(extractor: FlowExtractor, row: Sequence[Gray]) -> float:
    start = time.perf_counter()
    list(extractor.iter(row))
    return time.perf_counter() - start


def compare(row: Sequence[Gray]) -> dict[str, float]:
    """Compare both on the first pair of a row, at the reference's 342x256."""
    first, second = resized(row, SIZES[0])[:2]
    ours, opencv = FlowExtractor("tvl1"), FlowExtractor("tvl1-opencv")
    mine, theirs = ours.pair(first, second), opencv.pair(first, second)
    levels = [extractor.quantize(flow) for extractor, flow in ((ours, mine), (opencv, theirs))]
    return {
        "px": float(np.hypot(*(mine - theirs)).mean()),
        "near": float((np.abs(levels[0].astype(int) - levels[1].astype(int)) <= 1).mean()),
        "itself": float(np.hypot(*(disturbed_flow(first, second) - theirs)).mean()),
        "change": float(np.abs(first.astype(int) - second).mean()),
    }


def disturbed_flow(first: Gray, second: Gray) -> NDArray[np.float32]:
    """Return OpenCV's flow after ``DISTURBANCE`` was added to the pictures."""
    noise = np.random.default_rng(0).normal(0, DISTURBANCE, (2, *first.shape))
    pair = ((np.stack([first, second]) + noise) / 255).astype(np.float32)
    # OpenCV takes floats in [0, 1] as well
    flow = cv2.optflow.DualTVL1OpticalFlow_create().calc(*pair, None)
    return np.moveaxis(flow, -1, 0)


def measure_difference(rows: dict[str, list[list[Gray]]]) -> Iterator[Difference]:
    """Compare both on every row; pairs across a scene cut, where no flow exists, go apart."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (*rows, "all four", "cuts")}
    for dataset, own in rows.items():
        for row in own:
            facts = compare(row)
            if facts["change"] > CUT:
                found["cuts"].append(facts)
            else:
                found[dataset].append(facts)
                found["all four"].append(facts)
    for name, pairs in found.items():
        if pairs:
            mean = {key: float(np.mean([facts[key] for facts in pairs])) for key in pairs[0]}
            yield Difference(
                name,
                len(pairs),
                round(mean["px"], 5),
                round(max(facts["px"] for facts in pairs), 5),
                round(mean["near"], 5),
                round(mean["itself"], 5),
            )


def measure_accuracy(seeds: int) -> Iterator[Accuracy]:
    """Compare both with the true flow of moved textures; the last row is the mean of all."""
    ours, opencv = FlowExtractor("tvl1"), FlowExtractor("tvl1-opencv")
    means = []
    for name, make in SCENES.items():
        errors = []
        for seed in range(seeds):
            scene = make(SIZES[0][1], SIZES[0][0], seed)
            pair = scene.first, scene.second
            flows = ours.pair(*pair), opencv.pair(*pair), disturbed_flow(*pair)
            errors.append([float(np.hypot(*(flow - scene.flow)).mean()) for flow in flows])
        means.append(np.mean(errors, axis=0))
        yield _accuracy(name, means[-1])
    yield _accuracy("mean", np.mean(means, axis=0))


def _accuracy(name: str, errors: NDArray[np.float64]) -> Accuracy:
    return Accuracy(name, *(round(float(error), 5) for error in errors))


def page(results: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    lines = [
        f"{results['machine']}; OpenCV {results['opencv']}, numba {results['numba']}",
        "",
        "| size | threads | OpenCV, ms a pair | ours, ms a pair | times faster | lowest |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['size']} | {row['threads']} | {row['opencv_ms']} | {row['ours_ms']} "
        f"| {row['ratio']} | {row['lowest_ratio']} |"
        for row in results["speed"]
    ]
    lines += [
        "",
        "| pairs of | pairs | mean difference, px | worst pair, px | bytes within one level "
        "| OpenCV from itself, px |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['pairs_of']} | {row['pairs']} | {row['mean_px']:.4f} | {row['worst_pair_px']:.4f} "
        f"| {row['bytes_within_one']:.2%} | {row['itself_px']:.4f} |"
        for row in results["difference"]
    ]
    lines += [
        "",
        "| true motion | error of ours, px | of OpenCV's, px | of OpenCV's, disturbed, px |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['scene']} | {row['ours_px']:.4f} | {row['opencv_px']:.4f} "
        f"| {row['disturbed_px']:.4f} |"
        for row in results["accuracy"]
    ]
    return "\n".join(lines) + "\n"


def measure(options: argparse.Namespace) -> Iterator[tuple[str, list[Any]]]:
    """Yield the parts that are asked for; see the module."""
    parts = options.parts.split(",")
    if "accuracy" in parts:
        yield "accuracy", list(measure_accuracy(options.seeds))
    if "speed" in parts or "difference" in parts:
        rows = read_rows(options.data, options.pairs, per_clip=5)
    if "speed" in parts:
        mixed = [row for group in zip(*rows.values(), strict=True) for row in group]
        cases = product(SIZES, THREADS)
        yield "speed", [measure_speed(mixed, *case, options.rounds) for case in cases]
    if "difference" in parts:
        yield "difference", list(measure_difference(rows))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("SLIPDETECT_TEST_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--rounds", type=int, default=24, help="timed rounds a size and threads")
    parser.add_argument("--pairs", type=int, default=55, help="compared pairs a data set")
    parser.add_argument("--seeds", type=int, default=12, help="textures a scene")
    parser.add_argument("--parts", default="speed,difference,accuracy", help="what to measure")
    parser.add_argument("--out", type=Path, help="JSON of all figures; parts not measured stay")
    parser.add_argument("--report", type=Path, help="print the figures of an earlier run, its JSON")
    options = parser.parse_args()
    kept = options.report if options.report is not None else options.out
    results: dict[str, Any] = {part: [] for part in ("speed", "difference", "accuracy")}
    if kept is not None and kept.exists():
        results = json.loads(kept.read_text(encoding="utf-8"))
    if options.report is None:
        facts = {"machine": machine_name(), "opencv": cv2.__version__, "numba": numba.__version__}
        measured = {name: [asdict(row) for row in rows] for name, rows in measure(options)}
        results = {**results, **facts, **measured}
    print(page(results))
    if options.out is not None:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
