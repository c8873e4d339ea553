"""A flow benchmark as text: a table for a terminal, a page in Markdown, data for JSON.

In: a ``FlowBenchmark``. Out: text, or plain data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.lab.bench.benchmark import FlowBenchmark, Timing

VERSION = 1
_REFERENCE = "tvl1-opencv"


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


def flow_table(benchmark: FlowBenchmark) -> str:
    """Return a table for a terminal with a line of explanation on either side."""
    heads = ["method", *[str(count) for count in benchmark.counts]]
    heads += ["flows/s", "ratio", "off, px", "+-1"]
    rows = [
        [timing.label, *[_seconds(value) for value in timing.seconds], *_figures(benchmark, timing)]
        for timing in benchmark.timings
    ]
    lines = [flow_title(benchmark), "", *_aligned([heads, *rows]), ""]
    lines += [
        f"{', '.join(map(str, benchmark.counts))}: seconds until so many flows were there",
        f"ratio: times faster than {_REFERENCE}; off: mean distance from its flow; "
        "+-1: bytes within one level",
        f"first call (made, compiled, not counted above): {_first_calls(benchmark)}",
    ]
    lines += flow_devices(benchmark)
    lines += [f"{label} did not run: {reason}" for label, reason in benchmark.missing.items()]
    return "\n".join(lines) + "\n"


def flow_markdown(benchmark: FlowBenchmark, command: str, source: str) -> str:
    """Return the same as a page in Markdown.

    Args:
        benchmark: What was measured.
        command: The command that measured it.
        source: Where the pictures came from.
    """
    heads = ["method", "runs on", *[f"{count} flows" for count in benchmark.counts], "flows/s"]
    heads += [f"ratio to {_REFERENCE}", "mean distance, px", "bytes within 1", "first call"]
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
        f"`{_REFERENCE}`. The methods took turns. Reading and graying pictures is not counted, nor "
        "is the first call, which includes compilation.",
    ]
    if benchmark.missing:
        lines += ["", "Did not run here:", ""]
        lines += [f"- `{label}`: {reason}" for label, reason in benchmark.missing.items()]
    return "\n".join(lines) + "\n"


def flow_data(benchmark: FlowBenchmark, command: str, source: str) -> dict[str, Any]:
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
        "version": VERSION,
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


def _first_calls(benchmark: FlowBenchmark) -> str:
    return ", ".join(f"{t.label} {_seconds(t.first_call)} s" for t in benchmark.timings)


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells))
    return lines
