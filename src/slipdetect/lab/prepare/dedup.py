"""Frames that show nothing new left out: the 2020 course report's de-duplication.

In: a video and a threshold. Out: an MP4 with fewer frames, at their old times unless asked not to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from slipdetect.errors import UsageError
from slipdetect.lab.prepare.rewriting import OnProgress, Picture, Rewritten, no_progress, rewrite
from slipdetect.lab.prepare.ssim import ssim
from slipdetect.video import Frame

DEFAULT_THRESHOLD = 0.93
_SIDE = 256


def new_frames(
    frames: Iterable[Frame], threshold: float, *, keep_last: bool = False
) -> Iterator[Frame]:
    """Yield the frames whose SSIM with the last one yielded is not above ``threshold``.

    Frames are compared in gray at 256x256 px, whatever their shape, as the 2020 course report's
    preparation does.

    Args:
        frames: Frames in order; the first one is always yielded.
        threshold: Above it a frame is left out.
        keep_last: Yield the last frame in any case.
    """
    kept = None
    dropped: Frame | None = None
    for frame in frames:
        gray = _gray(frame.image)
        if kept is not None and ssim(kept, gray) > threshold:
            dropped = frame
            continue
        kept, dropped = gray, None
        yield frame
    if keep_last and dropped is not None:
        yield dropped


def deduplicate(
    source: Path,
    target: Path,
    threshold: float = DEFAULT_THRESHOLD,
    *,
    renumber: bool = False,
    overwrite: bool = False,
    on_progress: OnProgress = no_progress,
) -> Rewritten:
    """Write the frames of ``source`` that show something new.

    Args:
        source: A video.
        target: The new file, ``.mp4``.
        threshold: SSIM above which a frame is left out, 0 to 1.
        renumber: Show the frames at a constant rate, as the 2020 course report does: time is lost.
            Otherwise each keeps its time, and the last frame stays, so that the duration does.
        overwrite: Replace ``target``.
        on_progress: Called with the time read and the duration in the header, seconds.

    Raises:
        UsageError: The threshold is not between 0 and 1.
        VideoError: ``source`` cannot be read.
        OutputError: ``target`` cannot be written, or is ``source``.
    """
    if not 0.0 <= threshold <= 1.0:
        raise UsageError(f"the SSIM threshold must be in 0 to 1, not {threshold}")
    return rewrite(
        source,
        target,
        lambda frames: new_frames(frames, threshold, keep_last=not renumber),
        constant_rate=renumber,
        overwrite=overwrite,
        on_progress=on_progress,
    )


def _gray(image: Picture) -> Picture:
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
