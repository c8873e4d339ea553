"""The streaming event finder against a plain offline calculation of the same rules.

In: window probabilities. Out: events, and the moment at which each of them was given out.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipdetect.detection import Event, EventConfig, EventFinder, Window
from slipdetect.errors import UsageError

PLAIN = EventConfig(onset=0.5, offset=0.5, min_duration_off=0.0)


@dataclass
class Stretch:
    start: float
    end: float
    peak: float
    score: float


def windows(probabilities: list[float], step: float = 0.25, length: float = 1.0) -> list[Window]:
    return [Window(k * step, k * step + length, p) for k, p in enumerate(probabilities)]


def borders(items: list[Window]) -> list[float]:
    """Return where each window's share of time begins, and where the last one's ends."""
    inner = [
        ((a.start + a.end) / 2 + (b.start + b.end) / 2) / 2 for a, b in itertools.pairwise(items)
    ]
    return [items[0].start, *inner, items[-1].end]


def hysteresis(items: list[Window], config: EventConfig) -> list[Stretch]:
    edges, found, on = borders(items), [], False
    for index, item in enumerate(items):
        begins = not on and item.probability >= config.onset
        on = item.probability >= (config.offset if on else config.onset)
        if begins:
            found.append(Stretch(edges[index], 0.0, 0.0, -1.0))
        if on:
            found[-1].end = edges[index + 1]
            if item.probability > found[-1].score:
                found[-1].peak, found[-1].score = (item.start + item.end) / 2, item.probability
    return found


def oracle(items: list[Window], config: EventConfig) -> list[Event]:
    """Hysteresis over all windows, then fill gaps, drop what is short, pad: four plain passes."""
    if not items:
        return []
    fillable = max(config.min_duration_off, config.pad_onset + config.pad_offset)
    joined: list[Stretch] = []
    for stretch in hysteresis(items, config):
        if joined and stretch.start - joined[-1].end <= fillable + 1e-9:
            joined[-1].end = stretch.end
            if stretch.score > joined[-1].score:
                joined[-1].peak, joined[-1].score = stretch.peak, stretch.score
        else:
            joined.append(stretch)
    return [
        Event(
            max(s.start - config.pad_onset, 0.0),
            min(s.end + config.pad_offset, items[-1].end),
            s.peak,
            s.score,
        )
        for s in joined
        if s.end - s.start >= config.min_duration_on - 1e-9
    ]


def run(items: list[Window], config: EventConfig) -> list[Event]:
    finder = EventFinder(config)
    found = [event for item in items for event in finder.push(item)]
    return found + finder.finish()


seconds = st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0, 2.0])
levels = st.sampled_from([0.0, 0.2, 0.3, 0.45, 0.5, 0.7, 0.9, 1.0])


@st.composite
def configs(draw: st.DrawFn) -> EventConfig:
    onset = draw(levels)
    return EventConfig(
        onset,
        min(onset, draw(levels)),
        *(draw(seconds) for _ in range(4)),
    )


@st.composite
def recordings(draw: st.DrawFn) -> list[Window]:
    """Windows as the assembler makes them: shortened at both ends, any hop."""
    count, half = draw(st.integers(0, 60)), draw(st.integers(0, 5))
    hop = draw(st.integers(1, 2 * half + 1))
    probabilities = draw(
        st.lists(levels | st.floats(0, 1, width=32), min_size=count, max_size=count)
    )
    last = (count - 1) * hop
    return [
        Window(max(k * hop - half, 0) / 10, min(k * hop + half, last) / 10, p)
        for k, p in enumerate(probabilities)
    ]


@settings(max_examples=150)
@given(recordings(), configs())
@example(windows([1.0]), EventConfig())
def test_streaming_equals_the_offline_rules(items: list[Window], config: EventConfig) -> None:
    found, wanted = run(items, config), oracle(items, config)
    assert len(found) == len(wanted)
    for mine, theirs in zip(found, wanted, strict=True):
        for name in ("start", "end", "peak", "score"):
            assert math.isclose(getattr(mine, name), getattr(theirs, name), abs_tol=1e-9)


@settings(max_examples=80)
@given(recordings(), configs())
def test_events_are_sorted_disjoint_and_inside(items: list[Window], config: EventConfig) -> None:
    found = run(items, config)
    for before, after in itertools.pairwise(found):
        assert before.end <= after.start + 1e-9
    for event in found:
        assert 0 <= event.start <= event.end <= items[-1].end + 1e-9
        assert event.start <= event.peak <= event.end
        assert event.score >= config.onset
        assert not event.interrupted


@settings(max_examples=80)
@given(recordings(), configs(), st.data())
def test_what_was_given_out_depends_on_no_later_window(
    items: list[Window], config: EventConfig, data: st.DataObject
) -> None:
    seen = data.draw(st.integers(0, len(items)))
    finder = EventFinder(config)
    given_out = [event for item in items[:seen] for event in finder.push(item)]
    future = [
        replace(item, probability=p)
        for item, p in zip(
            items[seen:], data.draw(st.lists(levels, min_size=60, max_size=60)), strict=False
        )
    ]
    whole = oracle(items[:seen] + future, config)[: len(given_out)]
    # the padding of an event that was given out never reaches the end of the video
    assert [(e.start, e.end, e.score) for e in given_out] == [
        (pytest.approx(e.start), pytest.approx(e.end), e.score) for e in whole
    ]


@settings(max_examples=80)
@given(recordings(), configs())
def test_an_event_is_given_out_once_no_onset_could_change_it(
    items: list[Window], config: EventConfig
) -> None:
    config = replace(config, offset=max(config.offset, 0.1), onset=max(config.onset, 0.1))
    config = replace(config, pad_offset=0.0)
    finder = EventFinder(config)
    given_out: list[Event] = []
    for index, item in enumerate(items[:12]):
        given_out += finder.push(item)
        either_way = [
            oracle([*items[:index], replace(item, probability=p)], config) for p in (0.0, 1.0)
        ]
        final = [event for event in either_way[0] if event in either_way[1]]
        assert len(given_out) >= len(final)


def test_two_separate_slips_are_two_events() -> None:
    """As in the report's figure with two falls in one video."""
    found = run(windows([0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0]), EventConfig())
    assert [(e.start, e.end) for e in found] == [(0.875, 1.625), (2.625, 3.125)]
    assert [e.peak for e in found] == [1.0, 2.75]


