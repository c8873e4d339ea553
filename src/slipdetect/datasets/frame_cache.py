"""Clips decoded once, sampled by time and kept on disk as plain arrays.

In: a clip and a sampling recipe. Out: memory-mapped frames ``(T, H, W, 3)`` or flow.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._io import atomic_write
from slipdetect.errors import DataError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.video import open_video

_LAYOUT = 1


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
    """

    def __init__(
        self, folder: Path, sampling: Sampling, flow: dict[str, Any] | None = None
    ) -> None:
        self.folder = folder
        self.sampling = sampling
        self.flow = flow
        folder.mkdir(parents=True, exist_ok=True)

    def frames(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the sampled frames of a clip, ``(T, H, W, 3)`` RGB, read-only.

        Raises:
            VideoError: The clip cannot be decoded.
        """
        target = self._target(path, asdict(self.sampling))
        if not target.exists():
            _save(target, self._decode(path))
        array: npt.NDArray[np.uint8] = np.load(target, mmap_mode="r", allow_pickle=False)
        return array

    def flows(self, path: Path) -> npt.NDArray[np.uint8]:
        """Return the quantised flow of a clip, ``(T - 1, H, W, 2)``; one still field if T is 1.

        Raises:
            DataError: This cache was made without a flow recipe.
        """
        if self.flow is None:
            raise DataError("this frame cache has no flow recipe; pass flow= when making it")
        target = self._target(path, {**asdict(self.sampling), "flow": self.flow})
        if not target.exists():
            _save(target, self._compute_flow(self.frames(path)))
        array: npt.NDArray[np.uint8] = np.load(target, mmap_mode="r", allow_pickle=False)
        return array

    def _decode(self, path: Path) -> npt.NDArray[np.uint8]:
        with open_video(path) as video:
            frames = [
                frame.image
                for frame in video.frames(self.sampling.sample_fps, self.sampling.short_side)
            ]
        if not frames:
            raise VideoError(f"{str(path)!r} has no frame that can be decoded")
        return np.stack(frames)

    def _compute_flow(self, frames: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        extractor = FlowExtractor.from_recipe(self.flow or {})
        if len(frames) == 1:
            return np.full((1, *frames.shape[1:3], 2), 128, np.uint8)
        fields = [extractor.quantise(field).transpose(1, 2, 0) for field in extractor.iter(frames)]
        return np.stack(fields)

    def _target(self, path: Path, recipe: dict[str, Any]) -> Path:
        try:
            status = path.stat()
        except OSError as error:
            raise VideoError(f"cannot read {str(path)!r}: {error.strerror}") from error
        facts = [_LAYOUT, str(path.resolve()), status.st_size, status.st_mtime_ns, recipe]
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / f"{path.stem[:60]}-{key}.npy"


def _save(target: Path, array: npt.NDArray[np.uint8]) -> None:
    with atomic_write(target, overwrite=True) as temporary:
        np.save(temporary, array, allow_pickle=False)
