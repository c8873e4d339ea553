"""Scores of clips as older programs kept them, read without running anything in them.

In: an ``.npz`` of tsn-pytorch or a pickle of the two-stream code. Out: ``ClipScores``; and back.
"""

from __future__ import annotations

import io
import logging
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._io import ARRAY_DAMAGE, NPZ_DAMAGE, atomic_write, check_writable
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.course2020.plain_pickle import read_pickle
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.scores import ClipScores, clip_name

logger = logging.getLogger(__name__)

_MOST_BYTES = 256 * 2**20
_MOST_CLASSES = 10_000
_LARGE = 15.0  # median log-odds beyond this mean one error in three million: rather a sum
_NAME = re.compile(r"[\w-]{1,80}")
_VIDEO = re.compile(r"(.+)\.(?:avi|mp4|mov|mkv|webm|mpg|mpeg|m4v)", re.IGNORECASE)
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _OldScores:
    """What a file of an older program holds."""

    logits: Floats  # (clips, classes) float64, the mean where it keeps several rows a clip
    # name of every clip; empty in files of tsn-pytorch, which keep none
    names: tuple[str, ...] = ()
    # true class of every clip; None in pickles, which keep none
    truth: npt.NDArray[np.int64] | None = None


def read_old_scores(
    path: Path,
    clips: Sequence[Clip] = (),
    *,
    modality: str = "scores",
    labels: Sequence[str] = ("slip", "other"),
    frames: int = 1,
    root: Path | None = None,
) -> ClipScores:
    """Return the scores in a file of an older program as ours.

    Args:
        path: ``np.savez(scores=..., labels=...)`` of tsn-pytorch (``test_models.py``), or the
            two-stream code's pickle of ``{video name: logits}``.
        clips: The tested clips, for names, groups and true labels; pickles need them. Those of
            tsn-pytorch are taken in the order of their names, as that program wrote them, if the
            labels agree, or else in the order given.
        modality: The stream that the file is of.
        labels: Class names in the order of its columns; slip, fall or the first is positive.
        frames: Frames whose logits were summed: 19 in the two-stream code, 1 where the mean is
            stored.
        root: Folder that clips are named from.

    Raises:
        DataError: The file is damaged, holds something else, or contradicts ``clips``.
        UsageError: Two labels are one.
    """
    found = _read(path)
    if len(set(labels)) != len(labels):
        raise UsageError(f"the labels {', '.join(labels)} must differ")
    if found.logits.shape[1] != len(labels):
        raise DataError(
            f"{str(path)!r} has scores of {found.logits.shape[1]} classes, not of "
            f"{', '.join(labels)}; pass --labels with a name for each"
        )
    positive = next((label for label in labels if label in ("slip", "fall")), labels[0])
    classes = {True: labels.index(positive), False: 1 if labels[0] == positive else 0}
    truth, rows = found.truth, list(range(len(found.logits)))
    if clips:
        match = _by_name if found.names else _by_label
        clips, rows = match(found, clips, classes, path)
        truth = np.array([classes[clip.positive] for clip in clips], np.int64)
    elif truth is None:
        raise DataError(f"{str(path)!r} keeps no labels; name its clips too: --data CSV")
    logits = found.logits[rows] / frames
    ranked = np.sort(logits, axis=1)
    typical = float(np.median(ranked[:, -1] - ranked[:, -2]))
    if typical > _LARGE and frames == 1:
        logger.warning(
            "the classes in %r differ by %.0f at the median, so these are sums rather than means; "
            "for the two-stream code pass --frames 19, or fusion weighs this stream 19 times",
            str(path),
            typical,
        )
    numbers = tuple(f"clip-{row + 1:05}" for row in rows)
    return ClipScores(
        labels=tuple(labels),
        positive=positive,
        clips=tuple(clip_name(clip.path, root) for clip in clips) or numbers,
        groups=tuple(clip.group for clip in clips) or numbers,
        datasets=tuple(clip.dataset for clip in clips) or ("",) * len(rows),
        truth=truth,
        logits={modality: logits.astype(np.float32)},
        facts={"model": path.stem, "imported": path.name, "frames": frames},
    )


def _read(path: Path) -> _OldScores:
    """Read a file of an older program without running anything in it.

    Raises:
        DataError: It cannot be read, or is something else.
    """
    where = repr(str(path))
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{where} is larger than 256 MiB, which scores are not")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read scores {where}: {error}") from error
    if path.suffix.lower() == ".npz":
        return _from_npz(data, where)
    content = read_pickle(data, where)
    if not isinstance(content, dict) or not content:
        raise DataError(f"{where} holds no {{video name: logits}}")
    if not all(isinstance(key, str) and key for key in content):
        raise DataError(f"{where} has a key that is not a video name")
    return _OldScores(_stacked(list(content.values()), where), tuple(content))


