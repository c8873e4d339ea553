"""Where new videos go, so that folders stay and no two of them meet.

In: source videos and a folder. Out: a target per source.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_MOST_BYTES = 200
_SUFFIX = ".mp4"


def target_names(sources: Sequence[Path], folder: Path, endings: Sequence[str] = ()) -> list[Path]:
    """Return ``folder`` / the source's way from what all sources share, as an MP4.

    So ``data/fall/a.avi`` and ``data/walk/a.avi`` become ``fall/a.mp4`` and ``walk/a.mp4``. Where
    two would still meet (``a.avi`` beside ``a.mp4``), both get eight digits of the hash of their
    path. Characters that cannot be printed become ``_``.

    Args:
        sources: Videos.
        folder: Where to.
        endings: Added to the stem of each, such as ``"-3-7.5"``.
    """
    if not sources:
        return []
    whole = [Path(os.path.normpath(source.absolute())) for source in sources]
    shared = os.path.commonpath([path.parent for path in whole])
    ends = endings or [""] * len(whole)
    names = [
        path.relative_to(shared).with_name(_fit(_plain(path.stem), end) + _SUFFIX)
        for path, end in zip(whole, ends, strict=True)
    ]
    names = [Path(*map(_plain, name.parts)) for name in names]
    counts = Counter(names)
    return [
        folder / (name if counts[name] == 1 else _own(name, path))
        for name, path in zip(names, whole, strict=True)
    ]


def _own(name: Path, source: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    return name.with_name(f"{name.stem}-{digest}{_SUFFIX}")


def _fit(stem: str, ending: str) -> str:
    room = _MOST_BYTES - len(ending)
    return stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore") + ending


def _plain(part: str) -> str:
    return "".join(char if char.isprintable() else "_" for char in part)
