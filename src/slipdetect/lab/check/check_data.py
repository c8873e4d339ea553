"""The check of a data set as data: JSON and a CSV of clips that look alike.

In: a ``DataCheck``. Out: plain data, text.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name
from slipdetect.reports.formats import no_formula

if TYPE_CHECKING:
    from slipdetect.lab.check.checking import DataCheck
    from slipdetect.lab.check.near_duplicates import NearPair
    from slipdetect.lab.data.annotations import Clip

VERSION = 1
_COLUMNS = (
    *("kind", "first", "second", "first_split", "second_split", "first_group", "second_group"),
    *("hash_distance", "motion_correlation", "shift_s", "mirrored"),
)


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
            "copies": [_names(same) for same in leaks.copies],
            "recordings": [_names((pair.first, pair.second)) for pair in leaks.near],
        },
        "copies": [_names(same) for same in check.copies],
        "near_duplicates": None if check.near is None else _near(check),
        "alike_groups": [list(names) for names in check.alike_groups],
        "unreadable": {plain_name(str(path)): why for path, why in check.unreadable.items()},
        "warnings": {plain_name(str(path)): list(why) for path, why in check.warnings.items()},
    }


def near_duplicates_csv(check: DataCheck) -> str:
    """Return a row per pair of clips that look alike, those that move most alike first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for pair in () if check.near is None else check.near.pairs:
        writer.writerow([_cell(value) for value in _row(pair)])
    return text.getvalue()


def _near(check: DataCheck) -> dict[str, int]:
    near = check.near
    if near is None:
        return {}
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


def _names(clips: tuple[Clip, ...]) -> list[str]:
    return [plain_name(str(clip.path)) for clip in clips]
