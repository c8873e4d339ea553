"""A clip of every event of a live source, out of the memory of its last pictures: ``--clips``.

In: events as they become final. Out: an MP4 each, written in a thread of its own.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from slipdetect._io import make_folder
from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.sink import Alert, Setup, Sink
from slipdetect.types import Event

if TYPE_CHECKING:
    from slipdetect.detection.live import LiveEvent
    from slipdetect.people.privacy import Privacy
    from slipdetect.video.live.picture_memory import PictureMemory

_POLL = 0.1
_ODD = re.compile(r"[^\w.]+")


class LiveClips(Sink):
    """Writes a clip of every event once the seconds after it are there.

    Args:
        memory: The last pictures.
        base: Folder and beginning of the names; the time of the event is added, in UTC.
        margin: Seconds before and after an event.
        overwrite: Replace a file of that name.
        privacy: What hides people in the pictures that the memory gives.

    Attributes:
        began: Time of day of the first frame, in UTC; set before the first event.
        made: The new files.
    """

    option = "--clips"
    metavar = "DIR"
    completed = "dir"
    help = "A clip (.mp4) of every event, from the last 64 MiB of pictures."
    settings = ("clip_margin", "privacy")
    for_files = False
    for_live = True

    def __init__(
        self,
        memory: PictureMemory,
        base: Path,
        margin: float,
        overwrite: bool = False,
        privacy: Privacy | None = None,
    ) -> None:
        super().__init__()
        self.keep = memory.watch
        self._memory = memory
        self.began: datetime | None = None
        self.made: list[Path] = []
        self._base = base
        self._margin = margin
        self._overwrite = overwrite
        self._privacy = privacy
        self._waiting: deque[Event] = deque()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        from slipdetect.video.live.picture_memory import PictureMemory

        folder = Path(given)
        make_folder(folder)
        margin = MARGIN if setup.clip_margin is None else setup.clip_margin
        base = folder / clip_stem(setup.sources[0])
        memory = PictureMemory(change=setup.privacy)
        return cls(memory, base, margin, setup.overwrite, setup.privacy)

    def live_event(self, event: LiveEvent, now: datetime) -> None:
        from slipdetect.video.live import Started

        if isinstance(event, Started):
            self.began = now

    def event(self, alert: Alert) -> None:
        """Write a clip of the event as soon as it can be."""
        self._waiting.append(alert.event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="slipdetect-clips", daemon=True)
            self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits with the pictures that are there, and end."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        if self.made:
            many = f"{len(self.made)} clip{'' if len(self.made) == 1 else 's'}"
            self.remarks.append(f"wrote {many} in {str(self._base.parent)!r}")
        if self._privacy is not None:
            self.remarks += self._privacy.pop_warnings()

    def path(self, event: Event) -> Path:
        """Return where the clip of an event goes: ``DIR/camera-0-20250301T091527.104Z.mp4``."""
        began = datetime.min if self.began is None else self.began
        moment = began + timedelta(seconds=event.start)
        stamp = f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z"
        return self._base.with_name(f"{self._base.name}-{stamp}.mp4")

    def _work(self) -> None:
        while True:
            if self._waiting and self._can_write(self._waiting[0]):
                self._write(self._waiting.popleft())
            elif self._ending.is_set() and not self._waiting:
                return
            else:
                self._ending.wait(_POLL)

    def _can_write(self, event: Event) -> bool:
        return self._ending.is_set() or self._memory.newest > event.end + self._margin

    def _write(self, event: Event) -> None:
        from slipdetect.video import write_timed_video

        target = self.path(event)
        start, end = event.start - self._margin, event.end + self._margin
        try:
            frames = self._memory.between(start, end)
            first = next(frames, None)
            if first is None:
                raise VideoError(f"no clip {str(target)!r}: no picture of it is kept any more")
            write_timed_video(
                target, chain([first], frames), self._memory.rate, overwrite=self._overwrite
            )
        except SlipdetectError as error:
            self.missing.append(error)
        except Exception as error:  # a clip must not end a run that goes on for days
            reason = type(error).__name__
            self.missing.append(VideoError(f"no clip {str(target)!r}: internal error, {reason}"))
        else:
            self.made.append(target)


def clip_stem(name: str) -> str:
    """Return the beginning of the names of a source's clips: ``rtsp-camera.example-554``."""
    file = name if "://" in name else Path(name).stem
    return _ODD.sub("-", file.removesuffix("/...")).strip("-.")[:100] or "live"
