"""What ``slipdetect bench flow`` measured, as docs/flow.md shows it: tables and the plot.

In: what the command left as ``flow.json``, here ``results/bench_flow.json`` of a quiet machine and
``results/bench_flow_opencl.json`` of one with OpenCL. Out: rows of docs/flow.md on stdout, a PNG.

    OPENCV_OPENCL_DEVICE=:CPU: slipdetect bench flow --out bench
    cp bench/flow.json benchmarks/results/bench_flow_opencl.json
    python benchmarks/flow_bench.py --plot docs/flow-bench.png
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from slipdetect.lab.bench.benchmark import FlowBenchmark, Timing
from slipdetect.lab.bench.flow_plot import draw_flow_benchmark
from slipdetect.lab.bench.flow_table import flow_markdown, three_figures

RESULTS = Path(__file__).parent / "results"
MAT, UMAT = "tvl1-opencv", "tvl1-umat"
# Fig 3 of the 2020 course report has no numbers: its curves at its six marks, read by eye, s
FIG_3 = {
    10: (7.0, 3.0),
    50: (38.0, 10.0),
    100: (75.0, 18.0),
    150: (111.0, 29.0),
    200: (145.0, 40.0),
    250: (178.0, 46.0),
}


def benchmark_of(data: dict[str, Any]) -> FlowBenchmark:
    """Return what ``flow_data`` made ``data`` of."""
    names = [field.name for field in fields(Timing)]
    rows = [{name: row[name] for name in names} for row in data["methods"]]
    return FlowBenchmark(
        counts=tuple(data["counts"]),
        size=(data["width"], data["height"]),
        threads=data["threads"],
        machine=data["machine"],
        timings=tuple(Timing(**{**row, "seconds": tuple(row["seconds"])}) for row in rows),
        missing=data["missing"],
    )


def read(name: str) -> dict[str, Any]:
    """Return the results of that name."""
    data: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return data


def all_methods(data: dict[str, Any]) -> list[str]:
    """Return a row of Markdown for every method, and the headings."""
    everything = flow_markdown(benchmark_of(data), data["command"], data["source"])
    return [line for line in everything.splitlines() if line.startswith("|")]


def mat_against_umat(data: dict[str, Any]) -> list[str]:
    """Return Fig 3's two curves beside what was measured here, as rows of Markdown."""
    seconds = {row["label"]: row["seconds"] for row in data["methods"]}
    heads = ["flows", "report: Mat", "report: UMat, K80", "Mat / UMat"]
    heads += ["here: Mat", "here: UMat, OpenCL on a CPU", "Mat / UMat"]
    cells = [heads, ["---:"] * len(heads)]
    for count, mat, umat in zip(data["counts"], seconds[MAT], seconds[UMAT], strict=True):
        their_mat, their_umat = FIG_3[count]
        row = [str(count), f"{their_mat:.0f} s", f"{their_umat:.0f} s"]
        row += [f"{their_mat / their_umat:.1f}", f"{three_figures(mat)} s"]
        cells.append([*row, f"{three_figures(umat)} s", f"{mat / umat:.2f}"])
    return [f"| {' | '.join(row)} |" for row in cells]


def main() -> None:
    """Print the tables; draw the plot where it is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", type=Path, help="write the plot here")
    options = parser.parse_args()
    opencl = read("bench_flow_opencl")
    print("\n".join([*all_methods(read("bench_flow")), "", *mat_against_umat(opencl)]))
    if options.plot is not None:
        draw_flow_benchmark(benchmark_of(opencl), options.plot)


if __name__ == "__main__":
    main()