def test_a_flat_negative_has_no_event() -> None:
    assert run(windows([0.0] * 500), EventConfig()) == []
    assert run(windows([0.49] * 500), EventConfig()) == []


def test_hysteresis_holds_between_the_thresholds() -> None:
    config = EventConfig(onset=0.6, offset=0.4, min_duration_off=0.0)
    found = run(windows([0.5, 0.6, 0.5, 0.4, 0.39, 0.5, 0.5]), config)
    assert [(e.start, e.end, e.score) for e in found] == [(0.625, 1.375, 0.6)]


@pytest.mark.parametrize(("gap", "events"), [(1, 1), (2, 1), (3, 2)])
def test_a_gap_up_to_the_limit_is_filled(gap: int, events: int) -> None:
    config = EventConfig(onset=0.5, offset=0.5, min_duration_off=0.5)
    assert len(run(windows([0, 1, *[0] * gap, 1, 0, 0, 0, 0]), config)) == events


@pytest.mark.parametrize(("length", "events"), [(1, 0), (2, 1)])
def test_short_events_are_dropped_after_filling_and_before_padding(
    length: int, events: int
) -> None:
    config = EventConfig(0.5, 0.5, min_duration_on=0.5, min_duration_off=0.3, pad_onset=9)
    assert len(run(windows([0] * 8 + [1] * length + [0] * 60), config)) == events
    assert len(run(windows([0, 0, 1, 0, 1, 0, 0, 0, 0]), config)) == 1


