"""``slipdetect watch``: a camera or a stream, events as they happen, a summary at the end.

In: a live source. Out: lines on stdout, the source's state on stderr, an exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._address import address_scheme
from slipdetect._io import exists
from slipdetect.cli.batch import opened, warn_of_missing
from slipdetect.cli.camera_file import SUFFIX, CameraEntry, read_cameras, read_zones
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import CommonSettings, DetectSettings, event_settings
from slipdetect.cli.errors import EVENT_FOUND, SOME_FAILED, describe
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.sources import (
    address_in_file,
    address_in_variable,
    video_on_stdin,
)
from slipdetect.cli.typed_options import POSITIVE, flag, headed, number, options_of, seconds
from slipdetect.cli.watching import Watching, limit_threads
from slipdetect.errors import SlipdetectError, UsageError
from slipdetect.sinks.mqtt import HOLD
from slipdetect.sinks.registry import LIVE_FORMATS, LIVE_SINKS, SINKS, choose_sinks
from slipdetect.sinks.sink import Setup

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.detection.cameras import Camera, Cameras
    from slipdetect.video.live import LiveSettings, LiveSource
    from slipdetect.video.live.live_video import Keep

    Named = dict[str, tuple[CameraEntry, LiveSource]]


_NONE = (None, None)
_HEADINGS = ("Source", "Connection", "Output", "Model", "Events", "Alerts", "Reading")


@dataclass(frozen=True, kw_only=True)
class WatchSettings(CommonSettings):
    """What ``watch`` takes."""

    sources: tuple[str, ...]
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
        "Connection",
        "Attempts in a row to connect again before giving up.  [default: 10; several sources: for "
        "ever]",
    )
    read_timeout: float | None = seconds(
        "Connection", "Without data for so long, connect again.  [default: 3]", type=POSITIVE
    )
    max_lag: float | None = seconds(
        "Connection",
        "Drop frames that wait longer; where the machine was suddenly held up, three times that.  "
        "[default: 5]",
        type=POSITIVE,
    )
    page_token_env: str | None = headed(
        "Output", "--page: demand the token in an environment variable.", "NAME", more=True
    )
    mqtt_hold: float | None = seconds(
        "Alerts",
        f"--mqtt: on for so long after the last news of an event.  [default: {HOLD:g}]",
        type=POSITIVE,
        more=True,
    )

    def setup(self, sources: Sequence[str], readable: Sequence[str] = ()) -> Setup:
        """Return what sinks are made from."""
        found = super().setup(sources, readable)
        return replace(found, mqtt_hold=self.mqtt_hold, page_token_env=self.page_token_env)

    @property
    def camera_file(self) -> Path | None:
        """The file that names all cameras, if one does."""
        files = [each for each in self.sources if each.lower().endswith(SUFFIX)]
        if not files or self.follow or (address_scheme(files[0]) and not exists(files[0])):
            return None
        others = len(self.sources) > 1 or self.source_env or self.source_file
        if others:
            raise UsageError(f"{files[0]!r} names all cameras; name no other source beside it")
        return Path(files[0])

    def entries(self, command: click.Command) -> list[CameraEntry]:
        """Return what is to be watched.

        Raises:
            UsageError: Nothing is named, or too much.
            DataError: The file, or that of zones, is wrong; the message has its line.
        """
        if self.camera_file is not None:
            found = read_cameras(self.camera_file, command)
            if self.zones is None:
                return found
            of_all = read_zones(Path(self.zones))
            return [each if each.zones else replace(each, zones=of_all) for each in found]
        given = [
            *(("source", each) for each in self.sources),
            *(("source_env", each) for each in (self.source_env,) if each),
            *(("source_file", each) for each in (self.source_file,) if each),
        ]
        kinds = {kind for kind, _ in given}
        if len(kinds) != 1:
            wanted = "SOURCE, --source-env or --source-file"
            raise UsageError(f"name what to watch by {wanted}, one of them")
        if len(given) > 1 and (self.follow or "-" in self.sources):
            raise UsageError("standard input and --follow are for a single source")
        return [CameraEntry("", address) for address in given]

    def named(self, entries: Sequence[CameraEntry]) -> Named:
        """Return the entries and their sources by name, those of one place numbered.

        Raises:
            UsageError: A source is not live.
            DataError: The variable or the file does not hold one.
            VideoError: The file to be followed is not there.
        """
        found: Named = {}
        for entry in entries:
            with _about(entry):
                source = self._source(*entry.address)
            base = source.name = entry.name or source.name
            number = 1
            while source.name in found:
                number += 1
                source.name = f"({number}) {base}"  # what follows an address is hidden with it
            found[source.name] = entry, source
        return found

    def cameras(self, named: Named, detector: Detector, many: bool) -> list[Camera]:
        """Return cameras that share the networks of a detector.

        Raises:
            PackageError: A calibration is not one of this model.
        """
        from slipdetect.detection.cameras import Camera

        found = []
        for name, (entry, source) in named.items():
            own, mine = replace(self, **dict(entry.options)), detector
            if entry.options or entry.calibration or entry.zones:
                events = {**event_settings(vars(own)), "confirm_down": own.confirm_down}
                zones = entry.zones or None  # else those of --zones
                with _about(entry):
                    mine = detector.again(
                        events, own.sensitivity, entry.calibration, zones, own.view
                    )
            found.append(Camera(name, source, mine, own.connection(endless=many)))
        return found

    def connection(self, endless: bool = False) -> LiveSettings:
        """Return time-outs, attempts and bounds of the source.

        Args:
            endless: It is tried again for ever where nobody said how often.
        """
        from slipdetect.video.live import LiveSettings

        names = ("retries", "read_timeout", "max_lag", "max_pixels")
        given: dict[str, Any] = {"retries": None} if endless else {}
        given |= {name: value for name in names if (value := getattr(self, name)) is not None}
        return LiveSettings(
            stream=self.stream,
            max_duration=self.max_duration,
            frame_rate=self.frame_rate,
            **given,
        )

    def _source(self, kind: str, given: str) -> LiveSource:
        from slipdetect.video.live import is_live, live_source
        from slipdetect.video.live.byte_sources import FollowedFile, PipeSource

        name = given
        if kind == "source_env":
            name = address_in_variable(given)
        elif kind == "source_file":
            name = address_in_file(Path(given))
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
            # an address without its protocol may still hold a password
            raise _not_live(
                name, repr(name) if kind == "source" else "what the variable or file holds"
            )
        return live_source(name)


def _not_live(name: str, what: str) -> UsageError:
    if exists(name):
        return UsageError(
            f"{what} is a file; use slipdetect detect, or --follow while it is being written"
        )
    return UsageError(
        f"{what} is neither a file nor a live source; name an address such as"
        " rtsp://HOST/stream, the number of a camera, or - for video on standard input"
    )


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
@click.argument("sources", metavar="[SOURCE]...", nargs=-1, type=FILE_NAME)
@with_options(options_of(WatchSettings, _HEADINGS, LIVE_SINKS))
@common_options
@click.pass_context
def watch(ctx: click.Context, /, **options: Any) -> None:
    """Find slips and falls in live sources, as they happen.

    SOURCE is an address (rtsp://, http://), the number of a camera of this machine, or - for video
    on standard input. A file.toml names any number of cameras, each with thresholds and zones of
    its own; SIGHUP reads it anew. Ctrl-C and SIGTERM end the run with a summary.

    \b
    slipdetect watch rtsp://camera.example/stream
    slipdetect watch 0 --on-event "notify-send 'Fall at {start} s'"
    slipdetect watch cameras.toml --clips clips
    slipdetect watch recording.ts --follow --format table
    """
    settings = WatchSettings.of(options)
    ctx.exit(_run(ctx.ensure_object(Console), settings, ctx.command))


def _run(console: Console, settings: WatchSettings, command: click.Command) -> int:
    """Watch until all sources end, Ctrl-C or SIGTERM; return the exit code."""
    from slipdetect.detection.cameras import Cameras
    from slipdetect.flow.machine import usable_cpus

    named = settings.named(settings.entries(command))
    file, names = settings.camera_file, list(named)
    many = len(named) > 1 or file is not None
    others = choose_sinks(settings.setup(names), LIVE_SINKS)
    if many:
        limit_threads()
    views = {dict(entry.options).get("view", settings.view) for entry, _ in named.values()}
    # what all cameras have in common is none of each one's own, to be told for each
    common = replace(settings, view=views.pop()) if len(views) == 1 else settings
    try:
        detector = common.load_detector()
    except UsageError:  # told below with the name of the camera, where it is one's own
        detector = settings.load_detector()
    if many:
        detector.share()
    cameras = settings.cameras(named, detector, many)
    write = console.text if settings.format == "table" else console.data
    # a file may name others later
    sinks = [LIVE_FORMATS[settings.format](write, names if file is None else []), *others]

    def keep(name: str) -> Keep | None:
        return next((found for sink in sinks if (found := sink.keep(name)) is not None), None)

    tries = settings.connection().retries or 0
    watching = Watching(console, sinks, detector.scorer.name, many, tries)
    try:
        with (
            opened(sinks, detector, console),
            Cameras(keep, many, usable_cpus() if many else None) as running,
        ):
            for camera in cameras:
                running.add(camera)
            for sink in sinks:
                sink.watching(running)

            def reload() -> None:
                nonlocal named
                named = _changed(console, settings, command, detector, running, named)

            code = watching.run(running, None if file is None else reload)
    finally:
        failed = warn_of_missing(sinks, console)
    if code == 0 and (failed or watching.missing):
        return SOME_FAILED
    found = settings.fail_on_event and watching.events
    return EVENT_FOUND if code == 0 and found else code


def _changed(
    console: Console,
    settings: WatchSettings,
    command: click.Command,
    detector: Detector,
    running: Cameras,
    before: Named,
) -> Named:
    """Read the file of cameras anew; those that it names as before are not disturbed.

    What is returned is as before where the file is wrong.
    """
    try:
        now = settings.named(settings.entries(command))
        new = {
            name: each
            for name, each in now.items()
            if before.get(name, _NONE)[0] != each[0] or name in running.lost
        }
        cameras = settings.cameras(new, detector, True)
    except SlipdetectError as error:
        console.error(f"{describe(error)}; the cameras stay as they are")
        return before
    for name in before:
        if name not in now:
            running.remove(name)
    for camera in cameras:
        running.add(camera)
    gone = sum(name not in now for name in before)
    console.note(f"read {str(settings.camera_file)!r} anew: {len(new)} new or changed, {gone} gone")
    return now


def only_for_files(option: str) -> str:
    """Return what to do where an option is asked for that only files have."""
    if option == "--out":
        return "redirect standard output, to which events of a live source go"
    return "leave it out, or save the video to a file and run slipdetect detect on that"


@contextmanager
def _about(entry: CameraEntry) -> Iterator[None]:
    """Name the camera that an error is about, where a file names several."""
    try:
        yield
    except SlipdetectError as error:
        if not entry.name:
            raise
        raise type(error)(f"camera {entry.name!r}: {error}") from None
