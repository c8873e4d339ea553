"""Which clips of an annotation file a command works on: data sets and parts of a split.

In: clips and options. Out: the clips chosen; the options that choose them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from slipdetect.errors import DataError, UsageError

if TYPE_CHECKING:
    from slipdetect.cli.console import Console
    from slipdetect.lab.data import Clip

ALL = "all"

DATASET_OPTIONS = (
    click.option(
        "--dataset", multiple=True, metavar="NAME", help="Use this data set only; repeatable."
    ),
    click.option(
        "--exclude", multiple=True, metavar="NAME", help="Leave out this data set; repeatable."
    ),
)


class _InDataset(Protocol):
    @property
    def dataset(self) -> str: ...


Item = TypeVar("Item", bound=_InDataset)


def choose_datasets(
    clips: Sequence[Item], wanted: Sequence[str], exclude: Sequence[str]
) -> list[Item]:
    """Return the clips of the data sets ``wanted`` (all when empty) that are not in ``exclude``.

    Raises:
        UsageError: A data set is not in the annotation file.
        DataError: Nothing is left.
    """
    known = {clip.dataset for clip in clips}
    for name in (*wanted, *exclude):
        if name not in known:
            listed = ", ".join(sorted(known - {""})) or "none; add a column 'dataset'"
            raise UsageError(f"no clip is of data set {name!r}; the file has {listed}")
    chosen = [clip for clip in clips if clip.dataset in (set(wanted) or known) - set(exclude)]
    if not chosen:
        raise DataError("--dataset and --exclude leave no clip; drop one of them")
    return chosen


def dataset_of(part: Mapping[str, Any]) -> str:
    """Return which data set a part of a model's training data is, in packages of any version."""
    return str(part.get("dataset", part.get("source", "")))


def choose_split(clips: Sequence[Clip], split: str | None) -> tuple[list[Clip], str]:
    """Return the clips to test on and the part of the split that they are.

    Args:
        clips: Of the annotation file.
        split: ``"train"``, ``"val"``, ``"test"``, ``"all"``, or None: test where the file has a
            split, else all.

    Raises:
        DataError: The file has no such clips.
    """
    known = {clip.split for clip in clips} - {""}
    if split is None:
        split = "test" if known else ALL
    if split == ALL:
        return list(clips), ALL
    chosen = [clip for clip in clips if clip.split == split]
    if not chosen:
        has = ", ".join(sorted(known)) if known else "no split; add a column 'split'"
        raise DataError(f"the file has no rows of the split {split!r}, it has {has}; pass --split")
    return chosen, split


def warn_of_known_groups(console: Console, clips: Sequence[Clip]) -> None:
    """Warn if groups of the test clips are trained on or validated on too.

    Args:
        console: Where to.
        clips: All clips of the annotation file, with their split.
    """
    from slipdetect._text import named
    from slipdetect.lab.data.splits import group_leaks

    sided = [clip for clip in clips if clip.split]
    shared = [leak for leak in group_leaks(sided) if "test" in leak.clips]
    if shared:
        tested = sum(leak.clips["test"] for leak in shared)
        console.warn(
            f"{tested} test clips are of groups that are in training or validation too, so their"
            f" figures will look too good: {named([str(leak) for leak in shared], most=3)};"
            " slipdetect prepare check lists them"
        )
