"""From windows to events: thresholds, hysteresis, and what became of whom.

In: windows in order. Out: ``Event``s as soon as nothing later can change them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from slipdetect.errors import UsageError
from slipdetect.types.aftermath import UP_FOR, Aftermath, with_aftermath
from slipdetect.types.events import Event, EventConfig, Window, log_odds
from slipdetect.video.frame import GAP_SECONDS


@dataclass
class _Part:
    """A window's share of an event: seconds, and its log-odds."""

    start: float
    end: float
    odds: float


@dataclass
class _Open:
    """An event that may still grow.

    Of its parts those are kept that are higher than all before, and than all behind them.
    """

    number: int
    start: float
    end: float
    peak: Window
    after: Aftermath
    rising: list[_Part] = field(default_factory=list)
    falling: list[_Part] = field(default_factory=list)

    def add(self, part: _Part) -> None:
        """Take the next window, which ends the one before."""
        if self.falling:
            self.falling[-1].end = part.start
        if not self.rising or part.odds > self.rising[-1].odds:
            self.rising.append(part)
        while self.falling and self.falling[-1].odds <= part.odds:
            self.falling.pop()
        self.falling.append(part)

    def narrowed(self, within: float) -> tuple[float, float]:
        """Return start and end of what is at most so many log-odds below the peak."""
        least = self.rising[-1].odds - within
        start = next(part.start for part in self.rising if part.odds >= least)
        end = [part.end for part in self.falling if part.odds >= least][-1]
        return max(start, self.start), min(end, self.end)


@dataclass(frozen=True, eq=False)
class Found:
    """An event that nothing later can change, but for what becomes of its person."""

    number: int  # counted from 1 in the order of onsets
    event: Event  # as it was when it was given out
    after: Aftermath  # goes on with every window pushed into it

    @property
    def told(self) -> Event:
        """The event with what is known by now."""
        return self.event if self.event.track is None else self.after.told(self.event)


