"""The reliability diagram shows every bin where it belongs, with its figures.

In: made-up probabilities. Out: a figure, a PNG.
"""

from __future__ import annotations

from pathlib import Path

from slipdetect.lab.calibrate.reliability import reliability, reliability_figure

P = [0.1, 0.2, 0.6, 0.9]
FALLS = [False, True, True, True]


def test_points_bars_and_figures_are_those_of_the_bins() -> None:
    before = reliability(P, FALLS, bins=2)
    after = reliability(P, FALLS, binning="width", bins=3)
    figure = reliability_figure({"before": before, "after": after}, "tiny")
    diagrams, histograms = figure.axes[:2], figure.axes[2:]
    for axes, histogram, what in zip(diagrams, histograms, (before, after), strict=True):
        line = axes.lines[-1]
        assert list(line.get_xdata()) == [item.predicted for item in what.bins]
        assert list(line.get_ydata()) == [item.observed for item in what.bins]
        heights = {round(bar.get_x(), 2): bar.get_height() for bar in histogram.patches}
        assert {x: n for x, n in heights.items() if n} == {0.1: 1, 0.2: 1, 0.6: 1, 0.9: 1}
        said = f"error {what.error:.3f}, {len(what.bins)} bins of equal {what.binning}"
        assert said in axes.get_title()
        assert "4 windows, 3 of falls" in axes.get_title()
    assert diagrams[0].get_title().startswith("before: ")
    assert "weighed" not in diagrams[0].get_ylabel()


def test_weighed_labels_are_told_and_the_file_is_a_png(tmp_path: Path) -> None:
    what = reliability(P, FALLS, balanced=True)
    assert "weighed alike" in reliability_figure({"a": what}).axes[0].get_ylabel()
    reliability_figure({"a": what}, "title").savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
