"""The people of clips, found once and kept on disk.

In: clips, videos or skeleton files. Out: ``Skeletons``, as detection would see them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from slipdetect._io import make_folder
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data.frame_cache import Sampling, cache_name
from slipdetect.people.estimators import PoseEstimator
from slipdetect.people.pictures import SIDE, PictureSampler
from slipdetect.people.skeletons import SUFFIX, Skeletons
from slipdetect.video import open_video

_LAYOUT = ["people", 2]
_SAME_RATE = 0.1  # share by which the pictures of a skeleton file may be apart otherwise


class SkeletonCache:
    """The people of clips, a file a clip, made when first asked for.

    Args:
        folder: Where the files live; safe to delete at any time.
        sampling: Frames that the model looks at.
        rate: Pictures a second in which people are looked for.
        estimator: Finds them.

    Raises:
        OutputError: The folder cannot be made.
        UsageError: ``sampling.sample_fps`` is no multiple of ``rate``.
    """

    def __init__(
        self, folder: Path, sampling: Sampling, rate: float, estimator: PoseEstimator
    ) -> None:
        PictureSampler(sampling.sample_fps, rate)
        make_folder(folder)
        self._folder = folder
        self._sampling, self._rate, self._estimator = sampling, rate, estimator

    def people(self, path: Path) -> Skeletons:
        """Return the people of a clip.

        Args:
            path: A video, or a file of skeletons, which is read as it is.

        Raises:
            VideoError: The video, or the file, cannot be read.
            DataError: A file of skeletons is of another rate.
        """
        if path.suffix.lower() == SUFFIX:
            return self._given(path)
        recipe = {
            "sample_fps": self._sampling.sample_fps,
            "short_side": self._sampling.short_side,
            "rate": self._rate,
            "side": SIDE,
            "estimator": self._estimator.name,
        }
        target = self._folder / f"{cache_name(path, _LAYOUT, recipe)}{SUFFIX}"
        try:
            return Skeletons.load(target)
        except DataError:
            skeletons = self._find(path)
        skeletons.save(target, overwrite=True)
        return Skeletons.load(target)

    def _given(self, path: Path) -> Skeletons:
        try:
            skeletons = Skeletons.load(path)
        except DataError as error:
            # as a video that cannot be read
            raise VideoError(str(error)) from error
        if len(skeletons.times) > 1:
            apart = float(np.median(np.diff(skeletons.times)))
            if not abs(apart * self._rate - 1) <= _SAME_RATE:
                found = f"{1 / apart:.3g}" if apart > 0 else "unknown"
                raise DataError(
                    f"the skeletons of {str(path)!r} are of {found} pictures a second, not "
                    f"{self._rate:g}; make them anew at that rate, or --set rate"
                )
        return skeletons

    def _find(self, path: Path) -> Skeletons:
        sampler = PictureSampler(self._sampling.sample_fps, self._rate)
        times, people, size = [], [], (0, 0)
        with open_video(path) as video:
            for frame in video.frames(self._sampling.sample_fps, self._sampling.short_side):
                taken = sampler.push(frame.image)
                if taken is not None:
                    times.append(frame.time)
                    people.append(self._estimator.people(taken[1]))
                    size = taken[1].shape[1], taken[1].shape[0]
        if not times:
            raise VideoError(f"{str(path)!r} has no frame that can be decoded")
        return Skeletons(times, people, *size)
