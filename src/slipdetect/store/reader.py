"""Reading frames and flow back from a store, only those made by the recipe that is asked for.

In: a folder that ``slipdetect extract`` made. Out: arrays, checked against their hashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.flow.registry import complete_parameters
from slipdetect.store.layout import Kind, make_layout
from slipdetect.store.manifest import (
    ExtractionRecipe,
    Manifest,
    digest,
    manifest_path,
    read_manifest,
)
from slipdetect.store.names import KEY_PATTERN, folder_names, safe_stem, store_key
from slipdetect.store.source import SourceIdentity

_SAME_SECONDS = 1e-6

Bytes = npt.NDArray[np.uint8]


class StoredVideo:
    """The frames and flows of one video.

    Attributes:
        manifest: What was made from what, and how.
        recipe: How it was made.
        times: Seconds of every frame, (T,) float64.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.recipe: ExtractionRecipe = manifest.recipe
        self.times: npt.NDArray[np.float64] = np.array(manifest.times, np.float64)
        self._folder = folder
        self._layout = make_layout(manifest.recipe.layout)
        self._facts = {name: fact for s in manifest.shards for name, fact in s.files.items()}

    def frames(self, start: int = 0, stop: int | None = None) -> Bytes:
        """Return frames ``start`` up to ``stop`` (None: all), (T, H, W, 3) uint8 RGB.

        Raises:
            DataError: They were not extracted, or a file is damaged.
        """
        if not self.recipe.rgb:
            raise DataError(f"{self.manifest.key!r} was extracted without frames")
        return self._collect("frames", start, stop)

    def flows(self, start: int = 0, stop: int | None = None) -> Bytes:
        """Return flows ``start`` up to ``stop``, (T - 1, H, W, 2) uint8 quantized, u then v.

        Flow i leads from frame i to frame i + 1; ``slipdetect.flow`` turns bytes into px.

        Raises:
            DataError: They were not extracted, or a file is damaged.
        """
        if self.recipe.flow is None:
            raise DataError(f"{self.manifest.key!r} was extracted without flow")
        return self._collect("flows", start, stop)

    def iter_frames(self) -> Iterator[Bytes]:
        """Yield the frames one by one, (H, W, 3) uint8 RGB, a shard of them in memory.

        Raises:
            DataError: As ``frames`` does.
        """
        for shard in self.manifest.shards:
            yield from self.frames(shard.first, shard.first + shard.frames)

    def iter_flows(self) -> Iterator[Bytes]:
        """Yield the flows one by one, (H, W, 2) uint8, a shard of them in memory.

        Raises:
            DataError: As ``flows`` does.
        """
        for shard in self.manifest.shards:
            yield from self.flows(shard.first, shard.first + shard.flows)

    def _collect(self, kind: Kind, start: int, stop: int | None) -> Bytes:
        facts = self.manifest
        size, planes = (facts.height, facts.width), 3 if kind == "frames" else 2
        begin, end, _ = slice(start, stop).indices(getattr(facts, kind))
        parts = [np.empty((0, *size, planes), np.uint8)]
        for shard in facts.shards:
            low, high = max(begin - shard.first, 0), min(end - shard.first, getattr(shard, kind))
            if low < high:
                whole = self._layout.array(kind, facts.key, shard, self._read, size)
                parts.append(whole[low:high])
        return np.concatenate(parts)

    def _read(self, name: str) -> bytes:
        """Return the content of a file, checked."""
        path = self._folder / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _damaged(path, error.strerror or str(error)) from error
        if name not in self._facts:
            raise _damaged(path, "it is not in the manifest")
        if (len(data), digest(data)) != self._facts[name]:
            raise _damaged(path, "it has other content than was written")
        return data


