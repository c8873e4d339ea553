"""The report's lists of both generations: rows of videos, labels and sides of archives.

In: ``Class/video  frames  label`` (0 slips), or ``Class/video.mp4 label`` (1 slips). Out: rows.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from slipdetect._io import exists
from slipdetect._tables import list_lines
from slipdetect._text import excerpt
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.extract.sources import file_of
from slipdetect.lab.prepare.groups import ucf_group
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row
from slipdetect.lab.prepare.splitting import split_by_position
from slipdetect.lab.prepare.ucf101 import MISSING, UNGROUPED, UNLISTED, read_class_index

CLASSES = {1: "Slipping", 2: "NotSlipping"}
ONLY_FRAMES = (
    "in a list, but there is only a folder of its frames; 'prepare course2020' takes those as they"
    " are"
)

# a name, and one or two whole numbers at the end
_LINE = re.compile(r"(.*?)(?:\s+(-?[0-9]{1,9}))?(?:\s+(-?[0-9]{1,9}))?", re.DOTALL)
_FIELDS = {1: "a video", 2: "a video and a label", 3: "a video, its frames and a label"}
# the report's sets: clips -> every N-th is a test clip
EVERY = {475: 4, 525: 4, 575: 4, 668: 5}
_USUAL = 4
_CLASS = re.compile(r"v_(.+)_g\d+_c\d+", re.IGNORECASE)
_INDEX = "classind.txt"
_SIDES = ("train", "val", "test")


@dataclass(frozen=True)
class CourseLine:
    """A line of one of the lists."""

    where: str  # the list and line, for messages
    name: str  # class/video, with or without a suffix
    frames: int | None  # number of its frames, or None where the list has none
    number: int | None  # of its class; None in a list of names alone
    split: str = ""  # what the list is for
    label: str = ""  # "slip" or "other", once it is known what the number means

    @property
    def folder(self) -> str:
        """The name of its class folder."""
        return PurePosixPath(self.name).parent.name


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
        classes: A ``classInd.txt`` for lists of every form; those of the report when None.
        frame_counts: Frames by name, for lists without them.
        dataset: Name of the data set.

    Raises:
        DataError: A line is malformed, leads out of ``root``, contradicts its class folder, or
            names a video that another line names.
        UsageError: There are ``frame_counts``, and every line has its frames.
    """
    index = None if classes is None else read_class_index(classes)
    enclosure = Enclosure(root)
    prepared = Prepared([])
    seen: dict[Path, str] = {}
    lacks_frames = False
    entries = (entry for split, file in lists for entry in _entries(file, split))
    for line in _resolved(entries, index):
        lacks_frames |= line.frames is None
        path = _place(line, enclosure)
        if path in seen:
            raise DataError(f"{line.where}: {excerpt(line.name)} is also in {seen[path]}")
        seen[path] = line.where
        if exists(path) and path.is_file():
            prepared.rows.append(_video_row(line, path, dataset, frame_counts or {}))
        elif any(exists(p) and p.is_dir() for p in (path, root / PurePosixPath(line.name).name)):
            prepared.left_out.add(ONLY_FRAMES, line.name)
        else:
            prepared.left_out.add(MISSING, line.name)
    if frame_counts is not None and not lacks_frames:
        raise UsageError("--frame-count has no effect: the lists have frames; leave it out")
    if any(ucf_group(row.path.stem) is None for row in prepared.rows):
        prepared.notes.append(UNGROUPED)
    return prepared


def _place(line: CourseLine, enclosure: Enclosure) -> Path:
    """Return the video that a line means, inside the folder even before it is looked for."""
    enclosure.path(line.name, line.where)
    return enclosure.path(file_of(line.name, enclosure), line.where)


def read_course_list(file: Path, index: Mapping[int, str] | None = None) -> Iterator[CourseLine]:
    """Yield the lines of a list; its first line tells which generation it is.

    Three fields are the second generation, with 0 for a slip and 1 for none. Two are the first,
    whose label is the number of a class. One is a test list of the first, whose label is in the
    name of the class folder.

    Args:
        file: The list.
        index: Classes by number, for lists of every form; three fields may count them from 0.
            None: those of the 2020 course report.

    Raises:
        DataError: A line is malformed or contradicts its class folder.
    """
    yield from _resolved(_entries(file), index)


