"""UR Fall's release to videos and rows: folders of pictures, their times, and a label a frame.

In: ``fall-01-cam0-rgb/``, ``fall-01-data.csv``, ``urfall-cam0-falls.csv``. Out: MP4s, ``Prepared``.
Layout: Kwolek and Kepski, Computer Methods and Programs in Biomedicine 117, 2014, and its site.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from slipdetect._io import make_folder
from slipdetect._tables import opened_lines
from slipdetect._text import printable
from slipdetect.cli.typed_options import FOLDER, option
from slipdetect.errors import DataError
from slipdetect.lab.data.times import TOLERANCE, length_of
from slipdetect.lab.prepare.importer import Importer, ImportJob
from slipdetect.lab.prepare.label_formats.label_file import number
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row, seconds

RATE = 30.0  # of the cameras, pictures a second
_PICTURES = re.compile(r"((fall|adl)-[0-9]{2})-(cam[01])-rgb", re.IGNORECASE)
_LABELS = re.compile(r"urfall-cam0-(?:falls|adls)\.csv", re.IGNORECASE)
_FALLING, _LYING = 0, 1  # of the labels; -1 is neither
_ASSUMED = (
    "pictures without a synchronization file are taken for 30 a second, which is the cameras' rate"
)
_UNTIMED = "falls of a camera for which the release has no labels: it is not known when they are"

Times = Mapping[int, float]


@dataclass(frozen=True, kw_only=True)
class Urfd(Importer):
    """Import the UR Fall Detection Dataset as it is released.

    FOLDER holds what the archives of RGB data unpack to, fall-01-cam0-rgb/ and so on; beside or
    below, where they are there, the synchronization files (fall-01-data.csv) and
    urfall-cam0-falls.csv and urfall-cam0-adls.csv. The pictures become videos with the times of the
    synchronization files. A fall is from the first frame labeled 0, falling, to the first labeled
    1, lying; in a sequence of daily life such a time only looks like one. The column fallen says
    when somebody lies. The two cameras of a sequence are one group.

    \b
    slipdetect prepare urfd urfd/ --val 0.2 --test 0.2 --out urfd/clips.csv
    """

    has_classes = False

    work: Path | None = option(type=FOLDER, help="Folder for the videos.  [default: that of --out]")

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row for every sequence of a camera, its video made unless it is there.

        Raises:
            DataError: There are no such folders, or a file is malformed.
            OutputError: A video cannot be written.
        """
        found = _sequences(source)
        if not found:
            raise DataError(
                f"{str(source)!r} holds no folders such as fall-01-cam0-rgb; unpack the archives of"
                " RGB data there"
            )
        labels = _all_labels(source)
        folder = job.out.parent if self.work is None else self.work
        make_folder(folder)
        prepared = Prepared([])
        assumed = untimed = False
        for index, (pictures, sequence, camera) in enumerate(found):
            name = f"{sequence}-{camera}"
            known = _times(source, sequence) if camera == "cam0" else None
            assumed |= known is None
            video = folder / f"{name}.mp4"
            done = index / len(found)
            if not video.exists():
                job.progress(done, f"making {printable(video.name)}")
            times = _made(pictures, video, known, overwrite=job.overwrite)
            own = labels.get(sequence) if camera == "cam0" else None
            rows = _rows(video, sequence, camera, times, own)
            untimed |= rows.label == SLIP and rows.start is None
            prepared.rows.append(rows)
        prepared.notes += [_ASSUMED] if assumed else []
        prepared.notes += [_UNTIMED] if untimed else []
        return prepared


def _sequences(folder: Path) -> list[tuple[Path, str, str]]:
    """Return the folders of pictures below a folder, with their sequence and camera."""
    if not folder.is_dir():
        raise DataError(f"{str(folder)!r} is not a folder; check the path")
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.rglob("*")):
        name = _PICTURES.fullmatch(path.name)
        # an archive may unpack to a folder of its own name with the folder in it
        if name and path.is_dir() and any(path.glob("*.png")):
            key = (name[1].lower(), name[3].lower())
            if key in found:
                raise DataError(f"{str(path)!r} and {str(found[key])!r} are one; keep one of them")
            found[key] = path
    return [(path, sequence, camera) for (sequence, camera), path in sorted(found.items())]


