"""Who is trained on, who chooses the epoch, who is scored at the end; fewer clips of these.

In: annotated clips. Out: a ``Division``, kept in a file that everybody can read, whose leaks are
refused or reported; subsets of whole groups.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slipdetect._io import write_text
from slipdetect._tables import csv_text
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.data import Clip, split_by_group
from slipdetect.lab.data.splits import Leaks, divide, find_leaks

SIDES = ("train", "val", "test")
SPLIT_FILE = "split.csv"
SMOKE_CLIPS = {"train": 12, "val": 6, "test": 12}
_HEADER = ("path", "label", "start", "end", "group", "dataset", "split")
_TEST_SHARE = 0.25
_VAL_SHARE_OF_REST = 0.2


@dataclass(frozen=True)
class Leaked:
    """What is on more than one side of a split."""

    count: int  # how many groups, and how many sets of equal files
    test_clips: int  # test clips whose group or file is on another side too
    of: int  # test clips in all
    sentences: tuple[str, ...]  # which groups and files, the first ones by name


@dataclass(frozen=True)
class Division:
    """Clips with their sides, every one with its ``split`` set."""

    clips: tuple[Clip, ...]  # all of them, in the order of the annotation file
    root: Path  # folder that their names start from
    given: bool  # whether the annotation file said which side they are on
    # what is on two sides although that was not refused; None where nothing is
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
    """Put every clip on a side, and refuse a division that leaks unless leaks are allowed.

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
    return Division(placed, root, given, _leaked(placed, leaks))


def keep_division(division: Division, folder: Path) -> Path:
    """Write the division into ``folder``, or find there what an earlier run wrote.

    Raises:
        OutputError: The folder holds another division; the first difference is named.
    """
    path = folder / SPLIT_FILE
    content = _content(division)
    if not path.exists():
        write_text(path, content)
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


def _leaked(clips: Sequence[Clip], leaks: Leaks) -> Leaked | None:
    if not leaks:
        return None
    groups = {leak.group for leak in leaks.groups}
    copies = {clip.path for same in leaks.copies for clip in same}
    test = [clip for clip in clips if clip.split == "test"]
    known = sum(clip.group in groups or clip.path in copies for clip in test)
    count = len(leaks.groups) + len(leaks.copies)
    return Leaked(count, known, len(test), tuple(leaks.sentences()))


def _check(sides: dict[str, list[Clip]]) -> None:
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
            f"{leaks.line()}; put each group and each recording on one side, or pass --allow-leaks"
            " to have every table say so"
        )


def _content(division: Division) -> str:
    rows: list[Sequence[object]] = [_HEADER]
    for clip in division.clips:
        label = "slip" if clip.positive else "other"
        for start, end in clip.events or (("", ""),):
            known = clip.group, clip.dataset, clip.split
            rows.append((division.name(clip), label, start, end, *known))
    return csv_text(rows)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check the path") from error


def smoke_division(division: Division) -> Division:
    """Return a few clips of each side; leaks are those of the whole split."""
    kept: set[Path] = set()
    for name in SIDES:
        kept |= {clip.path for clip in smoke_subset(division.side(name), SMOKE_CLIPS[name])}
    return replace(division, clips=tuple(clip for clip in division.clips if clip.path in kept))


def nested_subset(clips: Sequence[Clip], share: float, seed: int = 0) -> list[Clip]:
    """Return about ``share`` of the clips, in their order, as whole groups.

    Groups stand in one order for every share, so a smaller subset lies inside a larger one. The
    order is drawn at random but takes, wherever positives are rarer so far than in all clips, a
    group that has more of them, and else one that has fewer.

    Raises:
        DataError: The share is not in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise DataError(f"the share of clips must be in (0, 1], not {share}")
    groups = _by_group(clips)
    wanted = share * len(clips)
    kept: set[str] = set()
    count = 0
    for name in group_order(clips, seed):
        size = len(groups[name])
        # the nearer of the two sizes that whole groups allow
        if kept and abs(count + size - wanted) >= abs(count - wanted):
            break
        kept.add(name)
        count += size
    return [clip for clip in clips if clip.group in kept]


def group_order(clips: Sequence[Clip], seed: int) -> list[str]:
    """Return the groups in a drawn order in which every beginning has about the same labels."""
    groups = _by_group(clips)
    overall = sum(clip.positive for clip in clips) / len(clips)
    queues: dict[bool, list[str]] = {True: [], False: []}
    for name in np.random.default_rng(seed).permutation(sorted(groups)).tolist():
        positives = sum(clip.positive for clip in groups[name])
        queues[positives > overall * len(groups[name])].append(name)
    order: list[str] = []
    positives = count = 0
    while queues[True] or queues[False]:
        wants = positives < overall * count or not count
        queue = queues[wants] or queues[not wants]
        name = queue.pop(0)
        order.append(name)
        positives += sum(clip.positive for clip in groups[name])
        count += len(groups[name])
    return order


def smoke_subset(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Return ``count`` clips, labels in turn, each from a group not used yet while there are some.

    The smallest file of a group comes first, because that is read fastest.
    """
    queues = {label: _round_robin(clips, label) for label in (True, False)}
    turns = itertools.chain.from_iterable(itertools.zip_longest(queues[True], queues[False]))
    chosen = {clip.path for clip in itertools.islice((c for c in turns if c is not None), count)}
    return [clip for clip in clips if clip.path in chosen]


def _round_robin(clips: Sequence[Clip], positive: bool) -> list[Clip]:
    groups = _by_group([clip for clip in clips if clip.positive == positive])
    ordered = [
        sorted(groups[name], key=lambda clip: (clip.path.stat().st_size, str(clip.path)))
        for name in sorted(groups)
    ]
    ordered.sort(key=lambda group: group[0].path.stat().st_size)
    rounds = itertools.zip_longest(*ordered)
    return [clip for one in rounds for clip in one if clip is not None]


def _by_group(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    groups: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.group].append(clip)
    return groups