def _entries(file: Path, split: str = "") -> Iterator[CourseLine]:
    expected = 0
    for where, text in list_lines(file):
        found = _LINE.fullmatch(text)
        name, *numbers = [part for part in found.groups() if part] if found else [""]
        expected = expected or 1 + len(numbers)
        if 1 + len(numbers) != expected or not name:
            raise DataError(
                f"{where}: {excerpt(text)} is not {_FIELDS[expected]}, as the first line is;"
                " correct the line, or give lists of two kinds one by one"
            )
        frames = int(numbers[0]) if len(numbers) == 2 else None
        if frames is not None and frames < 1:
            raise DataError(f"{where}: a video cannot have {frames} frames; count them again")
        yield CourseLine(where, name, frames, int(numbers[-1]) if numbers else None, split)


def _resolved(
    entries: Iterable[CourseLine], index: Mapping[int, str] | None
) -> Iterator[CourseLine]:
    known: Mapping[int, str] = {0: CLASSES[1], 1: CLASSES[2]}
    if index is not None:
        entries = list(entries)  # all of them together tell where they begin to count
        known = _numbered([entry for entry in entries if entry.frames is not None], index)
    for entry in entries:
        names = known if entry.frames is not None else CLASSES if index is None else index
        if index is not None and entry.number is None and entry.folder not in index.values():
            raise DataError(
                f"{entry.where}: the folder of {excerpt(entry.name)} is no class of the class"
                f" file ({_listing(index)}); correct one of them"
            )
        yield replace(entry, label=_listed_label(entry, names))


def _numbered(entries: Sequence[CourseLine], index: Mapping[int, str]) -> Mapping[int, str]:
    """Return the classes by the numbers that lists with three fields have for them.

    A class file may count from 1 where such lists count from 0.

    Raises:
        DataError: Neither numbers nor class folders tell which.
    """
    from_zero = {number - 1: name for number, name in index.items()}
    if not entries or 0 in index:
        return index
    fitting = [
        names
        for names in (from_zero, index)
        if all(entry.number in names for entry in entries)
        and all(
            entry.folder == names[entry.number or 0]
            for entry in entries
            if entry.folder in index.values()
        )
    ]
    if len(fitting) == 2:
        raise DataError(
            f"{entries[0].where}: nothing tells whether its numbers count classes from 0 or from"
            f" 1, as the class file does ({_listing(index)}); number that as the list does"
        )
    return fitting[0] if fitting else from_zero


