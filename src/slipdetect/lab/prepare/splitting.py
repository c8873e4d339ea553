"""Putting clips into training, validation and test, whole groups where that is possible.

In: rows and shares, or positions. Out: the same rows with their split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.prepare.rows import SLIP, Row, clip_labels

CUTS_GROUPS = (
    "--test-every goes by position, not by group: people and rooms that are trained on are in the"
    " test, whose scores will look too good"
)

Sizes = dict[str, Counter[bool]]


@dataclass(frozen=True)
class SplitRequest:
    """The split that the user asked for.

    Attributes:
        val: Share of the clips for validation, of the training clips where there is a split; None:
            as usual.
        test: Share of the clips for the test; None: as usual.
        seed: Order in which groups are drawn.
        test_every: Every so many clips, by position, one is a test clip.
        usual: Shares for validation and test of clips that have no split.

    Raises:
        UsageError: A share makes no sense, or two ways to split are asked for.
    """

    val: float | None = None
    test: float | None = None
    seed: int = 0
    test_every: int | None = None
    usual: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        val, test = self.shares.values()
        if not (0.0 <= val < 1.0 and 0.0 <= test < 1.0 and val + test < 1.0):
            raise UsageError(
                f"--val {val:g} and --test {test:g} are shares of the clips, 0 or more and together"
                " below 1"
            )
        if self.test_every is not None and (self.val or self.test):
            raise UsageError("--test-every makes the whole split; leave --val and --test out")

    @property
    def shares(self) -> dict[str, float]:
        """Shares for ``val`` and ``test`` of clips that have no split."""
        val, test = self.usual
        return {
            "val": val if self.val is None else self.val,
            "test": test if self.test is None else self.test,
        }

    def check(self, *, has_split: bool) -> None:
        """Refuse to choose test clips where the data set says which they are.

        Raises:
            UsageError: It was asked for.
        """
        given = ["--test"] if self.test else []
        given += ["--test-every"] if self.test_every is not None else []
        if has_split and given:
            raise UsageError(f"the data set has splits already; leave {' and '.join(given)} out")

    def apply(self, rows: Sequence[Row]) -> list[Row]:
        """Return ``rows`` with their split.

        Rows that have a split keep it, but for whole groups of the training clips that go to
        validation where that was asked for.

        Raises:
            UsageError, DataError: As ``check`` and ``assign_splits`` say.
        """
        has_split = any(row.split for row in rows)
        self.check(has_split=has_split)
        if not rows:
            return []
        if has_split:
            return hold_out(rows, self.val, self.seed) if self.val else list(rows)
        if self.test_every is not None:
            return split_by_position(rows, self.test_every)
        return assign_splits(rows, **self.shares, seed=self.seed)


def assign_splits(rows: Sequence[Row], val: float, test: float, seed: int) -> list[Row]:
    """Return ``rows`` in training, validation and test, groups whole.

    Where the shares leave a side without a label although there are groups for it, the smallest
    group of that label is moved there, as long as training keeps both labels.

    Args:
        rows: Rows without a split.
        val: Share of the clips for validation, 0 to below 1; ``test`` that for the test.
        seed: Order in which groups are drawn.

    Raises:
        DataError: There is one label only and no event has times, or training would lack one.
    """
    if val == test == 0.0:
        return list(rows)
    # windows beside known events are negatives, so that videos that all hold one will do
    whole = all(row.start is None for row in rows)
    if whole and len({row.label for row in rows}) == 1:
        raise DataError(
            f"all {len(rows)} clips are labeled {rows[0].label!r}, but training needs both labels;"
            " add others, or pass --val 0 --test 0 to write them without a split"
        )
    left = _clips(rows)
    split_of = dict.fromkeys((row.unit for row in rows), "train")
    for name, share in (("test", test), ("val", val / (1.0 - test))):
        if share > 0.0:
            held_out = _held_out(left, share, seed, whole=whole)
            split_of.update(dict.fromkeys(held_out, name))
            left = [clip for clip in left if clip.group not in held_out]
    return [replace(row, split=split_of[row.unit]) for row in rows]


def hold_out(rows: Sequence[Row], val: float, seed: int) -> list[Row]:
    """Return ``rows`` with whole groups of the training clips moved to validation.

    Args:
        rows: Rows with a split; those of other splits stay as they are.
        val: Share of the training clips, 0 (none) to below 1.
        seed: Order in which groups are drawn.

    Raises:
        DataError: Training would lack a label.
    """
    training = [row for row in rows if row.split == "train"]
    moved = {row.unit for row in assign_splits(training, val, 0.0, seed) if row.split == "val"}
    return [
        replace(row, split="val") if row.split == "train" and row.unit in moved else row
        for row in rows
    ]


def _clips(rows: Sequence[Row]) -> list[Clip]:
    """Return the clips as splitting needs them, with the last event of each that has any."""
    groups = {row.path: row.unit for row in rows}
    events = {
        row.path: ((row.start, row.end),)
        for row in rows
        if row.label == SLIP and row.start is not None and row.end is not None
    }
    return [
        Clip(path, label == SLIP, events.get(path, ()), group=groups[path])
        for path, label in clip_labels(rows).items()
    ]


def _held_out(clips: Sequence[Clip], share: float, seed: int, *, whole: bool) -> set[str]:
    """Return the groups of the other side; the smallest ones are added where a label is missing."""
    from slipdetect.lab.data.splits import split_by_group

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
