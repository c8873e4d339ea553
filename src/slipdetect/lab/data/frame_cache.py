"""Clips decoded once, sampled by time and kept on disk as plain arrays.

In: a clip and a sampling recipe. Out: memory-mapped frames ``(T, H, W, 3)`` or flow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from slipdetect._io import ARRAY_DAMAGE, atomic_write
from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.store import StoredVideo, StoreQuery, VideoStore
from slipdetect.video import open_video

Kind = TypeVar("Kind", bound=np.generic)

_LAYOUT = (
    2  # of how frames are read too: 1 knew other times, and neither mirrored nor interlaced ones
)
_SMALL = 16  # px, where pictures do not count


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
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"cannot make the frame cache {str(folder)!r}: {error.strerror}; choose another"
            ) from error

    def frames(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the sampled frames of a clip, ``(T, H, W, 3)`` RGB, read-only.

        Raises:
            VideoError: The clip cannot be decoded.
            DataError: The store has the clip, made by another recipe.
        """
        target = self._target(path, asdict(self.sampling))
        return _load_or_make(target, lambda: self._decode(path))

    def times(self, path: Path) -> npt.NDArray[np.float64]:
        """Return the seconds of the sampled frames of a clip on its own clock, ``(T,)``.

        Raises:
            VideoError: The clip cannot be decoded.
            DataError: The store has the clip, made by another recipe.
        """
        return _load_or_make(self._times_target(path), lambda: self._read_times(path))

    def flows(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the quantized flow of a clip, ``(T - 1, H, W, 2)``; one still field if T is 1.

        Raises:
            DataError: This cache was made without a flow recipe, or the store has the clip, made
                by another one.
        """
        if self.flow is None:
            raise DataError("this frame cache has no flow recipe; pass flow= when making it")
        target = self._target(path, {**asdict(self.sampling), "flow": self.flow})
        return _load_or_make(target, lambda: self._compute_flow(path))

    def _decode(self, path: Path) -> npt.NDArray[np.uint8]:
        stored = self._find(path)
        if stored is not None and stored.recipe.rgb:
            return stored.frames()
        with open_video(path) as video:
            frames = list(video.frames(self.sampling.sample_fps, self.sampling.short_side))
        if not frames:
            raise VideoError(f"{str(path)!r} has no frame that can be decoded")
        _save(self._times_target(path), np.array([frame.time for frame in frames]))
        return np.stack([frame.image for frame in frames])

    def _read_times(self, path: Path) -> npt.NDArray[np.float64]:
        stored = self._find(path)
        if stored is not None:
            return stored.times
        with open_video(path) as video:
            sampled = video.frames(self.sampling.sample_fps, _SMALL)
            return np.array([frame.time for frame in sampled])

    def _times_target(self, path: Path) -> Path:
        return self._target(path, {**asdict(self.sampling), "times": True})

    def _compute_flow(self, path: Path) -> npt.NDArray[np.uint8]:
        stored, frames = self._find(path), self.frames(path)
        if stored is not None and stored.recipe.flow is not None and len(frames) > 1:
            return stored.flows()
        extractor = FlowExtractor.from_recipe(self.flow or {})
        if len(frames) == 1:
            return np.full((1, *frames.shape[1:3], 2), 128, np.uint8)
        return np.stack(list(extractor.levels(frames)))

    def _find(self, path: Path) -> StoredVideo | None:
        return None if self._stored is None else self._stored.find(path)

    def _target(self, path: Path, recipe: dict[str, Any]) -> Path:
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


def _load_or_make(target: Path, make: Callable[[], npt.NDArray[Kind]]) -> npt.NDArray[Kind]:
    """Map the array at ``target``, made first if it is missing or damaged."""
    try:
        kept: npt.NDArray[Kind] = np.load(target, mmap_mode="r", allow_pickle=False)
        return kept
    except (OSError, *ARRAY_DAMAGE):
        _save(target, make())
    made: npt.NDArray[Kind] = np.load(target, mmap_mode="r", allow_pickle=False)
    return made


def _save(target: Path, array: npt.NDArray[Any]) -> None:
    with atomic_write(target, overwrite=True) as temporary:
        np.save(temporary, array, allow_pickle=False)
