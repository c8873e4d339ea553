"""Times every flow method that runs here, as docs/flow.md shows it: tables and the plot.

In: a rendered scene or a video. Out: ``flow.json`` and ``flow.png`` in a folder, a page on stdout.
``--report`` prints the tables of docs/flow.md from what ``slipdetect bench flow``, which this was
before, left in ``results/``: ``bench_flow.json`` of a quiet machine and ``bench_flow_opencl.json``
of one with OpenCL.

    python benchmarks/flow_bench.py --run bench
    OPENCV_OPENCL_DEVICE=:CPU: python benchmarks/flow_bench.py --run bench
    python benchmarks/flow_bench.py --report --plot docs/flow-bench.png
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from flow_contest import REFERENCE, FlowBenchmark, FlowContest, Timing, moving_scene

from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.flow.extractor import to_gray
from slipdetect.video import open_video

RESULTS = Path(__file__).parent / "results"
# share of the processors that others may use before a warning is due
BUSY = 0.25
MAT, UMAT = REFERENCE, "tvl1-umat"
# Fig 3 of the 2020 course report has no numbers: its curves at its six marks, read by eye, s
FIG_3 = {
    10: (7.0, 3.0),
    50: (38.0, 10.0),
    100: (75.0, 18.0),
    150: (111.0, 29.0),
    200: (145.0, 40.0),
    250: (178.0, 46.0),
}
_MARKERS = "os^Dv*P"


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
    everything = markdown(benchmark_of(data), data["command"], data["source"])
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


def flow_title(benchmark: FlowBenchmark) -> str:
    """Return what was measured and where, on one line."""
    width, height = benchmark.size
    threads = f"{benchmark.threads} thread{'' if benchmark.threads == 1 else 's'}"
    return f"Flow of {width}x{height} px, {threads}, {benchmark.machine}"


def flow_devices(benchmark: FlowBenchmark) -> list[str]:
    """Return a line for each method that used something else than the plain CPU: what."""
    return [
        f"{timing.label} used {timing.device}"
        for timing in benchmark.timings
        if timing.device != "CPU"
    ]


def markdown(benchmark: FlowBenchmark, command: str, source: str) -> str:
    """Return the same as a page in Markdown.

    Args:
        benchmark: What was measured.
        command: The command that measured it.
        source: Where the pictures came from.
    """
    heads = ["method", "runs on", *[f"{count} flows" for count in benchmark.counts], "flows/s"]
    heads += [f"ratio to {REFERENCE}", "mean distance, px", "bytes within 1", "first call"]
    rows = []
    for timing in benchmark.timings:
        times = [f"{_seconds(value)} s" for value in timing.seconds]
        first = f"{_seconds(timing.first_call)} s"
        figures = _figures(benchmark, timing)
        rows.append([f"`{timing.label}`", timing.device, *times, *figures, first])
    rule = ["---", "---", *["---:"] * (len(heads) - 2)]
    lines = [f"# {flow_title(benchmark)}", "", f"`{command}`, pictures from {source}.", ""]
    lines += [f"| {' | '.join(row)} |" for row in (heads, rule, *rows)]
    lines += [
        "",
        f"Seconds until so many flows were there; ratio, distance and bytes (bound 15) against "
        f"`{REFERENCE}`. The methods took turns. Reading and graying pictures is not counted, nor "
        "is the first call, which includes compilation.",
    ]
    if benchmark.missing:
        lines += ["", "Did not run here:", ""]
        lines += [f"- `{label}`: {reason}" for label, reason in benchmark.missing.items()]
    return "\n".join(lines) + "\n"


def plain_data(benchmark: FlowBenchmark, command: str, source: str) -> dict[str, Any]:
    """Return everything as plain data; seconds and px are not rounded."""
    rows = [
        {
            **asdict(timing),
            "flows_per_second": benchmark.rate(timing),
            "ratio": benchmark.ratio(timing),
        }
        for timing in benchmark.timings
    ]
    return {
        "version": 1,
        "command": command,
        "source": source,
        "machine": benchmark.machine,
        "threads": benchmark.threads,
        "width": benchmark.size[0],
        "height": benchmark.size[1],
        "counts": list(benchmark.counts),
        "methods": rows,
        "missing": benchmark.missing,
    }


def three_figures(value: float) -> str:
    """Return a number with about three figures, never in powers of ten."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _figures(benchmark: FlowBenchmark, timing: Timing) -> list[str]:
    ratio = benchmark.ratio(timing)
    return [
        three_figures(benchmark.rate(timing)),
        "-" if ratio is None else f"{three_figures(ratio)}x",
        "-" if timing.distance is None else f"{timing.distance:.4f}",
        "-" if timing.within_one is None else f"{100 * timing.within_one:.2f}%",
    ]


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def draw(benchmark: FlowBenchmark, target: Path) -> None:
    """Write the plot; the slowest method is named first, as its line is the highest."""
    figure = Figure(figsize=(9, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    timings = sorted(enumerate(benchmark.timings), key=lambda item: -item[1].seconds[-1])
    for index, timing in timings:
        axes.plot(
            benchmark.counts,
            timing.seconds,
            color=f"C{index}",
            marker=_MARKERS[index % len(_MARKERS)],
            label=f"{timing.label}, {three_figures(benchmark.rate(timing))}/s",
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlim(0, benchmark.counts[-1] * 1.03)
    axes.set_xticks(benchmark.counts)
    axes.set_xlabel("\n".join(["number of flow frames", *flow_devices(benchmark)]))
    axes.set_ylabel("seconds (logarithmic scale)")
    axes.set_title(flow_title(benchmark), fontsize="medium")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(target, dpi=120, format="png")


def pictures(video: Path | None, count: int, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return ``count`` gray pictures of (width, height) ``size``.

    Raises:
        VideoError: The video cannot be read, or has one frame only.
    """
    if video is None:
        return list(moving_scene(count, *size))
    frames: list[NDArray[Any]] = []
    with open_video(video) as reader:
        for frame in reader.frames():
            frames.append(cv2.resize(to_gray(frame.image), size, interpolation=cv2.INTER_AREA))
            if len(frames) == count:
                break
    if len(frames) < 2:
        raise VideoError(f"{str(video)!r} has one frame only; flow needs two")
    # forth and back, so that there is no cut
    there_and_back = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    return [frames[there_and_back[index % len(there_and_back)]] for index in range(count)]


def counts_of(text: str) -> list[int]:
    """Return the numbers of flows that ``10,50,100`` means, ascending."""
    found = sorted({int(part) for part in text.split(",") if re.fullmatch("[1-9][0-9]{0,5}", part)})
    if len(found) != len(set(text.split(","))):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of whole numbers such as 10,50,100")
    return found


def size_of(text: str) -> tuple[int, int]:
    """Return the width and height that ``342x256`` means, px."""
    found = re.fullmatch("([0-9]{1,4})x([0-9]{1,4})", text)
    if found is None or min(int(found[1]), int(found[2])) < 8:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, 8 px a side or more")
    return int(found[1]), int(found[2])


def measure(options: argparse.Namespace) -> None:
    """Let the methods run and leave data and plot; nothing is overwritten."""
    counts, (width, height) = options.frames, options.size
    methods = None if options.methods is None else options.methods.split(",")
    targets = [options.run / name for name in ("flow.json", "flow.png")]
    if taken := [str(target) for target in targets if target.exists()]:
        raise SystemExit(f"{', '.join(taken)} exists already; choose another folder")
    source = "a rendered scene" if options.video is None else options.video.name
    frames = pictures(options.video, counts[-1] + 1, (width, height))
    contest = FlowContest(
        frames,
        counts,
        methods,
        options.threads,
        lambda text: print(f"preparing {text}", file=sys.stderr),
    )
    for label, reason in contest.missing.items():
        print(f"{label} does not run here: {reason}", file=sys.stderr)
    labels, seconds = ", ".join(contest.labels), contest.expected_seconds
    print(f"{counts[-1]} flows by each of {labels}: about {seconds:.0f} s", file=sys.stderr)
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load > BUSY * processors:
        print(f"busy: load {load:.1f} on {processors} CPUs, times will be longer", file=sys.stderr)
    result = contest.run()
    options.run.mkdir(parents=True, exist_ok=True)
    words = ["python benchmarks/flow_bench.py", "--run DIR", "--frames", ",".join(map(str, counts))]
    words += ["--size", f"{width}x{height}", "--threads", str(result.threads)]
    words += [] if methods is None else ["--methods", options.methods]
    words += [] if options.video is None else ["--video", source]
    chosen = os.environ.get("OPENCV_OPENCL_DEVICE")
    command = " ".join([f"OPENCV_OPENCL_DEVICE={chosen}", *words] if chosen else words)
    data = json.dumps(plain_data(result, command, source), indent=2, allow_nan=False)
    targets[0].write_text(data + "\n", encoding="utf-8")
    draw(result, targets[1])
    print(markdown(result, command, source), end="")


def main() -> None:
    """Measure, or print the tables of what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, metavar="DIR", help="measure into flow.json, flow.png")
    parser.add_argument(
        "--frames",
        type=counts_of,
        default=counts_of("10,50,100,150,200,250"),
        help="numbers of flows to take the time at",
    )
    parser.add_argument("--size", type=size_of, default=(342, 256), help="of the pictures, px")
    parser.add_argument("--methods", metavar="NAME,NAME", help="flow methods; default: all")
    parser.add_argument("--threads", type=int, help="for each method; default: one per CPU")
    parser.add_argument(
        "--video",
        type=Path,
        help="take its frames, stretched to --size, forth and back; default: a rendered scene",
    )
    parser.add_argument("--report", action="store_true", help="print the tables of docs/flow.md")
    parser.add_argument("--plot", type=Path, help="write the plot of docs/flow.md here")
    options = parser.parse_args()
    if options.run is None and options.plot is None and not options.report:
        parser.error("nothing to do; pass --run DIR, --report or --plot FILE")
    try:
        if options.run is not None:
            measure(options)
    except SlipdetectError as error:
        raise SystemExit(f"Error: {error}") from error
    opencl = read("bench_flow_opencl")
    if options.report:
        print("\n".join([*all_methods(read("bench_flow")), "", *mat_against_umat(opencl)]))
    if options.plot is not None:
        draw(benchmark_of(opencl), options.plot)


if __name__ == "__main__":
    main()
