"""Events that count only where the person is not seen to get up: which, when, and in what order.

In: windows with people, made by hand at five a second. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from results import make_result
from slipdetect.detection import Detector, Segment, WindowScorer
from slipdetect.errors import UsageError
from slipdetect.types import Event, EventConfig, EventFinder, Sighting, Window, find_events

STEP, HALF = 0.2, 1.2  # seconds; people are known of as far as half a window before its end
BOX = (0.4, 0.5, 0.6, 0.9)
CONFIG = EventConfig(0.5, 0.5, confirm_down=3.0)
# a second of nothing, a fall whose surest window is the second of three, and what follows
QUIET, FALL = 5, (0.6, 0.9, 0.6)
PEAK = HALF + (QUIET + 1) * STEP


def film(*stretches: tuple[int, str | None]) -> list[Window]:
    """Return a second of nothing, a fall, and windows of one person's state; None: not seen."""
    states = [state for count, state in stretches for _ in range(count)]
    odds = [*([0.0] * QUIET), *FALL, *([0.0] * len(states))]
    kinds = [*(["up"] * (QUIET + len(FALL))), *states]
    return [
        Window(
            index * STEP,
            index * STEP + 2 * HALF,
            probability,
            people=() if state is None else (Sighting(1, BOX, state),),
            person=1 if probability else None,
        )
        for index, (probability, state) in enumerate(zip(odds, kinds, strict=True))
    ]


def run(
    windows: list[Window], config: EventConfig = CONFIG, *, interrupted: bool = False
) -> list[tuple[float, Event]]:
    """Return every event with the center of the window at which it was told; inf: at the end."""
    finder = EventFinder(config)
    told = [(window.center, event) for window in windows for event in finder.push(window)]
    return told + [(float("inf"), event) for event in finder.finish(interrupted)]


def test_who_stays_down_is_told_once_when_the_time_is_over() -> None:
    ((moment, event),) = run(film((40, "down")))
    # the first window whose center is 3 s after the peak
    assert moment == pytest.approx(PEAK + 3.0)
    assert (event.peak, event.track, event.box) == (pytest.approx(PEAK), 1, BOX)
    # seen down from two windows after the peak up to the window of the moment
    assert event.down_for == pytest.approx(3.0 - 2 * STEP)
    assert event.recovered_at is None


def test_without_it_the_event_is_told_as_soon_as_its_gap_is_over() -> None:
    ((moment, event),) = run(film((40, "down")), replace(CONFIG, confirm_down=0.0))
    assert moment < PEAK + 1.5
    assert (event.track, event.box) == (1, BOX)


def test_who_gets_up_at_once_is_never_told() -> None:
    assert run(film((5, "down"), (40, "up"))) == []


def test_who_gets_up_later_is_told_and_the_result_says_so() -> None:
    windows = film((20, "down"), (20, "up"))
    ((_, event),) = run(windows)
    assert event.recovered_at is None
    (found,) = find_events(windows, CONFIG)
    # the 21st window behind the fall, which ends one window behind the peak
    assert found.recovered_at == pytest.approx(PEAK + 22 * STEP)


def test_who_is_up_just_in_time_has_to_stay_up() -> None:
    # up at 2.8 s after the peak; sure of it 0.4 s later
    up_at = 14 - 2
    assert run(film((up_at, "down"), (30, "up"))) == []
    ((moment, _),) = run(film((up_at, "down"), (1, "up"), (30, "down")))
    assert moment == pytest.approx(PEAK + 3.0)
    # not seen any more, so that nothing will ever be sure
    ((moment, _),) = run(film((up_at, "down"), (2, "up"), (30, None)))
    assert PEAK + 3.0 < moment <= PEAK + 3.0 + 0.8 + STEP + 1e-9


def test_people_are_known_of_up_to_the_center_of_a_window() -> None:
    # up 1.6 s after the peak: at that moment the last window's end is past the 3 s already
    assert run(film((6, "down"), (30, "up"))) == []


