"""UCF101 and data sets in its form: class folders and the lists beside them to rows.

In: a folder, ``classInd.txt``, ``trainlist01.txt``, ``testlist01.txt``. Out: ``Prepared``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click

from slipdetect._io import exists
from slipdetect._tables import list_lines
from slipdetect._text import excerpt
from slipdetect.cli.typed_options import FOLDER, option
from slipdetect.errors import DataError
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.prepare.groups import ucf_group
from slipdetect.lab.prepare.importer import SKIPPED, Importer, ImportJob, class_folders, videos_of
from slipdetect.lab.prepare.mapping import SKIP
from slipdetect.lab.prepare.rows import SPLITS, Prepared, Row

MISSING = "in a list, but no such video"
UNLISTED = "video that no list names"
UNGROUPED = "clips whose names are not v_NAME_gNN_cMM are groups of their own"

_LABELED = re.compile(r"(.*\S)\s+([0-9]{1,9})")
_INDEXED = re.compile(r"([0-9]{1,9})\s+(\S.*)")


@dataclass(frozen=True)
class Entry:
    """A line of a list in UCF101's form.

    Attributes:
        where: The list and line, for messages.
        name: ``Class/video.avi``.
        path: The same inside the folder of the data set.
        action: The class folder.
        label: Number of the class, or None where the list gives none.
    """

    where: str
    name: str
    path: Path
    action: str
    label: int | None


@dataclass(frozen=True, kw_only=True)
class Ucf101(Importer):
    """Import UCF101, or any data set in its form.

    FOLDER holds class folders of videos. UCF101 has no slips and no falls, so say what its classes
    count as. A group is the gNN of v_NAME_gNN_cMM. With --val whole groups of the training videos
    go to validation.

    \b
    slipdetect prepare ucf101 UCF-101/ --lists ucfTrainTestlist/ --map '*=other' --out ucf.csv
    slipdetect prepare ucf101 videos/ --lists lists/ --positive Slipping --out clips.csv
    """

    own_split = True

    lists: Path = option(
        type=FOLDER,
        required=True,
        help="Folder of classInd.txt, trainlist01.txt and testlist01.txt.",
    )
    split: int = option(
        type=click.IntRange(1, 99),
        default=1,
        help="Which pair of lists: 1 is 01.",
    )
    dataset: str = option(metavar="NAME", default="ucf101", help="Its name.")

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row for every video that is there and that the lists name.

        Raises:
            DataError: A list is missing, malformed, leads out of ``source`` or contradicts itself.
            UsageError: The mapping does not fit the classes.
        """
        file = self.lists / "classInd.txt"
        index = read_class_index(file)
        entries = self._entries(source)
        labels = job.classes.labels(sorted(index.values()), repr(str(file)))
        prepared = Prepared([])
        wanted = {name for name, label in labels.items() if label != SKIP}
        prepared.left_out.add(SKIPPED, sorted(labels.keys() - wanted))
        listed: dict[str, str] = {}
        missing = []
        for split, lines in entries.items():
            for entry in lines:
                _check(entry, index, listed)
                if entry.action not in wanted:
                    continue
                if exists(entry.path) and entry.path.is_file():
                    prepared.rows.append(self._row(entry, labels[entry.action], split))
                else:
                    missing.append(entry.name)
        prepared.left_out.add(MISSING, missing)
        for name, place in class_folders(source).items():
            if name in wanted:
                videos = videos_of(place, prepared.left_out)
                unlisted = [str(video) for video in videos if str(video) not in listed]
                prepared.left_out.add(UNLISTED, unlisted)
        if any(ucf_group(row.path.stem) is None for row in prepared.rows):
            prepared.notes.append(UNGROUPED)
        return prepared

    def _entries(self, folder: Path) -> dict[str, list[Entry]]:
        files = {name: self.lists / f"{name}list{self.split:02d}.txt" for name in SPLITS}
        return {
            name: list(read_ucf_list(file, folder))
            for name, file in files.items()
            if name != "val" or file.is_file()
        }

    def _row(self, entry: Entry, label: str, split: str) -> Row:
        group = ucf_group(entry.path.stem)
        name = entry.name if group is None else group
        return Row(
            path=entry.path,
            label=label,
            group=f"{self.dataset}-{name}",
            dataset=self.dataset,
            split=split,
            action=entry.action,
        )


def read_class_index(file: Path) -> dict[int, str]:
    """Return the classes of a ``classInd.txt`` (lines ``1 Name``) by number.

    Raises:
        DataError: It cannot be read, or a line is malformed or a repetition.
    """
    index: dict[int, str] = {}
    for where, line in list_lines(file):
        found = _INDEXED.fullmatch(line)
        if found is None:
            raise DataError(f"{where}: {excerpt(line)} is not a number and the name of a class")
        number, name = int(found[1]), found[2]
        if number in index or name in index.values():
            raise DataError(f"{where}: {excerpt(line)} repeats a number or a class from further up")
        index[number] = name
    return index


def read_ucf_list(file: Path, folder: Path) -> Iterator[Entry]:
    """Yield the lines ``Class/video.avi`` of a list, with or without the class's number behind.

    Raises:
        DataError: It cannot be read, or a line is malformed or leads out of ``folder``.
    """
    enclosure = Enclosure(folder)
    for where, line in list_lines(file):
        found = _LABELED.fullmatch(line)
        name = line if found is None else found[1]
        path = enclosure.path(name, where)
        action = PurePosixPath(name).parent.name
        if not action:
            raise DataError(f"{where}: {excerpt(name)} names no class; write Class/video.avi")
        yield Entry(where, name, path, action, None if found is None else int(found[2]))


def _check(entry: Entry, index: dict[int, str], listed: dict[str, str]) -> None:
    """Refuse unknown classes, numbers that contradict the folder, and repetitions."""
    if entry.action not in index.values():
        raise DataError(
            f"{entry.where}: class {excerpt(entry.action)} is not in classInd.txt; add it there"
        )
    if entry.label is not None and index.get(entry.label) != entry.action:
        known = index.get(entry.label, "no class")
        raise DataError(
            f"{entry.where}: {excerpt(entry.name)} is numbered {entry.label}, which is {known!r}"
            " in classInd.txt; correct one of them"
        )
    key = str(entry.path)
    if key in listed:
        raise DataError(
            f"{entry.where}: {excerpt(entry.name)} is also in {listed[key]}; list it once"
        )
    listed[key] = entry.where
