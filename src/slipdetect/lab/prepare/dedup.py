"""Frames that show nothing new left out: the 2020 course report's de-duplication.

In: a video and a threshold. Out: an MP4 with fewer frames, at their old times unless asked not to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.lab.prepare.reencode import OnProgress, Reencoded, reencode
from slipdetect.lab.prepare.size_modes import Picture
from slipdetect.video import Frame

DEFAULT_THRESHOLD = 0.93
_SIDE = 256
_WINDOW = 11  # pixels on a side
_SIGMA = 1.5
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2


def ssim(first: Picture, second: Picture) -> float:
    """Return the mean SSIM of two gray pictures with levels of 0 to 255.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13 (2004), equations 13 to 17: a circular Gaussian window of
    11x11 px and sigma 1.5, K1 0.01, K2 0.03, averaged over the places where the window fits.

    Args:
        first: ``(H, W)``, 11 px or more on a side.
        second: ``(H, W)``, the same size.

    Raises:
        UsageError: The sizes differ or are smaller than the window.
    """
    if first.ndim != 2 or first.shape != second.shape or min(first.shape) < _WINDOW:
        raise UsageError(
            f"SSIM needs two gray pictures of one size, {_WINDOW} px or more on a side, not "
            f"{first.shape} and {second.shape}"
        )
    x, y = first.astype(np.float64), second.astype(np.float64)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    var_x = _window_mean(x * x) - mean_x**2
    var_y = _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    return float(np.mean(above / below))


def _window_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weighted mean of every window that lies inside."""
    blurred = cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA)
    edge = _WINDOW // 2
    return np.asarray(blurred[edge:-edge, edge:-edge], np.float64)


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
        small = cv2.resize(frame.image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        gray = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
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
    on_progress: OnProgress = lambda seconds, duration: None,
) -> Reencoded:
    """Write the frames of ``source`` that show something new; see ``reencode``.

    Args:
        source: A video.
        target: The new file, ``.mp4``.
        threshold: SSIM above which a frame is left out, 0 to 1.
        renumber: Show the frames at a constant rate, as the 2020 course report does: time is lost.
            Otherwise each keeps its time, and the last frame stays, so that the duration does.
        overwrite: Replace ``target``.
        on_progress: See ``reencode``.

    Raises:
        UsageError: The threshold is not between 0 and 1.
    """
    if not 0.0 <= threshold <= 1.0:
        raise UsageError(f"the SSIM threshold must be in 0 to 1, not {threshold}")
    return reencode(
        source,
        target,
        lambda frames: new_frames(frames, threshold, keep_last=not renumber),
        constant_rate=renumber,
        overwrite=overwrite,
        on_progress=on_progress,
    )
