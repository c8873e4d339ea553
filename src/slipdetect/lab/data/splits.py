"""Splitting clips without cutting a group, and what ties the sides of a split together.

In: clips. Out: two lists whose groups are disjoint; ``Leaks`` of groups, copied files and
recordings shown again.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from slipdetect._io import file_sha256
from slipdetect._text import MOST_NAMED, named, shorten
from slipdetect.errors import DataError
from slipdetect.lab.check.near_duplicates import NAME_COLUMNS, NearPair
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.windows import MINED

logger = logging.getLogger(__name__)


def split_by_group(
    clips: Sequence[Clip], fraction: float, seed: int, *, whole: bool = True
) -> tuple[list[Clip], list[Clip]]:
    """Hold out about ``fraction`` of the clips of each label, whole groups at a time.

    Groups are shuffled and taken while the held-out part lacks clips of a label they bring and
    would not exceed its share by more than half (one clip always fits), and never with the last
    clips of a label; so a rare label is not lost to either side.

    Args:
        clips: Annotated clips.
        fraction: Wanted share of validation clips, 0 (none) to below 1.
        seed: Order in which groups are considered.
        whole: As for ``require_both_labels``.

    Returns:
        Training clips and validation clips, each in the order of ``clips``.

    Raises:
        DataError: The training side would lack positives or negatives.
    """
    if not 0.0 <= fraction < 1.0:
        raise DataError(f"the validation fraction must be in [0, 1), not {fraction}")
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.group].append(clip)
    total = {label: sum(c.positive == label for c in clips) for label in (True, False)}
    wanted = {label: fraction * count for label, count in total.items()}
    taken = {True: 0, False: 0}
    held_out: set[str] = set()
    order = np.random.default_rng(seed).permutation(sorted(groups))
    for name in order:
        brings = {label: sum(c.positive == label for c in groups[name]) for label in (True, False)}
        lacks = any(brings[label] and taken[label] < wanted[label] for label in brings)
        fits = all(
            taken[label] + count <= max(1.0, 1.5 * wanted[label])
            and (count == 0 or taken[label] + count < total[label])
            for label, count in brings.items()
        )
        if lacks and fits:
            held_out.add(str(name))
            taken = {label: taken[label] + brings[label] for label in taken}
    training = [clip for clip in clips if clip.group not in held_out]
    require_both_labels(training, "the training split", whole=whole)
    return training, [clip for clip in clips if clip.group in held_out]


def divide(
    clips: Sequence[Clip], fraction: float, seed: int, *, whole: bool = True
) -> tuple[list[Clip], list[Clip]]:
    """Return training and validation clips: as the file says, else whole groups held out.

    Mined false alarms are trained on and change nothing else, so that runs with and without them
    are validated on the same clips.

    Args:
        clips: Annotated clips; those of the split ``test`` are left out.
        fraction: Wanted share of validation clips where the file names none.
        seed: As for ``split_by_group``.
        whole: As for ``require_both_labels``.

    Raises:
        DataError: Only some clips have a split, or the training side lacks a label.
    """
    mined = [clip for clip in clips if clip.dataset == MINED and clip.split == "train"]
    clips = [clip for clip in clips if not (clip.dataset == MINED and clip.split == "train")]
    used = [clip for clip in clips if clip.split != "test"]
    without = [clip for clip in used if not clip.split]
    if without and len(without) < len(clips):
        raise DataError(
            f"{len(without)} clips have no split, first {str(without[0].path)!r}; "
            "give every clip one, or none"
        )
    validation = [clip for clip in used if clip.split == "val"]
    if not validation:
        training, validation = split_by_group(used, fraction, seed, whole=whole)
        return [*training, *mined], validation
    training = [clip for clip in used if clip.split == "train"]
    require_both_labels(training, "the training split", whole=whole)
    return [*training, *mined], validation


def require_both_labels(clips: Sequence[Clip], what: str, *, whole: bool = True) -> None:
    """Refuse clips that are all of one label.

    Args:
        clips: What to train on.
        what: What to call them.
        whole: Clips are judged whole; where windows of them are, one whose event times are known
            has both.

    Raises:
        DataError: There is no positive or nothing negative.
    """
    positives = sum(clip.positive for clip in clips)
    if not whole and any(clip.events for clip in clips):
        return
    if positives in (0, len(clips)):
        raise DataError(
            f"{what} has {positives} clips with a slip and {len(clips) - positives} without; "
            "training needs both"
        )


@dataclass(frozen=True)
class GroupLeak:
    """A group that is on several sides."""

    group: str  # its name
    clips: dict[str, int]  # clips of it by side, in the order train, val, test

    def __str__(self) -> str:
        sides = ", ".join(f"{count} {side}" for side, count in self.clips.items())
        return f"{shorten(self.group, NAME_COLUMNS)!r} ({sides})"


@dataclass(frozen=True)
class Leaks:
    """Everything that is on more than one side of a split."""

    groups: tuple[GroupLeak, ...] = ()  # persons, scenes or films
    copies: tuple[tuple[Clip, ...], ...] = ()  # sets of files with the same bytes
    # pairs of clips that show the same recording, encoded or cut differently
    near: tuple[NearPair, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.groups or self.copies or self.near)

    def sentences(self, most: int = MOST_NAMED) -> list[str]:
        """Return a sentence per kind of leak, with up to ``most`` names of each kind."""
        copies = [_same(clips) for clips in self.copies]
        return [
            *_sentence(self.groups, "group is", "groups are", "on two sides or more", most),
            *_sentence(copies, "file is", "files are", "on two sides under other names", most),
            *_sentence(
                self.near, "pair", "pairs", "of clips on two sides show one recording", most
            ),
        ]

    def line(self) -> str:
        """Return what an error says: bounded, however many names there are."""
        return f"the split leaks: {'; '.join(self.sentences(most=3))}"


def find_leaks(clips: Iterable[Clip], near: Iterable[NearPair] = ()) -> Leaks:
    """Find what is on more than one side of the split that ``clips`` carry.

    Clips without a side are left out. Files are compared by content if their sizes are equal;
    files that cannot be read are left out of that.

    Args:
        clips: Clips with ``split`` and ``group``; an empty group means that nothing is known.
        near: Pairs found by ``near_duplicates``; those that show one recording are leaks if they
            are on two sides.
    """
    sided = [clip for clip in clips if clip.split]
    copies = [same for same in same_files(sided) if len({clip.split for clip in same}) > 1]
    across = [pair for pair in near if pair.same_recording and pair.across]
    return Leaks(tuple(group_leaks(sided)), tuple(copies), tuple(across))


def same_files(clips: Sequence[Clip]) -> list[tuple[Clip, ...]]:
    """Return the sets of two clips or more whose files have the same bytes."""
    by_size: dict[int, list[Clip]] = defaultdict(list)
    for clip in clips:
        with suppress(OSError, ValueError):  # a name with a NUL is a ValueError
            by_size[clip.path.stat().st_size].append(clip)
    by_content: dict[str, list[Clip]] = defaultdict(list)
    for clip in (clip for alike in by_size.values() if len(alike) > 1 for clip in alike):
        with suppress(OSError):
            by_content[file_sha256(clip.path)].append(clip)
    return [tuple(same) for same in by_content.values() if len(same) > 1]


def require_no_leak(
    training: Sequence[Clip], validation: Sequence[Clip], *, allow: bool = False
) -> None:
    """Refuse groups and files that are on both sides, whatever the clips' own ``split`` says.

    No video is decoded; only files of equal size are read.

    Args:
        training: Clips to train on.
        validation: Clips to judge on.
        allow: Warn and go on.

    Raises:
        DataError: With the names of the groups, or the number of copies and the first ones.
    """
    clips = [replace(clip, split="train") for clip in training]
    clips += [replace(clip, split="val") for clip in validation]
    leaks = find_leaks(clips)
    if not leaks:
        return
    advice = "put each group on one side, or pass --allow-leaks"
    groups = f"the split leaks: {leaks.sentences()[0]}; {advice}"
    text = groups if leaks.groups else _copy_advice(leaks)
    if not allow:
        raise DataError(text)
    logger.warning("%s", text)


def _copy_advice(leaks: Leaks) -> str:
    judged = sum(clip.split == "val" for same in leaks.copies for clip in same)
    first = " and ".join(
        repr(str(next(clip.path for clip in leaks.copies[0] if clip.split == side)))
        for side in ("train", "val")
    )
    return (
        f"{judged} clips for validation are also trained on under another name, first {first}; "
        "give copies one group, or list them once"
    )


def group_leaks(clips: Sequence[Clip]) -> list[GroupLeak]:
    """Return the groups of ``clips``, which all have a side, that are on more than one."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for clip in clips:
        if clip.group:
            counts[clip.group][clip.split] += 1
    return [
        GroupLeak(group, {side: count[side] for side in ("train", "val", "test") if side in count})
        for group, count in sorted(counts.items())
        if len(count) > 1
    ]


def _same(clips: Sequence[Clip]) -> str:
    names = [f"{shorten(str(clip.path), NAME_COLUMNS)!r} ({clip.split})" for clip in clips]
    more = len(names) - 3
    return " = ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _sentence(found: Sequence[object], one: str, several: str, rest: str, most: int) -> list[str]:
    if not found:
        return []
    names = named([str(item) for item in found], most)
    return [f"{len(found)} {one if len(found) == 1 else several} {rest}: {names}"]
