"""HMDB51: class folders of clips and the official split files to rows.

In: a folder of class folders, a folder of ``CLASS_test_splitK.txt``. Out: ``Prepared``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.prepare.finding import videos_of
from slipdetect.lab.prepare.hmdb51_folder import Hmdb51Folder
from slipdetect.lab.prepare.list_lines import excerpt, list_lines
from slipdetect.lab.prepare.mapping import SKIP, ClassMapping
from slipdetect.lab.prepare.rows import LeftOut, Prepared, Row

USUAL_POSITIVE = ("fall_floor",)
UNUSED = "not used by this split (0 in its file)"
MISSING = "in the split file, but no such clip"
UNLISTED = "clip that the split file does not name"

_USES = {"0": "", "1": "train", "2": "test"}
_SPLIT_FILE = re.compile(r"(.+)_test_split([123])\.txt")
# clip names end with body part, camera, people, direction, quality and a number
_TAGS = re.compile(
    r"_(?P<body>[hulf])_(?P<camera>cm|nm)_np(?P<people>\d)_(?P<view>fr|ba|le|ri)"
    r"_(?P<quality>goo|med|bad)_\d+"
)
_PART = re.compile(r"(_*part)?_+\d+_*$|(?<=[a-z])\d$", re.IGNORECASE)


def prepare_hmdb51(
    source: Hmdb51Folder, splits: Path, split: int, mapping: ClassMapping
) -> Prepared:
    """Return a row for every clip that is there and that the official split uses.

    Args:
        source: The class folders; archives of classes that are needed get unpacked.
        splits: Folder of the split files.
        split: 1, 2 or 3.
        mapping: What the classes count as.

    Raises:
        DataError: There is no class, or a split file is missing, malformed or unreadable.
        UsageError: The mapping does not fit the classes.
        OutputError: An archive cannot be unpacked where it should be.
    """
    files = _split_files(splits, split)
    if not source.names:
        raise DataError(
            f"{str(source.path)!r} holds neither class folders of clips nor CLASS.rar; give the"
            " folder that holds fall_floor/ and the others"
        )
    labels = mapping.labels(source.names, repr(str(source.path)))
    prepared = Prepared([])
    for name, label in labels.items():
        if label == SKIP:
            prepared.left_out.add("class left out by the mapping", name)
        elif name not in files:
            raise DataError(
                f"{str(splits)!r} has no {name}_test_split{split}.txt for the class {name!r} of"
                f" {str(source.path)!r}; add it, or pass --map {name}=skip"
            )
        else:
            folder = source.folder(name)
            uses = read_split_file(files[name], folder)
            prepared.rows += _class_rows(name, label, folder, uses, prepared.left_out)
    prepared.left_out.add("class of the split files without a folder", sorted({*files} - {*labels}))
    return prepared


def read_split_file(file: Path, folder: Path) -> dict[str, str]:
    """Return ``"train"``, ``"test"`` or ``""`` (unused) by the clip's file name.

    Args:
        file: Lines ``NAME 0|1|2``.
        folder: The class folder, which names must not lead out of.

    Raises:
        DataError: A line is malformed, leads out or contradicts another (with its number).
    """
    enclosure = Enclosure(folder)
    uses: dict[str, str] = {}
    for where, line in list_lines(file):
        name, _, use = line.replace("\t", " ").rpartition(" ")
        name = name.strip()
        if use not in _USES or not name:
            raise DataError(
                f"{where}: {excerpt(line)} is not NAME and 0 (unused), 1 (training) or 2 (test);"
                " take the official split files"
            )
        enclosure.path(name, where)
        if "/" in name or "\\" in name:
            raise DataError(f"{where}: {excerpt(name)} is a path, not the name of a clip")
        if uses.setdefault(name, _USES[use]) != _USES[use]:
            raise DataError(f"{where}: {excerpt(name)} has another use further up; remove one line")
    return uses


def film_of(name: str, action: str) -> str:
    """Return the film or web clip that a clip was cut from: what stands before ``_ACTION_``.

    The number of a part at its end is dropped and case is ignored, so that parts of one film are
    one group: ``Fellowship_3``, ``CastAway1``, ``RETURN_OF_THE_KING``.
    """
    stem = Path(name).stem
    film, mark, _ = stem.rpartition(f"_{action}_")
    title = _PART.sub("", film)
    known = title if title.strip("_") else film
    return (known if mark else stem).lower()


def _split_files(splits: Path, split: int) -> dict[str, Path]:
    """Return the split files by class; they may lie one folder deeper, as they are packed."""
    try:
        inside = sorted(splits.iterdir())
        places = [splits, *(path for path in inside if path.is_dir())]
        found = [sorted(place.iterdir()) for place in places]
    except OSError as error:
        raise DataError(
            f"cannot read the folder of split files {str(splits)!r}: {error.strerror}"
        ) from error
    for files in found:
        names = {path: _SPLIT_FILE.fullmatch(path.name) for path in files}
        chosen = {m[1]: path for path, m in names.items() if m and m[2] == str(split)}
        if chosen:
            return chosen
    raise DataError(
        f"{str(splits)!r} holds no CLASS_test_split{split}.txt; give the folder of the official"
        " HMDB51 split files"
    )


def _class_rows(
    action: str, label: str, folder: Path, uses: Mapping[str, str], left_out: LeftOut
) -> list[Row]:
    there = {path.name: path for path in videos_of(folder, left_out)}
    left_out.add(MISSING, [f"{action}/{name}" for name in sorted(uses.keys() - there.keys())])
    left_out.add(UNLISTED, [f"{action}/{name}" for name in sorted(there.keys() - uses.keys())])
    unused = [name for name in sorted(there) if uses.get(name) == ""]
    left_out.add(UNUSED, [f"{action}/{name}" for name in unused])
    rows = []
    for name in sorted(there):
        if uses.get(name):
            tags = _TAGS.search(name)
            rows.append(
                Row(
                    path=there[name],
                    label=label,
                    group=f"hmdb51-{film_of(name, action)}",
                    dataset="hmdb51",
                    split=uses[name],
                    action=action,
                    more={} if tags is None else tags.groupdict(),
                )
            )
    return rows