class EventFinder:
    """One pass over windows in time order; files and live sources use the same object.

    The border between two windows lies midway between their centers; an event that begins with
    the first window begins at that window's start, one that lasts to the last ends at its end.
    A window that a zone leaves out is in no event, whatever its probability.

    Args:
        config: Thresholds and durations.
        label: Given to every event.

    Attributes:
        active: Whether an event is going on at the last window.
        begun: Number of the last event that began, dropped ones counted too.
        latest: What the last ``push`` or ``finish`` returned, to be followed further.
        unconfirmed: Events that the last ``finish`` left out, as it came too soon to confirm them.
    """

    def __init__(self, config: EventConfig, label: str = "slip") -> None:
        self.config = config
        self.label = label
        self.reset()

    def reset(self) -> None:
        """Forget everything seen."""
        self._last: Window | None = None
        self.active = False
        self._event: _Open | None = None
        self._unconfirmed: list[Found] = []
        self._emitted_until = 0.0
        self.begun = 0
        self.latest: list[Found] = []
        self.unconfirmed = 0

    @property
    def open_since(self) -> float | None:
        """Where the event that may still grow will begin, seconds; None when there is none."""
        return None if self._event is None else self._padded_start(self._event)

    def push(self, window: Window) -> list[Event]:
        """Take the next window; return the events that are now final.

        A gap before it ends an event that is going on, as ``finish`` does where a source broke off.

        Raises:
            UsageError: A probability outside 0 to 1, or a window before the last one.
        """
        _check(window, self._last)
        before: list[Found] = []
        if self._last is not None and window.start - self._last.end > GAP_SECONDS:
            self.finish(interrupted=True)
            before = self.latest
        for after in self._followed():
            after.push(window)
        if self._last is None:
            # what lies between two parts of a source was not seen
            self._emitted_until = max(self._emitted_until, window.start)
        border = window.start if self._last is None else (self._last.center + window.center) / 2
        finished = self._settle(border) if not self.active else []
        threshold = self.config.offset if self.active else self.config.onset
        counts = window.zone is None
        if counts and window.probability >= threshold:
            self._grow(window, border)
        elif self.active and self._event is not None:
            self._event.end = border
            self.active = False
        if self._event is not None:
            odds = float(log_odds([window.probability if counts else 0.0])[0])
            self._event.add(_Part(border, window.end, odds))
        self._last = window
        self._given_out([*finished, *self._confirmed()])
        self.latest = [*before, *self.latest]
        return [found.event for found in self.latest]

    def finish(self, interrupted: bool = False, live: bool = False) -> list[Event]:
        """End of the source: return what is still open, closed at the last window's end.

        Args:
            interrupted: The source broke off; an event going on is marked so. Windows that come
                later are of the same source, and no event of theirs reaches back before this end.
            live: Nobody looks at the source again, so that events which wait to be confirmed count.
        """
        if self.active and self._event is not None and self._last is not None:
            self._event.end = self._last.end
        finished = self._emit(interrupted and self.active)
        finished += self._confirmed(interrupted=interrupted or live)
        unconfirmed = len(self._unconfirmed)
        limit = self._last.end if self._last is not None else 0.0
        until = self._emitted_until if self._last is None else limit
        begun = self.begun
        self.reset()
        self.unconfirmed = unconfirmed
        if interrupted:
            self._emitted_until, self.begun = until, begun
        return self._given_out(finished, limit)

    def _grow(self, window: Window, border: float) -> None:
        if self._event is None:
            self.begun += 1
            self._event = _Open(self.begun, border, window.end, window, Aftermath.of(window))
        elif window.probability > self._event.peak.probability:
            self._event.peak, self._event.after = window, Aftermath.of(window)
        self.active = True

    def _followed(self) -> Iterable[Aftermath]:
        return [each.after for each in (*self._unconfirmed, self._event) if each is not None]

    def _settle(self, now: float) -> list[Found]:
        """Emit the closed event once the gap behind it is too long to be filled."""
        # an onset at ``now`` would fill a gap of exactly this length
        fillable = max(self.config.min_duration_off, self.config.pad_onset + self.config.pad_offset)
        if self._event is None or now - self._event.end <= fillable + 1e-9:
            return []
        return self._emit(interrupted=False)

    def _emit(self, interrupted: bool) -> list[Found]:
        event, self._event = self._event, None
        if event is None:
            return []
        if self.config.narrow:
            event.start, event.end = event.narrowed(self.config.narrow)
        if event.end - event.start < self.config.min_duration_on - 1e-9:
            return []
        start = self._padded_start(event)
        end = event.end + self.config.pad_offset
        self._emitted_until = end
        peak = event.peak
        told = Event(start, end, peak.center, peak.probability, self.label, interrupted)
        told = replace(told, track=peak.person, box=Aftermath.of(peak).box)
        found = Found(event.number, told, event.after)
        if not self.config.confirm_down:
            return [found]
        self._unconfirmed.append(found)
        return []

    def _confirmed(self, interrupted: bool = False) -> list[Found]:
        """Return those events that waited and whose person is not seen to be up in time.

        People are known of as far as the center of the last window. Where the source breaks off
        nothing tells what follows, and an event counts; where it ends before that it does not.
        """
        needed = self.config.confirm_down
        known = -math.inf if self._last is None else self._last.center
        waiting, self._unconfirmed = self._unconfirmed, []
        confirmed: list[Found] = []
        for found in waiting:
            after, limit = found.after, found.event.peak + needed
            if after.recovered_at is not None and after.recovered_at < limit - 1e-9:
                continue
            # who was up just in time may prove to stay so
            unsure = after.getting_up_before(limit) and known < limit + 2 * UP_FOR
            late = known >= limit - 1e-9 and not unsure
            if late and after.stands_at(limit):
                continue
            # an event that waits holds back those behind it
            if interrupted or (late and not self._unconfirmed):
                confirmed.append(found)
            else:
                self._unconfirmed.append(found)
        return confirmed

    def _given_out(self, found: list[Found], limit: float = math.inf) -> list[Event]:
        """Return the events with what is known of their people, none of them beyond ``limit``."""
        self.latest = []
        for each in found:
            event = each.told
            end = min(event.end, max(limit, event.start))
            self.latest.append(replace(each, event=replace(event, end=end)))
        return [each.event for each in self.latest]

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
    """Return the events of a source of which all windows are known, both in order of time."""
    windows = tuple(windows)
    finder = EventFinder(config, label)
    found = [event for window in windows for event in finder.push(window)]
    return tuple(with_aftermath(event, windows) for event in (*found, *finder.finish()))
