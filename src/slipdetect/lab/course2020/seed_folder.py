"""The folder of a set made of the 2020 course report's archives: new, or an older one of its kind.

In: where the set shall be. Out: an early error, or the finished set in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from slipdetect._io import publish_folder, staging_folder
from slipdetect.errors import OutputError
from slipdetect.store.manifest import manifest_path
from slipdetect.store.names import folder_names
from slipdetect.store.reader import VideoStore

CSV, ABOUT = "clips.csv", "course2020.json"


def check_folder(out: Path, *, overwrite: bool) -> None:
    """Fail before the work if the set could not be put there.

    Raises:
        OutputError: It exists and may not be replaced, or the folder above is missing.
    """
    name = repr(str(out))
    if not out.parent.is_dir():
        raise OutputError(f"cannot make {name}: folder {str(out.parent)!r} does not exist; make it")
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{name} is a file; give a new folder")
    if not any(out.iterdir()):
        return
    stranger = next(_strangers(out), None)
    if stranger is not None:
        raise OutputError(
            f"{name} holds {stranger.name!r}, which prepare course2020 did not make; choose a new"
            " folder"
        )
    if not overwrite:
        raise OutputError(f"{name} exists already; pass --overwrite or choose another name")


def publish_set(folder: Path, out: Path) -> None:
    """Put the finished set in its place; an older one goes when the new one is there."""
    if not (out / ABOUT).is_file():
        publish_folder(folder, out)
        return
    with staging_folder(out) as aside:
        old = out.rename(aside / out.name)
        try:
            publish_folder(folder, out)
        except OSError:
            old.rename(out)
            raise


def _strangers(out: Path) -> Iterator[Path]:
    """Yield what lies in a folder and is no part of a set."""
    keys = VideoStore(out).keys() if (out / ABOUT).is_file() else []
    own = {name for key in keys for name in (manifest_path(out, key).name, *folder_names(key))}
    return (path for path in sorted(out.iterdir()) if path.name not in {CSV, ABOUT, *own})
