"""Paths that a file lists, kept inside the folder they belong to.

In: entries of a list and their folder. Out: paths, or an error that says where the entry is.
"""

from __future__ import annotations

import os
from pathlib import Path

from slipdetect.errors import DataError


class Enclosure:
    """A folder that paths must not lead out of.

    Args:
        root: The folder; it may be a link itself.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        real = os.path.realpath(root)
        self._inside = real if real.endswith(os.sep) else real + os.sep

    def path(self, entry: str, where: str) -> Path:
        """Return ``entry`` as a path inside the folder; the file need not exist.

        Absolute paths and ``..`` are fine as long as they end inside, links followed. ``~`` is
        not expanded.

        Args:
            entry: A path, relative to the folder or absolute.
            where: The list and line, for messages.

        Raises:
            DataError: ``entry`` is empty, an address, begins with ``~``, or leads out.
        """
        if not entry:
            raise DataError(f"{where}: the path is empty")
        if "\0" in entry:
            raise DataError(f"{where}: the path holds a NUL character; export the file again")
        if "://" in entry:
            # an address may hold a password, so it is not repeated
            raise DataError(f"{where}: an address is not a path; download it and list the file")
        if entry.startswith("~"):
            raise DataError(
                f"{where}: {entry!r} begins with ~, which is not expanded; list paths relative to"
                f" {str(self.root)!r} (./~ if the name begins so)"
            )
        path = self.root / entry
        real = os.path.realpath(path)
        if not real.startswith(self._inside):
            raise DataError(
                f"{where}: {entry!r} leads out of {str(self.root)!r}, to {real!r}; list paths"
                " relative to a folder that holds all of them, and name that folder with --root"
            )
        return path
