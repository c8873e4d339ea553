"""What files of scores of the reference code hold, read without running them.

In: an ``.npz`` of tsn-pytorch or a pickle of the two-stream code. Out: ``LegacyScores``.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab.course2020.plain_pickle import read_plain_pickle

SUFFIXES = (".pickle", ".pkl", ".npz")

_MOST_BYTES = 256 * 2**20
_MOST_CLASSES = 10_000
_READ_HEADER = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LegacyScores:
    """What a file of the reference holds.

    Attributes:
        logits: ``(clips, classes)`` float64, the mean where it keeps several rows a clip.
        names: Name of every clip; empty in files of tsn-pytorch, which keep none.
        truth: True class of every clip; None in pickles, which keep none.
    """

    logits: Floats
    names: tuple[str, ...]
    truth: npt.NDArray[np.int64] | None


def is_legacy(path: Path) -> bool:
    """Return whether ``path`` looks like scores of the reference: a pickle, or an npz with one."""
    if path.suffix.lower() != ".npz":
        return path.suffix.lower() in SUFFIXES
    try:
        with zipfile.ZipFile(path) as archive:
            return "scores.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_legacy(path: Path) -> LegacyScores:
    """Read what a file of the reference holds; see ``import_scores``.

    Raises:
        DataError: It cannot be read, or is something else.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{str(path)!r} is larger than 256 MiB, which scores are not")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read scores {str(path)!r}: {error}") from error
    where = repr(str(path))
    if path.suffix.lower() == ".npz":
        return _from_npz(data, where)
    return _from_dict(read_plain_pickle(data, where), where)


def _from_dict(content: Any, where: str) -> LegacyScores:
    if not isinstance(content, dict) or not content:
        raise DataError(f"{where} holds no {{video name: logits}}")
    names = tuple(key if isinstance(key, str) else "" for key in content)
    if "" in names:
        raise DataError(f"{where} has a key that is no video name")
    return LegacyScores(_stacked(list(content.values()), where), names, None)


def _from_npz(data: bytes, where: str) -> LegacyScores:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MOST_BYTES:
                raise DataError(f"{where} unpacks to more than 256 MiB, which scores do not")
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"{where} is a damaged .npz: {error}") from error
    if "scores.npy" not in members:
        raise DataError(f"{where} has no array 'scores' as tsn-pytorch writes it")
    scores = _array(members["scores.npy"], where)
    labels = _array(members["labels.npy"], where) if "labels.npy" in members else None
    pairs = isinstance(scores, list) and all(isinstance(x, list) and len(x) == 2 for x in scores)
    if pairs:  # (scores of the clip, its label)
        labels = [label for _, label in scores] if labels is None else labels
        scores = [values for values, _ in scores]
    logits = _stacked(list(scores), where)
    return LegacyScores(logits, (), None if labels is None else _labels(labels, logits, where))


def _array(data: bytes, where: str) -> Any:
    """Read a ``.npy``: numbers as they are, objects as a plain pickle."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        dtype = _READ_HEADER[version](stream)[2]
        if not dtype.hasobject:
            plain = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
            return np.asarray(plain)
    except (ValueError, KeyError, EOFError, MemoryError) as error:
        raise DataError(f"{where} holds an array that cannot be read: {error}") from error
    return read_plain_pickle(data[stream.tell() :], where)


def _stacked(values: Sequence[Any], where: str) -> Floats:
    """Return the mean logits of every clip, ``(clips, classes)``."""
    rows = []
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


def _labels(labels: Any, logits: Floats, where: str) -> npt.NDArray[np.int64]:
    try:
        truth = np.asarray(labels).astype(np.int64).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} has labels that are no numbers: {error}") from error
    if len(truth) != len(logits) or truth.min() < 0 or truth.max() >= logits.shape[1]:
        raise DataError(f"{where} has labels that do not suit its {len(logits)} clips")
    return truth
