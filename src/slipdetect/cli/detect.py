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

from slipdetect._io import check_writable
from slipdetect.cli.alerting import clip_folder, close_alerts, make_alerts
from slipdetect.cli.batch import Batch, Detect, Progress
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import DETECT_OPTIONS, event_settings, reading_settings
from slipdetect.cli.formats import make_format
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.output import open_output
from slipdetect.cli.sources import expand

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts
    from slipdetect.detection import DetectionResult

logger = logging.getLogger(__name__)

_SUFFIXES = {".json": "json", ".jsonl": "json", ".csv": "csv"}


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@with_options(DETECT_OPTIONS)
@common_options
@click.pass_context
def detect(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:
    """Find slips and falls in videos.

    SOURCE is a video, a folder (searched with everything below it), a pattern such as "*.mp4",
    @list.txt (one source a line, relative to the list) or - (such a list on standard input).

    \b
    slipdetect detect kitchen.mp4
    slipdetect detect recordings/ --format csv --out events.csv
    """
    console = ctx.ensure_object(Console)
    out = None if options["out"] in (None, "-") else Path(options["out"])
    if out is not None:
        check_writable(out, overwrite=options["overwrite"])
    jobs = expand(sources)
    kind = options["format"] or (_SUFFIXES.get(out.suffix.lower()) if out else None) or "table"
    width = shutil.get_terminal_size().columns if out is None and sys.stdout.isatty() else None
    form = make_format(kind, [job.source for job in jobs], windows=options["windows"], width=width)
    usable = any(job.error is None for job in jobs)
    clips, alerts = clip_folder(options, jobs), make_alerts(options)
    function = _load(options, alerts) if usable else _nothing
    with (
        open_output(console, out, overwrite=options["overwrite"]) as write,
        close_alerts(console, alerts),
    ):
        write = console.text if out is None and kind == "table" else write
        batch = Batch(console, form, write, strict=options["strict"], further=clips)
        tally = batch.run(jobs, function)
    if out is not None:
        console.note(f"wrote {str(out)!r}")
    ctx.exit(tally.exit_code(options["fail_on_event"]))


def _load(options: dict[str, Any], alerts: Alerts | None) -> Detect:
    """Load the model and return the function that looks at one source."""
    from slipdetect.detection import Detector

    detector = Detector.load(
        options["model"],
        options["device"],
        event_settings(options),
        sensitivity=options["sensitivity"],
    )
    logger.info("model %s on %s", detector.config.name, detector.device)
    reading = reading_settings(options)
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
