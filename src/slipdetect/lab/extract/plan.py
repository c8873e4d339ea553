"""Finding out what is to be done for a video: nothing, all of it, the rest, or a repair.

In: a video, a store and what was asked for. Out: a ``Task`` with the video's name in the
store, or None when it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from slipdetect._io import file_sha256
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.extract.files import sweep_temporaries
from slipdetect.lab.extract.journal import journal_path, read_header
from slipdetect.store.manifest import (
    ExtractionRecipe,
    Manifest,
    Shard,
    manifest_path,
    read_manifest,
)
from slipdetect.store.names import folder_names, safe_stem, shared_stems, store_key
from slipdetect.store.source import SourceIdentity, stat_source


class RecipeMismatch(OutputError):
    """The store holds what another recipe made."""


@dataclass(frozen=True)
class Task:
    """Work to do for one video.

    Attributes:
        path: The video.
        key: Its name in the store.
        path_key: Its name by ``store_key``, with the hash of its path.
        weight: Bytes of the video, to guess how long it takes.
        from_scratch: What is there is thrown away.
        damaged: Shards to write again; empty for a whole extraction.
    """

    path: Path
    key: str
    path_key: str
    weight: int
    from_scratch: bool = False
    damaged: tuple[int, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Its name in the store is that of the file alone."""
        return self.key != self.path_key


@dataclass(frozen=True)
class Rules:
    """How to treat what a store holds already.

    Attributes:
        root: Folder of the data set, see ``store_key``.
        overwrite: What another recipe or another state of the video made is redone, not refused.
        repair: Damaged shards are written again, not refused; contents are compared.
        verify: Contents are compared, not only sizes.
    """

    root: Path | None = None
    overwrite: bool = False
    repair: bool = False
    verify: bool = False


class Planner:
    """Looks at one video after the other.

    Args:
        folder: The store.
        recipe: How videos are extracted.
        rules: How to treat what is there.
        batch: All videos that will be asked for, to name those apart whose names repeat.
    """

    def __init__(
        self, folder: Path, recipe: ExtractionRecipe, rules: Rules, batch: Iterable[Path] = ()
    ) -> None:
        self._folder = folder
        self._recipe = recipe
        self._rules = rules
        self._keys = _KeyChooser(folder, recipe.layout, rules.root, batch)
        self._paths: dict[str, Path] = {}

    def task(self, path: Path) -> Task | None:
        """Return what is to be done for a video, None if all of it is there.

        Raises:
            VideoError: The file does not exist.
            RecipeMismatch: The store holds it, made by another recipe.
            OutputError: The store holds it as it was before the video changed, or holds another
                under the same name.
            DataError: The store holds it damaged.
        """
        weight = stat_source(path).st_size
        key, path_key = self._keys.names(path)
        other = self._paths.setdefault(key, path)
        if other != path:
            raise OutputError(f"{str(path)!r} and {str(other)!r} get one name; rename one of them")
        header = read_header(self._folder, key)
        if header is not None:
            from_scratch = not self._can_resume(path, header)
            return Task(path, key, path_key, weight, from_scratch)
        try:
            manifest = read_manifest(self._folder, key)
        except DataError:
            if not (self._rules.repair or self._rules.overwrite):
                raise
            return Task(path, key, path_key, weight, from_scratch=True)
        if manifest is None:
            # a plain name may be that of a folder of somebody else's, which nobody asked to delete
            from_scratch = self._rules.overwrite and key == path_key
            return Task(path, key, path_key, weight, from_scratch)
        return self._look_at(path, weight, manifest)

    def _look_at(self, path: Path, weight: int, manifest: Manifest) -> Task | None:
        """Return what is to be done for a video that was extracted before."""
        rules = self._rules
        again = Task(path, manifest.key, manifest.path_key, weight, from_scratch=True)
        if self._differs(path, manifest.recipe):
            return again
        if not manifest.source.same_stat(path) and self._changed(path, manifest.source):
            return again
        if rules.repair:
            sweep_temporaries(self._folder, manifest.key)
        thorough = rules.verify or rules.repair
        damaged = damaged_shards(self._folder, manifest.shards, hashes=thorough)
        if not damaged:
            return None
        if rules.repair:
            return replace(again, from_scratch=False, damaged=tuple(sorted(damaged)))
        if rules.overwrite:
            return again
        reason = next(iter(damaged.values()))
        more = f" (and {len(damaged) - 1} more of its shards)" if len(damaged) > 1 else ""
        raise DataError(f"damaged: {reason}{more}; run the same with extract --repair")

    def _can_resume(self, path: Path, header: Mapping[str, Any]) -> bool:
        """Return whether an unfinished extraction can go on; refuse if it must not be lost."""
        try:
            recipe = ExtractionRecipe.from_json(header["recipe"])
            source = SourceIdentity(**header["source"])
        except (KeyError, TypeError, DataError):
            return False
        return not (self._differs(path, recipe) or self._changed(path, source))

    def _differs(self, path: Path, have: ExtractionRecipe) -> bool:
        differences = have.differences(self._recipe)
        if differences and not self._rules.overwrite:
            raise RecipeMismatch(
                f"{str(self._folder)!r} holds {str(path)!r} with {', '.join(differences)};"
                " choose another folder, or pass --overwrite to extract it again"
            )
        return bool(differences)

    def _changed(self, path: Path, before: SourceIdentity) -> bool:
        differences = before.differences(SourceIdentity.of(path))
        if differences and not self._rules.overwrite:
            raise OutputError(
                f"{str(path)!r} has changed since it was extracted ({', '.join(differences)});"
                " pass --overwrite to extract it again"
            )
        return bool(differences)


