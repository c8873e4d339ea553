"""Finding one recording under two names on both sides of a split.

In: training and validation clips. Out: nothing, or an error that names the copies.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from slipdetect.datasets.annotations import Clip
from slipdetect.errors import DataError


def require_no_leak(training: Sequence[Clip], validation: Sequence[Clip]) -> None:
    """Refuse clips whose bytes are on both sides, whatever their names.

    Only files of equal size are read.

    Raises:
        DataError: With the number of copies and the first pair.
    """
    by_size: dict[int, list[Path]] = defaultdict(list)
    for clip in training:
        by_size[clip.path.stat().st_size].append(clip.path)
    copies = []
    for clip in validation:
        for path in by_size.get(clip.path.stat().st_size, ()):
            if _digest(path) == _digest(clip.path):
                copies.append((path, clip.path))
    if copies:
        first = " and ".join(repr(str(path)) for path in copies[0])
        raise DataError(
            f"{len(copies)} clips for validation are also trained on under another name, "
            f"first {first}; give copies one group, or list them once"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
