"""``slipdetect detect`` of a live source: events as they happen, a summary at the end.

In: a live source and options. Out: lines on stdout, the source's state on stderr, an exit code.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from slipdetect.cli.alerting import close_alerts, close_live_clips, make_alerts, make_live_clips
from slipdetect.cli.console import Console
from slipdetect.cli.errors import EVENT_FOUND, INTERRUPTED, SOME_FAILED
from slipdetect.cli.live_options import LIVE_FORMATS, LIVE_OPTIONS, LIVE_SETTINGS, TAKEN
from slipdetect.cli.model_option import load_detector
from slipdetect.errors import UsageError, VideoError

if TYPE_CHECKING:
    from slipdetect.alerts.live_clips import LiveClips
    from slipdetect.detection import Event, LiveDetection, LiveEvent
    from slipdetect.video.live import LiveSettings, LiveSource, LiveVideo

_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def watch(ctx: click.Context, source: LiveSource, options: dict[str, Any]) -> int:
    """Look at a live source until it ends, ``--max-duration`` is reached, Ctrl-C or SIGTERM.

    Returns:
        The exit code.

    Raises:
        UsageError: An option is given that only files have.
        VideoError: The source cannot be opened, or not again after all tries.
    """
    from slipdetect.detection import LiveDetection
    from slipdetect.video.live import LiveVideo

    _check(ctx, options)
    console, settings = ctx.ensure_object(Console), live_settings(options)
    alerts = make_alerts(options)
    detector = load_detector(options)
    config = detector.config
    clips, memory = kept if (kept := make_live_clips(options, source.name)) else (None, None)
    keep = None if memory is None else memory.watch
    with (
        close_alerts(console, alerts),
        close_live_clips(console, clips),
        LiveVideo(source, config.sample_fps, config.frame_short_side, settings, keep) as video,
    ):
        listeners = [] if alerts is None else [alerts.about(source.name, config.name)]
        listeners += [] if clips is None else [clips.add]
        view = _View(console, options["format"] != "table", source.name, config.name, listeners)
        view.clips = clips
        code = _follow(LiveDetection(detector, video), view, video)
        found = view.found and options["fail_on_event"] and code == 0
    failed = clips is not None and clips.errors and code == 0
    return SOME_FAILED if failed else EVENT_FOUND if found else code


def live_settings(options: dict[str, Any]) -> LiveSettings:
    """Return what the options say of ``LiveSettings``."""
    from slipdetect.video.live import LiveSettings

    given = {name: options[name] for name in LIVE_SETTINGS if options[name] is not None}
    return LiveSettings(**given)


def _check(ctx: click.Context, options: dict[str, Any]) -> None:
    own = {option.name for option in _parameters(ctx) if option.name}
    for name in own - set(TAKEN) - _live_names():
        said = "-" if name == "out" else None
        if ctx.get_parameter_source(name) in _GIVEN and options.get(name) != said:
            raise UsageError(
                f"--{name.replace('_', '-')} is for files, and this source is live; leave it out"
            )
    if options["format"] not in (None, *LIVE_FORMATS):
        wanted = " or ".join(LIVE_FORMATS)
        raise UsageError(f"a live source is told as {wanted}, not {options['format']}")


def _parameters(ctx: click.Context) -> list[click.Parameter]:
    # options such as --verbose are no business of this command
    return [each for each in ctx.command.params if each.expose_value]


def _live_names() -> set[str]:
    @click.command()
    def nothing() -> None: ...

    for option in LIVE_OPTIONS:
        option(nothing)
    return {each.name for each in nothing.params if each.name}


class _View:
    """Tells of ``LiveEvent``s where they belong."""

    def __init__(
        self,
        console: Console,
        json: bool,
        source: str,
        model: str,
        listeners: Sequence[Callable[[Event], None]],
    ) -> None:
        self.clips: LiveClips | None = None
        self.found = 0
        self._console = console
        self._json = json
        self._source = source
        self._model = model
        self._listeners = listeners

    def tell(self, item: LiveEvent) -> None:
        """Print what happened, and tell those who asked for alerts."""
        from slipdetect.detection import EventFinal
        from slipdetect.reports.live_report import live_line, live_text, state_text
        from slipdetect.video.live import Started

        now = datetime.now(UTC)
        if self._json:
            self._console.data(live_line(item, self._source, self._model, now))
        else:
            self._console.text(live_text(item))
        state = state_text(item)
        if state:
            self._console.warn(f"{self._source!r}: {state}")
        if self.clips is not None and isinstance(item, Started):
            self.clips.began = now
        if isinstance(item, EventFinal):
            self.found += 1
            for listener in self._listeners:
                listener(item.event)

    def end(self, run: LiveDetection, ended: str) -> None:
        """Print the summary, if there was anything to see."""
        if not run.summary().frames:
            return
        from slipdetect.reports.live_report import summary_line, summary_text

        if self._json:
            self._console.data(summary_line(run.summary(), ended))
        self._console.note(summary_text(run.summary()))


def _follow(run: LiveDetection, view: _View, video: LiveVideo) -> int:
    """Tell what happens and return the exit code."""
    code, ended = 0, "end"
    lost: VideoError | None = None
    try:
        with sigterm_as_ctrl_c():
            for item in run.events():
                view.tell(item)
    except KeyboardInterrupt:
        code, ended = INTERRUPTED, "interrupted"
    except VideoError as error:
        lost, ended = error, "lost"
    for item in run.finish():
        view.tell(item)
    view.end(run, "max_duration" if ended == "end" and video.limited else ended)
    if lost is not None:
        raise lost
    return code


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """End by SIGTERM, which service managers send, as by Ctrl-C while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
