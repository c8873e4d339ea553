"""A flow benchmark as a picture: seconds against number of flows, a line per method.

In: a ``FlowBenchmark``. Out: a PNG.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from slipdetect.lab.bench.flow_table import flow_devices, flow_title, three_figures

if TYPE_CHECKING:
    from slipdetect.lab.bench.benchmark import FlowBenchmark

_MARKERS = "os^Dv*P"


def draw_flow_benchmark(benchmark: FlowBenchmark, target: Path) -> None:
    """Write the plot; the slowest method is named first, as its line is the highest.

    Raises:
        OSError: ``target`` cannot be written.
    """
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
