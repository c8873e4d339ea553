"""Folders of pictures, as older programs keep their videos, made videos again.

In: ``NAME/frame_000001.jpg``, ``NAME/frame_000002.jpg``, ... Out: an MP4 of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.prepare.reencode import OnProgress, Reencoded
from slipdetect.lab.prepare.size_modes import Picture
from slipdetect.video import write_timed_video

PICTURES = frozenset({".jpg", ".jpeg", ".png"})

_NUMBER = re.compile(r"([0-9]{1,9})$")
_QUALITY = 18  # the pictures were compressed once already


def find_frame_folders(folder: Path) -> list[Path]:
    """Return the folders below ``folder`` that hold numbered pictures, sorted; links are left out.

    Of ``NAME_u`` beside ``NAME_v``, which hold flow, none is returned.

    Raises:
        DataError: ``folder`` is none, or nothing below it holds such pictures.
    """
    if not folder.is_dir():
        raise DataError(f"{str(folder)!r} is not a folder; check the path")
    inside = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    found = [
        path
        for path in inside
        if not path.is_symlink() and any(_number(file) is not None for file in path.iterdir())
    ]
    frames = sorted(path for path in found if not _is_flow(path))
    if not frames:
        raise DataError(
            f"{str(folder)!r} holds no folders of numbered pictures such as"
            " NAME/frame_000001.jpg; check the path"
        )
    return frames


def write_frames(
    folder: Path,
    target: Path,
    rate: float,
    *,
    at: Callable[[int], float] | None = None,
    overwrite: bool = False,
    on_progress: OnProgress = lambda seconds, duration: None,
) -> Reencoded:
    """Write the pictures of ``folder`` as a video; picture n is shown n / rate s after picture 0.

    Args:
        folder: Holds pictures of one size whose names end in their number.
        target: The new file, ``.mp4``.
        rate: Pictures per second. The pictures do not say it.
        at: Says when the picture of a number is shown instead, seconds from the first.
        overwrite: Replace ``target``.
        on_progress: Called with the seconds written and those in all.

    Raises:
        DataError: A picture cannot be read, has another size, or a number comes twice.
        OutputError: ``target`` cannot be written.
    """
    numbers = numbered_pictures(folder)
    first, last = min(numbers), max(numbers)
    shown = at if at is not None else (lambda number: (number - first) / rate)
    length = shown(last)
    height, width = _read(numbers[first]).shape[:2]

    def frames() -> Iterator[tuple[float, Picture]]:
        for number in sorted(numbers):
            time = shown(number)
            on_progress(time, length)
            image = _read(numbers[number])
            if image.shape[:2] != (height, width):
                raise DataError(
                    f"{str(numbers[number])!r} is {image.shape[1]}x{image.shape[0]} px, the first"
                    f" picture of its folder {width}x{height}; make them one size"
                )
            yield time, image

    write_timed_video(target, frames(), rate, overwrite=overwrite, quality=_QUALITY)
    missing = last - first + 1 - len(numbers)
    warnings = (f"{missing} numbers are missing between the first and the last",) if missing else ()
    count, end = len(numbers), length + 1 / rate
    return Reencoded(target, count, count, 0.0, end, (width, height), warnings)


def _is_flow(folder: Path) -> bool:
    stem, kind = folder.name[:-2], folder.name[-2:]
    other = {"_u": "_v", "_v": "_u"}.get(kind)
    return other is not None and folder.with_name(stem + other).is_dir()


def _number(path: Path) -> int | None:
    found = _NUMBER.search(path.stem)
    return int(found[1]) if found and path.suffix.lower() in PICTURES else None


def numbered_pictures(folder: Path) -> dict[int, Path]:
    """Return the pictures of a folder by the number that their names end in.

    Raises:
        DataError: There are none, or a number comes twice.
    """
    numbers: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        number = _number(path)
        if number is None:
            continue
        if number in numbers:
            raise DataError(
                f"{str(path)!r} and {numbers[number].name!r} have one number; keep one of them"
            )
        numbers[number] = path
    if not numbers:
        raise DataError(f"{str(folder)!r} holds no numbered pictures; check the path")
    return numbers


def _read(path: Path) -> Picture:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}") from error
    if image is None:
        raise DataError(f"{str(path)!r} is not a picture, or a damaged one; extract it again")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
