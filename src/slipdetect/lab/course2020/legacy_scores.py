"""Scores that the reference code left, read without running them.

In: an ``.npz`` of tsn-pytorch or a pickle of the two-stream code. Out: ``ClipScores``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.course2020.legacy_files import Floats, LegacyScores, read_legacy
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.scores import ClipScores, clip_name

logger = logging.getLogger(__name__)

_LARGE = 15.0  # median log-odds beyond this mean one error in three million: rather a sum


@dataclass(frozen=True)
class LegacyMeaning:
    """What a file does not say of itself.

    Attributes:
        modality: The stream it is of.
        labels: Class names in the order of the reference's classes.
        positive: The label of a slip.
        frames: Frames whose logits were summed: 19 in the two-stream code, 1 where the mean is
            stored.
    """

    modality: str = "scores"
    labels: tuple[str, ...] = ("slip", "other")
    positive: str = "slip"
    frames: int = 1

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise UsageError(f"scores are sums of at least 1 frame, not {self.frames}")
        if self.positive not in self.labels or len(set(self.labels)) != len(self.labels):
            raise UsageError(
                f"the labels {', '.join(self.labels)} must differ and one must be {self.positive!r}"
            )


def import_scores(
    path: Path,
    clips: Sequence[Clip] = (),
    meaning: LegacyMeaning | None = None,
    root: Path | None = None,
) -> ClipScores:
    """Read scores of the reference.

    Args:
        path: ``np.savez(scores=..., labels=...)`` of tsn-pytorch (``test_models.py``), or the
            two-stream code's pickle of ``{video name: logits}``.
        clips: The tested clips, for names, groups and true labels; pickles need them. Those of
            tsn-pytorch are taken in the order of their names, as the reference wrote them, if the
            labels agree, or else in the order given.
        meaning: What the file does not say.
        root: Folder that clips are named from.

    Raises:
        DataError: The file is damaged, holds something else, or contradicts ``clips``.
    """
    meaning = LegacyMeaning() if meaning is None else meaning
    found = read_legacy(path)
    if found.logits.shape[1] != len(meaning.labels):
        raise DataError(
            f"{str(path)!r} has scores of {found.logits.shape[1]} classes, not of "
            f"{', '.join(meaning.labels)}; pass --labels with a name for each"
        )
    logits = found.logits / meaning.frames
    chosen, rows = _matched(found, clips, meaning, path)
    truth = found.truth
    if chosen:
        truth = np.array([_index(clip, meaning) for clip in chosen], np.int64)
    elif truth is None:
        raise DataError(f"{str(path)!r} keeps no labels; name the DATA.csv of its clips too")
    logits = logits[rows]
    _warn_of_sums(logits, meaning, path)
    numbers = [f"clip-{row + 1:05}" for row in rows]
    return ClipScores(
        labels=meaning.labels,
        positive=meaning.positive,
        clips=tuple(clip_name(clip.path, root) for clip in chosen) or tuple(numbers),
        groups=tuple(clip.group for clip in chosen) or tuple(numbers),
        sources=tuple(clip.source for clip in chosen) or ("",) * len(rows),
        truth=truth,
        logits={meaning.modality: logits.astype(np.float32)},
        facts={"model": path.stem, "imported": path.name, "frames": meaning.frames},
    )


def _index(clip: Clip, meaning: LegacyMeaning) -> int:
    positive = meaning.labels.index(meaning.positive)
    return positive if clip.positive else next(i for i in range(2) if i != positive)


def _matched(
    found: LegacyScores, clips: Sequence[Clip], meaning: LegacyMeaning, path: Path
) -> tuple[list[Clip], list[int]]:
    """Return the clips that have scores and the row of each; no clips where none were given."""
    if not clips:
        return [], list(range(len(found.logits)))
    if found.names:
        return _by_name(found.names, clips, path)
    return _by_label(found, clips, meaning, path)


def _by_name(
    names: Sequence[str], clips: Sequence[Clip], path: Path
) -> tuple[list[Clip], list[int]]:
    rows = {_key(name): row for row, name in enumerate(names)}
    keys = [_key(clip.path.name) for clip in clips]
    if len(rows) != len(names) or len(set(keys)) != len(keys):
        raise DataError(f"{str(path)!r} or its clips have two videos of one name; rename one")
    chosen = [clip for clip, key in zip(clips, keys, strict=True) if key in rows]
    if not chosen:
        raise DataError(
            f"no clip has a name as in {str(path)!r}, such as {names[0]!r}; is it the right list?"
        )
    missing, unknown = len(clips) - len(chosen), len(names) - len(chosen)
    if missing or unknown:
        logger.warning("%d clips have no scores, %d scores belong to no clip", missing, unknown)
    return chosen, [rows[_key(clip.path.name)] for clip in chosen]


def _key(name: str) -> str:
    """Return a video's name without folder, ending and UCF101's leading ``v_``."""
    stem = name.replace("\\", "/").rpartition("/")[2]
    head, dot, ending = stem.rpartition(".")
    known = dot and ending.lower() in ("avi", "mp4", "mov", "mkv", "webm", "mpg", "mpeg", "m4v")
    return (head if known else stem).removeprefix("v_")


def _by_label(
    found: LegacyScores, clips: Sequence[Clip], meaning: LegacyMeaning, path: Path
) -> tuple[list[Clip], list[int]]:
    if len(clips) != len(found.logits):
        raise DataError(
            f"{str(path)!r} has scores of {len(found.logits)} clips, the list {len(clips)}; "
            "name the list that was tested"
        )
    rows = list(range(len(clips)))
    orders = {"of their names": sorted(clips, key=lambda c: c.path.stem), "given": list(clips)}
    for name, order in orders.items():
        truth = [_index(clip, meaning) for clip in order]
        if found.truth is None or truth == found.truth.tolist():
            logger.info("clips are taken in the order %s", name)
            return order, rows
    swapped = "; are the --labels in the right order?" if len(meaning.labels) == 2 else ""
    raise DataError(
        f"the labels in {str(path)!r} agree with those of the list in no order that the reference "
        f"writes{swapped}"
    )


def _warn_of_sums(logits: Floats, meaning: LegacyMeaning, path: Path) -> None:
    ranked = np.sort(logits, axis=1)
    typical = float(np.median(ranked[:, -1] - ranked[:, -2]))
    if typical > _LARGE and meaning.frames == 1:
        logger.warning(
            "the classes in %r differ by %.0f at the median, so these are sums rather than means; "
            "for the two-stream code pass --frames 19, or fusion weighs this stream 19 times",
            str(path),
            typical,
        )
