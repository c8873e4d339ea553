"""Labels and sides of the clips of the 2020 course report's archives.

In: names of clips, lists from the archives. Out: rows with label, group and split.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from slipdetect.errors import DataError
from slipdetect.lab.course2020.seed_lists import CLASSES, CourseLine, read_course_list
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.prepare.groups import ucf_group
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row
from slipdetect.lab.prepare.splitting import split_by_position
from slipdetect.lab.prepare.ucf101 import MISSING, UNGROUPED, UNLISTED, read_class_index

# the report's sets: clips -> every N-th is a test clip
EVERY = {475: 4, 525: 4, 575: 4, 668: 5}
_USUAL = 4
_CLASS = re.compile(r"v_(.+)_g\d+_c\d+", re.IGNORECASE)
_INDEX = "classind.txt"
_SIDES = {"train": "train", "val": "val", "test": "test"}


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
        prepared.rows.append(_row(folder, name, label, side, dataset))
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
    """Give every row its side."""
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


def _listed(lists: Sequence[tuple[str, bytes]]) -> dict[str, tuple[CourseLine | None, str]]:
    """Return the line and the side of every clip that a list names."""
    found: dict[str, tuple[CourseLine | None, str]] = {}
    with tempfile.TemporaryDirectory(prefix="slipdetect-lists-") as place:
        files = []
        for number, (name, content) in enumerate(lists):
            folder = Path(place) / str(number)
            folder.mkdir()
            (folder / name).write_bytes(content)
            files.append(folder / name)
        try:
            index = next((f for f in files if f.name.lower() == _INDEX), None)
            classes = CLASSES if index is None else read_class_index(index)
            for file in files:
                side = next((_SIDES[key] for key in _SIDES if key in file.name.lower()), "")
                if side and file != index:
                    _take(file, side, classes, found)
        except DataError as error:
            raise DataError(re.sub(re.escape(place) + r"/\d+/", "", str(error))) from error
    return found


def _take(
    file: Path,
    side: str,
    classes: Mapping[int, str],
    found: dict[str, tuple[CourseLine | None, str]],
) -> None:
    """Add the lines of a list; lists of frames and of flow name the same clips."""
    for line in read_course_list(file, classes):
        path = PurePosixPath(line.name)
        name = path.stem if path.suffix.lower() in (".avi", ".mp4") else path.name
        known, other = found.setdefault(name, (line, side))
        if other != side or (known is not None and known.label != line.label):
            where = "" if known is None else known.where
            raise DataError(
                f"{line.where}: {name!r} is {line.label} for {side}, and otherwise in {where};"
                " name the lists of one set only"
            )


def _label(name: str, action: str, line: CourseLine | None) -> str:
    """Return the label that the list, the name of the clip or the folder above it tells."""
    if line is not None:
        return line.label
    found = _CLASS.fullmatch(name)
    for word in (found[1] if found else "", action):
        positive = label_word(word)
        if positive is not None:
            return SLIP if positive else OTHER
    raise DataError(
        f"nothing tells the label of {name!r}: neither a list nor its name, which should be such as"
        f" v_{CLASSES[1]}_g01_c01 or v_{CLASSES[2]}_g01_c01; name the list too"
    )


def _row(folder: Path, name: str, label: str, side: str, dataset: str) -> Row:
    group, found = ucf_group(name), _CLASS.fullmatch(name)
    return Row(
        path=folder / f"{name}.json",
        label=label,
        group="" if group is None else f"{dataset}-{group}",
        dataset=dataset,
        split=side,
        action=found[1] if found else CLASSES[1 if label == SLIP else 2],
    )
