"""``slipdetect watch``: a camera or a stream, events as they happen, a summary at the end.

In: a live source. Out: lines on stdout, the source's state on stderr, an exit code.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from slipdetect.cli.batch import opened, warn_of_missing
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import CommonSettings, DetectSettings
from slipdetect.cli.errors import EVENT_FOUND, INTERRUPTED, SOME_FAILED
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.sources import exists, video_on_stdin
from slipdetect.cli.typed_options import POSITIVE, flag, headed, number, options_of, seconds
from slipdetect.errors import DataError, UsageError, VideoError
from slipdetect.sinks.mqtt import HOLD
from slipdetect.sinks.registry import LIVE_FORMATS, LIVE_SINKS, SINKS, choose_sinks
from slipdetect.sinks.sink import Alert, Setup

if TYPE_CHECKING:
    from slipdetect.detection import LiveDetection, LiveEvent
    from slipdetect.video.live import LiveSettings, LiveSource

T = TypeVar("T")

_REMEMBERED = 100  # alerts of the last events, which what follows belongs to
_HEADINGS = ("Source", "Connection", "Output", "Model", "Events", "Alerts", "Reading")


@dataclass(frozen=True, kw_only=True)
class WatchSettings(CommonSettings):
    """What ``watch`` takes."""

    source: str | None
    format: str = headed(
        "Output",
        f"{', '.join(LIVE_FORMATS)}.",
        "NAME",
        default="json",
        type=click.Choice(list(LIVE_FORMATS)),
    )
    source_env: str | None = headed(
        "Source", "Take the address from an environment variable.", "NAME"
    )
    source_file: str | None = headed(
        "Source",
        "Take the address from a file; other users see command lines.",
        "FILE",
        type=FILE_NAME,
    )
    follow: bool = flag(
        "Source",
        "SOURCE is a file that is still being written; it ends when nothing is added for "
        "--read-timeout seconds.",
    )
    retries: int | None = number(
        "Connection", "Attempts in a row to connect again before giving up.  [default: 10]"
    )
    read_timeout: float | None = seconds(
        "Connection", "Without data for so long, connect again.  [default: 3]", type=POSITIVE
    )
    max_lag: float | None = seconds(
        "Connection", "Drop frames when more than this of video waits.  [default: 5]", type=POSITIVE
    )
    mqtt_hold: float | None = seconds(
        "Alerts",
        f"--mqtt: on for so long after the last news of an event.  [default: {HOLD:g}]",
        type=POSITIVE,
        more=True,
    )

    def setup(self, sources: Sequence[str], readable: Sequence[str] = ()) -> Setup:
        """Return what sinks are made from."""
        return replace(super().setup(sources, readable), mqtt_hold=self.mqtt_hold)

    def live_source(self) -> LiveSource:
        """Return the source that was named.

        Raises:
            UsageError: There is none or there are several, or it is not live.
            DataError: The variable or the file does not hold one.
            VideoError: The file to be followed is not there.
        """
        from slipdetect.video.live import is_live, live_source
        from slipdetect.video.live.sources import FollowedFile, PipeSource

        name = self._named()
        if self.follow:
            if name == "-":
                raise UsageError("--follow is for a file; standard input is read to its end anyway")
            return FollowedFile(name)
        if name == "-":
            if not video_on_stdin():
                raise UsageError(
                    "standard input holds no video; a list of files is for slipdetect detect"
                )
            return PipeSource(sys.stdin.buffer)
        if not is_live(name) or exists(name):
            raise self._not_live(name)
        return live_source(name)

    def connection(self) -> LiveSettings:
        """Return time-outs, attempts and bounds of the source."""
        from slipdetect.video.live import LiveSettings

        default = LiveSettings()
        return LiveSettings(
            retries=_given(self.retries, default.retries),
            read_timeout=_given(self.read_timeout, default.read_timeout),
            max_lag=_given(self.max_lag, default.max_lag),
            stream=self.stream,
            max_pixels=_given(self.max_pixels, default.max_pixels),
            max_duration=self.max_duration,
        )

    def _not_live(self, name: str) -> UsageError:
        # an address without its protocol may still hold a password
        what = repr(name) if name == self.source else "what the variable or file holds"
        if exists(name):
            return UsageError(
                f"{what} is a file; use slipdetect detect, or --follow while it is being written"
            )
        return UsageError(
            f"{what} is neither a file nor a live source; name an address such as"
            " rtsp://HOST/stream, the number of a camera, or - for video on standard input"
        )

    def _named(self) -> str:
        given = [each for each in (self.source, self.source_env, self.source_file) if each]
        if len(given) != 1:
            wanted = "SOURCE, --source-env or --source-file"
            raise UsageError(f"name what to watch by {wanted}, one of them")
        if self.source_env:
            return _variable(self.source_env)
        return _line_of(Path(self.source_file)) if self.source_file else given[0]


class _Watch(GroupedCommand):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options; one that only files have is answered with what to do."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            names = {f"--{field.name.replace('_', '-')}" for field in fields(DetectSettings)}
            name = error.option_name
            if name not in names | {kind.option for kind in SINKS}:
                raise
            todo = only_for_files(name)
            raise click.UsageError(f"{error.message} It is for files; {todo}", ctx) from None


@click.command(cls=_Watch)
@click.argument("source", metavar="SOURCE", required=False, type=FILE_NAME)
@with_options(options_of(WatchSettings, _HEADINGS, LIVE_SINKS))
@common_options
@click.pass_context
def watch(ctx: click.Context, /, **options: Any) -> None:
    """Find slips and falls in a live source, as they happen.

    SOURCE is an address (rtsp://, http://), the number of a camera of this machine, or - for video
    on standard input. Ctrl-C and SIGTERM end the run with a summary.

    \b
    slipdetect watch rtsp://camera.example/stream
    slipdetect watch 0 --on-event "notify-send 'Fall at {start} s'"
    slipdetect watch recording.ts --follow --format table
    """
    ctx.exit(_run(ctx.ensure_object(Console), WatchSettings.of(options)))


def _run(console: Console, settings: WatchSettings) -> int:
    """Watch until the source ends, ``--max-duration`` is reached, Ctrl-C or SIGTERM.

    Returns:
        The exit code.

    Raises:
        UsageError: The options make no sense.
        VideoError: The source cannot be opened, or not again after all attempts.
    """
    from slipdetect.detection import EventFinal, LiveDetection, StillDown, UpAgain
    from slipdetect.reports.live_report import state_text, summary_text
    from slipdetect.video.live import LiveVideo

    source, connection = settings.live_source(), settings.connection()
    others = choose_sinks(settings.setup([source.name]), LIVE_SINKS)
    detector = settings.load_detector()
    config = detector.config
    write = console.text if settings.format == "table" else console.data
    sinks = [LIVE_FORMATS[settings.format](write, [source.name]), *others]
    keep = next((each.keep for each in others if each.keep is not None), None)

    alerts: dict[int, Alert] = {}

    def tell(event: LiveEvent) -> None:
        now = datetime.now(UTC)
        for sink in sinks:
            sink.live_event(event, now)
        if isinstance(event, EventFinal):
            alert = alerts[event.id] = Alert(source.name, config.name, event.event)
            alerts.pop(event.id - _REMEMBERED, None)
            for sink in sinks:
                sink.event(alert)
        elif isinstance(event, StillDown | UpAgain):
            kind = "up_again" if isinstance(event, UpAgain) else "still_down"
            told = Alert(source.name, config.name, event.event, kind, alerts[event.id].id)
            for sink in sinks:
                sink.aftermath(told)
        if state := state_text(event):
            console.warn(f"{source.name!r}: {state}")

    try:
        with (
            opened(sinks, detector, console),
            LiveVideo(
                source, config.sample_fps, config.frame_short_side, connection, keep
            ) as video,
        ):
            live = LiveDetection(detector, video)
            code, ended, lost = _follow(live, tell)
            summary = live.summary()
            if summary.frames:
                limited = ended == "end" and video.limited
                for sink in sinks:
                    sink.summary(summary, "max_duration" if limited else ended)
                console.note(summary_text(summary))
    finally:
        failed = warn_of_missing(sinks, console)
    if lost is not None:
        raise lost
    if code == 0 and failed:
        return SOME_FAILED
    found = settings.fail_on_event and summary.events
    return EVENT_FOUND if code == 0 and found else code


def _follow(
    live: LiveDetection, tell: Callable[[LiveEvent], None]
) -> tuple[int, str, VideoError | None]:
    """Tell of all that happens; return the exit code, why the run ended, and its error."""
    code, ended = 0, "end"
    lost: VideoError | None = None
    try:
        with sigterm_as_ctrl_c():
            for event in live.events():
                tell(event)
    except KeyboardInterrupt:
        code, ended = INTERRUPTED, "interrupted"
    except VideoError as error:
        lost, ended = error, "lost"
    for event in live.finish():
        tell(event)
    return code, ended, lost


def only_for_files(option: str) -> str:
    """Return what to do where an option is asked for that only files have."""
    if option == "--out":
        return "redirect standard output, to which events of a live source go"
    return "leave it out, or save the video to a file and run slipdetect detect on that"


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


def _given(value: T | None, default: T) -> T:
    return default if value is None else value


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(f"--source-env: there is no variable {name}, or it is empty; set it")
    return value


def _line_of(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check it") from error
    except UnicodeDecodeError:
        raise DataError(f"{str(path)!r} is not UTF-8 text; write the address into it") from None
    found = [line.strip() for line in lines if line.strip()]
    if len(found) != 1:
        raise DataError(f"{str(path)!r} must hold an address in one line; it has {len(found)}")
    return found[0]
