"""A model that looks at people: the pose stream where the other streams are not sure.

In: a segment. Out: windows that the streams of pictures and the pose stream agreed on, with who is
there.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from slipdetect.detection.pipeline import Segment
from slipdetect.models.stream import PoseConfig
from slipdetect.people.crowd import LEAD, Crowd, Seen, surest
from slipdetect.people.estimators import PoseEstimator
from slipdetect.people.network import PoseNetwork
from slipdetect.people.pictures import Picture, PictureSampler, only_light_changed
from slipdetect.types import Frame, Sighting, Window
from slipdetect.types.aftermath import Aftermath
from slipdetect.types.events import log_odds, sigmoid
from slipdetect.types.zones import foot_of

POSE = "pose"
PEOPLE = "looking at people"  # stage of a profile


class _Pictures:
    """The pictures of a segment until no window needs them; filled by another thread."""

    def __init__(self, sampler: PictureSampler) -> None:
        self._sampler = sampler
        self._lock = threading.Lock()
        self._kept: dict[int, Picture] = {}

    def push(self, frame: Frame) -> None:
        taken = self._sampler.push(frame.image)
        if taken is not None:
            with self._lock:
                self._kept[taken[0]] = taken[1]

    def get(self, number: int) -> Picture | None:
        """Return a picture; None of one that is gone or not there yet."""
        with self._lock:
            return self._kept.get(number)

    def forget(self, before: int) -> None:
        """Drop the pictures before a number."""
        with self._lock:
            for number in [each for each in self._kept if each < before]:
                del self._kept[number]


class PeopleWatch:
    """Looks at the people of one segment where the streams of pictures ask for it.

    Nobody is looked for in windows below the gate, but after an event, to see what becomes of whom.

    The frames of the segment, ``sample_fps`` a second, are kept, small, until no window needs them.
    """

    def __init__(
        self,
        config: PoseConfig,
        estimator: PoseEstimator,
        network: PoseNetwork,
        segment: Segment,
        sample_fps: float,
    ) -> None:
        self._estimator, self._network = estimator, network
        self._segment = segment
        self._run = segment.run
        self._config = config.seen(self._run.view)
        events = segment.run.event_config
        self._onset = 0.5 if events is None else events.onset
        self._pictures = _Pictures(PictureSampler(sample_fps, config.rate))
        segment.on_frame = self._pictures.push
        # after a gap of a live source nobody gets the number of somebody before it
        self._crowd = Crowd(config.rate, segment.run.tracks)
        self._size = 1, 1  # of the pictures, width and height
        self._next = 0  # first picture that nobody looked at

    def judge(self, window: Window) -> Window:
        """Return a window of the other streams as all streams see it, with who is there."""
        with self._run.watch.stage(PEOPLE):
            odds = float(log_odds([window.probability])[0])
            gated = window.probability < self._config.gate
            if gated and not self._run.followed:
                self._forget(window)
                return replace(window, probability=self._config.combined(odds, None))
            first = self._first(window)
            pose, track = self._surest(window, first)
            if pose is None and self._only_light(first):
                # what the other streams took for motion is none
                odds = min(odds, self._config.limits[0])
            both = self._config.combined(odds, None if gated else pose)
            streams = window.streams
            if pose is not None:
                streams = {**streams, POSE: float(sigmoid(pose))}
            people = self._people_at(window.center)
            if both >= self._onset and all(each.track != track for each in people):
                # of whom an event may be is known where they were, though not at this moment
                people += self._nearest(track, window.center)
            judged = replace(window, probability=both, streams=streams, people=people, person=track)
            self._follow(judged)
            self._forget(window)
            return judged

    def _first(self, window: Window) -> int:
        """Return the number of a window's first picture; below 0 where the segment begins."""
        half = (self._config.pictures - 1) / self._config.rate / 2
        return round((window.center - self._segment.start - half) * self._config.rate)

    def _only_light(self, first: int) -> bool:
        """Return whether nothing but the light changed in a window that begins with a picture."""
        kept = map(self._pictures.get, range(first, first + self._config.pictures))
        return only_light_changed([each for each in kept if each is not None])

    def _surest(self, window: Window, first: int) -> tuple[float | None, int | None]:
        """Return the log-odds of the surest person in a window, and the number of their track."""
        config = self._config
        self._look(first - round(LEAD * config.rate), first + config.pictures)
        people = self._crowd.judged(first, config.pictures, self._network)
        counted = [each for each in people if self._counts(each.track, window.center)]
        # whom a zone leaves out must not hide somebody else who falls
        return surest(counted or people, config.never_up)

    def _counts(self, track: int, time: float) -> bool:
        """Return whether no zone leaves somebody out at a time."""
        zones = self._run.zones
        seen = self._nearest(track, time) if zones else ()
        return not seen or zones.leaves_out(foot_of(seen[0].box, self._run.view)) is None

    def _look(self, first: int, end: int) -> None:
        """Look for people in all pictures before ``end`` that are new, from ``first`` on."""
        for number in range(max(first, self._next), end):
            picture = self._pictures.get(number)
            if picture is None:
                continue
            self._size = picture.shape[1], picture.shape[0]
            self._crowd.push(number, self._estimator.people(picture))
            self._next = number + 1
            self._run.tracks = self._crowd.begun

    def _people_at(self, time: float) -> tuple[Sighting, ...]:
        """Return who was there in the picture nearest to a time."""
        number = round((time - self._segment.start) * self._config.rate)
        return tuple(self._sighting(seen) for seen in self._crowd.pictures.get(number, ()))

    def _nearest(self, track: int | None, time: float) -> tuple[Sighting, ...]:
        """Return the sighting of a track that is nearest to a time; none without one."""
        place = (time - self._segment.start) * self._config.rate
        found = [
            (abs(number - place), seen)
            for number, people in self._crowd.pictures.items()
            for seen in people
            if seen.track == track
        ]
        return (self._sighting(min(found, key=lambda pair: pair[0])[1]),) if found else ()

    def _sighting(self, seen: Seen) -> Sighting:
        width, height = self._size
        left, top, right, bottom = np.clip(
            seen.person.box / np.array((width, height, width, height)), 0, 1
        ).tolist()
        box = (round(left, 4), round(top, 4), round(right, 4), round(bottom, 4))
        # from above nobody looks up or down
        return Sighting(seen.track, box, seen.state if self._run.view == "level" else None)

    def _follow(self, window: Window) -> None:
        """Go on looking after a window that belongs to an event, until it is known what follows."""
        followed = self._run.followed
        for after in followed:
            after.push(window)
        if window.probability >= self._onset and window.person is not None:
            mine = next((each for each in followed if each.track == window.person), None)
            if mine is None:
                followed.append(Aftermath.of(window))
            else:
                mine.peak = window.center  # an event may have its peak as late as this
        going_on = [e for e in followed if not (e.ended or e.lost(window.center))]
        # a track that broke in the fall may have been taken for two people; the later one stays
        followed[:] = {each.track: each for each in going_on}.values()

    def _forget(self, window: Window) -> None:
        """Drop what no later window needs."""
        reach = (self._config.pictures - 1) / self._config.rate / 2 + 2 * LEAD
        first = self._first(window)
        # before a window only those count that nobody has looked at
        lead = max(first - round(LEAD * self._config.rate), self._next)
        self._pictures.forget(min(first, lead))
        self._crowd.forget(int((window.center - self._segment.start - reach) * self._config.rate))
