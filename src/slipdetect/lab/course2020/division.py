"""Who is trained on, who chooses the epoch, and who is scored once at the end.

In: annotated clips. Out: a ``Division``, kept in a file that everybody can read; leaks are refused,
or said.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipdetect._io import atomic_write
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.course2020.leaked import Leaked, leaked
from slipdetect.lab.data import Clip, split_by_group
from slipdetect.lab.data.splits import Leaks, divide, find_leaks

SIDES = ("train", "val", "test")
SPLIT_FILE = "split.csv"
_HEADER = ("path", "label", "start", "end", "group", "dataset", "split")
_TEST_SHARE = 0.25
_VAL_SHARE_OF_REST = 0.2


@dataclass(frozen=True)
class Division:
    """Clips with their sides, every one with its ``split`` set.

    Attributes:
        clips: All of them, in the order of the annotation file.
        root: Folder that their names start from.
        given: Whether the annotation file said which side they are on.
        leaked: What is on two sides although that was not refused; None where nothing is.
    """

    clips: tuple[Clip, ...]
    root: Path
    given: bool
    leaked: Leaked | None = None

    def side(self, name: str) -> list[Clip]:
        """Return the clips of ``"train"``, ``"val"`` or ``"test"``."""
        return [clip for clip in self.clips if clip.split == name]

    def name(self, clip: Clip) -> str:
        """Return a clip's path relative to the root, with forward slashes."""
        return Path(os.path.relpath(clip.path, self.root)).as_posix()

    @property
    def digest(self) -> str:
        """Fingerprint of names, sizes, labels, events, groups and sides; the place plays no part.

        Raises:
            DataError: A clip's file cannot be read.
        """
        facts = [
            [self.name(c), _size(c.path), c.positive, list(c.events), c.group, c.split]
            for c in sorted(self.clips, key=lambda clip: str(clip.path))
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def make_division(
    clips: Sequence[Clip], root: Path, seed: int = 0, *, allow_leaks: bool = False
) -> Division:
    """Put every clip on a side, and refuse a division that leaks unless told otherwise.

    Sides of the annotation file are kept; where it names no validation side, whole groups of its
    training side are held out. Where it names none, whole groups are divided about 60/15/25.

    Raises:
        DataError: Only some clips have a side, a side is empty, training lacks a label, a group or
            a recording is on two sides (unless ``allow_leaks``), or a file is missing.
    """
    given = any(clip.split for clip in clips)
    if given:
        if not any(clip.split == "val" for clip in clips) and not allow_leaks:
            _require_no_leaks(find_leaks(clips))
        rest, test = clips, [clip for clip in clips if clip.split == "test"]
    else:
        rest, test = split_by_group(clips, _TEST_SHARE, seed)
    training, validation = divide(rest, _VAL_SHARE_OF_REST, seed)
    sides = {"train": training, "val": validation, "test": test}
    _check(sides)
    where = {clip.path: name for name, members in sides.items() for clip in members}
    placed = tuple(replace(clip, split=where[clip.path]) for clip in clips)
    leaks = find_leaks(placed)
    if not allow_leaks:
        _require_no_leaks(leaks)
    return Division(placed, root, given, leaked(placed, leaks) if leaks else None)


def keep_division(division: Division, folder: Path) -> Path:
    """Write the division into ``folder``, or find there what an earlier run wrote.

    Raises:
        OutputError: The folder holds another division; the first difference is named.
    """
    path = folder / SPLIT_FILE
    content = _content(division)
    if not path.exists():
        with atomic_write(path) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="\n")
        return path
    before = path.read_text(encoding="utf-8").splitlines()
    now = content.splitlines()
    if before != now:
        pairs = zip(before + [""] * len(now), now + [""] * len(before), strict=False)
        old, new = next((a, b) for a, b in pairs if a != b)
        raise OutputError(
            f"{str(folder)!r} was made with other clips or another split: {str(path)!r} has "
            f"{old or 'nothing'!r} where the data now has {new or 'nothing'!r}; "
            "choose another --out"
        )
    return path


def _check(sides: dict[str, list[Clip]]) -> None:
    """Refuse empty sides and missing files."""
    for members in sides.values():
        for clip in members:
            _size(clip.path)
    empty = [name for name, members in sides.items() if not members]
    if empty:
        raise DataError(
            f"no clip is on the side {' or '.join(empty)}; give more groups of clips, or a column "
            "split with train, val and test"
        )


def _require_no_leaks(leaks: Leaks) -> None:
    if leaks:
        raise DataError(
            f"the split leaks: {'; '.join(leaks.sentences())}; put each group and each recording "
            "on one side, or pass --allow-leaks to have that told in every table"
        )


def _content(division: Division) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_HEADER)
    for clip in division.clips:
        label = "slip" if clip.positive else "other"
        for start, end in clip.events or (("", ""),):
            row = (division.name(clip), label, start, end, clip.group, clip.source, clip.split)
            writer.writerow(row)
    return buffer.getvalue()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check the path") from error