class VideoStore:
    """The videos of a folder that ``slipdetect extract`` made.

    Args:
        folder: The ``--out`` of the extraction.
        root: Its ``--root``, if there was one.

    Raises:
        DataError: The folder does not exist.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.folder = Path(folder)
        self._root = root
        if not self.folder.is_dir():
            raise DataError(
                f"{str(folder)!r} is not a folder; make the store with slipdetect extract"
            )

    def keys(self) -> list[str]:
        """Return the names of all videos, sorted."""
        names = (path.stem for path in self.folder.glob("*.json"))
        return sorted(name for name in names if self._is_key(name))

    def __iter__(self) -> Iterator[StoredVideo]:
        """Yield every video, by name."""
        return (self[key] for key in self.keys())

    def __getitem__(self, key: str) -> StoredVideo:
        """Return the video stored under ``key``.

        Raises:
            DataError: There is none, or its manifest is damaged.
        """
        manifest = read_manifest(self.folder, key)
        if manifest is None:
            raise DataError(f"{str(manifest_path(self.folder, key))!r} was not found; extract it")
        return StoredVideo(self.folder, manifest)

    def find(self, path: Path) -> StoredVideo | None:
        """Return what was extracted from a video, or None.

        A video that was moved or copied since is recognized by its content. The manifest of a
        stored video means that one itself.

        Raises:
            VideoError: ``path`` is not a video.
            DataError: The video has changed since, or the manifest is damaged.
        """
        path = Path(path)
        if self.is_manifest(path):
            return self[path.stem]
        now = SourceIdentity.of(path)
        stem, path_key = safe_stem(path), store_key(path, self._root)
        for key in (path_key, *([stem] if self._is_key(stem) else [])):
            own = read_manifest(self.folder, key)
            if own is not None and own.path_key == path_key:
                if not own.source.same_content(now):
                    raise DataError(
                        f"{str(path)!r} has changed since it was extracted; run extract --overwrite"
                    )
                return StoredVideo(self.folder, own)
        for key in self.keys():
            if stem in (key, key.rpartition("-")[0]):
                other = read_manifest(self.folder, key)
                if other is not None and other.source.same_content(now):
                    return StoredVideo(self.folder, other)
        return None

    def is_manifest(self, path: Path) -> bool:
        """Return whether ``path`` is the manifest of a video in this store."""
        inside = path.suffix == ".json" and path.parent.resolve() == self.folder.resolve()
        return inside and path.is_file()

    def _is_key(self, name: str) -> bool:
        """Distinguish a manifest from other JSON: its folders lie next to it."""
        return KEY_PATTERN.fullmatch(name) is not None or any(
            (self.folder / folder).is_dir() for folder in folder_names(name)
        )


@dataclass(frozen=True)
class StoreQuery:
    """What stored frames and flows must have been made by.

    Attributes:
        store: Where they are looked for.
        sample_fps: Frames a second.
        short_side: Shorter side of the frames, px.
        flow: Recipe of ``FlowExtractor``, or None where no flow is needed.
        stream: Which video stream is read, from 0.
    """

    store: VideoStore
    sample_fps: float
    short_side: int
    flow: Mapping[str, Any] | None
    stream: int = 0

    def find(self, path: Path) -> StoredVideo | None:
        """Return what is stored of a video, or None where it was not extracted.

        Of a stored video that is itself the clip, as ``prepare course2020`` makes them, there is
        also None where it can be read or its flow computed like that of any other video.

        Raises:
            VideoError: ``path`` is not a video.
            DataError: It was made by another recipe, the video has changed, or a file is damaged.
        """
        video = self.store.find(path)
        if video is None:
            return None
        is_clip = self.store.is_manifest(path)
        have = self._as_read(video) if is_clip else video.recipe
        flow = self.flow
        # what the recipe leaves to the method's defaults is spelled out in the store
        complete = flow and complete_parameters(flow["method"], flow.get("parameters", {}))
        want = replace(
            have,
            sample_fps=self.sample_fps,
            size=f"short:{self.short_side}",
            max_frames=None,
            flow=have.flow if flow is None else dict(flow, parameters=complete),
            stream=self.stream,
        )
        if found := have.differences(want):
            if is_clip and (self.flow is None or have.flow is None):
                return None
            if is_clip:
                raise DataError(
                    f"the flow of {str(path)!r} fits other settings ({', '.join(found)}); train"
                    " with what it has, or leave out --store to compute flow"
                )
            raise DataError(
                f"{str(path)!r} was extracted to {str(self.store.folder)!r} by another recipe "
                f"({', '.join(found)}); extract it again or leave out --store"
            )
        return video

    def _as_read(self, video: StoredVideo) -> ExtractionRecipe:
        """Return a clip's recipe, its own rate and size called as asked where they are the same."""
        have, facts = video.recipe, video.manifest
        steps = np.arange(facts.frames) / self.sample_fps
        if have.sample_fps is None and np.allclose(
            video.times - video.times[0], steps, rtol=0, atol=_SAME_SECONDS
        ):
            have = replace(have, sample_fps=self.sample_fps)
        # pictures are made smaller where they are too large, and never larger
        if have.size == "native" and min(facts.width, facts.height) <= self.short_side:
            have = replace(have, size=f"short:{self.short_side}")
        return have


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"{str(path)!r} is damaged ({reason}); run extract --repair")
