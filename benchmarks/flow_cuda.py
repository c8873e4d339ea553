"""TV-L1 flow on a GPU: pairs a second by batch size, and how far it is from the CPU's.

In: the real clips of SLIPDETECT_TEST_DATA. Out: a table on stdout; without a GPU, the reason.

    python benchmarks/flow_cuda.py --pairs 256 --batches 1,16,64,128,256

Times run from arrays in host memory to flows in host memory. No figure is given in the
documentation, because none has been measured yet: this was written on a machine without a GPU.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from flow_tvl1 import DATASETS, read_rows, resized
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.gpu import planes as plain
from slipdetect.flow.tvl1_cuda import TvL1Cuda, choose_solver
from slipdetect.flow.tvl1_parameters import TvL1Parameters

SIZE = (342, 256)

Grays = NDArray[np.uint8]


def read_pairs(folder: Path, count: int) -> tuple[Grays, Grays]:
    """Return ``count`` pairs of neighbors from clips of every data set, ``(N, H, W)`` each."""
    rows = read_rows(folder, -(-count // len(DATASETS)), per_clip=2)
    pairs = [resized(row, SIZE)[:2] for name in DATASETS for row in rows[name]][:count]
    return np.stack([prev for prev, _ in pairs]), np.stack([next for _, next in pairs])


def speed(method: TvL1Cuda, prev: Grays, next: Grays, batch: int, rounds: int) -> float:
    """Return pairs a second in batches of one size: the median over the rounds."""
    seconds = []
    # the first round is for warming up
    for _ in range(rounds + 1):
        start = time.perf_counter()
        for begin in range(0, len(prev), batch):
            method.calc_batch(prev[begin : begin + batch], next[begin : begin + batch])
        seconds.append(time.perf_counter() - start)
    return len(prev) / float(np.median(seconds[1:]))


def differences(method: TvL1Cuda, prev: Grays, next: Grays) -> tuple[float, float, float]:
    """Return mean px from the CPU's flow, that of the worst pair, and bytes within one level."""
    cpu = FlowExtractor("tvl1", device="cpu")
    distances, near = [], []
    for first, second, flow in zip(prev, next, method.calc_batch(prev, next), strict=True):
        expected = cpu.pair(first, second)
        distances.append(float(np.hypot(*(flow - expected)).mean()))
        levels = cpu.quantize(flow).astype(int) - cpu.quantize(expected)
        near.append(float((np.abs(levels) <= 1).mean()))
    return float(np.mean(distances)), max(distances), float(np.mean(near))


def report(method: TvL1Cuda, prev: Grays, next: Grays, batches: Sequence[int], rounds: int) -> None:
    """Print what runs where, the differences, and the speeds."""
    device = torch.device("cuda")
    kernel = "plain torch" if choose_solver(method.parameters, device) is plain.solve else "Triton"
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {kernel}")
    print(f"OpenCV {cv2.__version__}, {len(prev)} pairs of {SIZE[0]}x{SIZE[1]} px\n")
    count = min(len(prev), 64)
    mean, worst, near = differences(method, prev[:count], next[:count])
    print(f"from tvl1 on the CPU, {count} pairs: mean {mean:.4f} px, worst pair {worst:.4f} px,")
    print(f"bytes within one level {near:.4%}\n")
    print("| pairs a batch | pairs/s |\n| ---: | ---: |")
    for batch in batches:
        few = min(len(prev), max(4 * batch, 16))
        print(f"| {batch} | {speed(method, prev[:few], next[:few], batch, rounds):.0f} |")


def main() -> int:
    """Measure and print, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("SLIPDETECT_TEST_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--pairs", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", default="1,16,64,128,256", help="pairs a batch, with commas")
    options = parser.parse_args()
    try:
        method = TvL1Cuda(TvL1Parameters())
    except UsageError as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 1
    prev, next = read_pairs(options.data, options.pairs)
    batches = [int(part) for part in options.batches.split(",")]
    report(method, prev, next, batches, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
