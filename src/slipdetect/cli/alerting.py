"""Alerts and clips of ``slipdetect detect``: made from options, and told of at the end.

In: options and jobs. Out: ``Alerts``, a ``ClipFolder``, and a closing line on stderr.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._io import make_folder
from slipdetect.cli.alert_options import MARGIN, TIMEOUT
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import reading_settings
from slipdetect.cli.sources import Job
from slipdetect.errors import OutputError, SlipdetectError, UsageError

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts, Counts
    from slipdetect.alerts.sink import Sink
    from slipdetect.detection import DetectionResult

_CLIP = re.compile(r"(.+)-\d{2,}-\d\d-\d\d\.\d{3}\.mp4")


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


def clip_folder(options: Mapping[str, Any], jobs: Sequence[Job]) -> ClipFolder | None:
    """Return where ``--clips`` go, or None; the folder is made.

    Raises:
        OutputError: It cannot be made, or holds clips of one of the videos already.
        UsageError: There are no clips to which other options apply.
    """
    if options["clips"] is None:
        refuse(options, ("clip_margin",), "--clips; give it too")
        return None
    folder = Path(options["clips"])
    make_folder(folder)
    margin = MARGIN if options["clip_margin"] is None else options["clip_margin"]
    sources = [job.source for job in jobs if job.error is None]
    clips = ClipFolder(folder, sources, margin, reading_settings(options), options["overwrite"])
    clips.check()
    return clips


def refuse(options: Mapping[str, Any], names: Sequence[str], wants: str) -> None:
    """Refuse options that were given without what they are for.

    Raises:
        UsageError: One of ``names`` was given.
    """
    for name in names:
        if options[name] is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for {wants}")


class ClipFolder:
    """Writes the clips of every result into one folder.

    Args:
        folder: Where to; folders of sources are kept below it.
        sources: All videos of the run, so that no two of them meet.
        margin: Seconds before and behind an event.
        reading: How videos are opened.
        overwrite: Replace clips of earlier runs.
    """

    def __init__(
        self,
        folder: Path,
        sources: Sequence[str],
        margin: float,
        reading: Mapping[str, Any],
        overwrite: bool,
    ) -> None:
        from slipdetect.datasets.target_names import target_names

        files = [source for source in dict.fromkeys(sources) if "://" not in source]
        names = target_names([Path(source) for source in files], folder)
        self._bases = {
            source: name.with_suffix("") for source, name in zip(files, names, strict=True)
        }
        self._sources = {Path(source).resolve() for source in files}
        self._margin = margin
        self._reading = reading
        self._overwrite = overwrite
        self._written: set[Path] = set()

    def check(self) -> None:
        """Fail before the work if clips of one of the videos are there.

        Raises:
            OutputError: They are, and must not be replaced.
        """
        if self._overwrite:
            return
        bases = set(self._bases.values())
        for parent in {base.parent for base in bases}:
            for path in sorted(parent.glob("*.mp4")):
                match = _CLIP.fullmatch(path.name)
                if match and parent / match[1] in bases:
                    raise OutputError(
                        f"{str(path)!r} exists already; pass --overwrite or choose another --clips"
                    )

    def __call__(self, result: DetectionResult) -> list[SlipdetectError]:
        """Write the clips of one video and return what failed."""
        from slipdetect.alerts import write_clips

        base = self._bases.get(result.source)
        if base is None:
            return []
        clips = write_clips(
            result.source,
            result.events,
            base,
            margin=self._margin,
            overwrite=self._may_replace,
            **self._reading,
        )
        self._written.update(clips.written)
        return clips.errors

    def _may_replace(self, path: Path) -> bool:
        # a video named twice has its clips written twice, but one of the videos is never replaced
        return path in self._written or (self._overwrite and path.resolve() not in self._sources)