def _listing(index: Mapping[int, str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in sorted(index.items())[:10])


def _listed_label(entry: CourseLine, known: Mapping[int, str]) -> str:
    where, name = entry.where, entry.name
    by_folder = label_word(entry.folder)
    if entry.number is None:
        if by_folder is None:
            raise DataError(
                f"{where}: {excerpt(name)} has no label, and its folder names none; name the"
                f" folder {CLASSES[1]} or {CLASSES[2]}"
            )
        return SLIP if by_folder else OTHER
    number = entry.number
    positive = label_word(known.get(number, ""))
    if positive is None:
        raise DataError(
            f"{where}: label {number} means neither a slip nor none (there is {_listing(known)})"
        )
    if by_folder not in (None, positive):
        raise DataError(
            f"{where}: label {number} ({known[number]}) contradicts the folder of {excerpt(name)};"
            f" labels of such a list are {_listing(known)}"
        )
    return SLIP if positive else OTHER


def _video_row(line: CourseLine, path: Path, dataset: str, frame_counts: Mapping[str, int]) -> Row:
    names = (line.name, path.name, path.stem)
    counted = next((frame_counts[name] for name in names if name in frame_counts), None)
    frames = counted if line.frames is None else line.frames
    more = {} if frames is None else {"frames": str(frames)}
    return _row(path, line.label, line.split, line.folder, dataset, more)


def _row(
    path: Path, label: str, split: str, action: str, dataset: str, more: Mapping[str, str]
) -> Row:
    found = ucf_group(path.stem)
    group = "" if found is None else f"{dataset}-{found}"
    return Row(path, label, group, dataset, split, action, more=more)


def rows_of(
    folder: Path,
    frames: Mapping[str, int],
    actions: Mapping[str, str],
    lists: Sequence[tuple[str, bytes]],
    every: int | None,
    dataset: str,
) -> Prepared:
    """Return a row for every clip, in the order of their names.

    Lists say label and side where there are any; without them, or with ``every``, the side goes
    by the position in that order.

    Args:
        folder: The store, which the rows' manifests lie in.
        frames: Frames of each clip.
        actions: The folder above each clip's, for its label where its name has no class.
        lists: (name, content) of the lists that were found.
        every: Every ``every``-th clip is a test clip; None: by the lists or the number of clips.
        dataset: Name of the data set.

    Raises:
        DataError: A label is unknown, or a list is malformed or contradicts another.
        UsageError: ``every`` is below 2.
    """
    listed = _listed(lists)
    prepared = Prepared([])
    wrong = []
    for name in sorted(frames):
        line, side = listed.pop(name, (None, ""))
        label = _label(name, actions.get(name, ""), line)
        if line is not None and line.frames not in (None, frames[name], frames[name] - 1):
            wrong.append(f"{name} ({line.frames} in the list, {frames[name]} here)")
        found = _CLASS.fullmatch(name)
        action = found[1] if found else CLASSES[1 if label == SLIP else 2]
        prepared.rows.append(_row(folder / f"{name}.json", label, side, action, dataset, {}))
    _divide(prepared, every, bool(lists) and any(row.split for row in prepared.rows))
    prepared.left_out.add(MISSING, sorted(listed))
    if wrong:
        prepared.warnings.append(
            f"{len(wrong)} clips have another number of frames than the lists say, first {wrong[0]}"
        )
    if any(ucf_group(row.path.stem) is None for row in prepared.rows):
        prepared.notes.append(UNGROUPED)
    return prepared


def _divide(prepared: Prepared, every: int | None, listed: bool) -> None:
    count = len(prepared.rows)
    if listed and every is None:
        unlisted = [row.path.stem for row in prepared.rows if not row.split]
        prepared.left_out.add(UNLISTED, unlisted)
        prepared.rows = [row for row in prepared.rows if row.split]
        prepared.notes.append("the split is that of the lists in the archives")
        return
    chosen = EVERY.get(count, _USUAL) if every is None else every
    prepared.rows = split_by_position(prepared.rows, chosen)
    if every is None and count not in EVERY:
        known = ", ".join(map(str, EVERY))
        prepared.warnings.append(
            f"{count} clips are none of the 2020 course report's sets ({known}): every {chosen}-th"
            " is a test clip; --test-every sets another number"
        )
    prepared.notes.append(
        f"every {chosen}-th clip in the order of names is a test clip, as in the 2020 course report"
    )
    prepared.warnings.append(
        "a split by position cuts groups: people and rooms that are trained on are in the test,"
        " whose scores will look too good"
    )


def _listed(lists: Sequence[tuple[str, bytes]]) -> dict[str, tuple[CourseLine, str]]:
    """Return the line and the side of every clip that a list names."""
    found: dict[str, tuple[CourseLine, str]] = {}
    with tempfile.TemporaryDirectory(prefix="slipdetect-lists-") as place:
        files = []
        for number, (name, content) in enumerate(lists):
            folder = Path(place) / str(number)
            folder.mkdir()
            (folder / name).write_bytes(content)
            files.append(folder / name)
        try:
            index = next((f for f in files if f.name.lower() == _INDEX), None)
            classes = None if index is None else read_class_index(index)
            for file in files:
                side = next((side for side in _SIDES if side in file.name.lower()), "")
                if side and file != index:
                    _take(file, side, classes, found)
        except DataError as error:
            raise DataError(re.sub(re.escape(place) + r"/\d+/", "", str(error))) from error
    return found


def _take(
    file: Path,
    side: str,
    classes: Mapping[int, str] | None,
    found: dict[str, tuple[CourseLine, str]],
) -> None:
    """Add the lines of a list; lists of frames and of flow name the same clips."""
    for line in read_course_list(file, classes):
        path = PurePosixPath(line.name)
        name = path.stem if path.suffix.lower() in (".avi", ".mp4") else path.name
        known, other = found.setdefault(name, (line, side))
        if (other, known.label) != (side, line.label):
            raise DataError(
                f"{line.where}: {name!r} is {line.label} for {side}, and otherwise in"
                f" {known.where}; name the lists of one set only"
            )


def _label(name: str, action: str, line: CourseLine | None) -> str:
    """Return the label that the list, the name of the clip or the folder above it gives."""
    if line is not None:
        return line.label
    found = _CLASS.fullmatch(name)
    for word in (found[1] if found else "", action):
        positive = label_word(word)
        if positive is not None:
            return SLIP if positive else OTHER
    raise DataError(
        f"no label is known for {name!r}: it is in no list, and its name is not of the form"
        f" v_{CLASSES[1]}_g01_c01 or v_{CLASSES[2]}_g01_c01; name the list too"
    )
