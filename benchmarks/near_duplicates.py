"""How surely copies of a recording are told from other recordings of the same scene.

In: the real clips of SLIPDETECT_TEST_DATA. Out: a table on stdout, the figures as JSON.

    python benchmarks/near_duplicates.py --out benchmarks/results/near_duplicates.json

Copies of clips chosen by chance are encoded anew in ten ways; how many are found is the recall.
Every pair of different clips is a chance to be wrong. Pairs of different clips that were found to
be one recording after looking at them are named in KNOWN and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from slipdetect.lab.check.clip_stats import measure_clip
from slipdetect.lab.check.near_duplicates import (
    MAYBE,
    MOVE_ALIKE,
    RECORDING,
    SAME_RECORDING,
    Fingerprint,
    near_duplicates,
)
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.prepare.dedup import DEFAULT_THRESHOLD, ssim
from slipdetect.lab.prepare.size_modes import SizeMode
from slipdetect.video import open_video, write_video

# The same moments of one film, from two releases of it.
KNOWN = (
    (
        "RETURN_OF_THE_KING_walk_f_nm_np1_ba_med_14.avi",
        "Return_of_the_King_5_walk_f_nm_np1_ba_med_1.avi",
    ),
)
MOST_SECONDS = 12.0

Pictures = list[np.ndarray]


def copies(images: Pictures, rate: float, rng: random.Random) -> Iterator[tuple[str, Any]]:
    """Yield a name and (pictures, rate, quality) for every kind of copy."""

    def sized(mode: str, some: Pictures) -> Pictures:
        return [SizeMode.parse(mode).apply(image) for image in some]

    def mirrored(some: Pictures) -> Pictures:
        return [image[:, ::-1] for image in some]

    count = len(images)
    part = images[int(count * rng.uniform(0.05, 0.2)) : count - int(count * rng.uniform(0, 0.15))]
    height, width = images[0].shape[:2]
    rows, columns = int(height * 0.04), int(width * 0.04)
    yield "poor quality (CRF 38)", (images, rate, 38)
    yield "short side 120 px", (sized("short:120", images), rate, 28)
    yield "stretched to 342x256", (sized("course2020", images), rate, 25)
    yield "black bars to 320x320", (sized("letterbox:320x320", images), rate, 25)
    yield "mirrored", (mirrored(images), rate, 28)
    yield "half the frame rate", (images[::2], rate / 2, 28)
    yield "brighter", ([cv2.convertScaleAbs(i, alpha=1.15, beta=12) for i in images], rate, 28)
    yield "5 to 35% trimmed off", (part, rate, 28)
    yield "trimmed, mirrored, 160 px", (sized("short:160", mirrored(part)), rate, 33)
    yield "4% cropped all around", ([i[rows:-rows, columns:-columns] for i in images], rate, 28)


def recall(
    clips: list[Clip], prints: dict[Path, Fingerprint], each: int, seed: int
) -> dict[str, dict[str, float]]:
    """Return the share of copies found, by kind of copy."""
    rng = random.Random(seed)
    by_dataset: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        by_dataset[clip.dataset].append(clip)
    chosen = [
        clip for some in by_dataset.values() for clip in rng.sample(some, min(each, len(some)))
    ]
    kinds: dict[str, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.mp4"
        for clip in chosen:
            with open_video(clip.path, max_duration=MOST_SECONDS) as video:
                images = [frame.image for frame in video.frames()]
            for name, (pictures, rate, quality) in copies(images, clip_rate(clip), rng):
                write_video(path, pictures, rate, quality=quality, overwrite=True)
                copy = Fingerprint.of(measure_clip(path).stills)
                pairs = near_duplicates(
                    [clip, Clip(path, clip.positive)], [prints[clip.path], copy]
                ).pairs
                kinds[name].append(pairs[0].kind if pairs else "")
    return {
        name: {
            "copies": len(found),
            "refused": round(found.count(RECORDING) / len(found), 3),
            "refused_or_warned": round(
                (found.count(RECORDING) + found.count(MAYBE)) / len(found), 3
            ),
        }
        for name, found in kinds.items()
    }


def clip_rate(clip: Clip) -> float:
    """Return the frame rate that clips.csv gives."""
    return float(clip.columns["fps"])


def wrong(clips: list[Clip], prints: dict[Path, Fingerprint]) -> dict[str, Any]:
    """Return how many pairs of different clips are taken for one recording."""
    found = near_duplicates(clips, [prints[clip.path] for clip in clips], inside_groups=True)
    known = {frozenset(pair) for pair in KNOWN}
    pairs = [
        pair
        for pair in found.pairs
        if frozenset((pair.first.path.name, pair.second.path.name)) not in known
    ]
    refused = [pair for pair in pairs if pair.kind == RECORDING]
    warned = [pair for pair in pairs if pair.kind == MAYBE]
    return {
        "clips": len(clips),
        "pairs": len(clips) * (len(clips) - 1) // 2,
        "look_alike": len(found.pairs),
        "refused": len(refused),
        "warned": len(warned),
        "warned_in_other_groups": sum(p.first.group != p.second.group for p in warned),
        "highest_correlations": [round(pair.correlation, 3) for pair in pairs[:5]],
    }


def dropped_by_ssim(clips: list[Clip], each: int, seed: int) -> dict[str, float]:
    """Return the share of frames that de-duplication drops, by the window of the SSIM."""
    rng = random.Random(seed)
    dropped = {"gaussian": 0, "uniform": 0}
    frames = 0
    for clip in rng.sample(clips, each):
        with open_video(clip.path, max_duration=MOST_SECONDS) as video:
            grays = [gray(frame.image) for frame in video.frames()]
        frames += len(grays)
        for name, measure in (("gaussian", ssim), ("uniform", uniform_ssim)):
            kept = grays[0]
            for image in grays[1:]:
                if measure(kept, image) > DEFAULT_THRESHOLD:
                    dropped[name] += 1
                else:
                    kept = image
    return {"clips": each, "frames": frames} | {
        name: round(count / frames, 3) for name, count in dropped.items()
    }


def gray(image: np.ndarray) -> np.ndarray:
    """Return a picture as de-duplication compares it."""
    small = cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)


def uniform_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Return the SSIM with a uniform 7x7 window and unbiased variances, scikit-image's default."""
    x, y = first.astype(np.float64), second.astype(np.float64)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (7, 7))[3:-3, 3:-3]

    unbiased = 49 / 48
    mx, my = mean(x), mean(y)
    vx, vy = unbiased * (mean(x * x) - mx * mx), unbiased * (mean(y * y) - my * my)
    covariance = unbiased * (mean(x * y) - mx * my)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = (2 * mx * my + c1) * (2 * covariance + c2)
    return float(np.mean(values / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("SLIPDETECT_TEST_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--each", type=int, default=20, help="clips copied of every data set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    clips = read_annotations(options.data / "clips.csv")
    prints = {clip.path: Fingerprint.of(measure_clip(clip.path).stills) for clip in clips}
    results = {
        "thresholds": {"refused": SAME_RECORDING, "warned": MOVE_ALIKE},
        "different_clips": wrong(clips, prints),
        "copies": recall(clips, prints, options.each, options.seed),
        "ssim_dropped": dropped_by_ssim(clips, options.each, options.seed),
    }
    for name, figures in results["copies"].items():
        print(f"{name:28}", *(f"{value:>7}" for value in figures.values()))
    print(json.dumps({key: results[key] for key in results if key != "copies"}, indent=1))
    if options.out is not None:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
