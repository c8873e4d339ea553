"""HMDB51: class folders or archives of clips and the official split files to rows.

In: a folder of class folders or ``CLASS.rar``, and ``CLASS_test_splitK.txt``. Out: ``Prepared``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from slipdetect._io import make_folder, publish_folder, staging_folder
from slipdetect._tables import list_lines
from slipdetect._text import excerpt
from slipdetect.cli.typed_options import FOLDER, PATH, option
from slipdetect.errors import DataError, UsageError
from slipdetect.lab import require
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.fetch.archives import check_member, no_file, unwritable
from slipdetect.lab.prepare.importer import SKIPPED, Importer, ImportJob, class_folders, videos_of
from slipdetect.lab.prepare.mapping import SKIP
from slipdetect.lab.prepare.rows import LeftOut, Prepared, Row

UNUSED = "not used by this split (0 in its file)"
MISSING = "in the split file, but no such clip"
UNLISTED = "clip that the split file does not name"

_WHOLE = "hmdb51_org"
_SPLITS = "test_train_splits"
_USES = {"0": "", "1": "train", "2": "test"}
_SPLIT_FILE = re.compile(r"(.+)_test_split([123])\.txt")
# clip names end with body part, camera, people, direction, quality and a number
_TAGS = re.compile(
    r"_(?P<body>[hulf])_(?P<camera>cm|nm)_np(?P<people>\d)_(?P<view>fr|ba|le|ri)"
    r"_(?P<quality>goo|med|bad)_\d+"
)
_PART = re.compile(r"(_*part)?_+\d+_*$|(?<=[a-z])\d$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Hmdb51(Importer):
    """Import HMDB51 with one of its official splits.

    FOLDER holds class folders of clips (fall_floor/...avi), CLASS.rar archives, or hmdb51_org.rar.
    The class fall_floor counts as a slip and every other one as something else, unless --positive,
    --negative or --map say otherwise. Clips that the split does not use are left out. With --val
    whole groups of the training clips go to validation. A group is the film a clip was cut from.

    \b
    slipdetect prepare hmdb51 hmdb51/ --splits splits/ --split 1 --out hmdb51/clips.csv
    slipdetect prepare hmdb51 hmdb51/ --splits splits/ --negative stand,sit,situp --out clips.csv
    """

    slip_classes = ("fall_floor",)
    own_split = True

    splits: Path = option(
        type=PATH,
        required=True,
        help="Folder of the official split files (CLASS_test_split1.txt), or their .rar.",
    )
    split: str = option(
        type=click.Choice(("1", "2", "3")),
        default="1",
        help="Which official split.",
    )
    work: Path | None = option(type=FOLDER, help="Folder to unpack .rar archives in; made if new.")

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row for every clip that is there and that the official split uses.

        Of archives those of the classes that are needed are unpacked.

        Raises:
            DataError: There is no class, or a split file or an archive is missing, malformed or
                unreadable.
            UsageError: The mapping does not fit the classes, or there are archives and no ``work``.
            OutputError: An archive cannot be unpacked where it should be.
        """
        splits = self.splits
        if splits.suffix.lower() == ".rar":
            splits = self._unpacked(splits, job)
        files = _split_files(splits, self.split)
        places = self._places(source, job)
        if not places:
            raise DataError(
                f"{str(source)!r} holds neither class folders of clips nor CLASS.rar; give the"
                " folder that holds fall_floor/ and the others"
            )
        labels = job.classes.labels(sorted(places), repr(str(source)))
        prepared = Prepared([])
        for name, label in labels.items():
            if label == SKIP:
                prepared.left_out.add(SKIPPED, name)
            elif name not in files:
                raise DataError(
                    f"{str(splits)!r} has no {name}_test_split{self.split}.txt for the class"
                    f" {name!r} of {str(source)!r}; add it, or pass --map {name}=skip"
                )
            else:
                place = places[name]
                folder = place if place.is_dir() else self._unpacked(place, job)
                uses = read_split_file(files[name], folder)
                prepared.rows += _class_rows(name, label, folder, uses, prepared.left_out)
        absent = sorted(files.keys() - labels.keys())
        prepared.left_out.add("class of the split files without a folder", absent)
        return prepared

    def _places(self, source: Path, job: ImportJob) -> dict[str, Path]:
        """Return the folder or the archive of every class."""
        folders, archives = class_folders(source), _archives(source)
        whole = archives.pop(_WHOLE, None)
        # class folders may be some of the classes only, from an earlier run into this very folder
        if whole is not None and (self.work is not None or not folders):
            inside = self._unpacked(whole, job)
            for place in (inside, *sorted(p for p in inside.iterdir() if p.is_dir())):
                archives.update(_archives(place))
            folders = {**class_folders(inside), **folders}
        return {**archives, **folders}

    def _unpacked(self, archive: Path, job: ImportJob) -> Path:
        """Return the folder in ``work`` that holds what was in a .rar, unpacked unless it was."""
        if self.work is None:
            raise UsageError(
                f"{str(archive)!r} must be unpacked first; name a folder for that with --work"
            )
        folder = self.work / archive.stem
        if not folder.is_dir():  # made whole or not at all, so what is there is complete
            make_folder(self.work)
            job.note(f"unpacking {archive.name}")
            unpack_rar(archive, folder)
        return folder


