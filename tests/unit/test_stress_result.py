"""Figures of made-up predictions, worked out by hand; the tables that show them.

In: five clips under three conditions. Out: counts, shares, rates and p-values computed here.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.image import imread

from slipdetect.lab.evaluate.event_report import event_report
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stress.conditions import Place, make_cases
from slipdetect.lab.stress.plot import stress_figure
from slipdetect.lab.stress.report import stress_data, stress_page
from slipdetect.lab.stress.result import StressResult, stress_rows

FALL, SECOND, ELSEWHERE = (1.0, 2.0), (5.0, 6.0), (8.0, 9.0)
BASE, DARK, MIRROR = make_cases(["dark", "mirror"], {"dark": [20]})


def clip(
    name: str,
    score: float,
    *events: tuple[float, float],
    truth: tuple[tuple[float, float], ...] | None = None,
) -> ClipPrediction:
    """A prediction; with ``truth`` of a clip with falls, empty where their times are unknown."""
    found = tuple((start, end, score) for start, end in events)
    positive = truth is not None
    seconds = 10.0 if positive else 1800.0
    known = () if truth is None else truth
    return ClipPrediction(name, "made", positive, known, seconds, score, found, group=name)


UNDISTURBED = [
    clip("a", 0.9, FALL, truth=(FALL,)),
    clip("b", 0.8, FALL, SECOND, truth=(FALL, SECOND)),
    clip("c", 0.3, truth=()),
    clip("d", 0.5, FALL, SECOND),
    clip("e", 0.1),
]
IN_THE_DARK = [  # every fall is lost
    clip("a", 0.2, ELSEWHERE, truth=(FALL,)),
    clip("b", 0.2, truth=(FALL, SECOND)),
    clip("c", 0.2, truth=()),
    clip("d", 0.2),
    clip("e", 0.2),
]
MIRRORED = [  # two falls are lost, one is found; e is not read
    clip("a", 0.1, truth=(FALL,)),
    clip("b", 0.8, FALL, truth=(FALL, SECOND)),
    clip("c", 0.7, ELSEWHERE, truth=()),
    clip("d", 0.6, FALL),
]


@pytest.fixture
def result() -> StressResult:
    predictions = {BASE: UNDISTURBED, DARK: IN_THE_DARK, MIRROR: MIRRORED}
    facts = {"model": {"name": "stub"}, "data": {"clips": 5}}
    return StressResult(tuple(stress_rows(predictions, resamples=100)), 5, facts)


def test_counts_and_shares(result: StressResult) -> None:
    assert [row.case for row in result.rows] == [BASE, DARK, MIRROR]
    assert [(row.clips, row.positives) for row in result.rows] == [(5, 3), (5, 3), (4, 3)]
    assert [(row.recall.count, row.recall.base) for row in result.rows] == [(3, 4), (0, 4), (2, 4)]
    assert [row.recall.value for row in result.rows] == [0.75, 0.0, 0.5]
    assert [row.per_hour.count for row in result.rows] == [2, 0, 1]
    assert [row.per_hour.base for row in result.rows] == [1.0, 1.0, 0.5]
    assert [row.per_hour.value for row in result.rows] == [2.0, 0.0, 2.0]
    assert [row.per_clip.value for row in result.rows] == [1.0, 0.0, 1.0]
    # 0.9 and 0.8 beat both others, 0.3 one of them; all alike; 0.8 and 0.7 beat 0.6, 0.1 does not
    assert [row.auc.value for row in result.rows] == pytest.approx([5 / 6, 0.5, 2 / 3])


def test_what_was_lost_and_gained(result: StressResult) -> None:
    base, dark, mirror = result.rows
    assert base.change is None
    assert dark.change is not None
    assert mirror.change is not None
    assert (dark.change.falls, dark.change.lost, dark.change.gained) == (4, 3, 0)
    assert (mirror.change.falls, mirror.change.lost, mirror.change.gained) == (4, 2, 1)
    # three of three one way: 2 / 2^3; two of three: every outcome is as likely or less so
    assert (dark.change.p_value, mirror.change.p_value) == pytest.approx((0.25, 1.0))
    # the smallest of two p-values counts twice
    assert (dark.change.corrected, mirror.change.corrected) == pytest.approx((0.5, 1.0))


def test_intervals_of_few_groups_are_exact(result: StressResult) -> None:
    base, dark, _ = result.rows
    for row in (base, dark):
        for figure in (row.recall, row.per_hour, row.per_clip):
            assert figure.interval is not None
            assert figure.interval.method == "exact"
    # 1, 2 and 1 falls tell as much as 4^2 / (1 + 4 + 1) = 8/3 groups: (1 - p)^(8/3) = 0.025
    assert dark.recall.interval is not None
    assert dark.recall.interval.low == 0.0
    assert dark.recall.interval.high == pytest.approx(1 - 0.025 ** (3 / 8))
    # tables of Poisson limits have 0.2422 and 7.2247 for two events, here in two clips or an hour
    assert base.per_clip.interval is not None
    assert base.per_hour.interval is not None
    assert base.per_clip.interval.low == pytest.approx(0.2422 / 2, abs=1e-4)
    assert base.per_clip.interval.high == pytest.approx(7.2247 / 2, abs=1e-4)
    assert base.per_hour.interval.low == pytest.approx(0.2422, abs=1e-4)
    assert base.per_hour.interval.high == pytest.approx(7.2247, abs=1e-4)


def test_clips_of_many_groups_are_drawn_by_group() -> None:
    rows = [clip(f"p{k}", 0.5, *((FALL,) if k % 3 else ()), truth=(FALL,)) for k in range(12)]
    rows += [clip(f"n{k}", 0.5, *((FALL,) * (k % 3))) for k in range(12)]
    (row,) = stress_rows({BASE: rows}, resamples=400)
    for figure, value in ((row.recall, 8 / 12), (row.per_clip, 1.0), (row.per_hour, 2.0)):
        assert figure.value == pytest.approx(value)
        assert figure.interval is not None
        assert figure.interval.method == "bootstrap"
        assert figure.interval.low < value < figure.interval.high
    # one group of all clips says next to nothing
    (alike,) = stress_rows({BASE: [replace(item, group="x") for item in rows]}, resamples=400)
    assert alike.recall.interval is not None
    assert alike.recall.interval.method == "exact"


def test_figures_are_those_of_an_event_test_where_they_mean_the_same() -> None:
    rows = [clip(f"p{k}", 0.4 + k / 20, *((FALL,) * (k % 3)), truth=(FALL,)) for k in range(12)]
    rows += [clip(f"n{k}", k / 20, *((FALL,) * (k % 2))) for k in range(12)]
    rows = [replace(item, group=f"g{int(item.clip[1:]) % 7}") for item in rows]
    (row,) = stress_rows({BASE: rows}, resamples=200)
    figures = event_report(rows, resamples=200).metrics
    assert row.recall == figures["recall"]
    assert row.per_hour == figures["false_per_hour"]
    assert row.per_clip == figures["false_per_clip"]
    assert row.auc == figures["auc"]


def test_a_fall_at_an_unknown_time_is_found_by_any_event() -> None:
    # an event test leaves it out; here it is a fall that can be lost
    timed = clip("a", 0.9, FALL, truth=(FALL,))
    (row,) = stress_rows({BASE: [timed, clip("b", 0.8, ELSEWHERE, truth=())]}, resamples=100)
    assert (row.recall.count, row.recall.base, row.recall.value) == (2, 2, 1.0)


def test_clips_with_falls_only_have_no_false_events() -> None:
    rows = stress_rows({BASE: UNDISTURBED[:3], DARK: IN_THE_DARK[:3]}, resamples=100)
    for row in rows:
        assert (row.per_hour.value, row.per_clip.value, row.auc.value) == (None, None, None)
    table = stress_page(StressResult(tuple(rows), 3)).text()
    assert "3/4" in table
    data = json.loads(json.dumps(stress_data(StressResult(tuple(rows), 3)), allow_nan=False))
    assert data["rows"][0]["false_per_hour"]["value"] is None


def test_the_table(result: StressResult) -> None:
    lines = stress_page(result).text().splitlines()
    assert (
        lines[0] == "model stub: 5 clips, 3 of them with a fall, 60.0 minutes without, of 5 groups"
    )
    heads, base, dark, mirror = (line.split() for line in lines[2:6])
    assert heads[:4] == ["condition", "clips", "found", "recall,"]
    assert (base[0], base[1], base[2], base[3]) == ("undisturbed", "5", "3/4", "75")
    assert base[6:] == ["2.0", "1.00", "0.833", "-", "-", "-"]
    assert " ".join(dark) == "dark 20% 5 0/4 0 [0, 75]* 0.0 0.00 0.500 3 0 0.500"
    assert mirror[-3:] == ["2", "1", "1.000"]
    text = " ".join(lines[7:])
    assert "corrected for their 2 rows (Holm)" in text
    assert "Clopper and Pearson" in text
    assert "drawn again and again" not in text
    assert "could not be read under every condition" in text
    assert max(map(len, lines)) <= 100
    assert "--quick" in stress_page(replace(result, quick=True)).text()


def test_a_star_is_explained_where_one_is() -> None:
    rows = [clip(f"p{k}", k / 12, *((FALL,) if k % 3 else ()), truth=(FALL,)) for k in range(12)]
    rows += [clip(f"n{k}", 0.5) for k in range(12)]
    result = StressResult(tuple(stress_rows({BASE: rows}, resamples=100)), 24)
    # the exact intervals are those of no false event, for which a terminal has no room
    assert "*" not in stress_page(result).text()
    assert "of Poisson for rates" in stress_page(result, full=True).markdown()


def test_all_conditions_fit_into_a_hundred_columns() -> None:
    many = [replace(item, clip=f"{item.clip}{k}") for k in range(200) for item in UNDISTURBED]
    case = make_cases(["compression"])[2]
    rows = stress_rows({BASE: many, case: many}, resamples=100)
    lines = stress_page(StressResult(tuple(rows), 5)).text().splitlines()
    assert "compression 38 CRF" in lines[4]
    assert max(map(len, lines)) <= 100


def test_the_page_says_what_the_conditions_mean(result: StressResult) -> None:
    page = stress_page(result, full=True).markdown().splitlines()
    assert page[0] == "# Robustness"
    assert page[4].startswith(
        "| condition | clips | falls found | recall, % | false events an hour"
    )
    (dark,) = (line for line in page if line.startswith("| dark 20% | 5 | 0/4 | 0 [0, 75]\\* |"))
    # one of two: 1 - 0.975^(1/2) and the square root of 0.975
    assert dark.endswith("| 0.500 [0.013, 0.987]\\* | 3 | 0 | 0.500 |")
    assert "2.0 [0.2, 7.2]\\* | 1.00 [0.12, 3.61]\\*" in page[6]
    assert "- dark: every level is multiplied by this share." in page
    assert not any(line.startswith("- noise") for line in page)


def test_the_data_are_complete_and_not_rounded(result: StressResult) -> None:
    data = json.loads(json.dumps(stress_data(result), allow_nan=False))
    assert (data["version"], data["groups"], data["quick"]) == (1, 5, False)
    assert data["facts"]["model"] == {"name": "stub"}
    base, dark, mirror = data["rows"]
    assert base["change"] is None
    assert dark["change"] == {"falls": 4, "lost": 3, "gained": 0, "p": 0.25, "p_holm": 0.5}
    assert (dark["condition"], dark["strength"], dark["label"]) == ("dark", 20, "dark 20%")
    assert dark["recall"]["high"] == pytest.approx(1 - 0.025 ** (3 / 8), abs=1e-12)
    assert (mirror["strength"], mirror["unit"]) == (None, "")
    assert mirror["auc"]["value"] == pytest.approx(2 / 3)


def test_the_plot_is_1200_pixels_wide_and_shows_every_row(
    result: StressResult, tmp_path: Path
) -> None:
    stress_figure(result).savefig(tmp_path / "a.png")
    height, width = imread(tmp_path / "a.png").shape[:2]
    assert width == 1200
    assert height < width
    left, right = stress_figure(result).axes
    names = [text.get_text() for text in left.get_yticklabels()]
    assert names == ["undisturbed", "dark 20%", "mirror"]
    for axes, values in ((left, [0.75, 0.0, 0.5]), (right, [1.0, 0.0, 1.0])):
        dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() not in ("None", "")]
        assert dots == pytest.approx(values)
        assert axes.get_xlim()[1] >= max(values)


def test_falls_are_lost_and_gained_by_scene() -> None:
    (place,) = make_cases(["viewpoint"], places=[Place(90, 0)])[1:]
    # of a's two falls the first is lost; b's is gained; c is not of any known scene
    before = [clip("a", 0.9, FALL, SECOND, truth=(FALL, SECOND)), clip("b", 0.1, truth=(FALL,))]
    after = [
        clip("b-right", 0.9, FALL, truth=(FALL,)),
        clip("a-right", 0.9, SECOND, truth=(FALL, SECOND)),
        clip("c-right", 0.9, FALL, truth=(FALL,)),
    ]
    same = {"a-right": "a", "b-right": "b"}
    rows = stress_rows({BASE: before, place: after}, resamples=10, same=same)
    change = rows[1].change
    assert change is not None
    assert (change.falls, change.lost, change.gained) == (3, 1, 1)
    told = stress_data(StressResult(tuple(rows), 2))["rows"]
    assert "rise" not in told[0]
    assert [told[1][key] for key in ("condition", "strength", "unit", "rise", "label")] == [
        *("viewpoint", 90, "°", 0, "viewpoint 90°"),
    ]
