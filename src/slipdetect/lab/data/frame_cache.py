"""Clips decoded once, sampled by time and kept on disk as arrays; memory holds a few pictures.

In: a clip and a sampling recipe. Out: memory-mapped frames ``(T, H, W, 3)`` or flow. No more than
a few pictures are in memory, however long a clip is.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._io import make_folder
from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.data.array_file import in_order, load_or_make, write_rows
from slipdetect.store import StoredVideo, StoreQuery, VideoStore
from slipdetect.video import open_video
from slipdetect.video.decoder import shrunk_size

# of how frames are read too: 1 knew other times, and neither mirrored nor interlaced ones
_LAYOUT = 2
_SMALL = 16  # px, where pictures do not count
_COLORS, _COMPONENTS = 3, 2  # bytes of a pixel, of frames and of flow

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sampling:
    """How clips are read: ``sample_fps`` frames a second, shorter side ``short_side`` px."""

    sample_fps: float
    short_side: int


class FrameCache:
    """Decoded clips on disk, one ``.npy`` a clip and kind, made when first asked for.

    Args:
        folder: Where the arrays live; safe to delete at any time.
        sampling: Frame rate and size.
        flow: Recipe of ``FlowExtractor`` when flow is wanted.
        store: What ``slipdetect extract`` made is taken from here instead of computed; a clip
            that is not in there is computed all the same.

    Raises:
        OutputError: The folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        sampling: Sampling,
        flow: dict[str, Any] | None = None,
        store: VideoStore | None = None,
    ) -> None:
        self.folder = folder
        self.sampling = sampling
        self.flow = flow
        self._stored = (
            None
            if store is None
            else StoreQuery(store, sampling.sample_fps, sampling.short_side, flow)
        )
        make_folder(folder)

    def frames(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the sampled frames of a clip, ``(T, H, W, 3)`` RGB, read-only.

        Raises:
            VideoError: The clip cannot be decoded.
            DataError: The store has the clip, made by another recipe.
        """
        return load_or_make(self._target(path), lambda: self._decode(path))

    def times(self, path: Path) -> npt.NDArray[np.float64]:
        """Return the seconds of the sampled frames of a clip on its own clock, ``(T,)``.

        Raises:
            VideoError: The clip cannot be decoded.
            DataError: The store has the clip, made by another recipe.
        """
        return load_or_make(self._target(path, times=True), lambda: self._read_times(path))

    def flows(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the quantized flow of a clip, ``(T - 1, H, W, 2)``; one still field if T is 1.

        Raises:
            DataError: This cache was made without a flow recipe, or the store has the clip, made
                by another one.
        """
        if self.flow is None:
            raise DataError("this frame cache has no flow recipe; pass flow= when making it")
        return load_or_make(self._target(path, flow=self.flow), lambda: self._compute_flow(path))

    def require_room(self, paths: Iterable[Path]) -> str:
        """Return a sentence on the disk that clips will take which are not kept yet; "": none.

        It goes by what headers say of lengths; a clip that cannot be read counts nothing.

        Raises:
            OutputError: So much is not free.
            DataError: The store has a clip, made by another recipe.
        """
        sizes = [self.missing_bytes(path) for path in dict.fromkeys(paths)]
        needed, unknown = sum(size or 0 for size in sizes), sizes.count(None)
        if not (needed or unknown):
            return ""
        free = shutil.disk_usage(self.folder).free
        taken = f"decoded clips will take about {_size(needed)} in {str(self.folder)!r}"
        room = f"{_size(free)} are free"
        if needed > free:
            raise OutputError(
                f"{taken}, where {room}; free some space, choose another folder, or leave out clips"
            )
        more = f"; clips that do not say how long they are: {unknown}" if unknown else ""
        return f"{taken}, where {room}{more}"

    def missing_bytes(self, path: Path) -> int | None:
        """Return about how much is yet to be written of a clip; None if nobody knows."""
        try:
            missing = 0 if self._target(path).exists() else _COLORS
            if self.flow is not None and not self._target(path, flow=self.flow).exists():
                missing += _COMPONENTS
            if not missing:
                return 0
            stored = self._find(path)
            if stored is not None:
                facts = stored.manifest
                return facts.frames * facts.height * facts.width * missing
            with open_video(path) as video:
                info = video.info
        except VideoError:
            return 0
        if info.duration is None:
            return None
        width, height = shrunk_size(info.width, info.height, self.sampling.short_side)
        frames = int(info.duration * self.sampling.sample_fps) + 1
        return frames * height * width * missing

    def _decode(self, path: Path) -> Iterator[Picture]:
        stored = self._find(path)
        if stored is not None and stored.recipe.rgb:
            yield from stored.iter_frames()
            return
        times = []
        with open_video(path) as video:
            for frame in video.frames(self.sampling.sample_fps, self.sampling.short_side):
                times.append(frame.time)
                yield frame.image
        if not times:
            raise VideoError(f"{str(path)!r} has no frame that can be decoded; copy it again")
        write_rows(self._target(path, times=True), np.array(times))

    def _read_times(self, path: Path) -> npt.NDArray[np.float64]:
        stored = self._find(path)
        if stored is not None:
            return stored.times
        with open_video(path) as video:
            return np.array([f.time for f in video.frames(self.sampling.sample_fps, _SMALL)])

    def _compute_flow(self, path: Path) -> Iterator[Picture]:
        stored, frames = self._find(path), self.frames(path)
        if stored is not None and stored.recipe.flow is not None and len(frames) > 1:
            return stored.iter_flows()
        if len(frames) == 1:
            return iter([np.full((*frames.shape[1:3], _COMPONENTS), 128, np.uint8)])
        return FlowExtractor.from_recipe(self.flow or {}).levels(in_order(frames))

    def _find(self, path: Path) -> StoredVideo | None:
        return None if self._stored is None else self._stored.find(path)

    def _target(self, path: Path, **more: Any) -> Path:
        recipe = {**asdict(self.sampling), **more}
        return self.folder / f"{cache_name(path, [_LAYOUT], recipe)}.npy"


def cache_name(path: Path, layout: list[Any], recipe: dict[str, Any]) -> str:
    """Return the name, without an ending, of what a cache keeps of a file as it is now.

    Args:
        path: The file.
        layout: Of what is kept.
        recipe: What it is made by.

    Raises:
        VideoError: The file is not there.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"cannot read {str(path)!r}: {reason}; check the path") from error
    facts = [*layout, str(path.resolve()), status.st_size, status.st_mtime_ns, recipe]
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    # a file name holds 255 bytes, and a character up to four
    stem = path.stem.encode("utf-8", "replace")[:60].decode("utf-8", "ignore")
    return f"{stem}-{key}"


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