def unpack_rar(archive: Path, folder: Path) -> None:
    """Unpack ``archive`` into the new folder ``folder``, whose parent must exist.

    Members that are packed, not only stored, need one of the programs that rarfile knows.

    Raises:
        LibraryError: rarfile is not installed.
        DataError: It cannot be read, or holds nothing, links, devices or names that lead out.
        OutputError: The folder cannot be written.
    """
    rarfile = require("rarfile")
    if not archive.is_file():
        raise DataError(f"{str(archive)!r} was not found or is not a file; check the path")
    try:
        with rarfile.RarFile(archive) as packed, staging_folder(folder) as temporary:
            members = packed.infolist()
            for member in members:
                check_member(member.filename, archive)
                if not (member.is_file() or member.is_dir()):
                    raise no_file(archive, member.filename)
            if not any(member.is_file() for member in members):
                raise DataError(f"{str(archive)!r} holds no files; fetch it again")
            packed.extractall(temporary)
            publish_folder(temporary, folder)
    except rarfile.RarCannotExec as error:
        raise DataError(
            f"{str(archive)!r} needs a program to unpack it and none is on PATH: install unrar,"
            " unar, 7z or bsdtar (Debian: libarchive-tools), or unpack it yourself"
        ) from error
    except rarfile.Error as error:
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{str(archive)!r} cannot be unpacked: {reason}; fetch it again or unpack it yourself"
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error


def _archives(folder: Path) -> dict[str, Path]:
    """Return the .rar files of a folder by the name of their class."""
    found = {path.stem: path for path in sorted(folder.glob("*.rar")) if path.is_file()}
    found.pop(_SPLITS, None)
    return found


def read_split_file(file: Path, folder: Path) -> dict[str, str]:
    """Return ``"train"``, ``"test"`` or ``""`` (unused) by the name of a clip in ``folder``.

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


def _split_files(splits: Path, split: str) -> dict[str, Path]:
    """Return the split files by class; they may lie one folder deeper, as they are packed."""
    try:
        places = [splits, *sorted(path for path in splits.iterdir() if path.is_dir())]
        found = [sorted(place.iterdir()) for place in places]
    except OSError as error:
        raise DataError(
            f"cannot read the folder of split files {str(splits)!r}: {error.strerror}"
        ) from error
    for files in found:
        names = {path: _SPLIT_FILE.fullmatch(path.name) for path in files}
        chosen = {m[1]: path for path, m in names.items() if m and m[2] == split}
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
