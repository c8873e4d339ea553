"""The 2020 course report's lists of both generations to rows.

In: ``Class/video  frames  label`` (0 slips), or ``Class/video.mp4 label`` (1 slips). Out: rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.data.contained import Enclosure
from slipdetect.lab.extract.sources import file_of
from slipdetect.lab.prepare.groups import ucf_group
from slipdetect.lab.prepare.list_lines import excerpt, list_lines
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row
from slipdetect.lab.prepare.ucf101 import MISSING, UNGROUPED, read_class_index

CLASSES = {1: "Slipping", 2: "NotSlipping"}
ONLY_FRAMES = (
    "in a list, but there is only a folder of its frames; 'prepare course2020' takes those as they"
    " are"
)

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_FIELDS = {1: "a video", 2: "a video and a label", 3: "a video, its frames and a label"}


@dataclass(frozen=True)
class CourseLine:
    """A line of one of the lists.

    Attributes:
        where: The list and line, for messages.
        name: ``Class/video``, with or without a suffix.
        frames: Number of its frames, or None where the list has none.
        label: ``"slip"`` or ``"other"``.
    """

    where: str
    name: str
    frames: int | None
    label: str


def read_course_lists(
    lists: Sequence[tuple[str, Path]],
    root: Path,
    *,
    classes: Path | None = None,
    frame_counts: Mapping[str, int] | None = None,
    dataset: str = "course2020",
) -> Prepared:
    """Return a row for every video that a list names, with or without suffix and class folder.

    Args:
        lists: (split, file) of each list; the split may be empty.
        root: Folder that entries count from and stay in.
        classes: A ``classInd.txt`` for lists of the first generation; ``CLASSES`` when None.
        frame_counts: Frames by name, for lists without them.
        dataset: Name of the data set.

    Raises:
        DataError: A line is malformed, leads out of ``root``, contradicts its class folder, or
            names a video that another line names.
    """
    index = CLASSES if classes is None else read_class_index(classes)
    enclosure = Enclosure(root)
    prepared = Prepared([])
    seen: dict[Path, str] = {}
    for split, file in lists:
        for line in read_course_list(file, index):
            path = _place(line, enclosure)
            if path in seen:
                raise DataError(f"{line.where}: {excerpt(line.name)} is also in {seen[path]}")
            seen[path] = line.where
            if path.is_file():
                prepared.rows.append(_row(line, path, split, dataset, frame_counts or {}))
            elif path.is_dir() or (root / PurePosixPath(line.name).name).is_dir():
                prepared.left_out.add(ONLY_FRAMES, line.name)
            else:
                prepared.left_out.add(MISSING, line.name)
    if any(ucf_group(row.path.stem) is None for row in prepared.rows):
        prepared.notes.append(UNGROUPED)
    return prepared


def _place(line: CourseLine, enclosure: Enclosure) -> Path:
    """Return the video that a line means, inside the folder even before it is looked for."""
    enclosure.path(line.name, line.where)
    return enclosure.path(file_of(line.name, enclosure), line.where)


def read_course_list(file: Path, index: Mapping[int, str] = CLASSES) -> Iterator[CourseLine]:
    """Yield the lines of a list; its first line tells which generation it is.

    Three fields are the second generation, with 0 for a slip and 1 for none. Two are the first,
    whose label is the number of a class in ``index``. One is a test list of the first, whose label
    is in the name of the class folder.

    Raises:
        DataError: A line is malformed or contradicts its class folder.
    """
    expected = 0
    for where, text in list_lines(file):
        name, numbers = _fields(text)
        expected = expected or 1 + len(numbers)
        if 1 + len(numbers) != expected or not name:
            raise DataError(
                f"{where}: {excerpt(text)} is not {_FIELDS[expected]}, as the first line is;"
                " correct the line, or give lists of two kinds one by one"
            )
        yield CourseLine(
            where=where,
            name=name,
            frames=_frames(numbers[0], where) if len(numbers) == 2 else None,
            label=_label(numbers, name, index, where),
        )


def _fields(text: str) -> tuple[str, list[int]]:
    """Return a line without the one or two whole numbers at its end, and those."""
    name, numbers = text, list[int]()
    while len(numbers) < 2:
        parts = name.rsplit(None, 1)
        if len(parts) < 2 or not _NUMBER.fullmatch(parts[1]):
            break
        name = parts[0]
        numbers.insert(0, int(parts[1]))
    return name, numbers


def _frames(frames: int, where: str) -> int:
    if frames < 1:
        raise DataError(f"{where}: a video cannot have {frames} frames; count them again")
    return frames


def _label(numbers: Sequence[int], name: str, index: Mapping[int, str], where: str) -> str:
    by_folder = label_word(PurePosixPath(name).parent.name)
    if not numbers:
        if by_folder is None:
            raise DataError(
                f"{where}: {excerpt(name)} has no label, and its folder does not tell one; name the"
                f" folder {CLASSES[1]} or {CLASSES[2]}"
            )
        return SLIP if by_folder else OTHER
    known = {0: CLASSES[1], 1: CLASSES[2]} if len(numbers) == 2 else index
    number = numbers[-1]
    positive = label_word(known.get(number, ""))
    listed = ", ".join(f"{key} {name}" for key, name in sorted(known.items())[:10])
    if positive is None:
        raise DataError(
            f"{where}: label {number} means neither a slip nor none (there is {listed})"
        )
    if by_folder not in (None, positive):
        raise DataError(
            f"{where}: label {number} ({known[number]}) contradicts the folder of {excerpt(name)};"
            f" labels of such a list are {listed}"
        )
    return SLIP if positive else OTHER


def _row(
    line: CourseLine, path: Path, split: str, dataset: str, frame_counts: Mapping[str, int]
) -> Row:
    group = ucf_group(path.stem)
    names = (line.name, path.name, path.stem)
    counted = next((frame_counts[name] for name in names if name in frame_counts), None)
    frames = counted if line.frames is None else line.frames
    return Row(
        path=path,
        label=line.label,
        group="" if group is None else f"{dataset}-{group}",
        dataset=dataset,
        split=split,
        action=PurePosixPath(line.name).parent.name,
        more={} if frames is None else {"frames": str(frames)},
    )
