"""Alerts of ``slipdetect detect``, and clips of a live source: made, and told of at the end.

In: options. Out: ``Alerts``, ``LiveClips`` and their memory, and closing lines on stderr.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._io import make_folder
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import TIMEOUT
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.sink import refuse

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts, Counts
    from slipdetect.alerts.alert import Sink
    from slipdetect.alerts.live_clips import LiveClips
    from slipdetect.video.live.picture_memory import PictureMemory

_ODD = re.compile(r"[^\w.]+")


def make_alerts(options: Mapping[str, Any]) -> Alerts | None:
    """Return what ``--on-event`` and ``--webhook`` ask for, or None.

    Raises:
        UsageError: A command or an address cannot be used, or there is none to which other
            options apply.
    """
    command, address = options["on_event"], options["webhook"]
    if command is None and address is None:
        refuse(options, ("cooldown", "alert_timeout"), "--on-event and --webhook; give one")
        return None
    from slipdetect.alerts import Alerts, Command, Webhook

    timeout = TIMEOUT if options["alert_timeout"] is None else options["alert_timeout"]
    sinks: list[Sink] = []
    if command is not None:
        sinks.append(Command(command, timeout))
    if address is not None:
        sinks.append(Webhook(address, timeout))
    return Alerts(sinks, 0.0 if options["cooldown"] is None else options["cooldown"])


@contextmanager
def close_alerts(console: Console, alerts: Alerts | None) -> Iterator[None]:
    """Wait for alerts when the block ends, and say what became of them."""
    try:
        yield
    finally:
        if alerts is not None:
            counts = alerts.close()
            line = summary(alerts.events, alerts.suppressed, counts)
            if any(each.failed or each.untried for _, each in counts):
                console.warn(line)
            elif alerts.events:
                console.note(line)


def summary(events: int, suppressed: int, counts: Sequence[tuple[str, Counts]]) -> str:
    """Return in one line what became of the alerts."""
    parts = [f"{events} event{'' if events == 1 else 's'}"]
    if suppressed:
        parts[0] += f", {suppressed} held back by --cooldown"
    for name, each in counts:
        numbers = ((each.failed, "failed"), (each.untried, "not tried"))
        more = [f", {number} {word}" for number, word in numbers if number]
        parts.append(f"{name} {each.delivered} done" + "".join(more))
    return "alerts: " + "; ".join(parts)


def make_live_clips(
    options: Mapping[str, Any], name: str
) -> tuple[LiveClips, PictureMemory] | None:
    """Return what ``--clips`` asks for, or None; the folder is made.

    Args:
        options: Of the command line.
        name: What may be shown of the source.

    Raises:
        OutputError: The folder cannot be made.
        UsageError: There are no clips to which another option applies.
    """
    if options["clips"] is None:
        refuse(options, ("clip_margin",), "--clips; give it too")
        return None
    from slipdetect.alerts.live_clips import LiveClips
    from slipdetect.video.live.picture_memory import PictureMemory

    folder = Path(options["clips"])
    make_folder(folder)
    margin = MARGIN if options["clip_margin"] is None else options["clip_margin"]
    memory = PictureMemory()
    base = folder / clip_stem(name)
    return LiveClips(memory, base, margin, options["overwrite"]), memory


def clip_stem(name: str) -> str:
    """Return the beginning of the names of a source's clips: ``rtsp-camera.example-554``."""
    file = name if "://" in name else Path(name).stem
    return _ODD.sub("-", file.removesuffix("/...")).strip("-.")[:100] or "live"


@contextmanager
def close_live_clips(console: Console, clips: LiveClips | None) -> Iterator[None]:
    """Wait for the clips when the block ends, and say what became of them."""
    try:
        yield
    finally:
        if clips is not None:
            clips.close()
            for error in clips.errors:
                console.warn(str(error))
            count = len(clips.written)
            if count:
                many = f"{count} clip{'' if count == 1 else 's'}"
                console.note(f"wrote {many} in {str(clips.written[0].parent)!r}")
