"""What the page shows and what people say of it: cameras, the latest events, verdicts.

In: states of cameras, events, verdicts. Out: data for JSON; rows of the review.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._text import iso_time
from slipdetect.errors import SlipdetectError, UsageError
from slipdetect.types import Event
from slipdetect.types.export import event_data, rounded
from slipdetect.web.review import Review, Verdict

if TYPE_CHECKING:
    from slipdetect.detection.cameras import CameraState

VERDICTS = ("", "right", "wrong")
_MOST_EVENTS = 200
_STEP = 0.5  # seconds of a point of the curve
_MINUTE = 60.0

Span = tuple[float, float]


@dataclass
class Found:
    """An event as the page shows it.

    Attributes:
        id: Of its alert.
        camera: Where it was.
        event: What was found, and what became of the person by now.
        began: Time of day of the camera's first frame.
        clip: Where its clip goes; None: there are no clips.
        group: What clips of the camera have in common.
        seen: Somebody has acknowledged it.
        verdict: One of ``VERDICTS``.
        picture: JPEG of its peak.
    """

    id: str
    camera: str
    event: Event
    began: datetime
    clip: Path | None = None
    group: str = ""
    seen: bool = False
    verdict: str = ""
    picture: bytes | None = None


class Board:
    """Everything that requests ask for; its methods may be called from any thread.

    Args:
        states: Returns how cameras are doing.
        span: Returns the seconds of the first and last picture of a clip, None until it is there.
        review: Where verdicts go; None: none are taken.

    Attributes:
        trouble: Why the review could not be written the last time; empty: it could.
    """

    def __init__(
        self,
        states: Callable[[], Sequence[CameraState]],
        span: Callable[[Path], Span | None],
        review: Review | None,
    ) -> None:
        self.states = states
        self._span = span
        self._review = review
        self._found: dict[str, Found] = {}
        self._past: deque[Found] = deque()  # shown no more, but by clips of others
        self._lock = threading.Lock()
        self._saving = threading.Lock()  # while a file is written nobody waits for the other lock
        self._unsaved: set[str] = set()
        self._written: dict[str, list[Verdict]] = {}
        self.trouble = ""

    def add(self, found: Found) -> None:
        """Take an event; of too many the oldest is not shown any more."""
        with self._lock:
            self._found[found.id] = found
            while len(self._found) > _MOST_EVENTS:
                oldest = self._found.pop(next(iter(self._found)))
                oldest.picture = None
                self._past.append(oldest)
            while len(self._past) > _MOST_EVENTS:
                gone = self._past.popleft()
                self._written.pop("" if gone.clip is None else gone.clip.name, None)

    def update(self, id: str, event: Event) -> None:
        """Take what became of the person of an event."""
        with self._lock:
            if id in self._found:
                self._found[id].event = event

    def show(self, id: str, picture: bytes | None) -> None:
        """Take the picture of an event."""
        with self._lock:
            if id in self._found:
                self._found[id].picture = picture

    def picture(self, id: str) -> bytes | None:
        """Return the picture of an event."""
        with self._lock:
            return self._found[id].picture if id in self._found else None

    def clip(self, name: str) -> Path | None:
        """Return the clip of a known event by its file's name, where it is what it seems.

        A name never becomes a path: only those of clips that were written mean something, and one
        that leads out of its folder by now means nothing.
        """
        with self._lock:
            clips = {each.clip.name: each.clip for each in self._found.values() if each.clip}
        path = clips.get(name)
        if path is None or self._span(path) is None or not path.is_file():
            return None
        inside = path.resolve().is_relative_to(path.parent.resolve())
        return path if inside and not path.is_symlink() else None

    def state(self) -> dict[str, Any]:
        """Return what the page shows now."""
        self._save()
        with self._lock:
            events = [self._event_data(each) for each in reversed(self._found.values())]
        return {
            "now": iso_time(datetime.now(UTC)),
            "cameras": [camera_data(each) for each in self.states()],
            "events": events,
            "reviews": self._review is not None,
            "trouble": self.trouble,
        }

    def mark(self, id: str, seen: bool | None, verdict: str | None) -> dict[str, Any]:
        """Take what somebody says of an event; None leaves it as it is.

        Raises:
            KeyError: The event is not there, or not any more.
            UsageError: There is no such verdict, or none is taken.
            SlipdetectError: The review cannot be written; the verdict is kept and tried again.
        """
        with self._lock:
            found = self._found[id]
            if verdict is not None:
                if verdict not in VERDICTS:
                    raise UsageError(f"verdict is one of {', '.join(VERDICTS[1:])}, or empty")
                if self._review is None or found.clip is None:
                    raise UsageError("verdicts are on clips; give --clips DIR")
                found.verdict = verdict
                found.seen = found.seen or bool(verdict)
                self._unsaved.add(found.camera)
            if seen is not None:
                found.seen = seen
        if verdict is not None:
            self._save()
            if self.trouble:
                raise SlipdetectError(self.trouble)
        with self._lock:
            return self._event_data(found)

    def close(self) -> int:
        """Write verdicts whose clips were not there before; return how many are in no row.

        Where that write fails, ``trouble`` says why.
        """
        self._save()
        with self._lock:
            return sum(bool(each.verdict and self._waits(each)) for each in self._known())

    def _known(self) -> Iterator[Found]:
        return chain(self._past, self._found.values())

    def _save(self) -> None:
        """Write the rows of clips whose verdicts, or whose files, are new."""
        if self._review is None:
            return
        with self._saving:
            with self._lock:
                cameras, self._unsaved = self._unsaved, set()
                rows = self._changed(cameras)
            if not rows:
                self.trouble = ""  # what failed is not wanted any more
                return
            try:
                self._review.put(rows)
            except SlipdetectError as error:
                self.trouble = str(error)
                with self._lock:
                    self._unsaved |= cameras
            else:
                self.trouble = ""
                self._written |= rows

    def _changed(self, cameras: set[str]) -> dict[str, list[Verdict]]:
        """Return the rows of clips of cameras that are not written so, by the clip's name."""
        rows = {}
        for found in self._known():
            if found.camera not in cameras or found.clip is None:
                continue
            span = self._span(found.clip)
            if span is not None:
                rows[found.clip.name] = self._rows(found, span)
            elif found.verdict:
                self._unsaved.add(found.camera)
        return {name: each for name, each in rows.items() if self._written.get(name, []) != each}

    def _inside(self, found: Found, span: Span) -> list[Found]:
        """Return the events that the clip of one shows, itself among them."""
        return [
            each
            for each in self._known()
            if (each.camera, each.began) == (found.camera, found.began)
            and each.event.end > span[0]
            and each.event.start < span[1]
        ]

    def _rows(self, found: Found, span: Span) -> list[Verdict]:
        """Return the rows of a clip; none where not all of it is known.

        What is not marked in a clip is footage without a fall for training.
        """
        inside = self._inside(found, span)
        if not all(each.verdict for each in inside):
            return []
        return [
            Verdict(
                max(each.event.start, span[0]) - span[0],
                min(each.event.end, span[1]) - span[0],
                each.verdict,
                each.group,
                each.event.score,
            )
            for each in inside
        ]

    def _waits(self, found: Found) -> str:
        """Return why a verdict is in no row of the review; empty where it is."""
        span = None if found.clip is None else self._span(found.clip)
        if span is None:
            return "its clip is not there yet"
        if not self._rows(found, span):
            return "its clip shows another event, which is not judged"
        return ""

    def _event_data(self, found: Found) -> dict[str, Any]:
        event, began = found.event, found.began
        there = found.clip is not None and self._span(found.clip) is not None
        return {
            "id": found.id,
            "camera": found.camera,
            "at": event.time_of_day or iso_time(began + timedelta(seconds=event.start)),
            "event": event_data(event),
            "picture": found.picture is not None,
            "clip": found.clip.name if there and found.clip is not None else None,
            "seen": found.seen,
            "verdict": found.verdict,
            "waits": self._waits(found) if found.verdict else "",
        }


