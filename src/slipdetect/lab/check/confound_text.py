"""Confounds as text: a table for a terminal, a page in Markdown, data for JSON.

In: a ``ConfoundReport``. Out: lines, text, plain data.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slipdetect.reports.text_columns import aligned, marked, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.check.confounds import Confound, ConfoundReport

VERSION = 1
_HEAD = ("property", "AUC", "95% interval", "inside data sets")


def confound_lines(report: ConfoundReport) -> list[str]:
    """Return a table and a sentence per property that tells the label apart."""
    rows = [_HEAD, *(_cells(confound) for confound in report.confounds)]
    lines = [*aligned(rows), "", *wrapped(_how(report))]
    telling = [confound.sentence() for confound in report.confounds if confound.telling]
    if not telling:
        telling = ["None alone surely tells the label apart (no interval lies above 0.6)."]
    for sentence in telling:
        lines += wrapped(sentence)
    return lines


def confound_markdown(report: ConfoundReport, name: str) -> str:
    """Return the same as a page in Markdown; ``name`` is that of the annotation file."""
    cells = [_cells(confound) for confound in report.confounds]
    telling = [f"- {confound.sentence()}" for confound in report.confounds if confound.telling]
    if not telling:
        telling = ["No property alone surely tells the label apart: no interval lies above 0.6."]
    lines = [
        f"# Does anything else tell the label of {name}?",
        "",
        *telling,
        "",
        *marked(_HEAD, cells),
        "",
        _how(report),
    ]
    if report.constant:
        lines += ["", f"The same in all clips: {', '.join(report.constant)}."]
    return "\n".join(lines) + "\n"


def confound_data(report: ConfoundReport) -> dict[str, Any]:
    """Return everything as plain data."""
    return {
        "version": VERSION,
        "clips": {"slip": report.clips[0], "other": report.clips[1]},
        "groups": report.groups,
        "folds": report.folds,
        "folds_keep_groups": report.by_group,
        "constant": list(report.constant),
        "confounds": [
            {**asdict(confound), "telling": confound.telling, "sentence": confound.sentence()}
            for confound in report.confounds
        ],
    }


def _how(report: ConfoundReport) -> str:
    slips, others = report.clips
    folds = f"{report.folds} folds of whole groups" if report.by_group else f"{report.folds} folds"
    scenes = (
        "so that no scene is on both sides"
        if report.by_group
        else "scenes may be on both sides, because a label has one group only"
    )
    return (
        f"AUC of a model that sees this property alone, on {slips} slip and {others} other clips of"
        f" {report.groups} groups; {folds}, {scenes}; intervals from 1000 draws of whole groups."
        " 0.5 is chance."
    )


def _cells(confound: Confound) -> tuple[str, str, str, str]:
    auc, within = confound.auc, confound.within
    inside = "-" if within is None else str(within)
    return confound.name, f"{auc.value:.2f}", f"{auc.low:.2f} to {auc.high:.2f}", inside
