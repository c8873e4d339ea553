"""Which video a label file means: names of other machines and tools, looked for below a folder.

In: a path, an address or a name from a label file. Out: the video, and the times of its frames.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from slipdetect._text import excerpt
from slipdetect.errors import DataError
from slipdetect.lab.data.times import ASSUMED_RATE
from slipdetect.lab.prepare.rows import listable
from slipdetect.video import find_videos, open_video

_LOCAL = "/data/local-files/?d="  # of Label Studio's local storage
_ADDRESS = re.compile(r"[^/]*://[^/?#]*([^?#]*)")  # the path behind any host
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)")  # what Label Studio makes of an uploaded file's name


class LabeledVideos:
    """The videos below a folder, to be found by what a label file calls them.

    Of two videos that a name fits, that at its very path is meant, else that with more of its
    folders.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.found = [path for path in find_videos(root) if listable(path)]
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in self.found:
            for name in {path.name.lower(), path.stem.lower()}:
                self._by_name[name].append(path)
        self._frames: dict[Path, list[float]] = {}

    def find(self, name: str, where: str, bare: bool = False) -> Path | None:
        """Return the video, or None where there is none.

        Args:
            name: What it is called.
            where: Who calls it so, for messages.
            bare: A name without folders may be of a video in any of them.

        Raises:
            DataError: Several fit equally well.
        """
        parts = _parts(name)
        uploaded = _UPLOADED.fullmatch(parts[-1]) if parts else None
        names = [*parts[-1:], *([uploaded[1]] if uploaded else [])]
        for own in names:
            fitting = self._by_name.get(own.lower(), [])
            # relative to the folder, or absolute
            exact = [
                path
                for path in fitting
                if path.absolute() == Path(self.root.absolute(), _path(name))
            ]
            if exact and not (bare and len(parts) == 1):
                return exact[0]
            if fitting:
                return self._best(fitting, parts, name, where)
        return None

    def _best(self, fitting: list[Path], parts: list[str], name: str, where: str) -> Path:
        shared = {path: _shared(path.relative_to(self.root).parts, parts) for path in fitting}
        most = max(shared.values())
        best = [path for path in fitting if shared[path] == most]
        if len(best) > 1:
            listed = " and ".join(repr(str(path.relative_to(self.root))) for path in best[:2])
            raise DataError(
                f"{where}: {excerpt(name)} may be {listed}; name a folder that holds one of them"
                " only with --root"
            )
        return best[0]

    def frame_times(self, path: Path) -> list[float]:
        """Return when each frame is shown, seconds, and when the last one ends.

        Raises:
            VideoError: The video cannot be read.
        """
        if path not in self._frames:
            with open_video(path) as video:
                times = [frame.time for frame in video.frames(short_side=16)]
                rate = video.info.frame_rate
            end = times[-1] + 1.0 / (ASSUMED_RATE if rate is None else rate)
            self._frames[path] = [*times, end]
        return self._frames[path]


def _path(name: str) -> PurePosixPath:
    """Return a path of any system, or that of an address."""
    name = unquote(name.partition(_LOCAL)[2]) or name
    if found := _ADDRESS.match(name):
        name = unquote(found[1])
    return PurePosixPath(name.replace("\\", "/"))


def _parts(name: str) -> list[str]:
    """Return the folders and the file of what ``_path`` takes."""
    return [part for part in _path(name).parts if part.strip("/")]


def _shared(own: tuple[str, ...], parts: list[str]) -> int:
    """Return how many folders above the file are the same in both."""
    count = 0
    for one, other in zip(reversed(own[:-1]), reversed(parts[:-1]), strict=False):
        if one.lower() != other.lower():
            break
        count += 1
    return count
