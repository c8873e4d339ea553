"""Who is followed after a peak, for how long, and what is said of them.

In: windows with people, made by hand at five a second. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from slipdetect.types import Event, Sighting, Window
from slipdetect.types.aftermath import Aftermath, what_followed, with_aftermath
from slipdetect.types.person import Box

STEP = 0.2
HERE: Box = (0.4, 0.5, 0.6, 0.9)  # the longer side is 0.4
BESIDE: Box = (0.5, 0.5, 0.7, 0.9)  # the middle is 0.1 away, a quarter of that
FAR: Box = (0.8, 0.5, 1.0, 0.9)  # the middle is 0.4 away, one of that


def at(time: float, *people: Sighting, person: int | None = None) -> Window:
    return Window(time - 1.0, time + 1.0, 0.5, people=people, person=person)


def seen(state: str, track: int = 1, box: Box = HERE) -> Sighting:
    return Sighting(track, box, state)


FALLS = at(10.0, seen("up"), person=1)


def film(*stretches: tuple[int, tuple[Sighting, ...] | None]) -> list[Window]:
    """Return windows behind the peak at 10 s: so many of each kind; None: nobody looked."""
    kinds = [people for count, people in stretches for _ in range(count)]
    times = [10.0 + STEP * (index + 1) for index in range(len(kinds))]
    return [replace(at(time), people=people) for time, people in zip(times, kinds, strict=True)]


def after(windows: list[Window], peak: Window = FALLS) -> Aftermath:
    followed = Aftermath.of(peak)
    for window in windows:
        followed.push(window)
    return followed


def by_hand(windows: list[Window], track: int = 1) -> tuple[float, float | None]:
    """The same for a person who keeps the track: first down, last down, first of two times up."""
    states = {
        window.center: next((p.state for p in window.people or () if p.track == track), None)
        for window in windows
    }
    first = last = risen = None
    for time, state in states.items():
        if state == "down" and risen is None:
            first, last = time if first is None else first, time
    times = [time for time in states if first is not None and time > first]
    for begin in times:
        steady = [states[time] for time in times if begin - 1e-9 <= time <= begin + 0.4 + 1e-9]
        if len(steady) == 3 and all(state == "up" for state in steady):
            risen = begin
            break
    if first is None or last is None:
        return 0.0, None
    return (last if risen is None else risen) - first, risen


@pytest.mark.parametrize(
    "stretches",
    [
        ((5, "going_down"), (20, "down")),
        ((5, "going_down"), (20, "down"), (4, "getting_up"), (10, "up")),
        ((3, "down"), (2, "up"), (3, "down"), (2, "getting_up"), (1, "up"), (3, "down")),
        ((10, "up"),),
        ((4, "going_down"), (10, "up")),
        ((1, "down"), (3, "up")),
        ((1, "down"), (2, "up")),
    ],
    ids=["stays", "gets up", "tries to", "never", "bends", "three times", "two times"],
)
def test_a_person_who_keeps_the_track_by_hand(stretches: tuple[tuple[int, str], ...]) -> None:
    windows = film(*((count, (seen(state),)) for count, state in stretches))
    found = after(windows)
    down_for, recovered_at = by_hand(windows)
    assert found.down_for == pytest.approx(down_for)
    assert found.recovered_at == pytest.approx(recovered_at)
    assert found.ended == (recovered_at is not None)


def test_figures_of_one_case() -> None:
    found = after(film((5, (seen("going_down"),)), (10, (seen("down"),)), (5, (seen("up"),))))
    # down from 11.2 on, up from 13.2 on
    assert (found.down_since, found.recovered_at) == (pytest.approx(11.2), pytest.approx(13.2))
    assert found.down_for == pytest.approx(2.0)


def test_another_number_close_by_is_the_same_person() -> None:
    windows = film(
        (5, (seen("down"),)), (10, ()), (10, (seen("down", 7, BESIDE),)), (3, (seen("up", 7),))
    )
    found = after(windows)
    assert found.track == 7
    assert found.recovered_at == pytest.approx(10.0 + 26 * STEP)
    assert found.down_for == pytest.approx(25 * STEP)


def test_the_nearest_of_new_people_is_taken() -> None:
    near: Box = (0.42, 0.5, 0.62, 0.9)
    found = after(film((5, (seen("down"),)), (1, (seen("up", 8, BESIDE), seen("down", 9, near)))))
    assert found.track == 9


def test_who_walks_by_far_away_is_somebody_else() -> None:
    found = after(film((5, (seen("down"),)), (10, (seen("up", 2, FAR),))))
    assert (found.track, found.recovered_at) == (1, None)
    assert found.down_for == pytest.approx(4 * STEP)


@pytest.mark.parametrize("known", ["at the peak", "beside the person", "from afar"])
def test_who_comes_to_help_is_not_taken_for_the_person(known: str) -> None:
    helper = seen("up", 2, BESIDE)
    peak = at(10.0, seen("up"), helper, person=1) if known == "at the peak" else FALLS
    met = {
        "at the peak": (seen("down"),),
        "beside the person": (seen("down"), helper),
        "from afar": (seen("up", 2, FAR),),
    }[known]
    found = after(film((5, (seen("down"),)), (1, met), (10, (helper,))), peak)
    assert (found.track, found.recovered_at) == (1, None)


def test_where_nobody_looked_nothing_is_known() -> None:
    found = after(film((5, (seen("down"),)), (20, None), (5, (seen("down"),))))
    assert found.down_for == pytest.approx(29 * STEP)
    assert after(film((20, None))).down_for == 0.0


def test_without_a_person_there_is_nothing_to_follow() -> None:
    found = after(film((5, (seen("down"),))), Window(9.0, 11.0, 0.9))
    assert (found.down_for, found.recovered_at, found.ended) == (None, None, True)


def test_windows_before_the_peak_tell_nothing() -> None:
    found = Aftermath.of(FALLS)
    found.push(at(9.8, seen("down")))
    found.push(at(10.0, seen("down")))
    assert found.down_for == 0.0


def test_who_is_not_seen_for_ten_seconds_is_lost() -> None:
    kept = after(film((1, (seen("down"),)), (48, ()), (1, (seen("down"),))))
    assert kept.down_for == pytest.approx(9.8)
    gone = after(film((1, (seen("down"),)), (50, ()), (1, (seen("down"),))))
    assert gone.down_for == 0.0
    # seen last at 10.2 s
    assert gone.lost(20.3)
    assert not gone.lost(20.1)


def test_who_is_down_for_a_minute_is_followed_to_its_end_and_not_for_ever() -> None:
    found = after(film((20, (seen("going_down"),)), (500, (seen("down"),))))
    # down from 14.2 on, followed up to 75 s after the peak
    assert found.down_for == pytest.approx(85.0 - 14.2)
    assert found.lost(85.1)
    assert not found.lost(84.9)


def test_who_lies_down_long_after_the_peak_did_not_fall_then() -> None:
    found = after(film((51, (seen("up"),)), (20, (seen("down"),))))
    assert found.down_for == 0.0
    assert found.lost(20.3)
    assert not found.lost(19.9)
    late = after(film((49, (seen("up"),)), (20, (seen("down"),))))
    assert late.down_for == pytest.approx(19 * STEP)


def test_an_event_is_told_with_the_windows_of_its_source() -> None:
    event = Event(9.5, 10.5, 10.0, 0.9, track=1, box=HERE)
    before = [at(9.6, seen("down")), at(9.8, seen("down"))]
    behind = film((10, (seen("down"),)), (3, (seen("up"),)))
    told = with_aftermath(event, [*before, FALLS, *behind])
    assert told == replace(event, down_for=told.down_for, recovered_at=told.recovered_at)
    assert told.down_for == pytest.approx(2.0)
    assert told.recovered_at == pytest.approx(12.2)
    nobody = replace(event, track=None, box=None)
    assert with_aftermath(nobody, [replace(FALLS, person=None), *behind]) == nobody


def test_what_followed_in_words() -> None:
    event = Event(9.5, 10.5, 10.0, 0.9, track=1, box=HERE)
    said = [
        what_followed(each)
        for each in (
            event,
            replace(event, down_for=0.0),
            replace(event, down_for=4.04),
            replace(event, down_for=4.0, recovered_at=14.5),
        )
    ]
    assert said == [
        *("", "", "down for at least 4.0 s"),
        "down for 4.0 s, up again at 00:00:14.500",
    ]


def test_times_of_the_film_are_a_step_apart() -> None:
    times = [window.center for window in film((5, ()))]
    assert all(b - a == pytest.approx(STEP) for a, b in pairwise([10.0, *times]))


def test_where_nobody_looks_up_or_down_nothing_is_known_of_what_followed() -> None:
    someone = Sighting(1, HERE, None)
    found = after(film((20, (someone,))), at(10.0, someone, person=1))
    assert (found.track, found.down_for, found.recovered_at) == (1, None, None)
    assert found.ended
