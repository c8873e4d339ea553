"""How far probabilities are from what they promise: calibration error, log loss, Brier score.

In: probabilities and labels. Out: ``Reliability``, with the bins of a reliability diagram; a plot.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from slipdetect._text import printable
from slipdetect.errors import DataError, UsageError
from slipdetect.reports.colors import color

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Binning = Literal["mass", "width"]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BINS = 10
_PARTS = 20  # of the histogram
_TINY = 1e-12
_WIDTH, _HEIGHT = 4.8, 6.2  # inches of a panel


@dataclass(frozen=True)
class ReliabilityBin:
    """Windows of similar probability."""

    low: float  # smallest probability that the bin may hold; of equal-mass bins, that it does hold
    high: float  # largest one
    count: int  # windows in it
    weight: float  # their share of the weight of all windows, 0 to 1
    predicted: float  # mean probability
    observed: float  # share of them that show a fall


@dataclass(frozen=True)
class Reliability:
    """What probabilities are worth."""

    # expected calibration error: the mean over windows of how far the mean probability of their bin
    # is from the share of it that shows a fall; 0 is perfect
    error: float
    log_loss: float  # mean negative log likelihood, nats; 0.693 is that of always saying one half
    brier: float  # mean squared distance from the label; 0.25 is that of always saying one half
    binning: Binning  # ``"mass"`` or ``"width"``
    bins: tuple[ReliabilityBin, ...]  # those that hold a window, from low to high
    count: int  # windows
    positives: int  # windows that show a fall
    balanced: bool  # both labels weigh the same
    histogram: tuple[int, ...]  # windows by probability, in twenty parts as wide each


def reliability(
    probabilities: Sequence[float] | Floats,
    positive: Sequence[bool] | Flags,
    *,
    binning: Binning = "mass",
    bins: int = BINS,
    balanced: bool = False,
) -> Reliability:
    """Measure probabilities against labels.

    Equal mass is the default: bins hold as many windows each (probabilities that are equal stay
    together). Equal-width bins are mostly empty where a detector is sure, so that the error hangs
    on a handful of windows (Nixon et al., CVPR workshops 2019; Roelofs et al., AISTATS 2022).

    Args:
        probabilities: ``(n,)``, 0 to 1.
        positive: ``(n,)``, whether the window shows a fall.
        binning: ``"mass"`` or ``"width"``.
        bins: Most bins.
        balanced: Let both labels weigh the same, as ``fit_calibration`` does; else every window.

    Raises:
        DataError: There is no window, one has no probability, or one label is to be weighed and
            is not there.
        UsageError: There is no bin, or no such binning.
    """
    p, labels = np.asarray(probabilities, np.float64), np.asarray(positive, bool)
    _check(p, labels, binning, bins, balanced)
    weights = _weights(labels, balanced)
    found = _bins(p, labels, weights, binning, bins)
    return Reliability(
        error=float(sum(item.weight * abs(item.predicted - item.observed) for item in found)),
        log_loss=float(weights @ losses(p, labels)),
        brier=float(weights @ (p - labels) ** 2),
        binning=binning,
        bins=tuple(found),
        count=len(p),
        positives=int(labels.sum()),
        balanced=balanced,
        histogram=tuple(np.bincount(_by_width(p, _PARTS), minlength=_PARTS).tolist()),
    )


def _bins(
    p: Floats, labels: Flags, weights: Floats, binning: Binning, bins: int
) -> list[ReliabilityBin]:
    member = _by_mass(p, weights, bins) if binning == "mass" else _by_width(p, bins)
    found = []
    for index in np.unique(member).tolist():
        inside = member == index
        low, high = index / bins, (index + 1) / bins
        if binning == "mass":
            low, high = float(p[inside].min()), float(p[inside].max())
        share = float(weights[inside].sum())
        predicted, observed = (float(weights[inside] @ x[inside]) / share for x in (p, labels))
        found.append(ReliabilityBin(low, high, int(inside.sum()), share, predicted, observed))
    return found


def losses(p: Floats, labels: Flags) -> Floats:
    """Return the negative log likelihood of every window, ``(n,)`` nats, at most 27.6."""
    made: Floats = -np.log(np.clip(np.where(labels, p, 1 - p), _TINY, 1.0))
    return made


def _check(p: Floats, labels: Flags, binning: str, bins: int, balanced: bool) -> None:
    if binning not in ("mass", "width"):
        raise UsageError(f"bins are of equal 'mass' or 'width', not {binning!r}")
    if bins < 1:
        raise UsageError(f"there must be at least one bin, not {bins}")
    if len(p) == 0 or len(p) != len(labels):
        raise DataError(f"{len(p)} probabilities and {len(labels)} labels cannot be compared")
    if not ((p >= 0) & (p <= 1)).all():
        raise DataError("a probability is not between 0 and 1; run the model once more")
    if balanced and labels.all() | ~labels.any():
        raise DataError("all windows have one label; calibration needs falls and other footage")


def _weights(labels: Flags, balanced: bool) -> Floats:
    """Return weights ``(n,)`` that add up to 1."""
    if not balanced:
        return np.full(len(labels), 1 / len(labels))
    made: Floats = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
    return made


def _by_mass(p: Floats, weights: Floats, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of every window; equal probabilities share the one their middle falls in."""
    _, place = np.unique(p, return_inverse=True)
    mass = np.bincount(place, weights)
    middle = np.cumsum(mass) - mass / 2
    # a middle on the border between bins belongs to the upper one, whatever rounding did
    return np.minimum((middle * bins + 1e-9).astype(np.int64), bins - 1)[place]


