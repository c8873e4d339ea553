"""Which of OmniFall's videos are trained on and which tested on.

In: CSVs of segments and the folder of videos. Out: rows with their split, segments to test on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipdetect._text import named
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.prepare.importer import ImportJob
from slipdetect.lab.prepare.lists import split_file
from slipdetect.lab.prepare.mapping import ClassMapping
from slipdetect.lab.prepare.omnifall import FALLEN, Omnifall, Segment, read_segments
from slipdetect.lab.prepare.rows import Row
from slipdetect.lab.prepare.splitting import assign_splits

FALL = "fall"
STATES = (FALL, FALLEN)
WILD, SYNTHETIC = frozenset({"OOPS"}), frozenset({"of-syn"})
TRAINED_ON = ("staged", "synthetic", "both")
SUBJECT, VIEW = "cross-subject", "cross-view"
SPLITS, FILES = (SUBJECT, VIEW), "of the files"

_VALIDATION = 0.15  # share of the training clips


@dataclass(frozen=True)
class Protocol:
    """A choice of videos.

    Attributes:
        files: CSVs of segments, ``[SPLIT=]FILE`` each.
        videos: Folder of ``SET/video/PATH.mp4``.
        source: What is trained on, one of ``TRAINED_ON``.
        split: What the validation clips share with no training clip, one of ``SPLITS``; None: as
            the files say, else ``cross-subject``.
        allow_missing: Go on where videos are not there.
    """

    files: Sequence[str]
    videos: Path
    source: str = "staged"
    split: str | None = None
    allow_missing: bool = False

    def split_of(self, segments: Sequence[Segment]) -> str:
        """Return what the split is: one of ``SPLITS``, or ``FILES``."""
        own = any(each.split and self._trains(each.dataset) for each in segments)
        return self.split or (FILES if own else SUBJECT)

    def segments(self) -> list[Segment]:
        """Return the segments of all sets that are used, whose videos were looked for.

        Raises:
            DataError: A file is malformed, a set is lacking, or videos are.
        """
        read = [split_file(text) for text in self.files]
        all_of_them = [
            each for split, file in read for each in read_segments(file, self.videos, split)
        ]
        used = [each for each in all_of_them if self._trains(each.dataset) or is_wild(each)]
        for what, has_it in (
            (f"{self.source} set to train on", any(self._trains(each.dataset) for each in used)),
            (f"set in the wild to test on ({named(sorted(WILD))})", any(map(is_wild, used))),
        ):
            if not has_it:
                names = named(sorted({each.dataset for each in all_of_them}))
                raise DataError(f"the files have no {what}, only {names}; name its labels too")
        there = {video: video.is_file() for video in {each.video for each in used}}
        self._require(used, there)
        return [each for each in used if there[each.video]]

    def rows(self, segments: Sequence[Segment]) -> dict[str, list[Row]]:
        """Return the rows of each of ``STATES``, to which that one is what a fall is to others.

        Args:
            segments: Those of ``segments``.

        Raises:
            UsageError: A split is asked for although the files have one.
            DataError: There is no such split of the training clips.
        """
        importer = Omnifall(videos=self.videos)
        files = list(map(Path, self.files))
        used = {each.dataset for each in segments}
        found = {}
        for state in STATES:
            job = ImportJob(classes=ClassMapping(positive=(state,)))
            rows = importer.read_all(files, job).rows
            found[state] = [row for row in rows if row.dataset in used]
        split = self._split(found[FALL])
        return {
            state: [replace(row, split=split[row.path]) for row in rows]
            for state, rows in found.items()
        }

    def _trains(self, dataset: str) -> bool:
        if dataset in WILD:
            return False
        return self.source == "both" or (dataset in SYNTHETIC) == (self.source == "synthetic")

    def _require(self, used: Sequence[Segment], there: Mapping[Path, bool]) -> None:
        """Refuse to begin where videos are not there."""
        videos: dict[str, set[Path]] = defaultdict(set)
        for each in used:
            videos[each.dataset].add(each.video)
        for dataset, paths in sorted(videos.items()):
            missing = sorted(path for path in paths if not there[path])
            if len(missing) == len(paths) or (missing and not self.allow_missing):
                more = "" if len(missing) == len(paths) else ", or pass --allow-missing"
                raise DataError(
                    f"{len(missing)} of {len(paths)} videos of {dataset} are not there, such as "
                    f"{str(missing[0])!r}; make them by 'omnifall prepare {dataset}'{more}"
                )

    def _split(self, rows: Sequence[Row]) -> dict[Path, str]:
        """Return the part of every video."""
        training = [row for row in rows if row.dataset not in WILD]
        if any(row.split for row in training):
            if self.split is not None:
                raise UsageError("the files have splits already; leave --split out")
        elif self.split == VIEW:
            training = by_view(training)
        else:
            training = assign_splits(training, _VALIDATION, 0.0, seed=0)
        wild = {row.path: "test" for row in rows if row.dataset in WILD}
        return wild | {row.path: row.split or "train" for row in training}


def is_wild(segment: Segment) -> bool:
    """Return whether a segment is of a set that nobody trains on."""
    return segment.dataset in WILD


def by_view(rows: Sequence[Row]) -> list[Row]:
    """Return rows whose validation clips are of cameras that no training clip is of.

    Sets with one camera, or where cameras are not known, are trained on as a whole.

    Raises:
        DataError: No set has several cameras.
    """
    cameras: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        cameras[row.dataset].add(row.more.get("cam", ""))
    several = {name for name, found in cameras.items() if len(found - {""}) > 1}
    if not several:
        raise DataError(f"no set has several cameras to split by; use --split {SUBJECT}")
    seen = [
        replace(row, group=f"{row.dataset}-cam{row.more.get('cam', '')}")
        for row in rows
        if row.dataset in several
    ]
    validated = {
        row.path for row in assign_splits(seen, _VALIDATION, 0.0, seed=0) if row.split == "val"
    }
    return [replace(row, split="val" if row.path in validated else "train") for row in rows]
