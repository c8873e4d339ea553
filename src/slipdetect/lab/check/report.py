"""The check of a data set as text for a terminal, a page in Markdown, JSON and CSV.

In: a ``DataCheck``. Out: lines, text, plain data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._tables import csv_text
from slipdetect._text import plain_name, printable
from slipdetect.reports.colors import COLORS
from slipdetect.reports.formats import no_formula
from slipdetect.reports.text_table import markdown_table, text_table, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.check.checking import Count, DataCheck
    from slipdetect.lab.check.confounds import Confound, ConfoundReport
    from slipdetect.lab.check.near_duplicates import NearDuplicates, NearPair
    from slipdetect.lab.data.annotations import Clip

VERSION = 2
MOST_SHOWN = 10

_NO_SPLIT = "(none)"
_TELLING, _QUIET = COLORS[1], "#9a9a9a"
_KINDS = (
    ("same recording", "shows", "show", "the same recording (correlation of motion)"),
    ("maybe the same recording", "may show", "may show", "the same recording: look at them"),
    ("same scene", "shows", "show", "the same scene in different groups or on different sides"),
)
_COLUMNS = (
    *("kind", "first", "second", "first_split", "second_split", "first_group", "second_group"),
    *("hash_distance", "motion_correlation", "shift_s", "mirrored"),
)
_HEAD = ("property", "AUC", "95% interval", "inside data sets")


def check_table(check: DataCheck, name: str, root: Path | None = None) -> str:
    """Return counts, leaks, near-duplicates and confounds, a section each.

    Args:
        check: What was found.
        name: Of the annotation file.
        root: Paths below it are shown relative to it.
    """
    groups = len({clip.group for clip in check.clips})
    alike = [" = ".join(map(printable, names)) + " ?" for names in check.alike_groups]
    lines = [f"{printable(name)}: {len(check.clips)} clips in {groups} groups", ""]
    lines += [f"  {line}" for line in count_lines(check.counts)]
    for title, section in (
        ("cannot be read", [printable(text) for text in check.unreadable.values()]),
        ("leaks", _leaks(check)),
        ("copies", _copies(check, root)),
        ("near-duplicates", _near(check, root)),
        ("group names", _first(alike)),
        ("does anything else tell the label?", _confounds(check)),
    ):
        if section:
            lines += ["", title, *(f"  {line}".rstrip() for line in section)]
    return "\n".join(lines) + "\n"


def count_lines(counts: Sequence[Count]) -> list[str]:
    """Return the table of counts, with a line for all of them."""
    rows = [["split", "label", "data set", "clips", "groups", "seconds", "events"]]
    rows += [
        [
            row.split or _NO_SPLIT,
            row.label,
            printable(row.dataset) or "-",
            str(row.clips),
            str(row.groups),
            "-" if row.seconds is None else f"{row.seconds:.0f}",
            str(row.events),
        ]
        for row in counts
    ]
    return text_table(rows[0], rows[1:], left=(0, 1, 2))


def _leaks(check: DataCheck) -> list[str]:
    if not check.has_split:
        return wrapped(
            "No clip has a split (train, val or test), so there are no sides to compare; only"
            " duplicates were looked for."
        )
    unsided = sum(not clip.split for clip in check.clips)
    lines = [f"{unsided} clips have no split and are on no side"] if unsided else []
    if not check.leaks:
        looked = "group or file" if check.near is None else "group, file or recording"
        return [*lines, f"none: no {looked} is on two sides"]
    for sentence in check.leaks.sentences():
        lines += wrapped(printable(sentence))
    return lines


def _copies(check: DataCheck, root: Path | None) -> list[str]:
    lines = []
    for same in check.copies:
        names = " = ".join(_name(clip, root) for clip in same)
        labels = len({clip.positive for clip in same}) > 1
        lines.append(names + ("  (with different labels!)" if labels else ""))
    return _first(lines)


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_SHOWN
    return [*lines[:MOST_SHOWN], f"and {more} more"] if more > 0 else lines


def _near(check: DataCheck, root: Path | None) -> list[str]:
    near = check.near
    if near is None:
        return ["not looked for (--fast)"]
    lines = []
    for kind, one, several, what in _KINDS:
        pairs = near.of_kind(kind)
        if not pairs:
            continue
        across = sum(pair.across for pair in pairs)
        sides = f", {across} of them on two sides" if check.has_split else ""
        verb = f"pair {one}" if len(pairs) == 1 else f"pairs {several}"
        lines.append(f"{len(pairs)} {verb} {what}{sides}")
        if kind != _KINDS[-1][0]:
            for pair in pairs[:MOST_SHOWN]:
                lines.append(f"  {pair.correlation:.2f}  {_name(pair.first, root)}")
                lines.append(f"        {_name(pair.second, root)}{pair.difference}")
            if len(pairs) > MOST_SHOWN:
                lines.append(f"  and {len(pairs) - MOST_SHOWN} more")
    if near.flat:
        lines.append(f"{len(near.flat)} clips are too dark or even to be recognized")
    if near.not_compared:
        lines.append(f"{near.not_compared} pairs that look alike were too many to be compared")
    return lines or ["none"]


def _name(clip: Clip, root: Path | None) -> str:
    path = clip.path
    if root is not None and path.is_relative_to(root):
        path = path.relative_to(root)
    return printable(str(path)) + (f" ({clip.split})" if clip.split else "")


def _confounds(check: DataCheck) -> list[str]:
    if check.confounds is not None:
        return confound_lines(check.confounds)
    return [] if check.near is None else ["not asked: two readable clips of each label are needed"]


def confound_lines(report: ConfoundReport) -> list[str]:
    """Return a table and a sentence per property that tells the label apart."""
    table = text_table(_HEAD, map(_cells, report.confounds))
    lines = [*table, "", *wrapped(_how(report))]
    for sentence in _telling(report):
        lines += wrapped(sentence)
    return lines


def _telling(report: ConfoundReport) -> list[str]:
    telling = [confound.sentence() for confound in report.confounds if confound.telling]
    return telling or ["No property alone surely tells the label apart: no interval is above 0.6."]


def confound_markdown(report: ConfoundReport, name: str) -> str:
    """Return the same as a page in Markdown; ``name`` is that of the annotation file."""
    lines = [
        f"# Does anything else tell the label of {name}?",
        "",
        *(f"- {sentence}" for sentence in _telling(report)),
        "",
        *markdown_table(_HEAD, map(_cells, report.confounds)),
        "",
        _how(report),
    ]
    if report.constant:
        lines += ["", f"The same in all clips: {', '.join(report.constant)}."]
    return "\n".join(lines) + "\n"


def draw_confounds(report: ConfoundReport, target: Path) -> None:
    """Write the plot: a bar per property from chance to its AUC, its interval across it.

    Raises:
        OSError: ``target`` cannot be written.
    """
    from matplotlib.patches import Patch

    from slipdetect.lab.stats.plot import new_figure

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
    axes.axvline(0.6, color="black", linewidth=1, linestyle=":")
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


def check_data(check: DataCheck) -> dict[str, Any]:
    """Return counts, leaks, copies and what cannot be read as plain data."""
    leaks = check.leaks
    return {
        "version": VERSION,
        "clips": len(check.clips),
        "has_split": check.has_split,
        "counts": [asdict(row) for row in check.counts],
        "leaks": {
            "groups": [{"group": leak.group, "clips": leak.clips} for leak in leaks.groups],
            "copies": [_paths(same) for same in leaks.copies],
            "recordings": [_paths((pair.first, pair.second)) for pair in leaks.near],
        },
        "copies": [_paths(same) for same in check.copies],
        "near_duplicates": None if check.near is None else _near_counts(check.near),
        "alike_groups": [list(names) for names in check.alike_groups],
        "unreadable": {plain_name(str(path)): why for path, why in check.unreadable.items()},
        "warnings": {plain_name(str(path)): list(why) for path, why in check.warnings.items()},
    }


def near_duplicates_csv(check: DataCheck) -> str:
    """Return a row per pair of clips that look alike, those that move most alike first."""
    pairs = () if check.near is None else check.near.pairs
    return csv_text([_COLUMNS, *([_cell(value) for value in _row(pair)] for pair in pairs)])


def _near_counts(near: NearDuplicates) -> dict[str, int]:
    kinds = [pair.kind for pair in near.pairs]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    return {**counts, "too flat to recognize": len(near.flat), "not compared": near.not_compared}


def _row(pair: NearPair) -> list[Any]:
    first, second = pair.first, pair.second
    shift = "" if pair.alignment is None else f"{pair.alignment.shift:.1f}"
    correlation = "" if pair.alignment is None else f"{pair.correlation:.3f}"
    return [
        pair.kind,
        plain_name(str(first.path)),
        plain_name(str(second.path)),
        first.split,
        second.split,
        plain_name(first.group),
        plain_name(second.group),
        f"{pair.distance:g}",
        correlation,
        shift,
        "yes" if pair.mirrored else "no",
    ]


def _cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    is_number = value.lstrip("-").replace(".", "", 1).isdigit()
    return value if is_number else no_formula(value)


def _paths(clips: tuple[Clip, ...]) -> list[str]:
    return [plain_name(str(clip.path)) for clip in clips]
