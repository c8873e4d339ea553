"""Which weights files of a package may be written and removed, so that a kill breaks no package.

In: a package's folder and a finished weights file. Out: its name; a folder without leftovers.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from slipdetect._io import file_sha256
from slipdetect.errors import OutputError

_DIGITS = 8  # of the digest, in a name; more only where these are taken by another content
_DIGEST = re.compile(r"-[0-9a-f]{8,64}$")


def staging_path(folder: Path, name: str) -> Path:
    """Return where the weights file ``name`` is written before its content gives it a name."""
    return folder / f".{_stem(name)}.new.safetensors"


def place(staged: Path, name: str) -> str:
    """Give a finished weights file a name in its folder that no other content has.

    Args:
        staged: The file, in the package's folder.
        name: What it would be called in an empty folder.

    Returns:
        ``name``, or ``name`` with digits of its digest where that is taken by other content.

    Raises:
        OutputError: It cannot be renamed.
    """
    folder, stem, digest = staged.parent, _stem(name), file_sha256(staged)
    lengths = range(_DIGITS, len(digest) + 1, _DIGITS)
    names = [f"{stem}.safetensors"]
    names += [f"{stem}-{digest[:length]}.safetensors" for length in lengths]
    taken = [item for item in names if (folder / item).exists()]
    try:
        for item in taken:
            if file_sha256(folder / item) == digest:
                staged.unlink()
                return item
        # only a damaged file can have the whole digest in its name and other content
        chosen = next((item for item in names if item not in taken), names[-1])
        staged.replace(folder / chosen)
    except OSError as error:
        raise OutputError(f"cannot write weights in {str(folder)!r}: {error.strerror}") from error
    return chosen


def remove_leftovers(folder: Path, named: Collection[str], before: Iterable[str]) -> None:
    """Remove weights files that no package names any more, and what killed saves left behind.

    Only names that a save gives are touched; what cannot be removed stays.

    Args:
        folder: Of the package.
        named: Weights files of the package that is there now.
        before: Those of the package it replaced.
    """
    old = set(before)
    stems = "|".join(sorted({re.escape(_stem(name)) for name in (*named, *old)}))
    written = re.compile(rf"(?:{stems})(?:-[0-9a-f]{{8,64}})?\.safetensors")
    partial = re.compile(
        # safetensors itself writes to a name of its own first
        rf"\.+(?:{stems}|model|README)[.-].*\.(?:safetensors|json|md)|\.tmp[0-9A-Za-z]{{6}}",
        re.DOTALL,
    )
    for path in folder.iterdir():
        stale = path.name in old or (old and written.fullmatch(path.name))
        if path.name not in named and (stale or partial.fullmatch(path.name)):
            with contextlib.suppress(OSError):
                path.unlink()


def _stem(name: str) -> str:
    """Return a weights file's name without suffix and digits of a digest."""
    return _DIGEST.sub("", name.removesuffix(".safetensors"))