class _KeyChooser:
    """Names the videos of a batch; what a store has of them keeps its name.

    In the layout ``tsn`` a video is named as its file, because lists of videos are; with the hash
    of its path only where another one has that name, in the batch or in the store.
    """

    def __init__(self, folder: Path, layout: str, root: Path | None, batch: Iterable[Path]) -> None:
        self._folder = folder
        self._root = root
        self._plain = layout == "tsn"
        self._shared = shared_stems(batch) if self._plain else set[str]()

    def names(self, path: Path) -> tuple[str, str]:
        """Return the name of a video in the store, and that with the hash of its path."""
        hashed = store_key(path, self._root)
        # what is there keeps its name, also when its layout changes
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
        """Return whether the store has a video under another name with a folder in common."""
        others = {*folder_names(stem), stem[:-2]} - {stem, ""}
        return any(
            self._is_there(other)
            for other in others
            if set(folder_names(other)) & set(folder_names(stem))
        )

    def _is_there(self, key: str) -> bool:
        places = (manifest_path(self._folder, key), journal_path(self._folder, key))
        return any(place.exists() for place in places)


def damaged_shards(folder: Path, shards: Iterable[Shard], *, hashes: bool) -> dict[int, str]:
    """Return the shards whose files are not as recorded: index -> what is wrong with one of them.

    Args:
        folder: The store.
        shards: What was recorded.
        hashes: Compare contents; otherwise only sizes, which takes no reading.
    """
    found = {}
    for shard in shards:
        problem = _problem(folder, shard, hashes=hashes)
        if problem is not None:
            found[shard.index] = problem
    return found


def _problem(folder: Path, shard: Shard, *, hashes: bool) -> str | None:
    for name, (size, sha256) in shard.files.items():
        path = folder / name
        try:
            found = path.stat().st_size
            if found != size:
                return f"{str(path)!r} has {found} bytes instead of {size}"
            if hashes and file_sha256(path) != sha256:
                return f"{str(path)!r} has other content than was written"
        except FileNotFoundError:
            return f"{str(path)!r} is missing"
        except OSError as error:
            return f"{str(path)!r} cannot be read: {error.strerror}"
    return None
