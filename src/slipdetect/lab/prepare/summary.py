"""What a user sees of an imported data set: a table of splits, what was left out, warnings.

In: ``Prepared``. Out: the table on stdout, the rest on stderr.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from slipdetect._text import printable
from slipdetect.cli.console import Console
from slipdetect.errors import DataError
from slipdetect.lab.prepare.rows import SPLITS, Prepared, Row, clip_labels, straddling, write_rows
from slipdetect.reports.text_table import text_table

_HEAD = ("split", "slip", "other", "clips", "groups")
_NO_SPLIT = "(none)"


def finish(
    console: Console, prepared: Prepared, out: Path, root: Path | None, *, overwrite: bool
) -> None:
    """Write the CSV and say what is in it.

    Raises:
        DataError: There is nothing to write, or a path leads out of the folder.
        OutputError: It cannot be written.
    """
    reasons = prepared.left_out.reasons()
    try:
        if not prepared.rows:
            raise DataError(_nothing_left(reasons))
        write_rows(prepared.rows, out, root, overwrite=overwrite)
    finally:
        if console.verbose:
            for reason, names in reasons.items():
                for name in names:
                    console.note(f"left out, {reason}: {printable(name)}")
    tell_prepared(console, prepared, out)
    if root is not None and root.resolve() != out.parent.resolve():
        console.note(f"paths count from {str(root)!r}: pass the same --root to train and evaluate")


def tell_prepared(console: Console, prepared: Prepared, out: Path) -> None:
    """Say what is in the CSV ``out`` that was written, and what may be wrong with it."""
    console.text(f"{printable(str(out))}\n\n{_split_table(prepared.rows)}{_left_table(prepared)}")
    for note in prepared.notes:
        console.note(note)
    for warning in prepared.warnings:
        console.warn(warning)
    warn_of_rows(console, prepared.rows)


def _nothing_left(reasons: Mapping[str, Sequence[str]]) -> str:
    if not reasons:
        return "no clip is left to write; check the folder"
    why = ", ".join(f"{len(names)} {reason}" for reason, names in reasons.items())
    first = printable(next(iter(reasons.values()))[0])
    return f"no clip is left to write: {why}, first {first!r}; check the folder and the options"


def _split_table(rows: Sequence[Row]) -> str:
    """Return a table of clips by split and label, and of groups by split."""
    sides = {name: [row for row in rows if row.split == name] for name in (*SPLITS, "")}
    cells = [(name or _NO_SPLIT, *_counts(side)) for name, side in sides.items() if side]
    if len(cells) > 1:
        cells.append(("all", *_counts(rows)))
    return "\n".join(text_table(_HEAD, cells)) + "\n"


def _counts(rows: Sequence[Row]) -> tuple[str, str, str, str]:
    labels = clip_labels(rows)
    slips = sum(label == "slip" for label in labels.values())
    groups = len({row.unit for row in rows})
    return str(slips), str(len(labels) - slips), str(len(labels)), str(groups)


def _left_table(prepared: Prepared) -> str:
    reasons = prepared.left_out.reasons()
    if not reasons:
        return ""
    lines = [f"{len(names):>6}  {reason}" for reason, names in reasons.items()]
    return "\nleft out\n" + "\n".join(lines) + "\n"


def warn_of_rows(console: Console, rows: Sequence[Row]) -> None:
    """Warn of groups in more than one split and of splits without a label."""
    shared = straddling(rows)
    if shared:
        clips = len({row.path for row in rows if row.unit in shared and row.split != "train"})
        hint = "" if console.verbose else " (-v lists them)"
        console.warn(
            f"{len(shared)} groups are in more than one split, with {clips} of the clips held out;"
            f" scores on those will look too good{hint}"
        )
        if console.verbose:
            for unit, sides in shared.items():
                console.note(f"in {' and '.join(sides)}: {unit}")
    for name in (*SPLITS, ""):
        side = [row for row in rows if row.split == name]
        labels = set(clip_labels(side).values())
        # windows of training are drawn beside timed events, where nobody slips
        timed = name != "test" and any(row.start is not None for row in side)
        if len(labels) == 1 and not timed:
            lacking = "no slip" if "other" in labels else "nothing but slips"
            where = f"split {name}" if name else "the file"
            console.warn(f"{where} shows {lacking}")


def warn_of_empty_sides(console: Console, rows: Sequence[Row], shares: Mapping[str, float]) -> None:
    """Warn of sides that got no clip although a share was asked for: groups are never cut."""
    groups = len({row.unit for row in rows})
    for name, share in shares.items():
        if share > 0.0 and not any(row.split == name for row in rows):
            console.warn(
                f"split {name} has no clip: there is no group to spare, of {groups} in all;"
                " list more people, rooms or videos"
            )
