"""The figures of an event test, counted on paper.

In: a handful of predictions. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from predicted import found, predicted
from slipdetect.errors import DataError
from slipdetect.lab.evaluate.event_report import UNKNOWN, evaluate_events, event_report, size_of

SET = [
    # found: tIoU 2/4; and one event astray
    found([(10.0, 13.0, 0.9), (30.0, 31.0, 0.6)], [(9.0, 12.0)], clip="1", group="p"),
    # touched, though they have nothing in common; late by 2.3
    found([(22.3, 23.0, 0.8)], [(20.0, 22.0)], clip="2", group="p"),
    # one found early by 0.4, tIoU 1/1.4; one missed
    found([(4.6, 6.0, 0.7)], [(5.0, 6.0), (20.0, 21.0)], clip="3", group="q"),
    # a fall at an unknown time: counts as a clip, its event is neither true nor false
    found([(1.0, 2.0, 0.7)], None, clip="4", group="q"),
    found([], None, clip="5", group="r", score=0.2),
    found([(1.0, 2.0, 0.75), (7.0, 8.0, 0.6)], clip="6", group="s", action="sit"),
    found([], clip="7", group="s", action="sit", score=0.1),
    found([], clip="8", group="t", action="walk", score=0.3),
]


def figures(items: list) -> dict[str, tuple]:
    report = event_report(items, resamples=100)
    return {
        name: (figure.value, figure.count, figure.base) for name, figure in report.metrics.items()
    }


def test_figures_by_hand() -> None:
    got = figures(SET)
    assert got["recall"] == (pytest.approx(3 / 4), 3, 4)
    assert got["recall@0.1"] == (pytest.approx(2 / 4), 2, 4)
    assert got["recall@0.5"] == (pytest.approx(2 / 4), 2, 4)
    # events in clips with known times: 2 + 1 + 1 + 2
    assert got["precision@0.1"] == (pytest.approx(2 / 6), 2, 6)
    assert got["f1@0.3"] == (pytest.approx(2 * 2 / (6 + 4)), 4, 10)
    # late by 1.0 and 2.3, early by 0.4
    assert got["onset_error"] == (pytest.approx(1.0), 3, None)
    assert got["onset_error_lower"][0] == pytest.approx(-0.4)
    assert got["onset_error_upper"][0] == pytest.approx(2.3)
    # three clips of 36 s
    assert got["false_per_hour"] == (pytest.approx(2 / 0.03), 2, pytest.approx(0.03))
    assert got["false_per_clip"] == (pytest.approx(2 / 3), 2, 3)
    # beside a fall: 36 s less 4, 3, and 2 + 2 of the two falls
    outside = (3 * 36 - 4 - 3 - 2 - 2) / 3600
    assert got["stray_per_hour"] == (pytest.approx(1 / outside), 1, pytest.approx(outside))
    assert got["clip_recall"] == (pytest.approx(4 / 5), 4, 5)
    # 0.9 0.8 0.7 0.7 0.2 against 0.75 0.1 0.3: pairs won 3, 3, 2, 2, 1 of 15
    assert got["auc"] == (pytest.approx(11 / 15), 8, None)
    assert got["delay"] == (None, 0, None)


def test_the_report_says_what_it_is_about() -> None:
    report = event_report(SET, "mine", resamples=50)
    assert (report.name, report.clips, report.positives, report.untimed) == ("mine", 8, 5, 2)
    assert (report.groups, report.events) == (5, 4)
    assert report.negative_hours == pytest.approx(0.03)
    for name, figure in report.metrics.items():
        if figure.interval is not None and figure.value is not None:
            assert figure.interval.low <= figure.value <= figure.interval.high, name
    with pytest.raises(DataError, match="no clips"):
        event_report([])


def test_what_clips_cannot_tell_is_none() -> None:
    negative = figures(SET[5:])
    for name in ("recall", "recall@0.5", "precision@0.5", "f1@0.5", "onset_error", "auc"):
        assert negative[name][0] is None, name
    assert negative["stray_per_hour"][0] is None
    assert negative["false_per_clip"][0] == pytest.approx(2 / 3)
    falls = figures(SET[:3])
    assert falls["false_per_hour"][0] is None
    assert falls["precision@0.1"][0] == pytest.approx(2 / 4)
    untimed = figures(SET[3:5])
    assert untimed["recall"][0] is None
    assert untimed["clip_recall"] == (0.5, 1, 2)


def test_delays_are_told_where_windows_were_kept() -> None:
    rising = [0.1, 0.4, 0.6, 0.9, 0.4, 0.1, 0.1]  # known of at 2.0 s
    items = [predicted(rising, [(start, 2.1)], clip=str(start)) for start in (1.0, 1.2, 1.7)]
    assert figures([*items, *SET])["delay"] == (pytest.approx(0.8), 3, None)


def test_a_clip_without_a_group_is_its_own() -> None:
    report = event_report([replace(item, group="") for item in SET], resamples=50)
    assert report.groups == 8
    assert event_report([replace(item, group="x") for item in SET], resamples=50).groups == 1


def test_parts_of_a_test() -> None:
    sized = [
        replace(item, size=h)
        for item, h in zip(SET, (0.1, 0.3, 0.3, None, 0.6, 0.9, 0.8, 0.2), strict=True)
    ]
    sized[0] = replace(sized[0], dataset="y")
    evaluation = evaluate_events(sized, {"model": "m"})
    assert list(evaluation.by_dataset) == ["x", "y"]
    assert evaluation.by_dataset["y"].metrics["recall"].value == 1.0
    assert list(evaluation.by_size) == [
        "under 25%",
        "25 to 50%",
        "50 to 75%",
        "75% and more",
        UNKNOWN,
    ]
    assert [report.clips for report in evaluation.by_size.values()] == [2, 2, 1, 2, 1]
    assert evaluation.by_size["75% and more"].metrics["false_per_clip"].value == 1.0
    sit, walk = evaluation.by_action
    assert (sit.action, sit.clips, sit.groups, sit.clips_hit, sit.rate.value) == (
        "sit",
        2,
        1,
        1,
        1.0,
    )
    assert (walk.action, walk.clips, walk.rate.value) == ("walk", 1, 0.0)
    assert evaluation.facts == {"model": "m"}
    plain = evaluate_events([replace(item, action="") for item in SET])
    assert (plain.by_dataset, plain.by_size, plain.by_action) == ({}, {}, ())


@pytest.mark.parametrize(
    ("height", "wanted"),
    [
        (None, "unknown"),
        (0.0, "under 25%"),
        (0.25, "25 to 50%"),
        (0.5, "50 to 75%"),
        (0.75, "75% and more"),
        (1.0, "75% and more"),
    ],
)
def test_sizes(height: float | None, wanted: str) -> None:
    assert size_of(height) == wanted


def test_a_row_a_class_where_lookalikes_are_marked() -> None:
    """Counted on paper: an event that finds a fall counts against nothing beside it."""
    items = [
        found(
            [(2.0, 3.0, 0.9), (10.0, 11.0, 0.6), (20.0, 20.5, 0.6)],
            [(2.5, 4.0)],
            clip="1",
            lookalikes=((3.2, 6.0), (10.5, 12.0), (30.0, 31.0)),
            classes=(
                (2.5, 4.0, "fall"),
                (3.2, 6.0, "lie_down"),
                (10.5, 12.0, "sit_down"),
                (30.0, 31.0, "sit_down"),
            ),
        ),
        found([], [(1.0, 2.0)], clip="2", classes=((1.0, 2.0, "fall"),)),
        found([(5.0, 6.0, 0.9)], clip="3", lookalikes=((4.0, 5.5),)),
    ]
    rows = evaluate_events(items).by_class
    assert [(row.name, row.fall, row.hit.count, row.hit.base) for row in rows] == [
        ("fall", True, 1, 2),
        ("", False, 1, 1),
        ("sit_down", False, 1, 2),
        ("lie_down", False, 0, 1),
    ]
    assert evaluate_events(SET).by_class == ()
