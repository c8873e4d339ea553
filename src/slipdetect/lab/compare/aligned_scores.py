"""Scores of several runs put on the same clips.

In: scores of each run. Out: scores with the same clips in the same order, and the same labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.scores import ClipScores


def align_scores(
    places: Sequence[str], scores: Sequence[ClipScores], *, common: bool, what: str
) -> list[ClipScores]:
    """Return the scores with the clips in the order of the first, and its labels.

    Args:
        places: Where each was read from, for messages.
        scores: To align; clips are the same if their names are.
        common: Keep the clips that all have, instead of insisting on the same.
        what: ``"test"`` or ``"validation"``, for messages.

    Raises:
        DataError: Clips, labels, truths or groups differ.
    """
    if not scores:
        return []
    shared = set(scores[0].clips).intersection(*(part.clips for part in scores[1:]))
    if common and not shared:
        raise DataError(f"the runs have no {what} clip in common; evaluate them on one list")
    if not common:
        for place, part in zip(places[1:], scores[1:], strict=True):
            _require_same_clips(places[0], scores[0], place, part, what)
    order = [clip for clip in scores[0].clips if clip in shared]
    made = [
        _reordered(part, order, scores[0], place)
        for place, part in zip(places, scores, strict=True)
    ]
    for place, part in zip(places[1:], made[1:], strict=True):
        wrong = np.flatnonzero(part.truth != made[0].truth)
        if len(wrong):
            raise DataError(
                f"{places[0]!r} and {place!r} disagree on the label of {len(wrong)} {what} "
                f"clips, such as {order[int(wrong[0])]!r}; evaluate both with one annotation file"
            )
        apart = np.flatnonzero(_first_of_group(part) != _first_of_group(made[0]))
        if len(apart):
            raise DataError(
                f"{places[0]!r} and {place!r} disagree on the groups of {len(apart)} {what} "
                f"clips, such as {order[int(apart[0])]!r}, over which intervals are computed; "
                "evaluate both with one annotation file"
            )
    return made


def _first_of_group(scores: ClipScores) -> npt.NDArray[np.int64]:
    """Return the index of the first clip of every clip's group, whatever the groups are called."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, i) for i, name in enumerate(scores.groups)], np.int64)


def _require_same_clips(
    first: str, mine: ClipScores, second: str, other: ClipScores, what: str
) -> None:
    apart = sorted(set(mine.clips) ^ set(other.clips))
    if not apart:
        return
    shared = len(set(mine.clips) & set(other.clips))
    raise DataError(
        f"{len(apart)} {what} clips are in only one of {first!r} ({len(mine.clips)} clips) and "
        f"{second!r} ({len(other.clips)}), such as {apart[0]!r}; evaluate both on one list, "
        f"or pass --common to compare on the {shared} that they share"
    )


def _reordered(
    scores: ClipScores, clips: Sequence[str], first: ClipScores, place: str
) -> ClipScores:
    if sorted(scores.labels) != sorted(first.labels) or scores.positive != first.positive:
        raise DataError(
            f"{place!r} has the labels {', '.join(scores.labels)}, not "
            f"{', '.join(first.labels)}; compare models of the same labels"
        )
    where = {clip: index for index, clip in enumerate(scores.clips)}
    rows = [where[clip] for clip in clips]
    columns = [scores.labels.index(label) for label in first.labels]
    return ClipScores(
        labels=first.labels,
        positive=first.positive,
        clips=tuple(clips),
        groups=tuple(scores.groups[row] for row in rows),
        sources=tuple(scores.sources[row] for row in rows),
        truth=np.array([columns.index(i) for i in scores.truth[rows].tolist()], np.int64),
        logits={name: x[rows][:, columns] for name, x in scores.logits.items()},
        facts=scores.facts,
    )
