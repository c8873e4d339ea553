"""Self-made videos in class folders to rows.

In: ``FOLDER/fall/*.mp4``, ``FOLDER/normal/anna/*.mp4``. Out: ``Prepared``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.prepare.finding import class_folders, videos_of
from slipdetect.lab.prepare.groups import group_files
from slipdetect.lab.prepare.mapping import SKIP, ClassMapping
from slipdetect.lab.prepare.rows import SPLITS, LeftOut, Prepared, Row
from slipdetect.video import VIDEO_SUFFIXES

LOOSE = "video beside the class folders, so without a class"
EMPTY = "class folder without videos"

Found = list[tuple[Path, PurePosixPath, str, str]]


def prepare_folder(
    folder: Path,
    mapping: ClassMapping,
    *,
    group_by: str = "auto",
    split_folders: bool = False,
    dataset: str = "",
) -> Prepared:
    """Return a row for every video in a class folder.

    Args:
        folder: Holds class folders, or with ``split_folders`` the folders ``train``, ``val`` and
            ``test`` (any of them) that hold class folders.
        mapping: What the classes count as.
        group_by: See ``group_files``.
        split_folders: Take the split from the folders.
        dataset: Name of the data set; that of ``folder`` when empty.

    Raises:
        DataError: There is no class folder, or a name has no group.
        UsageError: The mapping does not fit the classes, or ``group_by`` is no rule.
    """
    left_out = LeftOut()
    found = _found(folder, left_out, split_folders)
    classes = sorted({action for _, _, _, action in found})
    labels = mapping.labels(classes, repr(str(folder)))
    skipped = [name for name in classes if labels[name] == SKIP]
    left_out.add("class left out by the mapping", skipped)
    found = [item for item in found if labels[item[3]] != SKIP]
    groups = group_files([below for _, below, _, _ in found], group_by)
    source = dataset if dataset else folder.resolve().name
    rows = [
        Row(path, labels[action], f"{source}-{group}", source, split, action)
        for (path, _, split, action), group in zip(found, groups, strict=True)
    ]
    return Prepared(rows, left_out, _notes(rows, group_by))


def single_folder(folder: Path) -> Path:
    """Return ``folder``, or the only folder in it, as often as there is only one; for archives."""
    while True:
        inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
        if len(inside) != 1 or not inside[0].is_dir() or not class_folders(inside[0]):
            return folder
        folder = inside[0]


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
    loose = [path for path in inside if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()]
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
