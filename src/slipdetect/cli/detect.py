"""``slipdetect detect``: find slips and falls in videos.

In: files, folders, lists. Out: events on stdout or in a file, and an exit code.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from slipdetect._text import plain_name, printable
from slipdetect.cli.batch import DETECTING, Batch, Detect, OnEvent, Progress
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import DetectSettings
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.side_by_side import Detecting, SideBySide
from slipdetect.cli.sources import names_live_source
from slipdetect.cli.typed_options import options_of
from slipdetect.cli.watch import only_for_files, watch
from slipdetect.cli.worker_options import MANY, result_facts
from slipdetect.errors import UsageError, VideoError
from slipdetect.sinks.registry import (
    FORMATS,
    SINKS,
    Destination,
    Kinds,
    choose_destination,
    choose_sinks,
)
from slipdetect.types import DetectionResult, Profile, Stage
from slipdetect.types.export import built, plain
from slipdetect.video.playlist import is_playlist
from slipdetect.workers import Backend, open_backend

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.detection.pipeline import Stopwatch
    from slipdetect.workers.manifest import Manifest

HEADINGS = ("Output", "Model", "Events", "Alerts", "Reading", MANY)


@click.command(cls=GroupedCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=FILE_NAME)
@with_options(options_of(DetectSettings, HEADINGS, SINKS, more=("Alerts",)))
@common_options
@click.pass_context
def detect(ctx: click.Context, /, **options: Any) -> None:
    """Find slips and falls in videos.

    SOURCE is a video, a folder (searched with everything below it), a pattern such as "*.mp4",
    a playlist (.ffconcat, .m3u8), @list.txt (a source a line, relative to it), @clips.csv (column
    path) or - (a list on standard input). Cameras and streams are for slipdetect watch.

    \b
    slipdetect detect kitchen.mp4
    slipdetect detect recordings/ --format csv --out events.csv
    slipdetect detect recordings/ --html report.html --clips clips/
    """
    console, settings = ctx.ensure_object(Console), DetectSettings.of(options)
    if names_live_source(settings.sources):
        source = settings.sources[0]
        name = "standard input" if source == "-" else repr(printable(plain_name(source)))
        console.note(f"{name} is live: going on as 'slipdetect watch', the command for that")
        _watch_instead(ctx, source)
    ctx.exit(process(console, settings))


def process(console: Console, settings: DetectSettings, kinds: Kinds = SINKS) -> int:
    """Process all sources and return the exit code."""
    from slipdetect.detection.pipeline import Stopwatch

    stopwatch = Stopwatch()
    jobs, settings = settings.recordings()
    names, overwrite = [job.source for job in jobs], settings.overwrite
    pieces = settings.pieces or ()
    where = choose_destination(
        settings.out, settings.format, names, overwrite=overwrite, pieces=pieces
    )
    if settings.windows:
        _refuse_windows(console, where, names)
    readable = [job.source for job in jobs if job.error is None]
    setup = settings.setup(names, readable)
    sinks = choose_sinks(setup, kinds, where.targets)
    backend = open_backend(settings.on, settings.jobs, len(readable), settings.device)
    with stopwatch.stage("loading the model"):
        # what computes elsewhere need not be there here
        here = settings if settings.on is None else replace(settings, device="cpu")
        detector = here.load_detector() if readable else None
    with ExitStack() as stack:
        run: Detect = _nothing
        if detector is not None:
            run = stack.enter_context(_detecting(settings, detector, readable, backend))
        write = stack.enter_context(console.output(where.out, overwrite=overwrite))
        width = None
        if where.out is None and where.kind == "table":  # on a terminal as wide as that
            write = console.text
            width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        results = where.sink(write, setup, width)
        batch = Batch(
            console,
            [results, *sinks],
            settings.reading(),
            privacy=setup.privacy,
            strict=settings.strict,
            watch=stopwatch,
        )
        with stopwatch.stage("writing"):  # what of the batch is not detecting
            tally = batch.run(jobs, run, detector)
    _tell(console, batch.written if where.out is None else [*batch.written, where.out])
    if settings.profile:
        from slipdetect.reports.table import profile_text

        whole = _whole(stopwatch, batch.profile, bool(tally.failures))
        console.block("\n" + profile_text(whole, batch.profile))
    return tally.exit_code(settings.fail_on_event)


def _watch_instead(ctx: click.Context, source: str) -> None:
    """Run ``watch`` with what was given to ``detect``, unless only files have such an option."""
    known = {param.name for param in watch.params}
    args: list[str] = []
    for param in ctx.command.params:
        value, name = ctx.params.get(param.name or ""), param.opts[-1]
        origin = ctx.get_parameter_source(param.name or "")
        given = origin not in (None, ParameterSource.DEFAULT) and param.expose_value
        # a flag that is said to be off is as if it had not been said
        if not given or value is False or isinstance(param, click.Argument):
            continue
        if param.name in known:
            args += [name] if value is True else [name, str(value)]
        elif origin is ParameterSource.COMMANDLINE and value != "-":
            raise UsageError(
                f"{name} is for files, and this source is live; {only_for_files(name)}"
            )
    with watch.make_context("watch", [*args, "--", source], parent=ctx.parent) as below:
        watch.invoke(below)


def _refuse_windows(console: Console, where: Destination, names: Sequence[str]) -> None:
    """Refuse ``--windows`` where nothing that is written has room for them.

    Of the environment and a settings file, which serve other runs too, it only warns.
    """
    for_each = names[:1] if where.each else names
    if FORMATS[where.kind].shows_windows(for_each):
        return
    what = f"a {where.kind}" if where.kind != "table" else "a table of several videos"
    source = click.get_current_context().get_parameter_source("windows")
    if source is ParameterSource.COMMANDLINE:
        raise UsageError(f"--windows has no effect: {what} has none; --format json has them")
    console.warn(f"--windows: {what} has no windows; --format json has them")


def _tell(console: Console, written: list[Path]) -> None:
    """Say what was written, a line a folder."""
    folders: dict[Path, list[Path]] = {}
    for path in written:
        folders.setdefault(path.parent, []).append(path)
    for folder, files in folders.items():
        many = f"{len(files)} files in {str(folder)!r}"
        console.note(f"wrote {many if len(files) > 1 else repr(str(files[0]))}")


def _whole(watch: Stopwatch, detected: Profile, some_failed: bool) -> Profile:
    """Return the profile of the run, with detecting split as the results say."""
    from slipdetect.flow.machine import peak_memory

    seconds = {stage.name: stage.seconds for stage in watch.stages}
    detecting = seconds.pop(DETECTING, 0.0)
    if some_failed:
        seconds["videos that failed"] = max(detecting - detected.seconds, 0.0)
    own = [Stage(name, each) for name, each in seconds.items()]
    stages, memory = (*own, *detected.stages), peak_memory()
    return replace(detected, seconds=watch.seconds, stages=stages, peak_memory=memory)


@contextmanager
def _detecting(
    settings: DetectSettings, detector: Detector, sources: Sequence[str], backend: Backend | None
) -> Iterator[Detect]:
    """Yield the function that processes one video; it is called for each source, in order."""
    settings.check_store(detector)
    with ExitStack() as stack:
        kept = None
        if settings.resume is not None:
            kept = stack.enter_context(_done_videos(Path(settings.resume), settings, detector))
        # of a playlist, the file that is kept would not tell that one of its files has changed
        files = [name for name in sources if not is_playlist(name)]
        done = set() if kept is None else {name for name in files if kept.has(name)}
        run: Detect
        if backend is None:
            run = _in_this_process(settings, detector, kept)
        else:
            wanted = replace(settings, sources=(), targets={}, zones=None)
            make = Detecting(wanted, detector.zones)
            left = [name for name in sources if name not in done]
            stack.enter_context(backend)
            note = None if kept is None else kept.add
            run = stack.enter_context(SideBySide(backend, make, left, note, settings.pieces))

        def resumed(source: str, on_progress: Progress, on_event: OnEvent) -> DetectionResult:
            if kept is None or source not in done:
                return run(source, on_progress, on_event)
            found = kept.find(source)
            if found is None:
                raise VideoError(f"{source!r} has changed since this run began; run it again")
            return found

        yield resumed


def _in_this_process(
    settings: DetectSettings, detector: Detector, kept: Manifest[DetectionResult] | None
) -> Detect:
    store, reading = settings.opened_store(), settings.reading()

    def run(source: str, on_progress: Progress, on_event: OnEvent) -> DetectionResult:
        result = detector.detect(
            source, on_progress=on_progress, on_event=on_event, store=store, **reading
        )
        if kept is not None:
            kept.add(source, result)
        return result

    return run


def _done_videos(
    path: Path, settings: DetectSettings, detector: Detector
) -> Manifest[DetectionResult]:
    """Open the file of ``--resume``; what results depend on must be as it was."""
    from slipdetect.workers.manifest import Manifest

    facts = {**result_facts(detector), **settings.facts()}

    def result(data: Any) -> DetectionResult:
        made: DetectionResult = built(DetectionResult, data)
        return replace(made, profile=None)  # its time is not of this run

    return Manifest(path, facts, plain, result)


def _nothing(source: str, on_progress: Progress, on_event: OnEvent) -> DetectionResult:
    raise RuntimeError(f"{source!r} has an error of its own")
