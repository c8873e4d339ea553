"""The name under which a video is stored: readable, safe in a path, and its own.

In: the path of a video. Out: its store key.
"""

from __future__ import annotations

import hashlib
import os
import re
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


def safe_stem(path: Path) -> str:
    """Return the stem of a path with all but letters, digits, ``.``, ``_`` and ``-`` replaced."""
    safe = "".join(char if char.isalnum() or char in "._-" else "_" for char in path.stem)
    # a dot or a dash in front would hide the name or look like an option
    safe = re.sub(r"^[.-]+", "_", safe)
    cut = safe.encode("utf-8")[:_STEM_BYTES].decode("utf-8", "ignore")
    return cut if cut else "_"
