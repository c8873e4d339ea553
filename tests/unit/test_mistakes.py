"""Which mistakes are the worst, and the sheet that shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from predicted import found, predicted
from slipdetect.lab.evaluate.mistakes import (
    FALSE,
    MISSED,
    mistakes_figure,
    with_pictures,
    worst_mistakes,
)
from slipdetect.lab.stats.plot import save_png
from synth import make_video

SET = [
    found([(1.0, 2.0, 0.6), (5.0, 6.0, 0.9)], clip="twice"),
    found([(1.0, 2.0, 0.7)], clip="once"),
    found([(10.0, 11.0, 0.8), (3.0, 4.0, 0.9)], [(3.0, 4.0)], clip="astray"),
    found([], [(3.0, 4.0)], clip="missed", score=0.4),
    found([(1.0, 2.0, 0.95)], None, clip="untimed, found"),
    found([], None, clip="untimed", score=0.3),
    found([], clip="fine"),
]


def test_the_surest_false_events_and_the_least_sure_falls_come_first() -> None:
    false, missed = worst_mistakes(SET, 9)
    rows = [(mistake.item.clip, mistake.span, mistake.score) for mistake in false]
    assert rows == [
        ("twice", (5.0, 6.0), 0.9),  # once a clip, its surest
        ("astray", (10.0, 11.0), 0.8),
        ("once", (1.0, 2.0), 0.7),
    ]
    assert {mistake.kind for mistake in false} == {FALSE}
    assert [(m.item.clip, m.score, m.timed) for m in missed] == [
        ("missed", 0.4, True),
        ("untimed", 0.3, False),  # behind, for nobody knows where to look
    ]
    assert {mistake.kind for mistake in missed} == {MISSED}
    assert [len(part) for part in worst_mistakes(SET, 1)] == [1, 1]
    surer = [replace(SET[3], score=0.45, clip="b"), SET[3]]
    assert [mistake.score for mistake in worst_mistakes(surer, 2)[1]] == [0.4, 0.45]


def test_a_missed_fall_is_as_sure_as_the_surest_window_near_it() -> None:
    item = predicted([0.4, 0.1, 0.1, 0.1, 0.2, 0.1], [(2.6, 3.0)])
    ((mistake,),) = worst_mistakes([item], 3)[1:]
    assert mistake.score == 0.2  # 0.4 ends at 1.0 s


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    grays = [np.full((48, 64, 3), 10 + 8 * k, np.uint8) for k in range(30)]
    make_video(tmp_path / "a.mp4", grays, rate=10.0)
    return tmp_path


def test_pictures_are_those_of_their_times(folder: Path) -> None:
    item = predicted([0.1, 0.2, 0.9, 0.2], clip="a.mp4")
    (mistake,), _ = worst_mistakes([item], 1)
    assert mistake.span == (1.25, 1.75)
    shown = with_pictures(mistake, folder)
    times = [shot.time for shot in shown.shots]
    np.testing.assert_allclose(times, np.linspace(0.75, 2.25, 6))
    for shot in shown.shots:
        assert shot.image is not None
        level = 10 + 8 * round(10 * shot.time)
        assert float(shot.image.mean()) == pytest.approx(level, abs=9)
    # windows' middles are 0.5, 1, 1.5, 2; the first time lies between two
    assert [shot.probability for shot in shown.shots] == [0.1, 0.2, 0.9, 0.9, 0.2, 0.2]
    assert [shot.found for shot in shown.shots] == [False, False, True, True, False, False]


def test_a_video_that_is_gone_leaves_its_pictures_out(folder: Path) -> None:
    (mistake,), _ = worst_mistakes([found([(1.0, 2.0, 0.9)], clip="gone.mp4")], 1)
    shown = with_pictures(mistake, folder)
    assert [shot.image for shot in shown.shots] == [None] * 6
    assert [shot.probability for shot in shown.shots] == [None] * 6
    short = with_pictures(
        replace(mistake, item=replace(mistake.item, clip="a.mp4"), span=(2, 9)), folder
    )
    readable = [shot.image is not None for shot in short.shots]
    assert readable == [shot.time < 3.4 for shot in short.shots]


def test_a_name_of_a_clip_or_model_is_no_formula(tmp_path: Path) -> None:
    (mistake,), _ = worst_mistakes([found([(1.0, 2.0, 0.9)], clip="5$_or_$6.mp4")], 1)
    save_png(mistakes_figure([mistake], "$^$"), tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_the_sheet_has_a_row_each(folder: Path) -> None:
    false, missed = worst_mistakes(SET, 2)
    shown = [with_pictures(mistake, folder) for mistake in (*false, *missed)]
    figure = mistakes_figure(shown, "a model")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "false event, 0.90" in texts
    assert "missed fall, 0.30" in texts
    assert "at an unknown time" in texts
    assert texts.count("cannot be read") == 4 * 6
    mistakes_figure([], "a model").savefig(folder / "none.png")
    assert (folder / "none.png").read_bytes().startswith(b"\x89PNG")
    assert "no mistakes" in [t.get_text() for t in mistakes_figure([]).axes[0].texts]
