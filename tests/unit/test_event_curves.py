"""Every threshold anew, against finding events by hand at each; and the picture of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from predicted import CONFIG, found, predicted
from slipdetect.detection import EventConfig
from slipdetect.errors import DataError
from slipdetect.lab.evaluate.event_curves import (
    Sweep,
    event_curves_figure,
    precisions,
    recalls,
    sweep_onset,
)

# borders at 0, 0.75, 1.25, 1.75, 2.25
FALL = predicted([0.1, 0.4, 0.9, 0.4, 0.1], [(1.0, 2.0)], clip="fall")
LATE = predicted([0.7, 0.1, 0.1, 0.1, 0.6], [(2.3, 3.0)], clip="late")
NORMAL = predicted([0.1, 0.8, 0.1, 0.45, 0.1], clip="normal")
UNTIMED = predicted([0.9, 0.9], None, clip="untimed")


@pytest.fixture
def sweep() -> Sweep:
    return sweep_onset([FALL, LATE, NORMAL, UNTIMED], CONFIG)


def at(sweep: Sweep, onset: float) -> tuple[int, int, int, int]:
    (point,) = [point for point in sweep.points if point.onset == pytest.approx(onset)]
    return point.found, point.false, point.strays, point.hits


def test_points_by_hand(sweep: Sweep) -> None:
    assert sweep.events == 2
    assert sweep.hours == pytest.approx(3.0 / 3600)
    assert [p.onset for p in sweep.points] == sorted(p.onset for p in sweep.points)
    assert sweep.points[sweep.own].onset == 0.5
    # at 0.5: one event; two, of which one touches; one false (0.45 is below)
    assert at(sweep, 0.5) == (4, 1, 1, 2)
    assert at(sweep, 0.9) == (1, 0, 0, 1)
    # between: the surest of the clips with known times are 0.9, 0.7 and 0.8
    assert at(sweep, 0.7) == (3, 1, 1, 1)
    assert at(sweep, 0.8) == (2, 1, 0, 1)
    own = sweep.points[sweep.own]
    # 1.25 to 2.25 against 1 to 2 has 0.75 in 1.25; 2.25 to 3 against 2.3 to 3 has 0.7 in 0.75
    assert own.pairs == {0.1: 2, 0.3: 2, 0.5: 2}


def test_a_low_onset_lowers_the_offset() -> None:
    quiet = predicted([0.1, 0.2], clip="quiet")
    low = sweep_onset([FALL, LATE, NORMAL, quiet], CONFIG)
    # at 0.2 the offset of 0.3 would be above it: 0.45 and 0.2 are false events of their own
    assert low.points[0].onset == 0.2
    assert at(low, 0.2) == (6, 3, 1, 2)


def test_precision_and_recall_at_each_threshold(sweep: Sweep) -> None:
    index = [point.onset for point in sweep.points].index(0.5)
    assert recalls(sweep)["within 0.5 s"][index] == 1.0
    assert precisions(sweep)["within 0.5 s"][index] == pytest.approx(2 / 4)
    assert precisions(sweep)["tIoU 0.5"][index] == pytest.approx(2 / 4)
    above = sweep_onset([FALL, NORMAL], EventConfig(onset=0.95))
    assert math.isnan(precisions(above)["within 0.5 s"][above.own])


def test_what_cannot_be_swept_says_why() -> None:
    with pytest.raises(DataError, match="without their windows"):
        sweep_onset([FALL, found([])], CONFIG)
    with pytest.raises(DataError, match="no clip has event times"):
        sweep_onset([UNTIMED], CONFIG)


def test_the_picture_shows_both_panels(sweep: Sweep, tmp_path: Path) -> None:
    figure = event_curves_figure(sweep, "a model")
    left, right = figure.axes
    assert right.get_xscale() == "log"
    labels = left.get_legend_handles_labels()[1]
    assert labels == ["within 0.5 s", "threshold in force", "tIoU 0.1", "tIoU 0.3", "tIoU 0.5"]
    curve = left.get_lines()[0]
    assert list(curve.get_xdata()) == recalls(sweep)["within 0.5 s"]
    # none at all lies where half an event would be
    rates = right.get_lines()[0].get_xdata()
    assert min(rates) == pytest.approx(0.5 / sweep.hours)
    event_curves_figure(sweep).savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("items", [[FALL], [NORMAL]])
def test_a_panel_without_data_says_so(items: list) -> None:
    figure = event_curves_figure(sweep_onset(items, CONFIG))
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any("no falls" in text for text in texts)
