"""Confounds as a picture: how well each property alone tells the labels apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.patches import Patch

from slipdetect.lab.stats.plot import new_figure
from slipdetect.reports.colors import COLORS

if TYPE_CHECKING:
    from slipdetect.lab.check.confounds import ConfoundReport

_TELLING, _QUIET = COLORS[1], "#9a9a9a"
_LIMIT = 0.6


def draw_confounds(report: ConfoundReport, target: Path) -> None:
    """Write the plot: a bar per property from chance to its AUC, its interval across it.

    Raises:
        OSError: ``target`` cannot be written.
    """
    count = len(report.confounds)
    figure = new_figure(9, 1.9 + 0.42 * count, 120)
    axes = figure.add_subplot()
    ends = [0.5, 0.62]
    for place, confound in enumerate(report.confounds):
        auc = confound.auc
        color = _TELLING if confound.telling else _QUIET
        axes.barh(place, auc.value - 0.5, left=0.5, height=0.6, color=color, alpha=0.75)
        axes.plot([auc.low, auc.high], [place, place], color="black", linewidth=1.6)
        for end in (auc.low, auc.high):
            axes.plot([end, end], [place - 0.14, place + 0.14], color="black", linewidth=1.6)
        ends += [auc.low, auc.high]
    axes.axvline(0.5, color="black", linewidth=1)
    axes.axvline(_LIMIT, color="black", linewidth=1, linestyle=":")
    axes.set_yticks(range(count), [confound.name for confound in report.confounds])
    right = max(ends) + 0.09
    axes.set_xlim(min(ends) - 0.02, right)
    for place, confound in enumerate(report.confounds):
        axes.text(right - 0.005, place, f"{confound.auc.value:.2f}", va="center", ha="right")
    axes.invert_yaxis()
    slips, others = report.clips
    axes.set_xlabel("area under the ROC curve of this property alone (0.5: chance)")
    axes.set_title(
        f"What tells the label without looking?  {slips} slip, {others} other,"
        f" {report.groups} groups",
        fontsize="medium",
    )
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    named = ((_TELLING, "95% interval above 0.6: tells"), (_QUIET, "not surely"))
    patches = [Patch(color=color, alpha=0.75, label=label) for color, label in named]
    figure.legend(handles=patches, loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(target, format="png")
