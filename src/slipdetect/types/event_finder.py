"""From window probabilities to events: hysteresis, merging, minimum durations, padding.

In: windows one by one. Out: finished events, as soon as nothing later can change them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from slipdetect.types.event_config import EventConfig
from slipdetect.types.events import Event, Window


@dataclass
class _Open:
    """An event that may still grow."""

    start: float
    end: float
    peak: float
    score: float


class EventFinder:
    """One pass over windows in time order; files and live sources use the same object.

    The border between two windows lies midway between their centers; an event that begins with
    the first window begins at that window's start, one that lasts to the last ends at its end.

    Args:
        config: Thresholds and durations.
        label: Given to every event.
    """

    def __init__(self, config: EventConfig, label: str = "slip") -> None:
        self.config = config
        self.label = label
        self.reset()

    def reset(self) -> None:
        """Forget everything seen."""
        self._last: Window | None = None
        self._active = False
        self._event: _Open | None = None
        self._emitted_until = 0.0

    @property
    def active(self) -> bool:
        """Whether an event is going on at the last window."""
        return self._active

    @property
    def open_since(self) -> float | None:
        """Where the event that may still grow will begin, seconds; None when there is none."""
        return None if self._event is None else self._padded_start(self._event)

    def push(self, window: Window) -> list[Event]:
        """Take the next window; return the events that are now final."""
        if self._last is None:
            # what lies between two parts of a source was not seen
            self._emitted_until = max(self._emitted_until, window.start)
        border = window.start if self._last is None else (self._last.center + window.center) / 2
        finished = self._settle(border) if not self._active else []
        threshold = self.config.offset if self._active else self.config.onset
        if window.probability >= threshold:
            self._grow(window, border)
        elif self._active and self._event is not None:
            self._event.end = border
            self._active = False
        self._last = window
        return finished

    def finish(self, interrupted: bool = False) -> list[Event]:
        """End of the source: return what is still open, closed at the last window's end.

        Args:
            interrupted: The source broke off; an event going on is marked so. Windows that come
                later are of the same source, and no event of theirs reaches back before this end.
        """
        if self._active and self._event is not None and self._last is not None:
            self._event.end = self._last.end
        finished = self._emit(interrupted and self._active)
        limit = self._last.end if self._last is not None else 0.0
        until = self._emitted_until if self._last is None else limit
        self.reset()
        if interrupted:
            self._emitted_until = until
        return [replace(event, end=min(event.end, max(limit, event.start))) for event in finished]

    def _grow(self, window: Window, border: float) -> None:
        if self._event is None:
            self._event = _Open(border, window.end, window.center, window.probability)
        elif window.probability > self._event.score:
            self._event.peak, self._event.score = window.center, window.probability
        self._active = True

    def _settle(self, now: float) -> list[Event]:
        """Emit the closed event once the gap behind it is too long to be filled."""
        # an onset at ``now`` would fill a gap of exactly this length
        fillable = max(self.config.min_duration_off, self.config.pad_onset + self.config.pad_offset)
        if self._event is None or now - self._event.end <= fillable + 1e-9:
            return []
        return self._emit(interrupted=False)

    def _emit(self, interrupted: bool) -> list[Event]:
        event, self._event = self._event, None
        if event is None or event.end - event.start < self.config.min_duration_on - 1e-9:
            return []
        start = self._padded_start(event)
        end = event.end + self.config.pad_offset
        self._emitted_until = end
        return [Event(start, end, event.peak, event.score, self.label, interrupted)]

    def _padded_start(self, event: _Open) -> float:
        return max(event.start - self.config.pad_onset, self._emitted_until, 0.0)


def find_events(
    windows: Iterable[Window], config: EventConfig, label: str = "slip"
) -> tuple[Event, ...]:
    """Return the events of a source of which all windows are known, in order.

    Args:
        windows: In time order.
        config: Thresholds and durations.
        label: Given to every event.
    """
    finder = EventFinder(config, label)
    found = [event for window in windows for event in finder.push(window)]
    return (*found, *finder.finish())