def _by_width(p: Floats, bins: int) -> npt.NDArray[np.int64]:
    return np.minimum((p * bins + 1e-9).astype(np.int64), bins - 1)


def reliability_figure(found: Mapping[str, Reliability], title: str = "") -> Figure:
    """Return a reliability diagram, its histogram below, for each name (before, after)."""
    from slipdetect.lab.stats.plot import new_figure

    figure = new_figure(_WIDTH * len(found), _HEIGHT)
    grid = figure.subplots(
        2, len(found), sharex=True, sharey="row", squeeze=False, height_ratios=(3, 1)
    )
    for index, (name, what) in enumerate(found.items()):
        diagram, histogram = grid[0][index], grid[1][index]
        _diagram(diagram, what, color(index))
        _histogram(histogram, what, color(index))
        diagram.set_title(f"{printable(name)}: {_summary(what)}", fontsize="small")
    balanced = " (labels weighed alike)" if next(iter(found.values())).balanced else ""
    grid[0][0].set_ylabel(f"share that shows a fall{balanced}")
    grid[1][0].set_ylabel("windows")
    if title:
        figure.suptitle(printable(title), fontsize="medium")
    return figure


def _diagram(axes: Axes, what: Reliability, shade: str) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.plot([0, 1], [0, 1], color="0.45", linestyle=(0, (4, 3)), linewidth=1, zorder=0)
    predicted = [item.predicted for item in what.bins]
    observed = [item.observed for item in what.bins]
    for item in what.bins:
        # the gap between promise and fact, whose mean is the calibration error
        gap = axes.plot(
            [item.predicted] * 2, [item.predicted, item.observed], color=shade, alpha=0.35
        )
        gap[0].set(linewidth=5, solid_capstyle="butt")
    axes.plot(predicted, observed, color=shade, marker="o", markersize=5, linewidth=1.4)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.3)


def _histogram(axes: Axes, what: Reliability, shade: str) -> None:
    width = 1 / len(what.histogram)
    left = [index * width for index in range(len(what.histogram))]
    axes.bar(left, what.histogram, width, align="edge", color=shade, alpha=0.6, edgecolor="white")
    axes.set_xlabel("probability predicted")
    axes.grid(axis="y", alpha=0.3)


def _summary(what: Reliability) -> str:
    loss = f"{what.log_loss:.3f}" if math.isfinite(what.log_loss) else "-"
    return (
        f"error {what.error:.3f}, {len(what.bins)} bins of equal {what.binning}\n"
        f"log loss {loss}, Brier {what.brier:.3f}, {what.count} windows, {what.positives} of falls"
    )
