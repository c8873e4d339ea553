"""Where the snippets of a clip begin.

In: counts of frames and segments. Out: int64 frames, 0-based, inside the clip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError

MODES = ("train", "val", "test")


def segment_offsets(
    num_frames: int,
    num_segments: int,
    length: int,
    mode: str = "train",
    rng: np.random.Generator | None = None,
) -> NDArray[np.int64]:
    """Choose one snippet per equal segment of a clip (Wang et al., ECCV 2016, section 3.2).

    * ``train``: a random place inside each segment; when segments are shorter than a frame but
      frames outnumber segments, sorted random places; else the clip's first frame each time.
    * ``val``: the center of each segment when there are more places than segments; else zeros.
    * ``test``: the center of each segment, however few places there are.

    A clip shorter than one snippet gives zeros: the reader repeats its last frame.

    Args:
        num_frames: Video frames of the clip.
        num_segments: Snippets wanted.
        length: Video frames that one snippet reads (``Modality.frames``).
        mode: ``"train"``, ``"val"`` or ``"test"``.
        rng: Source of randomness; needed for ``"train"`` only.

    Returns:
        ``(num_segments,)`` int64, never decreasing, in ``0 .. max(num_frames - length, 0)``.

    Raises:
        UsageError: A count below one, an unknown mode, or ``"train"`` without ``rng``.
    """
    _require_positive(num_frames=num_frames, num_segments=num_segments, length=length)
    if mode not in MODES:
        raise UsageError(f"unknown sampling mode {mode!r}; choose from {', '.join(MODES)}")
    places = num_frames - length + 1
    if mode == "train":
        if rng is None:
            raise UsageError("sampling mode 'train' is random: pass rng, a numpy Generator")
        return _random_offsets(num_frames, num_segments, places, rng)
    if places < 1 or (mode == "val" and places <= num_segments):
        return np.zeros(num_segments, dtype=np.int64)
    tick = places / num_segments
    return (tick / 2.0 + tick * np.arange(num_segments)).astype(np.int64)


def _random_offsets(
    num_frames: int, num_segments: int, places: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    segment = places // num_segments
    if segment > 0:
        starts = segment * np.arange(num_segments, dtype=np.int64)
        return starts + rng.integers(segment, size=num_segments)
    if num_frames > num_segments and places > 0:
        return np.sort(rng.integers(places, size=num_segments))
    return np.zeros(num_segments, dtype=np.int64)


def dense_offsets(num_frames: int, length: int, stride: int) -> NDArray[np.int64]:
    """First frames of the snippets on a regular grid: 0, stride, 2 stride, ...

    The grid stays regular, so up to ``stride - 1`` frames at the end may lie in no snippet; a clip
    shorter than one snippet gives the single offset 0.

    Args:
        num_frames: Video frames of the clip.
        length: Video frames that one snippet reads (``Modality.frames``).
        stride: Frames from one snippet's start to the next.

    Returns:
        ``(snippets,)`` int64, at least one, none beyond ``max(num_frames - length, 0)``.

    Raises:
        UsageError: A count below one.
    """
    _require_positive(num_frames=num_frames, length=length, stride=stride)
    return np.arange(0, max(num_frames - length, 0) + 1, stride, dtype=np.int64)


def _require_positive(**counts: int) -> None:
    for name, count in counts.items():
        if count < 1:
            raise UsageError(f"{name} must be at least 1, not {count}")