def _table(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield place and cells of the rows of a CSV without a header."""
    where = f"table {str(file)!r}"
    with opened_lines(file, where) as lines:
        rows = csv.reader(text for _, text in lines)
        try:
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield f"{where} line {rows.line_num}", [cell.strip() for cell in row]
        except csv.Error as error:
            raise DataError(f"{where} line {rows.line_num} is not CSV: {error}") from error


def _number(cells: Sequence[str], place: int, where: str) -> float:
    found = number(cells[place]) if place < len(cells) else None
    if found is None:
        raise DataError(f"{where}: column {place + 1} is not a number; fetch it again")
    return found


def _times(folder: Path, sequence: str) -> dict[int, float] | None:
    """Return the seconds of each frame of a sequence; None where the file is not there."""
    file = next(iter(sorted(folder.rglob(f"{sequence}-data.csv"))), None)
    if file is None:
        return None
    times = {}
    for where, cells in _table(file):
        times[int(_number(cells, 0, where))] = _number(cells, 1, where) / 1000
    if any(times[one] >= times[other] for one, other in pairwise(sorted(times))):
        raise DataError(f"{str(file)!r}: its times do not grow with its frames; fetch it again")
    return times


def _all_labels(folder: Path) -> dict[str, dict[int, int]]:
    """Return the label of each frame, by sequence."""
    labels: dict[str, dict[int, int]] = {}
    for file in sorted(folder.rglob("*.csv")):
        if _LABELS.fullmatch(file.name):
            for where, cells in _table(file):
                frame, label = (int(_number(cells, place, where)) for place in (1, 2))
                if label not in (-1, _FALLING, _LYING):
                    raise DataError(f"{where}: label {label} is none of -1, 0 and 1")
                labels.setdefault(cells[0].lower(), {})[frame] = label
    return labels


def _made(pictures: Path, video: Path, known: Times | None, *, overwrite: bool) -> dict[int, float]:
    """Make the video unless it is there; return when each frame is shown in it, and its end.

    The end has the number behind the last one. A video that ends at another time was made of
    other pictures, or of times that were not known yet.
    """
    from slipdetect.lab.prepare.frame_folders import numbered_pictures, write_frames

    numbers = sorted(numbered_pictures(pictures))
    first, last = numbers[0], numbers[-1]
    lacking = [] if known is None else [each for each in numbers if each not in known]
    if lacking:
        raise DataError(
            f"{str(pictures)!r}: the synchronization file has no time for picture {lacking[0]};"
            " fetch it again"
        )

    def at(frame: int) -> float:
        return (frame - first) / RATE if known is None else known[frame] - known[first]

    times = {**{each: at(each) for each in numbers}, last + 1: at(last) + 1 / RATE}
    if not video.exists() or abs(length_of(video, 0.0)[0] - times[last + 1]) > 0.5 / RATE:
        write_frames(pictures, video, RATE, at=at, overwrite=overwrite)
    return times


def _rows(
    video: Path, sequence: str, camera: str, times: Times, labels: Mapping[int, int] | None
) -> Row:
    positive = sequence.startswith("fall")
    span = None if labels is None else _falling(labels)
    lying = [] if labels is None else sorted(n for n, each in labels.items() if each == _LYING)
    more = {}
    if lying:
        ends = (_time(times, frame, video) for frame in (lying[0], lying[-1] + 1))
        more["fallen"] = "-".join(map(seconds, ends))
    start, end = (None, None) if span is None else (_time(times, n, video) for n in span)
    if start is not None and end is not None and end <= start:
        start = end = None
    return Row(
        path=video,
        label=SLIP if positive else OTHER,
        group=f"urfd-{sequence}",
        dataset=f"urfd-{camera}",
        action="fall" if positive else "adl" if start is None else "lie_down",
        start=start,
        end=end,
        more=more,
    )


def _falling(labels: Mapping[int, int]) -> tuple[int, int] | None:
    """Return the first frame of the fall and the first behind it: the run of 0 before lying.

    Where somebody lies without having been seen falling, it is from the frame before; where nobody
    lies, it is the last run of 0.
    """
    frames = sorted(labels)
    lying = next((index for index, frame in enumerate(frames) if labels[frame] == _LYING), None)
    if lying == 0:
        return None
    falling = [index for index, frame in enumerate(frames) if labels[frame] == _FALLING]
    if lying is None and not falling:
        return None
    begin = end = falling[-1] + 1 if lying is None else lying
    while begin > 0 and labels[frames[begin - 1]] == _FALLING:
        begin -= 1
    if begin == end:
        begin -= 1
    return frames[begin], frames[end] if end < len(frames) else frames[-1] + 1


def _time(times: Times, frame: int, video: Path) -> float:
    """Return when a frame is shown; one that has no picture, when the next one is."""
    later = [each for each in times if each >= frame]
    if not later:
        last = max(times)
        if frame - last > TOLERANCE * RATE:
            raise DataError(
                f"a label of {video.stem!r} is of frame {frame}, and its pictures end at"
                f" {last - 1}; fetch both again"
            )
        return times[last]
    return times[min(later)]
