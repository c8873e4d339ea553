"""Looking at people in a segment: when, at whom, for how long, and what is forgotten.

In: frames that carry their number, people by number, odds by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from slipdetect.detection.people import POSE, PeopleWatch
from slipdetect.detection.pipeline import RunState, Segment
from slipdetect.models.stream import PoseConfig
from slipdetect.people.features import FEATURES
from slipdetect.types import EventConfig, Person, Window, Zone, Zones
from slipdetect.types.events import log_odds
from slipdetect.video import Frame

RATE, EVERY = 5.0, 2  # pictures a second, of 10 frames
STEP, HALF = 0.2, 1.2
WIDTH, HEIGHT = 100, 50
CONFIG = PoseConfig(rate=RATE, pictures=13, weight=0.6, gate=0.2, unseen=1.0)
GATED, OPEN, SURE = 0.1, 0.4, 0.99

People = Callable[[float], list[Person]]


def someone(left: float = 40, low: float = 0.0) -> Person:
    """A person of 10 x 30 px who stands; at 1 of 30 x 10 px who lies; else in between."""
    width, height = 10 + 20 * low, 30 - 20 * low
    box = np.array((left, 45 - height, left + width, 45), np.float32)
    # how far down the body, from the head to the feet
    share = np.array([0.05] * 5 + [0.2] * 2 + [0.35] * 4 + [0.5] * 2 + [0.75] * 2 + [0.95] * 2)
    points = np.full((17, 3), 0.9, np.float32)
    points[:, 0] = box[0] + 5 + 20 * low * share + np.tile([-2, 2], 9)[:17]
    points[:, 1] = box[1] + 5 + (20 - 20 * low) * share
    return Person(points, box, 0.9)


def low(time: float, falls: float, rises: float = math.inf) -> float:
    """How low somebody is who falls, and rises, in 0.8 s."""
    return min(max((time - falls) / 0.8, 0), 1) - min(max((time - rises) / 0.8, 0), 1)


class Eyes:
    """A pose estimator that is told who is there at which second; pictures hold their number."""

    name = "eyes"

    def __init__(self, people: People) -> None:
        self.looked: list[float] = []
        self._people = people

    def people(self, picture: npt.NDArray[np.uint8]) -> list[Person]:
        time = (int(picture[0, 0, 0]) * 256 + int(picture[0, 0, 1])) / 10
        self.looked.append(time)
        return self._people(time)


class Judge:
    """A pose network of one opinion, which keeps what it was asked."""

    def __init__(self, odds: float = 2.0) -> None:
        self.odds, self.sign = odds, 1.0
        self.shapes: list[tuple[int, ...]] = []

    def log_odds(self, features: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        self.shapes.append(features.shape)
        # of two people the second is surer, or the first
        return self.odds + self.sign * np.arange(len(features), dtype=np.float32)


def frames(start: float = 0.0) -> Iterator[Frame]:
    number = 0
    while True:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        seconds = round(start * 10) + number
        picture[:, :, 0], picture[:, :, 1] = divmod(seconds, 256)
        yield Frame(start + number / 10, picture)
        number += 1


class Film:
    """Drives a watch window by window, as a scorer does."""

    def __init__(
        self, people: People, odds: float = 2.0, run: RunState | None = None, start: float = 0.0
    ) -> None:
        self.eyes, self.network = Eyes(people), Judge(odds)
        self.run = RunState(EventConfig(0.7, 0.5)) if run is None else run
        self.segment = Segment(frames(start), self.run)
        self.watch = PeopleWatch(CONFIG, self.eyes, self.network, self.segment, RATE * EVERY)
        self.center = start + HALF - STEP
        self._taken = start - 1.0

    def windows(self, probability: float, seconds: float) -> list[Window]:
        """Return the windows of so many more seconds, which the other streams find so probable."""
        judged = []
        for _ in range(round(seconds / STEP)):
            self.center += STEP
            while self._taken < self.center + HALF - 1e-6:
                self._taken = next(self.segment).time
            streams = {"flow": probability}
            window = Window(self.center - HALF, self.center + HALF, probability, streams)
            judged.append(self.watch.judge(window))
        return judged


def nobody(time: float) -> list[Person]:
    return []


def sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def test_below_the_gate_nobody_is_looked_at() -> None:
    film = Film(lambda time: [someone()])
    for window in film.windows(GATED, 10):
        assert (window.people, window.person, set(window.streams)) == (None, None, {"flow"})
        assert window.probability == pytest.approx(CONFIG.combined(math.log(1 / 9), None))
    assert film.eyes.looked == []


def test_from_the_gate_on_the_pose_stream_speaks_too() -> None:
    film = Film(lambda time: [someone()])
    *_, window = film.windows(OPEN, 4)
    odds = math.log(0.4 / 0.6)
    assert window.probability == pytest.approx(sigmoid(0.4 * odds + 0.6 * 2.0))
    assert window.streams == {"flow": OPEN, POSE: pytest.approx(sigmoid(2.0))}
    assert list(window.streams) == ["flow", POSE]
    (sighting,) = window.people or ()
    # 40 to 50 of 100 px, 15 to 45 of 50 px
    assert sighting.box == pytest.approx((0.4, 0.3, 0.5, 0.9))
    assert (sighting.track, sighting.state, window.person) == (1, "up", 1)
    assert set(film.network.shapes) == {(1, FEATURES, 13)}
    # every second frame, each once
    assert film.eyes.looked == pytest.approx(
        [number / RATE for number in range(len(film.eyes.looked))]
    )


def test_from_above_how_people_move_decides_alone() -> None:
    film = Film(lambda time: [someone()], run=RunState(EventConfig(0.7, 0.5), view="above"))
    *_, window = film.windows(GATED, 4)
    assert window.probability == pytest.approx(sigmoid(2.0))
    # nobody ever looks up, or down
    assert [each.state for each in window.people or ()] == [None]
    assert window.person == 1
    assert len(film.eyes.looked) > 2 * RATE


def test_the_surest_person_is_named() -> None:
    film = Film(lambda time: [someone(10), someone(70)])
    *_, window = film.windows(OPEN, 4)
    assert window.person == 2
    assert window.streams[POSE] == pytest.approx(sigmoid(3.0))
    assert [each.track for each in window.people or ()] == [1, 2]


def test_where_nobody_is_found_the_other_streams_decide() -> None:
    film = Film(nobody)
    *_, window = film.windows(OPEN, 4)
    assert (window.people, window.person, set(window.streams)) == ((), None, {"flow"})
    odds = float(log_odds([OPEN])[0])
    assert window.probability == pytest.approx(sigmoid(odds - 1.0))
    assert film.network.shapes == []


def test_where_nobody_is_found_light_alone_is_no_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []

    def only_light(pictures: list[npt.NDArray[np.uint8]]) -> bool:
        shown.append(len(pictures))
        return True

    monkeypatch.setattr("slipdetect.detection.people.only_light_changed", only_light)
    (empty,) = Film(nobody).windows(SURE, STEP)
    least = CONFIG.limits[0] - CONFIG.unseen
    assert empty.probability == pytest.approx(sigmoid(least))
    # 2.4 s at five a second, both ends included
    assert shown == [13]
    (low,) = Film(nobody).windows(OPEN, STEP)
    assert low.probability == pytest.approx(sigmoid(least))
    # somebody who is found is judged as ever
    (other,) = Film(lambda time: [someone()]).windows(SURE, STEP)
    assert other.streams[POSE] == pytest.approx(sigmoid(2.0))
    assert len(shown) == 2


def test_of_whom_an_event_may_be_it_is_known_where_they_were() -> None:
    # out of sight at 3.0 and 3.2 s, not for so long that the track ends
    film = Film(lambda time: [] if 2.9 < time < 3.3 else [someone(10 * time)])
    film.windows(OPEN, 1.6)
    found = {round(window.center, 1): window for window in film.windows(SURE, 1.2)}
    for moment, seen in ((2.8, 2.8), (3.0, 2.8), (3.2, 3.4), (3.4, 3.4)):
        (sighting,) = found[moment].people or ()
        assert sighting.track == found[moment].person == 1
        assert sighting.box[0] == pytest.approx(seen / 10, abs=1e-3)
    quiet = Film(lambda time: [] if 2.9 < time < 3.3 else [someone(10 * time)], odds=1.0)
    at_hand = {round(window.center, 1): window for window in quiet.windows(OPEN, 3)}
    assert at_hand[3.0].probability < 0.7
    assert (at_hand[3.0].people, at_hand[3.0].person) == ((), 1)


def test_boxes_end_where_the_picture_does() -> None:
    film = Film(lambda time: [someone(-4)])
    *_, window = film.windows(OPEN, 4)
    (sighting,) = window.people or ()
    assert sighting.box == pytest.approx((0.0, 0.3, 0.06, 0.9))


def test_who_fell_is_followed_until_they_are_up_and_not_beyond() -> None:
    # down from 5 s to 12 s
    film = Film(lambda time: [someone(low=low(time, 5, 12))])
    film.windows(GATED, 3)
    found = film.windows(SURE, 1.4)
    assert found[-1].probability > 0.7
    found += film.windows(GATED, 30)
    followed = [window for window in found if window.people is not None]
    states = [window.people[0].state for window in followed if window.people]
    assert states[-1] == "up"
    assert "down" in states
    # at 12.6 s three quarters as high as before; the median of three sees it 0.2 s later, and it
    # is sure after 0.4 s
    assert followed[-1].center == pytest.approx(12.6 + STEP + 0.4)
    assert film.run.followed == []
    assert max(film.eyes.looked) <= 13.2 + HALF + 1e-6


def test_who_never_goes_down_is_looked_at_for_ten_seconds() -> None:
    film = Film(lambda time: [someone()])
    film.windows(SURE, 1)
    last = film.center
    found = [window for window in film.windows(GATED, 30) if window.people is not None]
    assert found[-1].center == pytest.approx(last + 10.0 + STEP)


def test_two_who_fall_are_both_followed() -> None:
    # the first stays down; the second falls later and gets up again
    def people(time: float) -> list[Person]:
        return [someone(0, low(time, 3)), someone(60, low(time, 4, 10))]

    film = Film(people)
    film.windows(OPEN, 1)
    film.network.odds = 4.0
    found = film.windows(SURE, 1)
    assert {window.person for window in found} == {2}
    followed = [each.track for each in film.run.followed]
    assert followed == [2]
    film.network.sign = -1.0
    film.windows(SURE, 1)
    assert [each.track for each in film.run.followed] == [2, 1]
    found = film.windows(GATED, 30)
    assert [each.track for each in film.run.followed] == [1]
    assert all(window.people for window in found)


def test_after_a_gap_nobody_has_an_old_number_and_following_goes_on() -> None:
    film = Film(lambda time: [someone(low=low(time, 3))])
    film.windows(OPEN, 2)
    film.windows(SURE, 2)
    assert [each.track for each in film.run.followed] == [1]
    later = Film(lambda time: [someone(low=1.0)], run=film.run, start=10.0)
    found = later.windows(GATED, 5)
    assert all(window.people for window in found[2:])
    assert {each.track for window in found for each in window.people or ()} == {2}
    assert [each.track for each in film.run.followed] == [2]


@pytest.mark.parametrize(("probability", "lead"), [(GATED, round(RATE)), (OPEN, 0)])
def test_pictures_before_a_window_are_kept_where_nobody_has_looked_yet(
    probability: float, lead: int
) -> None:
    film = Film(lambda time: [someone()])
    film.windows(probability, 10)
    assert len(film.watch._pictures._kept) == CONFIG.pictures + lead
    film.windows(OPEN, 1)
    looked = film.eyes.looked
    assert looked == sorted(set(looked))
    assert looked[-1] - looked[0] == pytest.approx((len(looked) - 1) / RATE)


@pytest.mark.parametrize("probability", [GATED, OPEN])
def test_memory_does_not_grow_within_ten_minutes(probability: float) -> None:
    # somebody crosses the picture every four seconds, so that tracks come and go
    def people(time: float) -> list[Person]:
        return [someone(20 * (time % 4))] if time % 4 < 3 else []

    film = Film(people, odds=-3.0)
    sizes = []
    for _ in range(60):
        film.windows(probability, 10)
        watch = film.watch
        crowd = watch._crowd
        paths = crowd._tracker.paths
        sizes.append(
            (
                len(watch._pictures._kept),
                len(paths),
                sum(len(path.people) for path in paths.values()),
                len(crowd._postures),
                len(crowd.pictures),
                len(film.run.followed),
            )
        )
    bound = np.max(sizes[:3], 0)
    assert (np.max(sizes, 0) <= bound + 1).all()
    # a window, the second that tracks have before it, and what is read ahead
    assert bound.max() <= 2 * (2 * HALF + 2) * RATE


def test_whom_a_zone_leaves_out_does_not_hide_somebody_else() -> None:
    """Two people, the second surer: with a zone around them a window speaks of the first."""
    both = [someone(10), someone(70)]
    bed = Zone("bed", ((0.6, 0.5), (1.0, 0.5), (1.0, 1.0), (0.6, 1.0)))
    around = Zone("all", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    found = {}
    for name, zones in (("none", ()), ("bed", (bed,)), ("all", (around,))):
        run = RunState(EventConfig(0.7, 0.5), zones=Zones(zones))
        *_, window = Film(lambda time: both, run=run).windows(OPEN, 4)
        found[name] = window.person, window.streams[POSE]
    assert found["none"] == (2, pytest.approx(sigmoid(3.0)))
    assert found["bed"] == (1, pytest.approx(sigmoid(2.0)))
    # where nobody counts it speaks of whom it spoke of before
    assert found["all"] == found["none"]
