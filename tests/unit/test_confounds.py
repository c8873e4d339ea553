"""Confounds that were put in are found and named, and those that were not are not.

In: clips with made-up facts. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slipdetect.lab.check.clip_stats import ClipStats
from slipdetect.lab.check.confounds import Confound, ConfoundReport, find_confounds
from slipdetect.lab.data import Clip

Measured = list[tuple[Clip, ClipStats]]


def facts(rng: np.random.Generator) -> ClipStats:
    """Facts that know nothing of the label."""
    return ClipStats(
        frame_rate=float(rng.choice([15.0, 25.0, 30.0])),
        width=int(rng.choice([320, 640])),
        height=240,
        seconds=float(rng.uniform(2, 10)),
        bytes=int(rng.uniform(1e5, 1e6)),
        border=float(rng.choice([0.0, 0.2])),
        brightness=float(rng.uniform(40, 200)),
        background=rng.uniform(0, 1, 48).astype(np.float32),
        stills=np.zeros((1, 32, 32), np.uint8),
    )


def clips(count: int = 160, each: int = 2, seed: int = 0) -> Measured:
    """``count`` clips in groups of ``each``, of two data sets, half of them slips."""
    rng = np.random.default_rng(seed)
    return [
        (
            Clip(Path(f"{i}"), i % 2 == 0, group=f"g{i // each}", dataset="ab"[i // 8 % 2]),
            facts(rng),
        )
        for i in range(count)
    ]


def found(report: ConfoundReport | None, name: str) -> Confound:
    assert report is not None
    return next(confound for confound in report.confounds if confound.name == name)


def test_nothing_tells_in_clips_made_by_chance() -> None:
    report = find_confounds(clips())
    assert report is not None
    assert [confound.name for confound in report.confounds if confound.telling] == []
    assert (report.clips, report.groups, report.folds, report.by_group) == ((80, 80), 80, 5, True)
    for confound in report.confounds:
        assert confound.auc.low <= confound.auc.value <= confound.auc.high
        assert "does not surely tell" in confound.sentence()
    assert len(report.confounds) == 9


@pytest.mark.parametrize(
    ("name", "slip", "other"),
    [
        ("frame rate", {"frame_rate": 15.0}, {"frame_rate": 30.0}),
        ("picture size", {"width": 640}, {"width": 320}),
        ("duration", {"seconds": 2.0}, {"seconds": 9.0}),
        ("black borders", {"border": 0.4}, {"border": 0.0}),
        ("brightness", {"brightness": 60.0}, {"brightness": 150.0}),
        ("bit rate", {"bytes": 10_000, "seconds": 5.0}, {"bytes": 10**6, "seconds": 5.0}),
    ],
)
def test_a_property_that_goes_with_the_label_is_named(
    name: str, slip: dict[str, float], other: dict[str, float]
) -> None:
    """Nine clips of ten have what goes with their label."""
    rng = np.random.default_rng(1)
    spoilt: Measured = []
    for clip, facts in clips():
        honest = clip.positive if rng.random() < 0.9 else not clip.positive
        spoilt.append((clip, replace(facts, **(slip if honest else other))))
    confound = found(find_confounds(spoilt), name)
    assert confound.telling
    assert 0.8 < confound.auc.value < 1.0
    assert confound.sentence().startswith(f"{name} alone tells the label apart: AUC 0.")
    assert confound.advice in confound.sentence()


def test_a_middle_value_tells_as_well() -> None:
    """A rate between two others is no straight line from one label to the other."""
    rates = {True: [25.0], False: [15.0, 30.0]}
    middle = [
        (clip, replace(facts, frame_rate=rates[clip.positive][i % len(rates[clip.positive])]))
        for i, (clip, facts) in enumerate(clips())
    ]
    assert found(find_confounds(middle), "frame rate").auc.value > 0.95


def test_the_background_of_a_label_is_found_in_groups_never_seen() -> None:
    beaches = [
        (clip, replace(facts, background=facts.background * (0.3 if clip.positive else 1.0)))
        for clip, facts in clips()
    ]
    assert found(find_confounds(beaches), "background").telling


def test_groups_are_not_learned_by_heart() -> None:
    """Each group has its own length and one label: within groups it tells all, beyond nothing."""
    rng = np.random.default_rng(2)
    known = []
    for number in range(40):
        seconds = float(rng.uniform(1, 100))
        for i in range(4):
            clip = Clip(Path(f"{number}-{i}"), number % 2 == 0, group=str(number))
            known.append((clip, replace(facts(rng), seconds=seconds)))
    assert found(find_confounds(known), "duration").auc.value < 0.7


def test_inside_data_sets_what_the_data_set_tells_is_gone() -> None:
    """All slips are of one camera with its own rate: the rate tells only through the data set."""
    mixed = []
    for i, (clip, facts) in enumerate(clips(200, each=1)):
        source = "a" if clip.positive == (i % 10 != 9) else "b"
        rate = 15.0 if source == "a" else 30.0
        mixed.append((replace(clip, dataset=source), replace(facts, frame_rate=rate)))
    report = find_confounds(mixed)
    rate, source = found(report, "frame rate"), found(report, "data set")
    assert rate.telling
    assert rate.within is not None
    assert rate.within.value == pytest.approx(0.5)
    assert "inside single data sets" in rate.sentence()
    assert source.telling
    assert source.within is None


def test_too_few_groups_are_said_and_one_label_is_no_question() -> None:
    one_place = [(replace(clip, group="kitchen"), facts) for clip, facts in clips(40)]
    report = find_confounds(one_place)
    assert report is not None
    assert not report.by_group
    slips = [(clip, facts) for clip, facts in clips(40) if clip.positive]
    assert find_confounds(slips) is None
    assert find_confounds([]) is None


def test_what_all_clips_share_is_no_confound() -> None:
    report = find_confounds([(clip, replace(facts, border=0.0)) for clip, facts in clips(40)])
    assert report is not None
    assert report.constant == ("black borders",)
    assert "black borders" not in [confound.name for confound in report.confounds]


def test_the_same_clips_give_the_same_numbers() -> None:
    assert find_confounds(clips(60)) == find_confounds(clips(60))
