"""What other onsets would give: precision over recall, recall over false events an hour.

In: predictions with their windows. Out: a ``Sweep`` of thresholds; a PNG of two panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter

from slipdetect._text import printable
from slipdetect.errors import DataError
from slipdetect.lab.evaluate.event_matching import hits, match, strays
from slipdetect.lab.evaluate.event_report import OVERLAPS
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stats.plot import new_figure
from slipdetect.reports.colors import color, marker
from slipdetect.types import EventConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STEPS = 48  # thresholds of a sweep
_TOUCHING = "within 0.5 s"
_NAMED = (0.1, 0.3, 0.5, 0.7, 0.9)  # thresholds written beside the first curve


@dataclass(frozen=True)
class Point:
    """What a threshold makes of the clips whose event times are known."""

    onset: float  # the threshold
    found: int  # found events
    false: int  # those in clips without a fall
    strays: int  # those in clips with a fall that touch no true event
    hits: int  # true events touched within half a second
    pairs: dict[float, int]  # pairs of a found and a true event by the least tIoU of a pair


@dataclass(frozen=True)
class Sweep:
    """Points of rising thresholds over the same clips."""

    points: tuple[Point, ...]  # at least one; the thresholds rise
    own: int  # index of the point at the thresholds in force
    events: int  # true events
    hours: float  # length of the clips without a fall


def sweep_onset(predictions: Sequence[ClipPrediction], config: EventConfig) -> Sweep:
    """Return what each onset threshold makes of ``predictions``; all else is as in ``config``.

    The offset threshold stays, except that it is never above the onset. Thresholds are those
    probabilities that as many clips each exceed, and that of ``config``.

    Raises:
        DataError: Windows were not kept, or no clip has a known time.
    """
    items = [item for item in predictions if item.timed]
    if not items:
        raise DataError("no clip has event times, so that there is no curve to draw")
    if not all(item.windows for item in items):
        raise DataError(
            "these predictions were kept without their windows, so that other thresholds cannot be "
            "tried; run the model once more"
        )
    thresholds = _thresholds(items, config.onset)
    return Sweep(
        points=tuple(_point(items, config, onset) for onset in thresholds),
        own=thresholds.index(config.onset),
        events=sum(len(item.truth) for item in items),
        hours=sum(item.seconds for item in items if not item.positive) / 3600,
    )


def _thresholds(items: Sequence[ClipPrediction], own: float) -> list[float]:
    """Return thresholds between the lowest and the highest score of a clip, some of them fixed."""
    scores = [max(probability for *_, probability in item.windows) for item in items]
    spread = np.quantile(scores, np.linspace(0, 1, _STEPS + 1)).round(5).tolist()
    return sorted({own, *spread})


def _point(items: Sequence[ClipPrediction], config: EventConfig, onset: float) -> Point:
    changed = config.updated({"onset": onset})
    again = [item.at(changed) for item in items]
    return Point(
        onset=onset,
        found=sum(len(item.events) for item in again),
        false=sum(len(item.events) for item in again if not item.positive),
        strays=sum(len(strays(item.events, item.truth)) for item in again if item.truth),
        hits=sum(sum(hits(item)) for item in again if item.truth),
        pairs={
            least: sum(len(match(item.events, item.truth, least)) for item in again)
            for least in OVERLAPS
        },
    )


def event_curves_figure(sweep: Sweep, title: str = "") -> Figure:
    """Return the plot: a curve for each way of counting a hit, a star at the threshold in force.

    Without true events, or without clips that have none, a panel stays empty.
    """
    figure = new_figure(10, 4.8)
    left, right = figure.subplots(1, 2)
    if sweep.events:
        _precision(left, sweep)
    else:
        _empty(left, "no clip with a fall at a known time")
    if sweep.events and sweep.hours:
        _rates(right, sweep)
    else:
        _empty(right, "no falls, or no clip without one")
    left.set(title="Precision over recall", xlabel="recall", ylabel="precision")
    right.set(
        title="Recall over false events",
        xlabel="false events an hour in clips without a fall",
        ylabel="recall",
    )
    handles, names = left.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=5, frameon=False)
    if title:
        figure.suptitle(printable(title), fontsize="medium")
    return figure


def recalls(sweep: Sweep) -> dict[str, list[float]]:
    """Return the recall at every threshold, by what counts as found."""
    rows = {_TOUCHING: [point.hits / sweep.events for point in sweep.points]}
    for least in sweep.points[0].pairs:
        rows[f"tIoU {least:g}"] = [point.pairs[least] / sweep.events for point in sweep.points]
    return rows


def precisions(sweep: Sweep) -> dict[str, list[float]]:
    """Return the precision at every threshold, NaN where nothing was found."""
    rows = {
        _TOUCHING: [
            _share(point.found - point.false - point.strays, point.found) for point in sweep.points
        ]
    }
    for least in sweep.points[0].pairs:
        rows[f"tIoU {least:g}"] = [
            _share(point.pairs[least], point.found) for point in sweep.points
        ]
    return rows


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _precision(axes: Axes, sweep: Sweep) -> None:
    found, right = recalls(sweep), precisions(sweep)
    for index, name in enumerate(found):
        _curve(axes, found[name], right[name], index, name, sweep.own)
    _name_thresholds(axes, sweep, found[_TOUCHING], right[_TOUCHING])
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.05))
    axes.grid(alpha=0.3)


def _rates(axes: Axes, sweep: Sweep) -> None:
    # a logarithm has no zero: none at all is drawn where half an event in all footage would be
    least = 0.5 / sweep.hours
    rates = [max(point.false / sweep.hours, least) for point in sweep.points]
    found = recalls(sweep)
    for index, name in enumerate(found):
        _curve(axes, rates, found[name], index, name, sweep.own)
    _name_thresholds(axes, sweep, rates, found[_TOUCHING])
    axes.set_xscale("log")
    axes.axvspan(least / 1.4, least * 1.4, color="0.92", zorder=0)
    axes.text(least, 0.98, "none", ha="center", va="top", fontsize="small", color="0.4")
    axes.set(xlim=(least / 1.4, max(max(rates), 4 * least) * 1.3), ylim=(-0.02, 1.05))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())  # would overlap
    axes.grid(alpha=0.3, which="both")


def _curve(
    axes: Axes, x: Sequence[float], y: Sequence[float], index: int, name: str, own: int
) -> None:
    axes.plot(x, y, color=color(index), linewidth=1.5, label=name)
    axes.plot(
        x[own],
        y[own],
        marker="*",
        markersize=13,
        color=color(index),
        markeredgecolor="black",
        markeredgewidth=0.6,
        linestyle="none",
        label="threshold in force" if name == _TOUCHING else None,
        zorder=3,
    )


def _name_thresholds(axes: Axes, sweep: Sweep, x: Sequence[float], y: Sequence[float]) -> None:
    """Write a few thresholds beside a curve, at the points nearest to them."""
    onsets = np.array([point.onset for point in sweep.points])
    named = {int(np.abs(onsets - wanted).argmin()): wanted for wanted in _NAMED}
    for index, wanted in named.items():
        near = abs(onsets[index] - wanted) < 0.03 and index != sweep.own
        if near and not (np.isnan(x[index]) or np.isnan(y[index])):
            axes.plot(x[index], y[index], marker=marker(0), markersize=3.5, color=color(0))
            axes.annotate(
                f"{onsets[index]:.2f}",
                (x[index], y[index]),
                xytext=(4, 4),
                textcoords="offset points",
                fontsize="x-small",
                color="0.3",
            )


def _empty(axes: Axes, reason: str) -> None:
    axes.text(0.5, 0.5, reason, ha="center", transform=axes.transAxes)
    axes.set(xticks=[], yticks=[])
