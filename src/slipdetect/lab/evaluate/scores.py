"""The logits of clips, kept in an ``.npz`` without pickles for tables and fusions.

In: clip names, true labels and logits by modality. Out: an ``.npz`` without pickles, and back.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._io import NPZ_DAMAGE, atomic_write
from slipdetect.errors import DataError

VERSION = 2  # 1 had another name for the data sets
_MOST_BYTES = 1 << 30
_LOGITS = "logits."
_DAMAGE = (*NPZ_DAMAGE, AttributeError)  # and what the text in it may hold

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ClipScores:
    """Scores of one set of clips by one model."""

    labels: tuple[str, ...]  # class names in the order of the logits' columns
    positive: str  # the label of a slip or fall
    clips: tuple[str, ...]  # name of every clip, relative to the data folder
    groups: tuple[str, ...]  # group of every clip; intervals resample whole groups
    datasets: tuple[str, ...]  # data set of every clip
    truth: npt.NDArray[np.int64]  # index into ``labels`` of every clip, ``(clips,)`` int64
    # by modality ``(clips, classes)`` float32, the mean over segments and crops
    logits: Mapping[str, Floats]
    # model, protocol, data and versions, as plain JSON data
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count, classes = len(self.clips), len(self.labels)
        wrong = [
            name for name in ("groups", "datasets", "truth") if len(getattr(self, name)) != count
        ]
        wrong += [name for name, x in self.logits.items() if x.shape != (count, classes)]
        if wrong or not self.logits:
            raise DataError(
                f"scores of {count} clips and {classes} labels contradict their "
                f"{', '.join(wrong) or 'logits, of which there are none'}"
            )
        if len(set(self.clips)) != count:
            raise DataError("scores name a clip twice; score every clip once")
        if self.positive not in self.labels:
            raise DataError(f"scores have no label {self.positive!r}, only {self.labels}")
        if count and not 0 <= int(self.truth.min()) <= int(self.truth.max()) < classes:
            raise DataError(f"scores have a true label beyond their {classes} labels")
        for name, x in self.logits.items():
            if not np.isfinite(x).all():
                raise DataError(f"the {name} scores hold NaN or infinity; score the clips again")

    @property
    def is_positive(self) -> npt.NDArray[np.bool_]:
        """Whether each clip shows a slip or fall, ``(clips,)``."""
        found: npt.NDArray[np.bool_] = self.truth == self.labels.index(self.positive)
        return found

    def select(self, chosen: npt.NDArray[np.bool_]) -> ClipScores:
        """Return the scores of the clips where ``chosen``, ``(clips,)``, is true."""
        places = np.flatnonzero(chosen).tolist()
        return replace(
            self,
            clips=tuple(self.clips[i] for i in places),
            groups=tuple(self.groups[i] for i in places),
            datasets=tuple(self.datasets[i] for i in places),
            truth=self.truth[places],
            logits={name: x[places] for name, x in self.logits.items()},
        )


def clip_name(path: Path, root: Path | None) -> str:
    """Return what scores and predictions call a clip: its path, from ``root`` if it lies there."""
    inside = root is not None and path.is_relative_to(root)
    return (path.relative_to(root) if inside and root is not None else path).as_posix()


def write_scores(scores: ClipScores, path: Path, *, overwrite: bool = False) -> None:
    """Write scores as ``.npz``.

    Raises:
        OutputError: The file exists or cannot be written.
    """
    facts = {
        "version": VERSION,
        "labels": scores.labels,
        "positive": scores.positive,
        "clips": scores.clips,
        "groups": scores.groups,
        "datasets": scores.datasets,
        "facts": scores.facts,
    }
    text = json.dumps(facts, allow_nan=False).encode()  # names need not be Unicode
    arrays: dict[str, Any] = {_LOGITS + name: value for name, value in scores.logits.items()}
    with atomic_write(path, overwrite=overwrite) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream, facts=np.frombuffer(text, np.uint8), truth=scores.truth, **arrays
        )


def read_scores(path: Path) -> ClipScores:
    """Read what ``write_scores`` wrote; nothing in the file can run code.

    Raises:
        DataError: The file is missing, damaged, too large or of a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MOST_BYTES:
                raise DataError(f"scores {str(path)!r} are larger than 1 GiB; is this the file?")
        with np.load(path, allow_pickle=False) as arrays:
            facts = json.loads(bytes(arrays["facts"]))
            if facts["version"] > VERSION:
                raise DataError(f"scores {str(path)!r} are of a newer slipdetect; update it")
            return ClipScores(
                labels=tuple(facts["labels"]),
                positive=facts["positive"],
                clips=tuple(facts["clips"]),
                groups=tuple(facts["groups"]),
                datasets=tuple(facts["datasets" if "datasets" in facts else "sources"]),
                truth=arrays["truth"].astype(np.int64),
                logits={
                    name.removeprefix(_LOGITS): arrays[name].astype(np.float32)
                    for name in arrays.files
                    if name.startswith(_LOGITS)
                },
                facts=facts["facts"],
            )
    except DataError as error:
        raise DataError(f"{str(path)!r}: {error}") from error
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or error or "the file ends too early"
        raise DataError(
            f"cannot read scores {str(path)!r}: {reason}; make them "
            "with slipdetect evaluate clips, or convert those of another program with slipdetect "
            "convert-scores"
        ) from error
