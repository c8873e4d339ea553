"""When an event could be known of, and how late that is: by hand on windows of half a second."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predicted import CONFIG, predicted
from slipdetect.detection import EventConfig, EventFinder, Window
from slipdetect.lab.evaluate.event_matching import decision_times, delays

# windows: 0-1, 0.5-1.5, 1-2, 1.5-2.5, 2-3, 2.5-3.5, 3-4
RISING = [0.1, 0.4, 0.6, 0.9, 0.4, 0.1, 0.1]


def test_an_event_is_known_when_its_first_window_above_onset_has_ended() -> None:
    item = predicted(RISING, [(1.4, 2.0)])
    assert item.events == ((1.25, 2.75, 0.9),)
    assert decision_times(item, CONFIG) == [2.0]
    assert delays(item) == [pytest.approx(0.6)]


def test_a_smallest_duration_must_have_gone_by() -> None:
    config = replace(CONFIG, min_duration_on=1.0)
    item = predicted(RISING, [(1.4, 2.0)], config)
    assert item.events == ((1.25, 2.75, 0.9),)
    # the window that decides on 2.25 and later is the fifth, 2 to 3 seconds
    assert decision_times(item, config) == [3.0]
    # at the end of a clip there is no window so late: the last one ends it
    cut = predicted(RISING[:4], [(1.4, 2.0)], config)
    assert cut.events == ((1.25, 2.5, 0.9),)
    assert decision_times(cut, config) == [2.5]


def test_padding_does_not_make_it_known_earlier() -> None:
    config = replace(CONFIG, pad_onset=0.5, pad_offset=0.5)
    item = predicted(RISING, [(1.4, 2.0)], config)
    assert item.events == ((0.75, 3.25, 0.9),)
    assert decision_times(item, config) == [2.0]


def test_an_event_that_is_told_narrower_is_not_known_later() -> None:
    config = replace(CONFIG, narrow=0.4)
    item = predicted(RISING, [(1.4, 2.0)], config)
    assert item.events == ((1.75, 2.25, 0.9),)
    assert decision_times(item, config) == [2.0]
    wide = replace(config, pad_onset=1.0)
    assert decision_times(predicted(RISING, [(1.4, 2.0)], wide), wide) == [2.0]


def test_an_event_that_waits_for_who_stays_down_is_known_then() -> None:
    # the peak is at 2.0; the first window whose center lies a second behind it is the sixth
    item = predicted(RISING, [(1.4, 2.0)])
    assert decision_times(item, replace(CONFIG, confirm_down=1.0)) == [3.5]
    assert decision_times(item, replace(CONFIG, confirm_down=9.0)) == [4.0]


def test_every_event_has_its_own_time() -> None:
    item = predicted([0.9, 0.1, 0.1, 0.7, 0.1, 0.1, 0.8], [(0.2, 0.6), (8.0, 9.0), (2.7, 4.0)])
    assert [event[0] for event in item.events] == [0.0, 1.75, 3.25]
    assert decision_times(item, CONFIG) == [1.0, 2.5, 4.0]
    # of the second fall nothing was found; the third one is touched by two events
    assert delays(item) == [pytest.approx(0.8), pytest.approx(-0.2)]


def test_without_windows_or_thresholds_there_is_no_delay() -> None:
    item = predicted(RISING, [(1.4, 2.0)])
    assert delays(replace(item, windows=())) == []
    assert delays(replace(item, thresholds={})) == []


steps = st.lists(st.sampled_from([0.1, 0.4, 0.6, 0.9]), min_size=1, max_size=24)


@settings(max_examples=150)
@given(
    steps,
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.0, 0.6]),
    st.sampled_from([0.0, 0.7]),
    st.sampled_from([0.0, 0.4, 2.0]),
)
def test_live_the_event_is_on_at_that_time_and_not_before(
    probabilities: list[float], gap: float, pad: float, least: float, narrow: float
) -> None:
    config = EventConfig(0.5, 0.3, least, gap, pad, pad, narrow=narrow)
    item = predicted(probabilities, config=config)
    times = decision_times(item, config)
    assert len(times) == len(item.events)
    assert times == sorted(times)
    finder, going = EventFinder(config), []
    for start, end, probability in item.windows:
        finder.push(Window(start, end, probability))
        going.append((end, finder.active))
    ends = [end for end, _ in going]
    for time in times:
        assert time in ends
        if least == 0.0:
            index = ends.index(time)
            assert going[index][1]
            assert index == 0 or not going[index - 1][1]
