"""The folders of a video in a store: made, swept of leftovers, and not taken from others.

In: a store and a key. Out: folders that hold what they should and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path

from slipdetect.errors import OutputError
from slipdetect.lab.extract.journal import journal_path
from slipdetect.lab.extract.tools import Tools
from slipdetect.store.files import is_temporary
from slipdetect.store.names import folder_names


def check_store(folder: Path) -> None:
    """Make the folder of a store, or find out early that it cannot be written.

    Raises:
        OutputError: It is a file, read-only, or its parent is missing.
    """
    name = repr(str(folder))
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"cannot write into {name}: it is a file; give a folder")
        if not folder.parent.is_dir():
            raise OutputError(
                f"cannot make {name}: folder {str(folder.parent)!r} does not exist; make it first"
            )
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot make {name[:80]}: {reason}; choose another") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {name}: the folder is read-only; choose another")


def check_unused(store: Path, key: str, *, plain: bool) -> None:
    """Raise ``OutputError`` where a video would be written over files that no extraction made.

    Args:
        store: The store.
        key: Name of the video in it.
        plain: The name has no hash, so that the files may well be somebody else's.
    """
    if journal_path(store, key).exists():
        return
    for path in _contents(store, key):
        advice = "choose another folder" if plain else "pass --overwrite to delete them"
        raise OutputError(
            f"{str(path.parent)!r} holds files that belong to no manifest; move it away, or"
            f" {advice}"
        )


def sweep_temporaries(store: Path, key: str) -> None:
    """Delete the half-written files that a killed repair may have left."""
    for path in _contents(store, key):
        if is_temporary(path.name):
            path.unlink(missing_ok=True)


def prepare_folders(tools: Tools, key: str, keep: Container[str]) -> None:
    """Make the folders of a video and delete in them what is not in ``keep``.

    Args:
        tools: What to work with.
        key: Name of the video in the store.
        keep: Paths relative to the store.

    Raises:
        OutputError: That is not possible.
    """
    recipe = tools.recipe
    wanted = tools.layout.folders(key, rgb=recipe.rgb, flow=recipe.flow is not None)
    try:
        for path in _contents(tools.folder, key):
            if f"{path.parent.name}/{path.name}" not in keep:
                path.unlink()
        for name in folder_names(key):
            folder = tools.folder / name
            if folder.name in wanted:
                folder.mkdir(exist_ok=True)
            else:
                with suppress(OSError):  # there is none
                    folder.rmdir()
    except OSError as error:
        raise OutputError(
            f"cannot prepare {str(tools.folder / key)!r}: {error.strerror}; move it away"
        ) from error


def remove_folders(store: Path, key: str) -> None:
    """Delete the folders of a video with all files in them."""
    with suppress(OSError):  # what cannot be deleted stays, and the next run says why
        for path in _contents(store, key):
            path.unlink()
    for name in folder_names(key):
        with suppress(OSError):
            (store / name).rmdir()


def _contents(store: Path, key: str) -> Iterator[Path]:
    for name in folder_names(key):
        folder = store / name
        if folder.is_dir():
            yield from folder.iterdir()
