"""Windows of skeletons as bags: one of a fall's clip shows it, none of another clip's does.

In: skeletons of annotated clips. Out: arrays of windows for training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from slipdetect.lab.data import Clip
from slipdetect.lab.pose.augment import MARGIN
from slipdetect.people.skeletons import Skeletons
from slipdetect.people.tracks import COLUMNS, LEAST_SEEN, Tracker, TrackRows

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int_]

SHOWN = 0.25  # share of a window's pictures in which the person must be seen
LONG = 1.5  # seconds; of longer events only so much counts, their annotated onset is loose
LOOSE = 0.8  # seconds that the fall may begin after such an onset
CORE = 1.2  # seconds of an event that a window must hold
SLACK = 0.11  # seconds by which a window may miss them
BEGUN = 0.3  # seconds of an event that do not show yet what it is


class TrackWindows:
    """The windows of a clip's tracks, made when asked for: they overlap, so all of them are many.

    Windows are of ``length`` pictures, with the number of the track and the first picture of each,
    ``(windows,)``.
    """

    def __init__(self, tracks: Sequence[TrackRows], number: Ints, first: Ints, length: int) -> None:
        self._tracks, self._number, self._first, self._length = tracks, number, first, length

    def __getitem__(self, chosen: Ints) -> Floats:
        """Return windows by their places, ``(n, length, 58)``."""
        number, first = self._number[chosen], self._first[chosen]
        made = np.zeros((len(chosen), self._length, COLUMNS), np.float32)
        for track in np.unique(number).tolist():
            mine = number == track
            made[mine] = self._tracks[track].windows(first[mine], self._length)
        return made


@dataclass(frozen=True, eq=False)
class Bag:
    """Windows of all people of a clip."""

    source: TrackWindows | Floats  # windows by place, (length + 2 MARGIN, 58) float32 each
    places: Ints  # of this bag's windows there, (windows,)
    starts: npt.NDArray[np.float64]  # time of each window's first picture, seconds, (windows,)
    length: float  # of a window, seconds

    def __len__(self) -> int:
        return len(self.starts)

    def windows(self, chosen: Ints | slice = slice(None)) -> Floats:
        """Return the chosen windows, or all of them, ``(n, length + 2 MARGIN, 58)``."""
        return self.source[self.places[chosen]]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Bag:
        """Return the bag of the chosen windows."""
        return replace(self, places=self.places[chosen], starts=self.starts[chosen])

    def with_event(self, event: tuple[float, float] | None) -> Bag:
        """Return the windows that may show an event, all where its time is not known."""
        if event is None:
            return self
        start, end = event
        core = min(CORE, end - start)
        latest = start + (LOOSE if end - start > LONG else 0.0)
        return self.only(
            (self.starts <= latest + SLACK) & (self.starts + self.length >= start + core - SLACK)
        )

    def before(self, event: tuple[float, float]) -> Bag:
        """Return the windows that end before an event has well begun."""
        return self.only(self.starts + self.length <= event[0] + BEGUN)


def bag_of(skeletons: Skeletons, pictures: int, rate: float) -> Bag:
    """Return the windows of all tracks of a clip.

    Args:
        skeletons: Of the clip, ``rate`` pictures a second.
        pictures: Of a window.
        rate: Pictures a second.
    """
    tracker = Tracker(rate)
    for people in skeletons.people:
        tracker.push(people)
    frames = len(skeletons.times)
    firsts = np.arange(-(pictures // 3), max(frames - pictures * 2 // 3, 1))
    wide = pictures + 2 * MARGIN
    tracks = [TrackRows.of(path) for path in tracker.paths.values()]
    numbers, begins = [firsts[:0]], [firsts[:0]]
    for number, track in enumerate(tracks):
        seen = track.seen(firsts, pictures) >= max(2, round(SHOWN * pictures))
        seen &= track.seen(firsts - MARGIN, wide) >= LEAST_SEEN
        begins.append(firsts[seen])
        numbers.append(np.full(len(begins[-1]), number))
    first = np.concatenate(begins)
    return Bag(
        TrackWindows(tracks, np.concatenate(numbers), first - MARGIN, wide),
        np.arange(len(first)),
        (skeletons.times[0] if frames else 0.0) + first / rate,
        (pictures - 1) / rate,
    )


@dataclass(frozen=True, eq=False)
class Bags:
    """What a pose network learns from: bags that hold a fall, and bags that do not."""

    positive: Sequence[Bag]
    negative: Sequence[Bag]


@dataclass(frozen=True, eq=False)
class ClipBag:
    """An annotated clip and the windows of all people in it."""

    clip: Clip
    bag: Bag


def training_bags(clips: Iterable[ClipBag]) -> Bags:
    """Return the bags of clips: a positive one for every event, windows before the first one.

    Bags without windows are left out: nobody is seen there.
    """
    positive: list[Bag] = []
    negative: list[Bag] = []
    for item in clips:
        if not item.clip.positive:
            negative.append(item.bag)
            continue
        positive += [item.bag.with_event(event) for event in item.clip.events or (None,)]
        if item.clip.events:
            negative.append(item.bag.before(item.clip.events[0]))
    return Bags([bag for bag in positive if len(bag)], [bag for bag in negative if len(bag)])
