"""Self-made videos in class folders to rows.

In: ``FOLDER/fall/*.mp4``, ``FOLDER/normal/anna/*.mp4``. Out: ``Prepared``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slipdetect.cli.typed_options import option
from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.prepare.groups import group_files
from slipdetect.lab.prepare.importer import (
    SKIPPED,
    Importer,
    ImportJob,
    class_folders,
    videos_of,
)
from slipdetect.lab.prepare.mapping import SKIP
from slipdetect.lab.prepare.rows import SPLITS, LeftOut, Prepared, Row
from slipdetect.video.finding import is_video_file

LOOSE = "video beside the class folders, so without a class"
EMPTY = "class folder without videos"

Found = list[tuple[Path, PurePosixPath, str, str]]


@dataclass(frozen=True, kw_only=True)
class Folder(Importer):
    """Import your own videos from class folders.

    FOLDER holds a folder a class, such as fall/ and normal/, with videos in them or in folders
    below. A class whose name is slip, slipping, fall, falling or positive, or other, notslipping,
    normal, adl or negative needs no --map. Whole groups go to training, validation and test, so
    that nobody is in two of them: a folder below the class folder is a group, otherwise names are
    compared up to their number (anna-01, anna-02).

    \b
    slipdetect prepare folder recordings/ --out recordings/clips.csv
    slipdetect prepare folder videos/ --map sitting=other --group-by '^(p[0-9]+)' --out clips.csv
    """

    val = 0.15
    test = 0.2

    group_by: str = option(
        metavar="RULE",
        default="auto",
        help="auto, parent, name-prefix, file, or a regular expression and its first group.",
    )
    split_folders: bool = option(
        is_flag=True, help="FOLDER holds train/CLASS, val/CLASS, test/CLASS."
    )
    dataset: str = option(
        metavar="NAME", default="", show_default=False, help="Name of it.  [default: the folder's]"
    )

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row for every video in a class folder.

        Raises:
            DataError: There is no class folder, or a name has no group.
            UsageError: The mapping does not fit the classes, or ``group_by`` is no rule.
        """
        left_out = LeftOut()
        found = _found(source, left_out, self.split_folders)
        classes = sorted({action for _, _, _, action in found})
        labels = job.classes.labels(classes, repr(str(source)))
        left_out.add(SKIPPED, [name for name in classes if labels[name] == SKIP])
        found = [item for item in found if labels[item[3]] != SKIP]
        groups = group_files([below for _, below, _, _ in found], self.group_by)
        dataset = self.dataset or source.resolve().name
        rows = [
            Row(path, labels[action], f"{dataset}-{group}", dataset, split, action)
            for (path, _, split, action), group in zip(found, groups, strict=True)
        ]
        return Prepared(rows, left_out, _notes(rows, self.group_by))


def _found(folder: Path, left_out: LeftOut, split_folders: bool) -> Found:
    """Return path, path from its class folder on, split and class of every video."""
    if not split_folders:
        return _videos(class_folders(folder), folder, "", left_out)
    found: Found = []
    for split, place in class_folders(folder).items():
        if split in SPLITS:
            found += _videos(class_folders(place), place, split, left_out)
        else:
            left_out.add(f"folder that is none of {', '.join(SPLITS)}", str(place))
    if not found:
        raise DataError(
            f"{str(folder)!r} has no videos in {'/CLASS, '.join(SPLITS)}/CLASS; leave"
            " --split-folders out if it holds class folders"
        )
    return found


def _videos(classes: Mapping[str, Path], folder: Path, split: str, left_out: LeftOut) -> Found:
    inside = sorted(folder.iterdir())
    loose = [path for path in inside if path.is_file() and is_video_file(path)]
    left_out.add(LOOSE, [str(path) for path in loose])
    empty = [path for path in inside if path.is_dir() and path.name not in classes]
    left_out.add(EMPTY, [str(path) for path in empty if label_word(path.name) is not None])
    if not classes:
        raise DataError(
            f"{str(folder)!r} holds no class folders with videos; put them into folders such as"
            " fall/ and normal/"
        )
    return [
        (path, PurePosixPath(name, path.relative_to(place).as_posix()), split, name)
        for name, place in classes.items()
        for path in videos_of(place, left_out)
    ]


def _notes(rows: list[Row], group_by: str) -> list[str]:
    groups, clips = len({row.unit for row in rows}), len(rows)
    if group_by != "auto" or not rows:
        return []
    if groups == clips:
        return [
            "every clip is a group of its own: if one person or room is in several, put them into"
            " a folder each or pass --group-by"
        ]
    first = rows[0]
    return [
        f"{clips} clips are taken for {groups} groups by their folders and names, such as"
        f" {first.path.name!r} for {first.group!r}; --group-by sets another rule"
    ]
