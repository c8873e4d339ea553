"""The check of a data set as text for a terminal.

In: a ``DataCheck``. Out: lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._text import printable
from slipdetect.lab.check.confound_text import confound_lines
from slipdetect.reports.text_columns import aligned, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.check.checking import DataCheck
    from slipdetect.lab.check.class_counts import Count
    from slipdetect.lab.check.near_duplicates import NearPair
    from slipdetect.lab.data.annotations import Clip

MOST_SHOWN = 10

_NO_SPLIT = "(none)"
_KINDS = (
    ("same recording", "shows", "show", "the same recording (correlation of motion)"),
    ("maybe the same recording", "may show", "may show", "the same recording: look at them"),
    ("same scene", "shows", "show", "the same scene in different groups or on different sides"),
)


def check_table(check: DataCheck, name: str, root: Path | None = None) -> str:
    """Return counts, leaks, near-duplicates and confounds, a section each.

    Args:
        check: What was found.
        name: Of the annotation file.
        root: Paths below it are shown relative to it.
    """
    groups = len({clip.group for clip in check.clips})
    lines = [f"{printable(name)}: {len(check.clips)} clips in {groups} groups", ""]
    lines += [f"  {line}" for line in count_lines(check.counts)]
    for title, section in (
        ("cannot be read", [printable(text) for text in check.unreadable.values()]),
        ("leaks", _leaks(check)),
        ("copies", _copies(check, root)),
        ("near-duplicates", _near(check, root)),
        ("group names", _groups(check)),
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
            printable(row.source) or "-",
            str(row.clips),
            str(row.groups),
            "-" if row.seconds is None else f"{row.seconds:.0f}",
            str(row.events),
        ]
        for row in counts
    ]
    for column in (1, 2):  # words stand to the left, as numbers do not
        width = max(len(row[column]) for row in rows)
        for row in rows:
            row[column] = row[column].ljust(width)
    return aligned(rows)


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
    for same in check.copies[:MOST_SHOWN]:
        names = " = ".join(_name(clip, root) for clip in same)
        labels = len({clip.positive for clip in same}) > 1
        lines.append(names + ("  (with different labels!)" if labels else ""))
    more = len(check.copies) - MOST_SHOWN
    return [*lines, f"and {more} more"] if more > 0 else lines


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
                lines += _pair(pair, root)
            if len(pairs) > MOST_SHOWN:
                lines.append(f"  and {len(pairs) - MOST_SHOWN} more")
    if near.flat:
        lines.append(f"{len(near.flat)} clips are too dark or even to be recognized")
    if near.not_compared:
        lines.append(f"{near.not_compared} pairs that look alike were too many to be compared")
    return lines or ["none"]


def _pair(pair: NearPair, root: Path | None) -> list[str]:
    """Return two lines, one clip each: paths are long."""
    return [
        f"  {pair.correlation:.2f}  {_name(pair.first, root)}",
        f"        {_name(pair.second, root)}{pair.difference}",
    ]


def _name(clip: Clip, root: Path | None) -> str:
    path = clip.path
    if root is not None and path.is_relative_to(root):
        path = path.relative_to(root)
    return printable(str(path)) + (f" ({clip.split})" if clip.split else "")


def _groups(check: DataCheck) -> list[str]:
    lines = [" = ".join(map(printable, names)) + " ?" for names in check.alike_groups[:MOST_SHOWN]]
    more = len(check.alike_groups) - MOST_SHOWN
    return [*lines, f"and {more} more"] if more > 0 else lines


def _confounds(check: DataCheck) -> list[str]:
    if check.confounds is not None:
        return confound_lines(check.confounds)
    return [] if check.near is None else ["not asked: two readable clips of each label are needed"]