def camera_data(state: CameraState) -> dict[str, Any]:
    """Return the object of a camera."""
    last = state.windows[-1][1] if state.windows else None
    return {
        "name": state.name,
        "state": state.state,
        "stuck": state.stuck,
        "tries": state.tries,
        "silent_for": None if state.silent_for is None else rounded(state.silent_for),
        "fps": rounded(state.fps),
        "lag": rounded(state.lag),
        "frames": state.summary.frames,
        "dropped": state.summary.dropped,
        "reconnects": state.summary.reconnects,
        "events": state.summary.events,
        "probability": None if last is None else rounded(last),
        "onset": state.onset,
        "view": state.view,
        "curve": curve(state),
        "zones": [
            {"name": zone.name, "include": zone.include, "points": zone.points}
            for zone in state.zones.zones
        ],
    }


def curve(state: CameraState) -> list[tuple[float, float]]:
    """Return the highest probability of each half second of the last minute, by its age."""
    now = state.newest.time if state.newest is not None else 0.0
    highest: dict[int, float] = {}
    for center, probability in state.windows:
        age = now - center
        if 0 <= age <= _MINUTE:
            step = int(age / _STEP)
            highest[step] = max(highest.get(step, 0.0), probability)
    return [(step * _STEP, round(highest[step], 3)) for step in sorted(highest, reverse=True)]


def health(states: Sequence[CameraState]) -> tuple[bool, Mapping[str, str]]:
    """Return whether at least one camera is watched, and how each is doing."""
    told = {each.name: "stuck" if each.stuck else each.state for each in states}
    return any(each.healthy for each in states), told