def _from_npz(data: bytes, where: str) -> _OldScores:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MOST_BYTES:
                raise DataError(f"{where} unpacks to more than 256 MiB, which scores do not")
            members = {name: archive.read(name) for name in archive.namelist()}
    except NPZ_DAMAGE as error:
        raise DataError(f"{where} is a damaged .npz: {error}") from error
    if "scores.npy" not in members:
        raise DataError(f"{where} has no array 'scores' as tsn-pytorch writes it")
    scores = _array(members["scores.npy"], where)
    labels = _array(members["labels.npy"], where) if "labels.npy" in members else None
    if isinstance(scores, list) and all(isinstance(x, list) and len(x) == 2 for x in scores):
        labels = [label for _, label in scores] if labels is None else labels
        scores = [values for values, _ in scores]
    logits = _stacked(scores, where)
    if labels is None:
        return _OldScores(logits)
    try:
        truth = np.asarray(labels).astype(np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} has labels that are not numbers: {error}") from error
    if len(truth) != len(logits) or truth.min() < 0 or truth.max() >= logits.shape[1]:
        raise DataError(f"{where} has labels that do not suit its {len(logits)} clips")
    return _OldScores(logits, truth=truth)


def _array(data: bytes, where: str) -> Any:
    """Read a ``.npy``: numbers as they are, objects as a pickle."""
    stream = io.BytesIO(data)
    try:
        if not _READ_HEADER[np.lib.format.read_magic(stream)](stream)[2].hasobject:
            return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (*ARRAY_DAMAGE, KeyError, MemoryError) as error:
        raise DataError(f"{where} holds an array that cannot be read: {error}") from error
    return read_pickle(data[stream.tell() :], where)


def _stacked(values: Any, where: str) -> Floats:
    """Return the mean logits of every clip, ``(clips, classes)``."""
    rows = []
    if not isinstance(values, list) and np.ndim(values) == 0:
        raise DataError(f"{where} holds no scores of several clips")
    for value in values:
        try:
            row = np.asarray(value, np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"{where} holds something other than numbers: {error}") from error
        if row.size == 0 or not 2 <= (*row.shape, 0)[row.ndim - 1] <= _MOST_CLASSES:
            raise DataError(f"{where} has a clip without scores of several classes")
        rows.append(row.reshape(-1, row.shape[-1]).mean(axis=0))
    if len({len(row) for row in rows}) != 1:
        raise DataError(f"{where} does not have scores of the same classes for every clip")
    return np.stack(rows)


def _by_label(
    found: _OldScores, clips: Sequence[Clip], classes: Mapping[bool, int], path: Path
) -> tuple[Sequence[Clip], list[int]]:
    """Return the clips in the order of the scores, and the rows of these."""
    if len(clips) != len(found.logits):
        raise DataError(
            f"{str(path)!r} has scores of {len(found.logits)} clips, the list {len(clips)}; "
            "name the list that was tested"
        )
    for order in (sorted(clips, key=lambda clip: clip.path.stem), clips):
        truth = [classes[clip.positive] for clip in order]
        if found.truth is None or truth == found.truth.tolist():
            return order, list(range(len(clips)))
    raise DataError(
        f"the labels in {str(path)!r} agree with those of the list neither in the order of the "
        "names nor as it stands; are the --labels in the right order?"
    )


def _by_name(
    found: _OldScores, clips: Sequence[Clip], classes: Mapping[bool, int], path: Path
) -> tuple[Sequence[Clip], list[int]]:
    """Return the clips that have scores, and the row of each."""
    rows = {_key(name): row for row, name in enumerate(found.names)}
    keys = [_key(clip.path.name) for clip in clips]
    if len(rows) != len(found.names) or len(set(keys)) != len(keys):
        raise DataError(f"{str(path)!r} or its clips have two videos of one name; rename one")
    chosen = [clip for clip, key in zip(clips, keys, strict=True) if key in rows]
    if not chosen:
        raise DataError(
            f"no clip has a name as in {str(path)!r}, such as {found.names[0]!r}; is it the right "
            "list?"
        )
    missing, unknown = len(clips) - len(chosen), len(rows) - len(chosen)
    if missing or unknown:
        logger.warning("%d clips have no scores, %d scores belong to no clip", missing, unknown)
    return chosen, [rows[key] for key in keys if key in rows]


def _key(name: str) -> str:
    """Return a video's name without folder, ending and UCF101's leading ``v_``."""
    stem = name.replace("\\", "/").rpartition("/")[2]
    video = _VIDEO.fullmatch(stem)
    return (video[1] if video else stem).removeprefix("v_")


def write_pickles(scores: ClipScores, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Write what the two-stream code's ``average_fusion.py`` reads, a file for every stream.

    A file is ``{name: (classes,) float32}``: the clip's file name without ending and without the
    ``v_`` of UCF101, and its mean logits. ``read_old_scores`` reads it back.

    Args:
        scores: What to write.
        folder: Made when new; the files are ``MODALITY.pickle``.
        overwrite: Replace files that exist.

    Raises:
        DataError: Two clips have one such name, or a stream's is not fit for a file.
        OutputError: A file exists or cannot be written.
    """
    names = [PurePosixPath(clip).stem.removeprefix("v_") for clip in scores.clips]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"two clips are called {twice!r}, and such pickles know a clip by its file name alone; "
            "rename one of them"
        )
    unfit = next((name for name in scores.logits if not _NAME.fullmatch(name)), None)
    if unfit is not None:
        raise DataError(f"a stream is called {unfit[:80]!r}, which cannot be a file's name")
    files = {folder / f"{modality}.pickle": logits for modality, logits in scores.logits.items()}
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {str(folder)!r}: {error.strerror}") from error
    for file in files:
        check_writable(file, overwrite=overwrite)
    for file, logits in files.items():
        content = pickle.dumps(dict(zip(names, logits, strict=True)), protocol=2)
        with atomic_write(file, overwrite=overwrite) as temporary:
            temporary.write_bytes(content)
    return list(files)
