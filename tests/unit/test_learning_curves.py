"""Learning curves as a picture: what is dashed, what is colored, what is cut.

In: made-up curves. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipdetect.lab.train.learning_curves import Curve, draw_learning_curves, learning_figure
from slipdetect.lab.train.records import draw_curves


def _curve(run: str, part: str, metric: str, *values: float) -> Curve:
    return Curve(run, part, metric, tuple(enumerate(values, 1)))


def _epoch(epoch: int, *figures: float | None) -> SimpleNamespace:
    names = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
    return SimpleNamespace(epoch=epoch, **dict(zip(names, figures, strict=True)))


def test_training_is_dashed_validation_solid_and_a_run_has_one_color() -> None:
    curves = [
        _curve("rgb", "training", "loss", 0.7, 0.5),
        _curve("rgb", "validation", "loss", 0.8, 0.6),
        _curve("flow", "validation", "loss", 0.9, 0.4),
    ]
    lines = learning_figure(curves).axes[0].lines
    assert [line.get_linestyle() for line in lines] == ["--", "-", "-"]
    colors = [line.get_color() for line in lines]
    assert colors[0] == colors[1] != colors[2]
    assert list(lines[1].get_ydata()) == [0.8, 0.6]


def test_the_legend_names_every_run_once_and_the_styles() -> None:
    curves = [_curve(run, "training", "loss", 1.0) for run in ("a", "b")]
    curves.append(_curve("a", "validation", "accuracy", 0.5))
    (legend,) = learning_figure(curves).legends
    assert [text.get_text() for text in legend.texts] == ["a", "b", "training", "validation"]


def test_a_loss_that_ran_away_gets_a_logarithmic_axis() -> None:
    calm = learning_figure([_curve("a", "training", "loss", 3.0, 1.0, 0.2)]).axes[0]
    wild = learning_figure([_curve("a", "training", "loss", 1.0, 254711.0, math.nan, 1.0)]).axes[0]
    assert calm.get_yscale() == "linear"
    assert calm.get_ylim()[0] == 0
    assert wild.get_yscale() == "log"
    assert "logarithmic" in wild.get_title()


def test_one_epoch_is_not_cut_into_parts() -> None:
    for axes in learning_figure([_curve("a", "validation", "loss", 0.7)]).axes[:1]:
        assert [float(place) for place in axes.get_xticks()] == [1.0]
        assert axes.get_xlim() == (0.5, 1.5)


def test_a_missing_metric_is_said() -> None:
    figure = learning_figure([_curve("a", "training", "loss", 1.0)])
    assert [text.get_text() for text in figure.axes[1].texts] == ["no accuracy in these logs"]


def test_seventeen_runs_differ_in_color_or_marker() -> None:
    curves = [_curve(f"run {i}", "training", "loss", 1.0) for i in range(17)]
    lines = learning_figure(curves).axes[0].lines
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 17


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_formats_go_by_the_suffix(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"x.{suffix}"
    draw_learning_curves([_curve("a", "training", "loss", 1.0)], target)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix.lower()]
    assert target.read_bytes().startswith(start)


def test_a_training_run_is_drawn_by_the_same_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Curve] = []

    def draw(curves: list[Curve], target: Path) -> None:
        seen.extend(curves)
        target.write_bytes(b"picture")

    monkeypatch.setattr("slipdetect.lab.train.records.draw_learning_curves", draw)
    history = {
        "rgb": [
            _epoch(0, 0.75, 0.5, None, None),
            _epoch(1, 0.5, 0.625, 0.25, 0.875),
        ]
    }
    draw_curves(history, tmp_path / "curves.png")
    assert seen == [
        Curve("rgb", "training", "loss", ((1, 0.75), (2, 0.5))),
        Curve("rgb", "validation", "loss", ((2, 0.25),)),
        Curve("rgb", "training", "accuracy", ((1, 0.5), (2, 0.625))),
        Curve("rgb", "validation", "accuracy", ((2, 0.875),)),
    ]
    assert (tmp_path / "curves.png").read_bytes() == b"picture"
