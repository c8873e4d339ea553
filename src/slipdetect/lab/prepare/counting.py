"""How many frames a video has: in a store, in a folder of pictures, or decoded.

In: a video. Out: its frames, and its name where they lie.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from slipdetect.errors import DataError
from slipdetect.lab.prepare.frame_folders import PICTURES
from slipdetect.store.names import safe_stem
from slipdetect.store.reader import StoredVideo, VideoStore
from slipdetect.video import open_video


class FrameCounter(Protocol):
    """Counts the frames of videos."""

    def name(self, path: Path) -> str:
        """Return the name of the folder of a video's frames."""

    def frames(self, path: Path) -> int:
        """Return how many frames it has.

        Raises:
            InputError: They cannot be counted.
        """


class DecodedFrames:
    """Counts by decoding, because headers are often wrong; names are those of ``extract``.

    In the field's layout that is the file's stem, as far as a folder can have it.
    """

    def name(self, path: Path) -> str:
        """Return the name of the folder of a video's frames."""
        return safe_stem(path)

    def frames(self, path: Path) -> int:
        """Return how many frames can be decoded.

        Raises:
            VideoError: None can.
        """
        with open_video(path) as video:
            return sum(1 for _ in video.frames())


class StoredFrames:
    """Counts what ``slipdetect extract`` stored, or pictures in folders named as the videos.

    Args:
        folder: The store, or the folder of folders.
        root: The ``--root`` of the extraction.

    Raises:
        DataError: There is no such folder.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._store = VideoStore(folder, root)
        self._extracted = bool(self._store.keys())
        self._videos: dict[Path, StoredVideo] = {}

    def name(self, path: Path) -> str:
        """Return the name of the folder of a video's frames.

        Raises:
            DataError: The store does not have it.
        """
        return self._stored(path).manifest.key if self._extracted else path.stem

    def frames(self, path: Path) -> int:
        """Return how many frames are stored.

        Raises:
            DataError: None are.
        """
        if self._extracted:
            return self._stored(path).manifest.frames
        folder = self._store.folder / path.stem
        try:
            count = sum(file.suffix.lower() in PICTURES for file in folder.iterdir())
        except OSError as error:
            raise DataError(
                f"cannot count frames in {str(folder)!r}: {error.strerror}; extract them first"
            ) from error
        if count == 0:
            raise DataError(f"{str(folder)!r} holds no pictures; extract the frames first")
        return count

    def _stored(self, path: Path) -> StoredVideo:
        if path not in self._videos:
            found = self._store.find(path)
            if found is None:
                raise DataError(
                    f"{str(path)!r} is not in the store {str(self._store.folder)!r}; extract it"
                )
            self._videos[path] = found
        return self._videos[path]
