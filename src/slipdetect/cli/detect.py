"""``slipdetect detect``: find slips and falls in videos.

In: files, folders, lists. Out: events on stdout or in a file, and an exit code.
"""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.alerting import close_alerts, make_alerts
from slipdetect.cli.batch import Batch, Detect, Progress
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import DETECT_OPTIONS, reading_settings
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.live import watch
from slipdetect.cli.live_sources import find_live, named_sources
from slipdetect.cli.model_option import load_detector
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.profiling import Profiling
from slipdetect.cli.sources import expand
from slipdetect.lab.course2020.replay_command import seed_look
from slipdetect.sinks.registry import Destination, choose_destination, choose_sinks
from slipdetect.sinks.sink import ResultSink, Setup
from slipdetect.sinks.text import Write

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts
    from slipdetect.detection import DetectionResult, Detector

logger = logging.getLogger(__name__)


@click.command(cls=GroupedCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1)
@with_options(DETECT_OPTIONS)
@common_options
@click.pass_context
def detect(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:
    """Find slips and falls in videos.

    SOURCE is a video, a folder (searched with everything below it), a pattern such as "*.mp4",
    @list.txt (one source a line, relative to the list) or - (such a list on standard input). An
    address (rtsp://, http://), the number of a camera or video on standard input (-) is looked at
    live.

    \b
    slipdetect detect kitchen.mp4
    slipdetect detect recordings/ --format csv --out events.csv
    slipdetect detect rtsp://camera.example/stream --on-event "beep"
    slipdetect detect recordings/ --format srt --out recordings/ --timeline plots/
    """
    console, profiling = ctx.ensure_object(Console), Profiling(options["profile"])
    sources = named_sources(sources, options)
    if (live := find_live(sources, options["follow"])) is not None:
        ctx.exit(watch(ctx, live, options))
    jobs = expand(sources)
    names, overwrite = [job.source for job in jobs], options["overwrite"]
    where = choose_destination(options["out"], options["format"], names, overwrite=overwrite)
    readable = [job.source for job in jobs if job.error is None]
    reading = reading_settings(options)
    setup = Setup(options, names, readable)
    beside = choose_sinks(setup, where.targets)
    alerts = make_alerts(options)
    detector = profiling.loading(lambda: load_detector(options)) if readable else None
    look = _nothing if detector is None else _looking(detector, options, alerts)
    with (
        console.output(where.out, overwrite=overwrite) as write,
        close_alerts(console, alerts),
    ):
        results = _results(console, where, write, setup)
        batch = Batch(console, [results, *beside], reading, strict=options["strict"])
        tally = profiling.writing(lambda: batch.run(jobs, profiling.looking(look), detector))
    _tell(console, batch.written if where.out is None else [*batch.written, where.out])
    profiling.tell(console)
    ctx.exit(tally.exit_code(options["fail_on_event"]))


def _results(console: Console, where: Destination, write: Write, setup: Setup) -> ResultSink:
    """Return what writes the results; on a terminal a table is as wide as that."""
    width = None
    if where.out is None and where.kind == "table":
        write = console.text
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return where.sink(write, setup, width)


def _tell(console: Console, written: list[Path]) -> None:
    """Say what was written, a line a folder."""
    folders: dict[Path, list[Path]] = {}
    for path in written:
        folders.setdefault(path.parent, []).append(path)
    for folder, files in folders.items():
        many = f"{len(files)} files in {str(folder)!r}"
        console.note(f"wrote {many if len(files) > 1 else repr(str(files[0]))}")


def _looking(detector: Detector, options: dict[str, Any], alerts: Alerts | None) -> Detect:
    """Return the function that looks at one source and tells of its events."""
    reading = reading_settings(options)
    if options["preset"] is not None:
        return seed_look(detector, options, alerts, reading)
    if options["store"] is not None:
        from slipdetect.store import VideoStore

        reading["store"] = VideoStore(Path(options["store"]))
        if all(stream.flow is None for stream in detector.config.streams):
            logger.warning("model %s needs no flow; --store is not used", detector.config.name)

    def look(source: str, on_progress: Progress) -> DetectionResult:
        about = None if alerts is None else alerts.about(source, detector.config.name)
        return detector.detect(source, on_progress=on_progress, on_event=about, **reading)

    return look


def _nothing(source: str, on_progress: Progress) -> DetectionResult:
    raise RuntimeError(f"{source!r} has an error of its own")