def test_who_stands_all_the_while_was_never_down() -> None:
    assert run(film((40, "up"))) == []
    assert run(film((3, "going_down"), (40, "up"))) == []
    # a second of it may be the fall itself, and lying on the floor may not be seen
    ((moment, _),) = run(film((4, "up"), (40, None)))
    assert moment == pytest.approx(PEAK + 3.0)
    # not long enough before the 3 s are over
    assert len(run(film((6, "going_down"), (40, "up")))) == 1
    assert len(run(film((4, "up"), (40, "down")))) == 1
    # of a second nobody can say it
    assert len(run(film((40, "up")), replace(CONFIG, confirm_down=1.0))) == 1


def test_where_the_source_ends_before_nothing_is_told() -> None:
    # the last center is 2.8 s after the peak, and then 3 s
    assert run(film((13, "down"))) == []
    assert len(run(film((14, "down")))) == 1


def test_where_the_source_breaks_off_the_event_counts() -> None:
    ((moment, event),) = run(film((4, "down")), interrupted=True)
    assert moment == float("inf")
    assert not event.interrupted  # it was over before
    ((_, event),) = run(film()[:-1], interrupted=True)
    assert event.interrupted
    assert run(film((3, "down"), (5, "up")), interrupted=True) == []


def test_where_a_live_source_ends_nobody_looks_again_and_the_event_counts() -> None:
    finder = EventFinder(CONFIG)
    windows = film((5, "down"))
    assert [event for window in windows for event in finder.push(window)] == []
    (event,) = finder.finish(live=True)
    assert (event.interrupted, event.track, finder.unconfirmed) == (False, 1, 0)


def test_what_is_left_out_at_the_end_is_counted() -> None:
    finder = EventFinder(CONFIG)
    for window in film((5, "down")):
        finder.push(window)
    assert finder.finish() == []
    assert finder.unconfirmed == 1
    assert finder.finish() == []
    assert finder.unconfirmed == 0


def test_nobody_seen_counts_once_the_time_is_over() -> None:
    windows = [replace(each, people=None, person=None) for each in film((40, None))]
    ((moment, event),) = run(windows)
    assert moment == pytest.approx(PEAK + 3.0)
    assert (event.track, event.down_for) == (None, None)


def test_events_keep_the_numbers_of_their_onsets() -> None:
    # the first gets up; the second stays down, and a third begins before that is sure
    kinds = [
        *([(0.9, "up")] * 2 + [(0.0, "down")] * 5 + [(0.0, "up")] * 10),
        *([(0.9, "up")] * 2 + [(0.0, "down")] * 8 + [(0.9, "down")] * 2 + [(0.0, "down")] * 30),
    ]
    windows = [
        Window(k * STEP, k * STEP + 2 * HALF, odds, people=(Sighting(1, BOX, state),), person=1)
        for k, (odds, state) in enumerate(kinds)
    ]
    finder = EventFinder(CONFIG)
    numbers = []
    for window in windows:
        finder.push(window)
        numbers += [(found.number, finder.begun) for found in finder.latest]
    # when the second was told the third had begun
    assert numbers == [(2, 3), (3, 3)]


def test_numbers_go_on_over_a_gap() -> None:
    finder = EventFinder(CONFIG)
    for window in film((3, "down")):
        finder.push(window)
    finder.finish(interrupted=True)
    later = [replace(each, start=each.start + 60, end=each.end + 60) for each in film((20, "down"))]
    told = [found.number for window in later if finder.push(window) for found in finder.latest]
    assert told == [2]


def test_a_result_can_be_asked_for_it() -> None:
    windows = tuple(film((5, "down"), (40, "up")))
    weights = {"rgb": "a", "pose": "b"}
    result = make_result(windows=windows, event_config=EventConfig(0.5, 0.5), weights=weights)
    at_once = result.at(onset=0.5)
    assert len(at_once) == 1
    assert at_once.events[0].recovered_at == pytest.approx(PEAK + 7 * STEP)
    assert at_once.at(confirm_down=3.0).events == ()
    assert len(at_once.at(confirm_down=1.0)) == 1
    assert at_once.at(confirm_down=1.0).event_config.confirm_down == 1.0
    assert len(at_once.at(confirm_down=3.0).at(confirm_down=0.0)) == 1
    with pytest.raises(UsageError, match="looked at no people"):
        make_result(windows=windows).at(confirm_down=3.0)


