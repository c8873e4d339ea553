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

from slipdetect.cli.alerting import clip_folder, close_alerts, make_alerts
from slipdetect.cli.batch import Batch, Detect, Progress
from slipdetect.cli.console import Console
from slipdetect.cli.destination import Destination, choose_destination
from slipdetect.cli.detect_options import DETECT_OPTIONS, event_settings, reading_settings
from slipdetect.cli.extras import Extras
from slipdetect.cli.formats import Format, make_format
from slipdetect.cli.live import watch
from slipdetect.cli.live_sources import find_live, named_sources
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.output import open_output
from slipdetect.cli.per_video import FilePerVideo
from slipdetect.cli.profiling import Profiling
from slipdetect.cli.seeding import seed_look
from slipdetect.cli.sources import expand

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts
    from slipdetect.detection import DetectionResult, Detector

logger = logging.getLogger(__name__)


@click.command()
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
    extras = Extras.chosen(options, names, where)
    written: list[Path] = []
    form = _form(console, where, names, options, written)
    clips, alerts = clip_folder(options, jobs), make_alerts(options)
    readable = any(job.error is None for job in jobs)
    detector = profiling.loading(lambda: load_detector(options)) if readable else None
    look = _nothing if detector is None else _looking(detector, options, alerts)
    form = extras.around(form, detector, written)
    with (
        open_output(console, where.out, overwrite=overwrite) as write,
        close_alerts(console, alerts),
    ):
        write = console.text if where.out is None and where.kind == "table" else write
        further = extras.further(clips)
        batch = Batch(console, form, write, strict=options["strict"], further=further)
        tally = profiling.writing(lambda: batch.run(jobs, profiling.looking(look)))
    _tell(console, written if where.out is None else [*written, where.out])
    profiling.tell(console)
    ctx.exit(tally.exit_code(options["fail_on_event"]))


def _form(
    console: Console,
    where: Destination,
    names: list[str],
    options: dict[str, Any],
    written: list[Path],
) -> Format:
    """Return how results are written: to a file per video, noted in ``written``, or together."""
    windows = options["windows"]
    if not where.each:
        to_terminal = where.out is None and sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if to_terminal else None
        return make_format(where.kind, names, windows=windows, width=width)

    def save(target: Path, text: str) -> None:
        with open_output(console, target, overwrite=options["overwrite"]) as write:
            write(text)
        written.append(target)

    def make(source: str) -> Format:
        return make_format(where.kind, [source], windows=windows)

    return FilePerVideo(make, names, where.each, save)


def _tell(console: Console, written: list[Path]) -> None:
    """Say what was written, a line a folder."""
    folders: dict[Path, list[Path]] = {}
    for path in written:
        folders.setdefault(path.parent, []).append(path)
    for folder, files in folders.items():
        many = f"{len(files)} files in {str(folder)!r}"
        console.note(f"wrote {many if len(files) > 1 else repr(str(files[0]))}")


def load_detector(options: dict[str, Any]) -> Detector:
    """Load the model that the options name."""
    from slipdetect.detection import Detector

    detector = Detector.load(
        options["model"],
        options["device"],
        event_settings(options),
        sensitivity=options["sensitivity"],
        # a preset promises the numbers of other programs
        exact=options["exact"] or options["preset"] is not None,
    )
    logger.info("model %s on %s", detector.config.name, detector.device)
    return detector


def _looking(detector: Detector, options: dict[str, Any], alerts: Alerts | None) -> Detect:
    """Return the function that looks at one source and tells of its events."""
    reading = reading_settings(options)
    if options["preset"] is not None:
        return seed_look(detector, options, alerts, reading)
    if options["store"] is not None:
        from slipdetect.datasets.store import VideoStore

        reading["store"] = VideoStore(Path(options["store"]))
        if all(stream.flow is None for stream in detector.config.streams):
            logger.warning("model %s needs no flow; --store is not used", detector.config.name)

    def look(source: str, on_progress: Progress) -> DetectionResult:
        about = None if alerts is None else alerts.about(source, detector.config.name)
        return detector.detect(source, on_progress=on_progress, on_event=about, **reading)

    return look


def _nothing(source: str, on_progress: Progress) -> DetectionResult:
    raise RuntimeError(f"{source!r} has an error of its own")
