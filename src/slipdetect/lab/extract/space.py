"""Whether a disk has room for an extraction.

In: a video's header and a recipe. Out: nothing, or a ``StoreUnwritable`` before work begins.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from slipdetect.store.files import StoreUnwritable
from slipdetect.store.recipe import ExtractionRecipe
from slipdetect.video import VideoInfo

# bytes per pixel of a frame and of a flow; plain scenes need less than rich ones, so these are low
_BYTES_PER_PIXEL = {"npz": (0.6, 0.05), "tsn": (0.06, 0.04)}


def check_space(
    folder: Path, info: VideoInfo, recipe: ExtractionRecipe, height: int, width: int, there: int
) -> None:
    """Compare the free space with a low estimate of what a video will take.

    Args:
        folder: The store.
        info: Header of the video.
        recipe: How it is extracted.
        height: Rows of a stored picture.
        width: Pixels per row.
        there: Bytes of it that are written already.

    Raises:
        StoreUnwritable: It cannot fit.
    """
    frames = _frames(info, recipe)
    per_frame, per_flow = _BYTES_PER_PIXEL[recipe.layout]
    per_pixel = per_frame * recipe.rgb + per_flow * (recipe.flow is not None)
    needed = int(frames * height * width * per_pixel) - there
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StoreUnwritable(
            f"{info.source!r} takes about {needed / 1e9:.2g} GB and {free / 1e9:.2g} GB are free in"
            f" {str(folder)!r}; free some space and run the same again: it resumes"
        )


def _frames(info: VideoInfo, recipe: ExtractionRecipe) -> float:
    """Return the frames that the header promises; 0 when it promises nothing."""
    rate = info.frame_rate if recipe.sample_fps is None else recipe.sample_fps
    if info.duration is None or rate is None:
        return 0
    frames = info.duration * rate
    return frames if recipe.max_frames is None else min(frames, recipe.max_frames)
