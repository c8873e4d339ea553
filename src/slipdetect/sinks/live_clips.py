"""A clip of every event of a live source, out of the memory of its last pictures: ``--clips``.

In: events as they become final. Out: an MP4 each, written in a thread of its own.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipdetect._io import make_folder
from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.names import cut_name
from slipdetect.sinks.sink import Alert, Setup, Sink
from slipdetect.types import Event
from slipdetect.video.finding import VIDEO_SUFFIXES

if TYPE_CHECKING:
    from slipdetect.detection.live import LiveEvent, LiveSummary
    from slipdetect.people.privacy import Privacy
    from slipdetect.video.live.live_video import Keep
    from slipdetect.video.live.picture_memory import PictureMemory

_POLL = 0.1
ROOM = 64 * 2**20  # bytes, of all sources
_LEAST_ROOM = 16 * 2**20  # of one of them
_ODD = re.compile(r"[^\w.]+")


@dataclass
class _Reel:
    """The last pictures of one run of a source; a camera that begins anew has another.

    Attributes:
        memory: They themselves.
        began: Time of day of the first frame, in UTC.
        over: None will follow.
        broke: When it broke off, seconds of ``time.monotonic``; None while it is connected.
    """

    memory: PictureMemory
    began: datetime = datetime.min
    over: bool = False
    broke: float | None = None


class LiveClips(Sink):
    """Writes a clip of every event once the seconds after it are there.

    Args:
        folder: Where clips go.
        margin: Seconds before and after an event.
        overwrite: Replace a file of that name.
        privacy: What hides people in all pictures.
        room: Bytes of the pictures that are kept of a source.

    Attributes:
        made: The new files.
        spans: Seconds of the first and the last picture of each of them.
        folder: Where they go.
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
        folder: Path,
        margin: float = MARGIN,
        overwrite: bool = False,
        privacy: Privacy | None = None,
        room: int = ROOM,
    ) -> None:
        super().__init__()
        self.made: list[Path] = []
        self.spans: dict[Path, tuple[float, float]] = {}
        self.folder = folder
        self._margin = margin
        self._overwrite = overwrite
        self._privacy = privacy
        self._room = room
        self._reels: dict[str, _Reel] = {}
        self._waiting: deque[tuple[_Reel, Event, Path]] = deque()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        folder = Path(given)
        make_folder(folder)
        margin = MARGIN if setup.clip_margin is None else setup.clip_margin
        room = max(ROOM // max(len(setup.sources), 1), _LEAST_ROOM)
        return cls(folder, margin, setup.overwrite, setup.privacy, room)

    def keep(self, source: str) -> Keep:
        """Return what remembers the pictures of a source that begins, or begins anew."""
        self._reels.pop(source, None)
        return self.memory(source).watch

    def memory(self, source: str) -> PictureMemory:
        """Return the last pictures of a source."""
        return self._reel(source).memory

    def live_event(self, source: str, event: LiveEvent, now: datetime) -> None:
        from slipdetect.video.live import Reconnected, Reconnecting, Started

        if isinstance(event, Started):
            self._reel(source).began = now
        elif isinstance(event, Reconnecting):
            self._reel(source).broke = time.monotonic()
        elif isinstance(event, Reconnected):
            self._reel(source).broke = None

    def summary(self, source: str, summary: LiveSummary, ended: str) -> None:
        """Wait for no more pictures of a source."""
        self._reel(source).over = True

    def event(self, alert: Alert) -> None:
        target = self.path(alert.source, alert.event)
        self._waiting.append((self._reel(alert.source), alert.event, target))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="slipdetect-clips", daemon=True)
            self._thread.start()

    def __exit__(self, *raised: object) -> None:
        """Write what waits with the pictures that are there, and end."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        if self.made:
            many = f"{len(self.made)} clip{'' if len(self.made) == 1 else 's'}"
            self.remarks.append(f"wrote {many} in {str(self.folder)!r}")
        if self._privacy is not None:
            self.remarks += self._privacy.pop_warnings()

    def path(self, source: str, event: Event) -> Path:
        """Return where the clip of an event goes: ``DIR/camera-0-20250301T091527.104Z.mp4``."""
        moment = self._reel(source).began + timedelta(seconds=event.start)
        if event.time_of_day is not None:
            moment = datetime.fromisoformat(event.time_of_day)
        stamp = f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z"
        return self.folder / f"{clip_stem(source)}-{stamp}.mp4"

    def _reel(self, source: str) -> _Reel:
        if source not in self._reels:
            from slipdetect.video.live.picture_memory import PictureMemory

            self._reels[source] = _Reel(PictureMemory(self._room, change=self._privacy))
        return self._reels[source]

    def _work(self) -> None:
        while True:
            # a copy: others may come meanwhile
            ready = next((each for each in list(self._waiting) if self._can_write(*each[:2])), None)
            if ready is not None:
                self._waiting.remove(ready)
                self._write(*ready)
            elif self._ending.is_set() and not self._waiting:
                return
            else:
                self._ending.wait(_POLL)

    def _can_write(self, reel: _Reel, event: Event) -> bool:
        whole = reel.memory.newest > event.end + self._margin
        # a camera that broke off may never come back
        silent = reel.broke is not None and time.monotonic() - reel.broke > self._margin
        return whole or silent or reel.over or self._ending.is_set()

    def _write(self, reel: _Reel, event: Event, target: Path) -> None:
        from slipdetect.video import timed_video

        memory, times = reel.memory, []
        start, end = event.start - self._margin, event.end + self._margin
        try:
            with timed_video(target, memory.rate, overwrite=self._overwrite) as add:
                for moment, image in memory.between(start, end):
                    add(moment, image)
                    times.append(moment)
                if not times:
                    raise VideoError(f"no clip {str(target)!r}: no picture of it is kept any more")
        except SlipdetectError as error:
            self.missing.append(error)
        except Exception as error:  # a clip must not end a run that goes on for days
            reason = type(error).__name__
            self.missing.append(VideoError(f"no clip {str(target)!r}: internal error, {reason}"))
        else:
            self.spans[target] = times[0], times[-1]
            self.made.append(target)


def clip_stem(name: str) -> str:
    """Return the beginning of the names of a source's clips: ``rtsp-camera.example-554``."""
    # a camera's name may have dots
    is_file = "://" not in name and Path(name).suffix.lower() in VIDEO_SUFFIXES
    file = Path(name).stem if is_file else name.rpartition("/")[2] if "://" not in name else name
    return cut_name(_ODD.sub("-", file.removesuffix("/...")).strip("-.")) or "live"