def test_padding_stays_inside_the_video_and_joins_what_it_makes_touch() -> None:
    config = EventConfig(0.5, 0.5, min_duration_off=0.0, pad_onset=0.5, pad_offset=0.25)
    found = run(windows([1, 0, 0, 0, 1, 0, 0, 0, 0, 1]), config)
    assert [(e.start, e.end) for e in found] == [(0.0, 1.875), (2.125, 3.25)]


def test_events_at_both_ends_touch_the_ends() -> None:
    found = run(windows([1, 1, 0, 0, 0, 0, 1]), PLAIN)
    assert [(e.start, e.end) for e in found] == [(0.0, 0.875), (1.875, 2.5)]


def test_one_window_can_be_an_event() -> None:
    assert run([Window(0.0, 0.4, 0.7)], PLAIN) == [Event(0.0, 0.4, 0.2, 0.7)]


def test_ten_thousand_events() -> None:
    found = run(windows([1.0, 0.0] * 10_000), PLAIN)
    assert len(found) == 10_000
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


def test_an_interruption_marks_only_the_event_that_is_going_on() -> None:
    finder = EventFinder(PLAIN, label="fall")
    found = [e for w in windows([1, 0, 0, 1, 1]) for e in finder.push(w)]
    assert finder.active
    found += finder.finish(interrupted=True)
    assert [(e.interrupted, e.label) for e in found] == [(False, "fall"), (True, "fall")]
    assert not finder.active
    assert finder.finish(interrupted=True) == []
    waiting = EventFinder(EventConfig(min_duration_off=5.0))
    for window in windows([1, 0, 0]):
        assert waiting.push(window) == []
    assert [e.interrupted for e in waiting.finish(interrupted=True)] == [False]


def test_a_finder_can_be_used_again_for_another_video() -> None:
    finder = EventFinder(PLAIN)
    items = windows([0, 1, 1, 0, 1])
    first = [e for w in items for e in finder.push(w)] + finder.finish()
    again = [e for w in items for e in finder.push(w)] + finder.finish()
    assert first == again == run(items, PLAIN)


def test_an_event_is_given_out_with_the_first_window_behind_its_gap() -> None:
    finder = EventFinder(EventConfig(0.5, 0.5, min_duration_off=0.5))
    counts = [len(finder.push(w)) for w in windows([0, 1, 0, 0, 0, 0, 0])]
    # the event ends at border 2, 0.25 s apart; border 5 is the first more than 0.5 s behind it
    assert counts == [0, 0, 0, 0, 0, 1, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"onset": 1.1},
        {"onset": 0.2, "offset": 0.3},
        {"offset": -0.1},
        {"onset": math.nan},
        {"min_duration_on": -1.0},
        {"pad_offset": math.inf},
        {"min_duration_off": math.nan},
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        EventConfig(**changes)


def test_updating_keeps_what_is_not_given() -> None:
    config = EventConfig(onset=0.6, offset=0.4, pad_onset=0.2)
    assert config.updated({"onset": None, "pad_onset": 0.0}) == EventConfig(0.6, 0.4)
    assert config.updated({"onset": 0.3}) == EventConfig(0.3, 0.3, pad_onset=0.2)
    assert config.updated({"onset": 0.0}).onset == 0.0
    with pytest.raises(
        UsageError, match="unknown event setting threshold; there are onset, offset, min"
    ):
        config.updated({"threshold": 0.3})
    with pytest.raises(UsageError):
        config.updated({"offset": 0.7})


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (Window(1.0, 2.0, 1.5), "probability from 0 to 1"),
        (Window(1.0, 2.0, float("nan")), "probability from 0 to 1"),
        (Window(2.0, 1.0, 0.5), "end not before their start"),
        (Window(-1.0, 0.5, 0.5), "in order of time; the one around -0.25 s"),
    ],
)
def test_windows_that_no_scorer_may_give_are_refused(second: Window, reason: str) -> None:
    finder = EventFinder(EventConfig())
    finder.push(Window(0.0, 1.0, 0.2))
    with pytest.raises(UsageError, match=reason):
        finder.push(second)
