"""Class folders of a data set and the videos in them.

In: a folder. Out: its class folders, their videos.
"""

from __future__ import annotations

from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.prepare.rows import LeftOut
from slipdetect.lab.prepare.write import listable
from slipdetect.video import find_videos

NO_LIST = "name that no list can hold (line breaks, space at the end, not UTF-8)"


def class_folders(folder: Path) -> dict[str, Path]:
    """Return the folders in ``folder`` that hold videos, by name; links are followed.

    Raises:
        DataError: ``folder`` is none, or cannot be read.
    """
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"cannot read the folder {str(folder)!r}: {error.strerror}; check the path"
        ) from error
    folders = [path for path in inside if path.is_dir() and not path.name.startswith(".")]
    return {path.name: path for path in folders if find_videos(path)}


def videos_of(folder: Path, left_out: LeftOut) -> list[Path]:
    """Return the videos below ``folder``, sorted; those that cannot be listed are left out."""
    videos = find_videos(folder)
    left_out.add(NO_LIST, [str(path) for path in videos if not listable(path)])
    return [path for path in videos if listable(path)]
