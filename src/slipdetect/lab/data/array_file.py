"""Arrays on disk that are written and read row by row, so that memory never holds a whole one.

In: rows, a path. Out: an ``.npy`` file, the one that ``np.save`` makes; memory-mapped arrays.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

from slipdetect._io import ARRAY_DAMAGE, atomic_write

Kind = TypeVar("Kind", bound=np.generic)

_TOGETHER = 32  # rows that are read before their memory is given back


def load_or_make(
    target: Path, make: Callable[[], Iterable[npt.NDArray[Kind]]]
) -> npt.NDArray[Kind]:
    """Map the array at ``target``; if it is missing or damaged, ``make`` gives its rows first."""
    try:
        kept: npt.NDArray[Kind] = np.load(target, mmap_mode="r", allow_pickle=False)
        return kept
    except (OSError, *ARRAY_DAMAGE):
        write_rows(target, make())
    made: npt.NDArray[Kind] = np.load(target, mmap_mode="r", allow_pickle=False)
    return made


def write_rows(target: Path, rows: Iterable[npt.NDArray[Any]]) -> None:
    """Write an array from its rows, one at least, as the bytes that ``np.save`` writes of all.

    Raises:
        OutputError: It cannot be written.
    """
    with atomic_write(target, overwrite=True) as temporary, temporary.open("wb") as file:
        count, shape, kind = 0, (), np.dtype(np.uint8)
        for row in map(np.asarray, rows):
            if count == 0:
                shape, kind = row.shape, row.dtype
                _write_header(file, kind, (0, *shape))
            file.write(row.tobytes())
            count += 1
        # numpy leaves room in its header for the first axis to grow
        file.seek(0)
        _write_header(file, kind, (count, *shape))


def in_order(array: npt.NDArray[Kind]) -> Iterator[npt.NDArray[Kind]]:
    """Yield the rows of a mapped array; memory that held earlier ones is given back.

    Earlier rows stay valid: looked at again, they are read from the disk again.
    """
    # Windows has no such call; there the system takes memory back when it is short of it
    release = getattr(mmap, "MADV_DONTNEED", None)
    for index, row in enumerate(array):
        if index % _TOGETHER == 0 and release is not None and isinstance(array.base, mmap.mmap):
            array.base.madvise(release)
        yield row


def _write_header(file: IO[bytes], kind: np.dtype[Any], shape: tuple[int, ...]) -> None:
    descr = np.lib.format.dtype_to_descr(kind)
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
