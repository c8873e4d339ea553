"""HMDB51 as it is published: a .rar of .rar files, one a class; or the class folders in them.

In: a folder with class folders, class archives or the archive of archives. Out: class folders.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slipdetect._io import make_folder
from slipdetect.errors import UsageError
from slipdetect.lab.prepare.finding import class_folders
from slipdetect.lab.prepare.rar import unpack_rar

Tell = Callable[[Path], None]

_WHOLE = "hmdb51_org"
_SPLITS = "test_train_splits"


class Hmdb51Folder:
    """The classes of a folder; an archive is unpacked when its class is asked for.

    Args:
        path: Holds class folders, ``CLASS.rar`` or ``hmdb51_org.rar``.
        work: Where archives are unpacked; needed if there are any. What it has is not made again.
        on_archive: Called with an archive before it is unpacked.

    Attributes:
        path: As given.

    Raises:
        UsageError: There is the archive of archives and no ``work``.
        DataError: The folder or the archive of archives cannot be read.
        OutputError: ``work`` cannot be written.
    """

    def __init__(
        self, path: Path, work: Path | None = None, on_archive: Tell = lambda archive: None
    ) -> None:
        self.path = path
        self._tell = on_archive
        self._work = work
        self._folders = class_folders(path)
        self._archives = _archives(path)
        whole = self._archives.pop(_WHOLE, None)
        # class folders may be some of the classes only, from an earlier run into this very folder
        if whole is not None and (work is not None or not self._folders):
            inside = unpacked(whole, work, on_archive)
            for place in (inside, *sorted(p for p in inside.iterdir() if p.is_dir())):
                self._archives.update(_archives(place))
            self._folders = {**class_folders(inside), **self._folders}

    @property
    def names(self) -> list[str]:
        """Names of all classes, sorted."""
        return sorted({*self._folders, *self._archives})

    def folder(self, name: str) -> Path:
        """Return the folder of a class, unpacked if need be.

        Raises:
            UsageError: Its archive must be unpacked and there is no ``work``.
            DataError: Its archive cannot be unpacked.
            OutputError: ``work`` cannot be written.
        """
        known = self._folders.get(name)
        if known is not None:
            return known
        return unpacked(self._archives[name], self._work, self._tell)


def unpacked(archive: Path, work: Path | None, on_archive: Tell = lambda archive: None) -> Path:
    """Return the folder in ``work`` that holds what was in a .rar, unpacked unless it was.

    Raises:
        UsageError: ``work`` is None.
        DataError: It cannot be unpacked.
        OutputError: ``work`` cannot be written.
    """
    if work is None:
        raise UsageError(
            f"{str(archive)!r} must be unpacked first; name a folder for that with --work"
        )
    folder = work / archive.stem
    if not folder.is_dir():  # made whole or not at all, so what is there is complete
        make_folder(work)
        on_archive(archive)
        unpack_rar(archive, folder)
    return folder


def _archives(folder: Path) -> dict[str, Path]:
    """Return the .rar files of a folder by the name of their class."""
    found = {path.stem: path for path in sorted(folder.glob("*.rar")) if path.is_file()}
    found.pop(_SPLITS, None)
    return found
