"""Choosing the name of a video in a store: plain where the field's tools look for it, or hashed.

In: the path of a video, a store, and the other videos of the batch. Out: its name there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.extract.journal import journal_path, read_header
from slipdetect.store.manifest import manifest_path, read_manifest
from slipdetect.store.names import folder_names, safe_stem, shared_stems, store_key


class KeyChooser:
    """Names the videos of a batch; what a store has of them keeps its name.

    In the layout ``tsn`` a video is named as its file, because lists of videos are; with the hash
    of its path only where another one has that name, in the batch or in the store.

    Args:
        folder: The store.
        layout: Its layout.
        root: Folder of the data set, see ``store_key``.
        batch: All videos that are extracted together.
    """

    def __init__(
        self, folder: Path, layout: str, root: Path | None, batch: Iterable[Path] = ()
    ) -> None:
        self._folder = folder
        self._root = root
        self._plain = layout == "tsn"
        self._shared = shared_stems(batch) if self._plain else set[str]()

    def names(self, path: Path) -> tuple[str, str]:
        """Return the name of a video in the store, and that with the hash of its path."""
        hashed = store_key(path, self._root)
        # stores that were made before names could be plain go on as they are
        if self._is_there(hashed):
            return hashed, hashed
        stem = safe_stem(path)
        owner = self._owner(stem, hashed)
        if owner == hashed:
            return stem, hashed
        taken = owner is not None or stem.casefold() in self._shared or self._meets_another(stem)
        return (stem if self._plain and not taken else hashed), hashed

    def _owner(self, stem: str, hashed: str) -> str | None:
        """Return the hashed name of the video that is stored under a plain one; None: nobody's."""
        header = read_header(self._folder, stem)
        if header is not None:
            # a journal that says nothing was torn before anything was written
            return str(header.get("path_key", stem)) if header else None
        try:
            manifest = read_manifest(self._folder, stem)
        except DataError:
            # damaged, to be refused or repaired; without folders it is no manifest but a stranger's
            names = folder_names(stem)
            return hashed if any((self._folder / name).is_dir() for name in names) else ""
        return None if manifest is None else manifest.path_key

    def _meets_another(self, stem: str) -> bool:
        """Tell whether the store has a video under another name with a folder in common."""
        others = {*folder_names(stem), stem[:-2]} - {stem, ""}
        return any(
            self._is_there(other)
            for other in others
            if set(folder_names(other)) & set(folder_names(stem))
        )

    def _is_there(self, key: str) -> bool:
        places = (manifest_path(self._folder, key), journal_path(self._folder, key))
        return any(place.exists() for place in places)
