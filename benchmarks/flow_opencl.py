"""How far OpenCV's TV-L1 on an OpenCL device is from the same on the CPU.

In: the real clips of SLIPDETECT_TEST_DATA. Out: a table on stdout, the figures as JSON.

    OPENCV_OPENCL_DEVICE=:CPU: python benchmarks/flow_opencl.py \\
        --out benchmarks/results/flow_opencl.json
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from flow_tvl1 import SIZES, read_rows, resized
from machine import device_name

from slipdetect.flow import FlowExtractor


def measure(data: Path, pairs: int) -> dict[str, Any]:
    """Return the mean distance per data set, px, and over all pairs; sizes are 342x256."""
    umat, opencv = FlowExtractor("tvl1-umat"), FlowExtractor("tvl1-opencv")
    found: dict[str, list[float]] = {}
    for dataset, rows in read_rows(data, pairs, per_clip=1).items():
        two = [resized(row, SIZES[0])[:2] for row in rows]
        found[dataset] = [
            float(np.hypot(*(umat.pair(*pair) - opencv.pair(*pair))).mean()) for pair in two
        ]
    everything = [distance for distances in found.values() for distance in distances]
    return {
        "device": device_name(umat.device),
        "opencv": cv2.__version__,
        "pairs": len(everything),
        "mean_px": round(float(np.mean(everything)), 4),
        "median_px": round(float(np.median(everything)), 4),
        "largest_px": round(max(everything), 4),
        "by_dataset": {name: round(float(np.mean(own)), 4) for name, own in found.items()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("SLIPDETECT_TEST_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--pairs", type=int, default=10, help="pairs a data set, a clip each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    results = measure(options.data, options.pairs)
    for name, value in results.items():
        print(f"{name:12} {value}")
    if options.out is not None:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
