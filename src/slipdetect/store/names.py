"""The name under which a video is stored: readable, safe in a path, and its own.

In: the path of a video. Out: its store key; which plain names two videos would share.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_STEM_BYTES = 100
_DIGITS = 8
KEY_PATTERN = re.compile(rf".+-[0-9a-f]{{{_DIGITS}}}")


def store_key(path: Path, root: Path | None = None) -> str:
    """Return the file stem made safe, and eight hex digits of the hash of the whole path.

    Args:
        path: The video; a relative path or a link means what it points to.
        root: Folder of the data set. A path below it is hashed relative to it, so that the key
            stays when the data set moves; any other is hashed whole.
    """
    whole = Path(os.path.realpath(path))
    known = whole
    if root is not None and whole.is_relative_to(base := Path(os.path.realpath(root))):
        known = whole.relative_to(base)
    digest = hashlib.sha256(os.fsencode(known.as_posix())).hexdigest()
    return f"{safe_stem(path)}-{digest[:_DIGITS]}"


def folder_names(key: str) -> list[str]:
    """Return the folders that a video stored as ``key`` may have."""
    return [key, f"{key}_u", f"{key}_v"]


def shared_stems(paths: Iterable[Path]) -> set[str]:
    """Return the stems, in lower case, under which videos would meet in one folder.

    Those are stems that repeat, and such as ``x_u`` next to ``x``, whose flow has that folder.
    """
    stems = Counter(safe_stem(path).casefold() for path in paths)
    folders = Counter(name for stem in stems.elements() for name in folder_names(stem))
    return {stem for stem in stems if any(folders[name] > 1 for name in folder_names(stem))}


def safe_stem(path: Path) -> str:
    """Return the stem of a path with all but letters, digits, ``.``, ``_`` and ``-`` replaced."""
    safe = "".join(char if char.isalnum() or char in "._-" else "_" for char in path.stem)
    # a dot or a dash in front would hide the name or look like an option
    safe = re.sub(r"^[.-]+", "_", safe)
    cut = safe.encode("utf-8")[:_STEM_BYTES].decode("utf-8", "ignore")
    return cut if cut else "_"
