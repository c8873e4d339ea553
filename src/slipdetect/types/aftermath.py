"""What became of the person of an event: whether, and how long, they stayed down.

In: an event and the windows after its peak. Out: the event with who it speaks of and what followed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from slipdetect._text import timecode
from slipdetect.types.events import Event, Window
from slipdetect.types.person import Box, Sighting, box_distance

FOLLOWED = 75.0  # seconds after the peak: who falls slowly has still been down for a minute
UP_FOR = 0.4  # seconds that somebody is up before they count as recovered
_STANDS_FOR = 2.0  # seconds; in the first one after a peak who falls may still look up
_NEAR = 0.75  # of the box's longer side, within which another track may be the same person
_LONGEST_UNSEEN = 10.0  # seconds, after which nobody is taken for the same person any more
_LONGEST_WAY_DOWN = 10.0  # seconds after the peak; who lies down later did not fall then


@dataclass
class Aftermath:
    """Follows one person through the windows after a peak; times are seconds."""

    peak: float  # center of the window in which the person fell
    track: int | None  # of the person; None where nobody was made out
    box: Box | None
    down_since: float | None = None  # when the person was first down
    down_until: float | None = None  # when the person was last seen down
    recovered_at: float | None = None  # when the person was up again
    _up_since: float | None = None
    _seen: float = 0.0
    _untold: bool = False  # whether people are up or down cannot be told
    _others: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, window: Window) -> Aftermath:
        """Return what follows a window in which somebody falls."""
        found = next((each for each in window.people or () if each.track == window.person), None)
        box = None if found is None else found.box
        others = {each.track for each in window.people or () if each is not found}
        untold = any(each.state is None for each in window.people or ())
        now = window.center
        return cls(now, window.person, box, _seen=now, _untold=untold, _others=others)

    @property
    def down_for(self) -> float | None:
        """How long the person was seen to stay down, seconds; None where that cannot be told."""
        if self.track is None or self._untold:
            return None
        if self.down_since is None or self.down_until is None:
            return 0.0
        return (self.recovered_at or self.down_until) - self.down_since

    @property
    def ended(self) -> bool:
        """Whether later windows change nothing."""
        return self.recovered_at is not None or self.track is None or self._untold

    def getting_up_before(self, time: float) -> bool:
        """Whether the person was up before a time, so far for too short to be sure."""
        since = None if self.down_since is None else self._up_since
        return since is not None and self.recovered_at is None and since < time - 1e-9

    def stands_at(self, time: float) -> bool:
        """Whether the person was never down, and was seen to stand for long up to about a time."""
        if self.down_since is not None or self._up_since is None:
            return False
        # an event that lasts longer is judged later, and by the same moments
        long = min(self._seen, time) - self._up_since >= _STANDS_FOR - 1e-9
        return long and self._seen >= time - 2 * UP_FOR

    def lost(self, now: float) -> bool:
        """Whether the person is not followed any more.

        They were not seen for too long, never went down, or were followed long enough.
        """
        standing = self.down_since is None and now - self.peak > _LONGEST_WAY_DOWN
        return standing or now - self._seen > _LONGEST_UNSEEN or now - self.peak > FOLLOWED

    def push(self, window: Window) -> None:
        """Take the next window."""
        now = window.center
        if self.ended or now <= self.peak or window.people is None or self.lost(now):
            return
        person = self._same(window.people)
        if person is None:
            return
        self.track, self.box, self._seen = person.track, person.box, now
        if person.state == "down":
            self.down_since = now if self.down_since is None else self.down_since
            self.down_until, self._up_since = now, None
        elif person.state == "up":
            self._up_since = now if self._up_since is None else self._up_since
            if self.down_since is not None and now - self._up_since >= UP_FOR - 1e-9:
                self.recovered_at = self._up_since
        else:
            self._up_since = None

    def told(self, event: Event) -> Event:
        """Return an event with what is known so far."""
        return replace(event, down_for=self.down_for, recovered_at=self.recovered_at)

    def _same(self, people: Sequence[Sighting]) -> Sighting | None:
        """Return the person followed: of the same track, or the nearest new one close by.

        Whoever was seen beside the person, or away from where they were last, is somebody else,
        also when they come to help.
        """
        same = next((person for person in people if person.track == self.track), None)
        near = []
        for person in people:
            away = math.inf if self.box is None else box_distance(self.box, person.box)
            if same is None and away <= _NEAR and person.track not in self._others:
                near.append((away, person.track, person))
            elif person is not same:
                self._others.add(person.track)
        return min(near)[2] if near else same


def with_aftermath(event: Event, windows: Iterable[Window]) -> Event:
    """Return an event with what all windows of its source tell of its person."""
    after: Aftermath | None = None
    for window in windows:
        if after is not None:
            after.push(window)
        elif window.center >= event.peak:
            after = Aftermath.of(window)
    return event if after is None or after.track is None else after.told(event)


def what_followed(event: Event) -> str:
    """Return in a few words what became of the person; empty where nothing is known of it."""
    if not event.down_for:
        return ""
    if event.recovered_at is None:
        # at least so long: never rounded up
        return f"down for at least {math.floor(10 * event.down_for + 1e-6) / 10:.1f} s"
    return f"down for {event.down_for:.1f} s, up again at {timecode(event.recovered_at)}"
