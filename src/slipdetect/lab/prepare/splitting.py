"""Putting whole groups into training, validation and test.

In: rows and shares, or positions. Out: the same rows with their split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.splits import split_by_group
from slipdetect.lab.prepare.rows import SLIP, Row

CUTS_GROUPS = (
    "--test-every goes by position, not by group: people and rooms that are trained on are in the"
    " test, whose scores will look too good"
)

Sizes = dict[str, Counter[bool]]


def assign_splits(rows: Sequence[Row], val: float, test: float, seed: int) -> list[Row]:
    """Return ``rows`` in training, validation and test, groups whole.

    Where the shares leave a side without a label although there are groups for it, the smallest
    group of that label is moved there, as long as training keeps both labels.

    Args:
        rows: Rows without a split.
        val: Share of the clips for validation, 0 to below 1; ``test`` that for the test.
        test: See ``val``.
        seed: Order in which groups are drawn.

    Raises:
        UsageError: A share makes no sense.
        DataError: There is one label only and no event has times, or training would lack one.
    """
    check_shares(val, test)
    if val == test == 0.0:
        return list(rows)
    # windows beside known events are negatives, so that videos that all hold one will do
    whole = all(row.start is None for row in rows)
    if whole and len({row.label for row in rows}) == 1:
        raise DataError(
            f"all {len(rows)} clips are labeled {rows[0].label!r}, but training needs both labels;"
            " add others, or pass --val 0 --test 0 to write them without a split"
        )
    clips = {
        row.path: Clip(row.path, row.label == SLIP, _event(row), group=row.unit) for row in rows
    }
    left, split_of = list(clips.values()), dict.fromkeys((row.unit for row in rows), "train")
    for name, share in (("test", test), ("val", val / (1.0 - test))):
        if share > 0.0:
            held_out = _held_out(left, share, seed, whole=whole)
            split_of.update(dict.fromkeys(held_out, name))
            left = [clip for clip in left if clip.group not in held_out]
    return [replace(row, split=split_of[row.unit]) for row in rows]


def check_shares(val: float, test: float) -> None:
    """Refuse shares that make no sense.

    Raises:
        UsageError: One is below 0, or together they leave nothing for training.
    """
    if not (0.0 <= val < 1.0 and 0.0 <= test < 1.0 and val + test < 1.0):
        raise UsageError(
            f"--val {val:g} and --test {test:g} are shares of the clips, 0 or more and together"
            " below 1"
        )


def hold_out(rows: Sequence[Row], val: float, seed: int) -> list[Row]:
    """Return ``rows`` with whole groups of the training clips moved to validation.

    Args:
        rows: Rows with a split; those of other splits stay as they are.
        val: Share of the training clips, 0 (none) to below 1.
        seed: Order in which groups are drawn.

    Raises:
        UsageError: The share makes no sense.
        DataError: Training would lack a label.
    """
    training = [row for row in rows if row.split == "train"]
    moved = {row.unit for row in assign_splits(training, val, 0.0, seed) if row.split == "val"}
    return [
        replace(row, split="val") if row.split == "train" and row.unit in moved else row
        for row in rows
    ]


def _event(row: Row) -> tuple[tuple[float, float], ...]:
    return () if row.start is None or row.end is None else ((row.start, row.end),)


def _held_out(clips: Sequence[Clip], share: float, seed: int, *, whole: bool) -> set[str]:
    """Return the groups of the other side; the smallest ones are added where a label is missing."""
    chosen = {clip.group for clip in split_by_group(clips, share, seed, whole=whole)[1]}
    sizes: Sizes = defaultdict(Counter)
    for clip in clips:
        sizes[clip.group][clip.positive] += 1
    for label in (True, False):
        if not any(sizes[group][label] for group in chosen):
            fitting = [
                group
                for group in sizes.keys() - chosen
                if sizes[group][label] and _keeps_both(sizes, chosen | {group})
            ]
            if fitting:
                chosen.add(min(fitting, key=lambda group: (sizes[group].total(), group)))
    return chosen


def _keeps_both(sizes: Sizes, chosen: set[str]) -> bool:
    left = [sizes[group] for group in sizes.keys() - chosen]
    return all(any(size[label] for size in left) for label in (True, False))


def split_by_position(rows: Sequence[Row], every: int) -> list[Row]:
    """Return ``rows`` with every ``every``-th clip in the test and the rest in training.

    That is how the 2020 report split: by 4 for its sets of 475, 525 and 575 clips, by 5 for that
    of 668. It cuts groups, so that the test sees people and rooms that were trained on.

    Raises:
        UsageError: ``every`` is below 2.
    """
    if every < 2:
        raise UsageError(f"every {every}-th clip cannot go to the test; give 2 or more")
    position: dict[Path, int] = {}
    for row in rows:
        position.setdefault(row.path, len(position))
    return [
        replace(row, split="test" if (position[row.path] + 1) % every == 0 else "train")
        for row in rows
    ]
