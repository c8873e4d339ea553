"""``slipdetect bench``: how fast things are on this machine.

In: what to measure. Out: a table on stdout; a page, data and a plot in a folder.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import output_files
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from slipdetect.lab.bench.benchmark import FlowBenchmark, FlowContest

_COUNTS = "10,50,100,150,200,250"
_MOST_PIXELS = 4096 * 4096
# share of the processors that others may use before a warning is due
_BUSY = 0.25


def _counts(ctx: click.Context, option: click.Parameter, value: str) -> tuple[int, ...]:
    parts = [part.strip() for part in value.split(",")]
    if not all(re.fullmatch("[0-9]{1,6}", part) and int(part) > 0 for part in parts):
        raise click.BadParameter(f"{value!r} is no list of whole numbers such as 10,50,100")
    return tuple(sorted({int(part) for part in parts}))


def _size(ctx: click.Context, option: click.Parameter, value: str) -> tuple[int, int]:
    found = re.fullmatch("([0-9]{1,5})x([0-9]{1,5})", value.strip())
    if not found:
        raise click.BadParameter(f"{value!r} is not WIDTHxHEIGHT in px, such as 342x256")
    width, height = int(found[1]), int(found[2])
    if min(width, height) < 8 or width * height > _MOST_PIXELS:
        raise click.BadParameter(f"{value} is too small or too large; give 8 px a side or more")
    return width, height


def _names(ctx: click.Context, option: click.Parameter, value: str | None) -> list[str] | None:
    return None if value is None else [part.strip() for part in value.split(",")]


@click.group()
@common_options
def bench() -> None:
    """Measure how fast things are on this machine."""


@bench.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for flow.md, flow.json and flow.png; made if new.",
)
@click.option(
    "--frames",
    "counts",
    default=_COUNTS,
    show_default=True,
    callback=_counts,
    help="Numbers of flow frames to take the time at.",
)
@click.option(
    "--size", default="342x256", show_default=True, callback=_size, help="Size of the pictures."
)
@click.option(
    "--methods", metavar="NAME,NAME", callback=_names, help="Flow methods.  [default: all]"
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="For each method.  [default: one per CPU]"
)
@click.option(
    "--video",
    type=click.Path(path_type=Path),
    help="Take its frames, stretched to --size, forth and back.  [default: a rendered scene]",
)
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run left in --out.")
@common_options
@click.pass_context
def flow(
    ctx: click.Context,
    /,
    out: Path,
    counts: tuple[int, ...],
    size: tuple[int, int],
    methods: list[str] | None,
    threads: int | None,
    video: Path | None,
    overwrite: bool,
) -> None:
    """Take the time of every optical flow method that runs here, and its distance from OpenCV's.

    The methods take turns of some pairs each. Reading, rendering and compiling are not counted.

    \b
    slipdetect bench flow --out bench
    slipdetect bench flow --frames 10,50 --methods tvl1,tvl1-opencv --video kitchen.mp4 --out b
    """
    from slipdetect._text import plain_name
    from slipdetect.lab.bench.flow_table import flow_table

    console = ctx.ensure_object(Console)
    targets = output_files(out, ("flow.md", "flow.json", "flow.png"), overwrite=overwrite)
    _warn_if_busy(console)
    frames = _frames(video, counts[-1] + 1, size)
    contest = _contest(console, frames, counts, methods, threads)
    with console.bar(1.0) as bar:
        result = contest.run(lambda share: bar.show(share, "measuring"))
    source = "a rendered scene" if video is None else plain_name(video.name)
    _write(result, targets, _command(result, methods, video), source, overwrite)
    console.text(flow_table(result))
    console.note(f"written: {', '.join(str(target) for target in targets)}")


def _warn_if_busy(console: Console) -> None:
    if not hasattr(os, "getloadavg"):
        return
    load, count = os.getloadavg()[0], os.cpu_count()
    if count is not None and load > _BUSY * count:
        console.warn(
            f"other work keeps this machine busy (load {load:.1f} on {count} CPUs); "
            "times will be longer than on an idle one"
        )


def _frames(video: Path | None, count: int, size: tuple[int, int]) -> list[NDArray[np.uint8]]:
    """Return ``count`` gray pictures of (width, height) ``size``.

    Raises:
        VideoError: The video cannot be read, or has one frame only.
    """
    if video is None:
        from slipdetect.lab.bench.moving_scene import moving_scene

        return list(moving_scene(count, *size))
    import cv2

    from slipdetect.errors import VideoError
    from slipdetect.flow.extractor import to_gray
    from slipdetect.video import open_video

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


def _contest(
    console: Console,
    frames: Sequence[NDArray[np.uint8]],
    counts: tuple[int, ...],
    methods: list[str] | None,
    threads: int | None,
) -> FlowContest:
    from slipdetect.lab.bench.benchmark import FlowContest

    with console.bar(1.0) as bar:
        contest = FlowContest(
            frames,
            counts,
            methods,
            threads,
            lambda name: bar.show(0, f"preparing {name}", now=True),
        )
    for label, reason in contest.missing.items():
        console.note(f"{label} does not run here: {reason}")
    seconds = contest.expected_seconds
    duration = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    console.note(
        f"{counts[-1]} flow frames by each of {', '.join(contest.labels)}: about {duration}"
    )
    return contest


def _command(result: FlowBenchmark, methods: list[str] | None, video: Path | None) -> str:
    """Return the command that measures the same, without the folders of this machine."""
    from slipdetect.flow.machine import VARIABLE

    width, height = result.size
    words = ["slipdetect", "bench", "flow", "--frames", ",".join(map(str, result.counts))]
    words += ["--size", f"{width}x{height}", "--threads", str(result.threads)]
    words += [] if methods is None else ["--methods", ",".join(methods)]
    words += [] if video is None else ["--video", video.name]
    line = shlex.join([*words, "--out", "DIR"])
    chosen = os.environ.get(VARIABLE)
    offloaded = any(timing.device.startswith("OpenCL") for timing in result.timings)
    return f"{VARIABLE}={shlex.quote(chosen)} {line}" if offloaded and chosen else line


def _write(
    result: FlowBenchmark, targets: Sequence[Path], command: str, source: str, overwrite: bool
) -> None:
    from slipdetect._io import atomic_write
    from slipdetect.lab.bench.flow_plot import draw_flow_benchmark
    from slipdetect.lab.bench.flow_table import flow_data, flow_markdown

    page, data, plot = targets
    with atomic_write(page, overwrite=overwrite) as temporary:
        temporary.write_text(flow_markdown(result, command, source), encoding="utf-8")
    with atomic_write(data, overwrite=overwrite) as temporary:
        text = json.dumps(flow_data(result, command, source), indent=2, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    with atomic_write(plot, overwrite=overwrite) as temporary:
        draw_flow_benchmark(result, temporary)