@pytest.mark.parametrize("value", [-1.0, 60.5, float("nan")])
def test_impossible_times_are_refused_by_name(value: float) -> None:
    with pytest.raises(UsageError, match="confirm_down must be a finite number of at least 0"):
        EventConfig(confirm_down=value)


def test_a_configuration_says_it_only_where_it_is_set() -> None:
    assert "confirm_down" not in EventConfig().to_json()
    data = EventConfig(confirm_down=5.0).to_json()
    assert data["confirm_down"] == 5.0
    assert EventConfig.from_json(data, "events") == EventConfig(confirm_down=5.0)


states = st.sampled_from(["up", "going_down", "down", "getting_up", None])


@settings(max_examples=100)
@example([(4, "up", True), (2, "going_down", False), (7, "up", True), (7, "up", False)], False)
@given(st.lists(st.tuples(st.integers(1, 8), states, st.booleans()), max_size=12), st.booleans())
def test_what_is_told_is_in_order_and_a_part_of_what_there_is(
    stretches: list[tuple[int, str | None, bool]], interrupted: bool
) -> None:
    windows = []
    for count, state, falls in stretches:
        for _ in range(count):
            start = len(windows) * STEP
            people = () if state is None else (Sighting(1, BOX, state),)
            odds = 0.9 if falls else 0.0
            windows.append(Window(start, start + 2 * HALF, odds, people=people, person=1))
    every = [event for _, event in run(windows, replace(CONFIG, confirm_down=0.0))]
    told = [event for _, event in run(windows, interrupted=interrupted)]
    assert [each.start for each in told] == sorted(each.start for each in told)
    assert {each.start for each in told} <= {each.start for each in every}
    followed = {each.start: each for each in find_events(windows, replace(CONFIG, confirm_down=0))}
    for event in every:
        risen = followed[event.start].recovered_at
        quick = risen is not None and risen < event.peak + 3.0 - 1e-9
        near = [w for w in windows if event.peak + 1e-9 < w.center <= event.peak + 3.0 + 1e-9]
        stands = all(person.state == "up" for w in near[-11:] for person in w.people or ())
        enough = interrupted or windows[-1].center >= event.peak + 3.0 + 0.8
        counts = event.start in {each.start for each in told}
        assert not (quick and counts)
        # who was up in each of the last eleven windows, 2 s, may have been standing
        assert counts or quick or stands or not enough


def test_events_are_told_in_order_also_where_the_first_is_not_sure_yet() -> None:
    # two people fall 0.4 s apart; the first is seen up once, 2.8 s after the peak, and then not
    windows = []
    for index in range(40):
        since = (index - 6) * STEP
        first = "down" if since < 2.7 else "up"
        people = [Sighting(2, (0.0, 0.5, 0.1, 0.9), "down")]
        if since < 2.9:
            people.append(Sighting(1, BOX, first))
        person = {6: 1, 8: 2}.get(index)
        odds = 0.0 if person is None else 0.9
        start = index * STEP
        windows.append(Window(start, start + 2 * HALF, odds, people=tuple(people), person=person))
    told = run(windows, replace(CONFIG, min_duration_off=0.0))
    assert [event.track for _, event in told] == [1, 2]
    # the second waits for the first
    assert told[0][0] == told[1][0] > PEAK + 0.4 + 3.0


def test_a_file_says_how_many_events_its_end_leaves_out() -> None:
    class Lies(WindowScorer):
        name, sample_fps, short_side = "lies", 5.0, 60

        def windows(self, segment: Segment) -> Iterator[Window]:
            for _ in segment:
                pass
            yield from film((5, "down"))

    example = Path(__file__).parents[2] / "examples" / "slip.mp4"
    result = Detector(Lies(), CONFIG).detect(example)
    assert result.events == ()
    (warning,) = result.report.warnings
    assert warning.startswith("1 event is not told: the video ends before")
    assert len(Detector(Lies(), replace(CONFIG, confirm_down=0.0)).detect(example).events) == 1
