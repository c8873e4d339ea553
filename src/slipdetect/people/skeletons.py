"""The people of a clip as a file: what was found in its frames, or what a simulation made up.

In: people by frame. Out: one ``.npz`` without pickles, and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slipdetect._io import NPZ_DAMAGE, atomic_write
from slipdetect.errors import DataError
from slipdetect.types.person import KEYPOINTS, Person

SUFFIX = ".npz"

_COLUMNS = 3 * len(KEYPOINTS) + 5  # keypoints, box, score
_ARRAYS = {"times": 1, "counts": 1, "people": 2, "size": 1}


@dataclass(frozen=True, eq=False)
class Skeletons:
    """The people in the frames of one clip."""

    times: Sequence[float]  # of the frames looked at, seconds from the first one, in order
    people: Sequence[Sequence[Person]]  # of every frame, none or more
    width: int  # of the picture that their coordinates are pixels of
    height: int

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the file: ``times (T,)``, ``counts (T,)``, ``people (N, 56)``, ``size (2,)``.

        A row of ``people`` is x, y and score of every keypoint, the box, and the person's score;
        the first ``counts[0]`` rows are of the first frame, and so on.

        Raises:
            OutputError: It cannot be written.
        """
        rows = [
            np.concatenate([each.keypoints.ravel(), each.box, [each.score]])
            for found in self.people
            for each in found
        ]
        with atomic_write(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                times=np.asarray(self.times, np.float64),
                counts=np.array([len(found) for found in self.people], np.int64),
                people=np.array(rows, np.float32).reshape(-1, _COLUMNS),
                size=np.array([self.width, self.height], np.int64),
            )

    @classmethod
    def load(cls, path: Path) -> Skeletons:
        """Read what ``save`` wrote.

        Raises:
            DataError: The file is no such file, or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in _ARRAYS}
        except NPZ_DAMAGE as error:
            raise DataError(f"{str(path)!r} is no file of skeletons: {error}") from error
        times, counts, rows, size = arrays.values()
        odd = [name for name, dimensions in _ARRAYS.items() if arrays[name].ndim != dimensions]
        sound = not odd and rows.shape[1] == _COLUMNS and size.shape == (2,)
        sound = sound and len(times) == len(counts) and counts.sum() == len(rows)
        if (
            not sound
            or (counts < 0).any()
            or not all(np.isfinite(each).all() for each in (times, rows))
        ):
            raise DataError(f"{str(path)!r} holds skeletons that do not fit together; make it anew")
        persons = [Person(row[:-5].reshape(-1, 3), row[-5:-1], float(row[-1])) for row in rows]
        ends = np.cumsum(counts).tolist()
        people = [persons[end - count : end] for end, count in zip(ends, counts, strict=True)]
        return cls(times.tolist(), people, int(size[0]), int(size[1]))
