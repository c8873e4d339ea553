"""From windows to events: thresholds, hysteresis, and what became of whom.

In: windows in order. Out: ``Event``s as soon as nothing later can change them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from slipdetect.errors import UsageError
from slipdetect.types.aftermath import Aftermath, with_aftermath
from slipdetect.types.events import Event, EventConfig, Window


@dataclass
class _Open:
    """An event that may still grow."""

    start: float
    end: float
    peak: Window
    after: Aftermath


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
        self._unconfirmed: list[tuple[Event, Aftermath]] = []
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
        """Take the next window; return the events that are now final.

        Raises:
            UsageError: A probability outside 0 to 1, or a window before the last one.
        """
        _check(window, self._last)
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
        for after in self._followed():
            after.push(window)
        self._last = window
        return self._confirmed(finished)

    def finish(self, interrupted: bool = False) -> list[Event]:
        """End of the source: return what is still open, closed at the last window's end.

        Args:
            interrupted: The source broke off; an event going on is marked so. Windows that come
                later are of the same source, and no event of theirs reaches back before this end.
        """
        if self._active and self._event is not None and self._last is not None:
            self._event.end = self._last.end
        finished = self._emit(interrupted and self._active)
        finished = self._confirmed(finished, interrupted=interrupted, ended=True)
        limit = self._last.end if self._last is not None else 0.0
        until = self._emitted_until if self._last is None else limit
        self.reset()
        if interrupted:
            self._emitted_until = until
        return [replace(event, end=min(event.end, max(limit, event.start))) for event in finished]

    def _grow(self, window: Window, border: float) -> None:
        if self._event is None:
            self._event = _Open(border, window.end, window, Aftermath.of(window))
        elif window.probability > self._event.peak.probability:
            self._event.peak, self._event.after = window, Aftermath.of(window)
        self._active = True

    def _followed(self) -> list[Aftermath]:
        followed = [after for _, after in self._unconfirmed]
        return followed if self._event is None else [*followed, self._event.after]

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
        peak, after = event.peak, event.after
        found = Event(start, end, peak.center, peak.probability, self.label, interrupted)
        if peak.person is not None:
            found = after.told(replace(found, track=peak.person, box=Aftermath.of(peak).box))
        if not self.config.confirm_down:
            return [found]
        self._unconfirmed.append((found, after))
        return []

    def _confirmed(
        self, finished: list[Event], *, interrupted: bool = False, ended: bool = False
    ) -> list[Event]:
        """Return ``finished``, and those events after which nobody got up for long enough.

        Where the source breaks off nothing tells, and an event counts; where it ends it does not.
        """
        needed, now = self.config.confirm_down, self._last
        waiting, self._unconfirmed = self._unconfirmed, []
        for event, after in waiting:
            seen = 0.0 if now is None else now.end - event.peak
            if after.recovered_at is not None and after.recovered_at - event.peak < needed:
                continue
            if seen >= needed - 1e-9 or interrupted:
                finished.append(after.told(event) if event.track is not None else event)
            elif not ended:
                self._unconfirmed.append((event, after))
        return finished

    def _padded_start(self, event: _Open) -> float:
        return max(event.start - self.config.pad_onset, self._emitted_until, 0.0)


def _check(window: Window, last: Window | None) -> None:
    """Insist on what scorers of any make promise: NaN, too, would lose events in silence."""
    if not (0.0 <= window.probability <= 1.0 and window.start <= window.end):
        raise UsageError(
            "the windows of a scorer need a probability from 0 to 1 and an end not before their "
            f"start, not {window}"
        )
    if last is not None and window.center < last.center:
        raise UsageError(
            f"the windows of a scorer must come in order of time; the one around "
            f"{window.center:g} s came after that around {last.center:g} s"
        )


def find_events(
    windows: Iterable[Window], config: EventConfig, label: str = "slip"
) -> tuple[Event, ...]:
    """Return the events of a source of which all windows are known, in order.

    Args:
        windows: In time order.
        config: Thresholds and durations.
        label: Given to every event.
    """
    windows = tuple(windows)
    finder = EventFinder(config, label)
    found = [event for window in windows for event in finder.push(window)]
    return tuple(with_aftermath(event, windows) for event in (*found, *finder.finish()))
