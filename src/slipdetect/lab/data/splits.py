"""Splitting clips into training and validation without cutting a group.

In: clips. Out: two lists whose groups are disjoint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import Clip


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

    Args:
        clips: Annotated clips; those of the split ``test`` are left out.
        fraction: Wanted share of validation clips where the file names none.
        seed: As for ``split_by_group``.
        whole: As for ``require_both_labels``.

    Raises:
        DataError: Only some clips have a split, or the training side lacks a label.
    """
    used = [clip for clip in clips if clip.split != "test"]
    without = [clip for clip in used if not clip.split]
    if without and len(without) < len(clips):
        raise DataError(
            f"{len(without)} clips have no split, first {str(without[0].path)!r}; "
            "give every clip one, or none"
        )
    validation = [clip for clip in used if clip.split == "val"]
    if not validation:
        return split_by_group(used, fraction, seed, whole=whole)
    training = [clip for clip in used if clip.split == "train"]
    require_both_labels(training, "the training split", whole=whole)
    return training, validation


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
