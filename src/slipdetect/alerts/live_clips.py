"""Clips of the events of a live source, out of the memory of its last pictures.

In: events as they become final. Out: an MP4 each, written in a thread of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta
from pathlib import Path

from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.types import Event
from slipdetect.video import write_timed_video
from slipdetect.video.live.picture_memory import PictureMemory

_POLL = 0.1


class LiveClips:
    """Writes a clip of every event once the seconds behind it are there.

    Args:
        memory: The last pictures.
        base: Folder and beginning of the names; the time of the event is added, in UTC.
        margin: Seconds before and behind an event.
        overwrite: Replace a file of that name.

    Attributes:
        began: Time of day of the first frame, in UTC; set before the first event.
        written: The new files.
        errors: Why a clip is missing, one for each.
    """

    def __init__(
        self, memory: PictureMemory, base: Path, margin: float, overwrite: bool = False
    ) -> None:
        self.began: datetime | None = None
        self.written: list[Path] = []
        self.errors: list[SlipdetectError] = []
        self._memory = memory
        self._base = base
        self._margin = margin
        self._overwrite = overwrite
        self._waiting: deque[Event] = deque()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, event: Event) -> None:
        """Write a clip of ``event`` as soon as it can be."""
        self._waiting.append(event)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="slipdetect-clips", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Write what waits with the pictures that are there, and end."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

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
        target = self.path(event)
        start, end = event.start - self._margin, event.end + self._margin
        try:
            if next(self._memory.between(start, end), None) is None:
                raise VideoError(f"no clip {str(target)!r}: no picture of it is kept any more")
            frames = self._memory.between(start, end)
            write_timed_video(target, frames, self._memory.rate, overwrite=self._overwrite)
        except SlipdetectError as error:
            self.errors.append(error)
        except Exception as error:  # a clip must not end a run that goes on for days
            reason = type(error).__name__
            self.errors.append(VideoError(f"no clip {str(target)!r}: internal error, {reason}"))
        else:
            self.written.append(target)
