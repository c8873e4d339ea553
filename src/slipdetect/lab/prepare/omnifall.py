"""OmniFall's segments to rows: falls, what is named as looking like one, and who lies afterwards.

In: CSVs ``path,label,start,end,subject,cam,dataset`` and the videos of its sets. Out: ``Prepared``.
Classes and layout: Schneider et al., OmniFall, 2025, and its companion package omnifall 0.2.0.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipdetect._io import exists
from slipdetect._tables import read_table, whole
from slipdetect._text import excerpt
from slipdetect.cli.typed_options import FOLDER, option
from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.prepare.importer import SKIPPED, Importer, ImportJob
from slipdetect.lab.prepare.label_formats.label_file import number
from slipdetect.lab.prepare.lists import split_file
from slipdetect.lab.prepare.mapping import SKIP
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row, seconds
from slipdetect.lab.prepare.ucf101 import MISSING

CLASSES = (
    "walk",
    "fall",
    "fallen",
    "sit_down",
    "sitting",
    "lie_down",
    "lying",
    "stand_up",
    "standing",
    "other",
    "kneel_down",
    "kneeling",
    "squat_down",
    "squatting",
    "crawl",
    "jump",
)
# of these a detector may well take one for a fall; training draws negatives from them by name
HARD = frozenset({"sit_down", "lie_down", "kneel_down", "squat_down", "crawl", "jump"})
FALLEN = "fallen"

_ROOT, _ROOT_OF = "OMNIFALL_ROOT", "OMNIFALL_VIDEO_ROOT__"
_NEEDED = ("path", "label", "start", "end", "dataset")
_EMPTY = "segment without length"
_HIDDEN = "video with a fall that the mapping leaves out"
_UNPLACED = "video with a fall without length"


@dataclass(frozen=True)
class Segment:
    """A stretch of a video in which one thing is done.

    Attributes:
        where: File and line, for messages.
        video: The file.
        name: What is done, one of ``CLASSES``.
        start: Seconds, 0 or later; ``end`` too.
        dataset: The set that the video is of.
        group: Set and subject, or set and video where none is known.
        split: ``"train"``, ``"val"``, ``"test"`` or empty.
        more: Camera and subject.
    """

    where: str
    video: Path
    name: str
    start: float
    end: float
    dataset: str
    group: str
    split: str
    more: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Omnifall(Importer):
    """Import OmniFall, or any of the ten sets that it covers.

    [SPLIT=]FILE is a CSV of segments with path, label (a name or 0 to 15), start, end, dataset and,
    where known, subject and cam: labels/SET.csv of its release, or a configuration that the package
    omnifall loads, written with to_csv and named train=, val= or test=. A video is at
    ROOT/SET/video/PATH.mp4, where "omnifall prepare SET" puts it. A fall is a slip and all else is
    not; sit_down, lie_down, kneel_down, squat_down, crawl and jump are rows of their own, at whose
    times a fall is only looked like, and the column fallen says when somebody lies after a fall.

    \b
    slipdetect prepare omnifall labels/le2i.csv --videos omnifall/ --out omnifall/clips.csv
    slipdetect prepare omnifall train=a.csv test=b.csv --videos omnifall/ --out omnifall/clips.csv
    """

    source = "[SPLIT=]FILE..."
    slip_classes = ("fall",)

    videos: Path | None = option(
        type=FOLDER,
        help="Folder of SET/video/PATH.mp4.  [default: OMNIFALL_ROOT, else the folder of --out]",
    )

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return the rows of one file; see ``read_all``."""
        return self.read_all([source], job)

    def read_all(self, sources: Sequence[Path], job: ImportJob) -> Prepared:
        """Return a row for every fall and every time that is named as looking like one.

        Raises:
            DataError: A line is malformed or leads out of the folder, or a video is in two splits.
            UsageError: The mapping does not fit the classes.
        """
        root = self.videos or Path(os.environ.get(_ROOT) or job.out.parent)
        files = [split_file(str(source)) for source in sources]
        job.split.check(has_split=any(split for split, _ in files))
        prepared = Prepared([])
        by_video: dict[Path, list[Segment]] = {}
        for split, file in files:
            for segment in read_segments(file, root, split):
                first = by_video.setdefault(segment.video, [segment])[0]
                if first is not segment:
                    _agree(first, segment)
                    by_video[segment.video].append(segment)
        labels = job.classes.labels(CLASSES, "OmniFall")
        prepared.left_out.add(SKIPPED, [name for name in CLASSES if labels[name] == SKIP])
        for video, segments in by_video.items():
            if exists(video) and video.is_file():
                prepared.rows += _rows(segments, labels, prepared)
            else:
                prepared.left_out.add(MISSING, str(video))
        return prepared


def read_segments(file: Path, root: Path, split: str = "") -> list[Segment]:
    """Return the segments of a CSV; starts before the video are its beginning.

    Args:
        file: The CSV.
        root: Folder of the sets' videos, unless ``OMNIFALL_VIDEO_ROOT__SET`` names another.
        split: What the file is for.

    Raises:
        DataError: It cannot be read, or a line is malformed or leads out of its folder.
    """
    found = []
    folders: dict[str, Enclosure] = {}
    for where, cells in read_table(file, _NEEDED):
        dataset = cells["dataset"]
        if not dataset or "/" in dataset or "\\" in dataset or dataset in (".", ".."):
            raise DataError(f"{where}: {excerpt(dataset)} is not the name of a data set")
        if dataset not in folders:
            own = os.environ.get(_ROOT_OF + dataset)
            folders[dataset] = Enclosure(root / dataset / "video" if own is None else Path(own))
        if not cells["path"]:
            raise DataError(f"{where}: the path is empty")
        video = folders[dataset].path(cells["path"] + ".mp4", where)
        start, end = (_seconds(cells[name], name, where) for name in ("start", "end"))
        subject = whole(cells.get("subject", ""))
        known = {name: whole(cells.get(name, "")) for name in ("subject", "cam")}
        found.append(
            Segment(
                where=where,
                video=video,
                name=_class(cells["label"], where),
                start=max(start, 0.0),
                end=end,
                dataset=dataset,
                group=f"{dataset}-{cells['path'] if subject in ('', '-1') else subject}",
                split=split,
                more={name: value for name, value in known.items() if value not in ("", "-1")},
            )
        )
    if not found:
        raise DataError(f"{str(file)!r} has no segment; it needs a header and a row a segment")
    return found


def _class(text: str, where: str) -> str:
    place = whole(text)
    known = place.isdecimal() and len(place) < 4 and int(place) < len(CLASSES)
    name = CLASSES[int(place)] if known else text
    if name.lower() not in CLASSES:
        raise DataError(
            f"{where}: label {excerpt(text)} is none of OmniFall's, 0 to {len(CLASSES) - 1} or"
            f" {', '.join(CLASSES)}"
        )
    return name.lower()


def _seconds(text: str, name: str, where: str) -> float:
    value = number(text)
    if value is None:
        raise DataError(f"{where}: {name} {excerpt(text)} is not seconds")
    return value


def _agree(first: Segment, segment: Segment) -> None:
    for name in ("split", "group"):
        if getattr(first, name) != getattr(segment, name):
            raise DataError(
                f"{segment.where}: {segment.video.name!r} has another {name} in {first.where}"
            )


def _rows(segments: Sequence[Segment], labels: dict[str, str], prepared: Prepared) -> list[Row]:
    """Return the rows of a video; none if a fall in it is left out or has no length."""
    first = segments[0]
    # without its fall the video would be one in which nobody falls
    if any(label_word(each.name) and labels[each.name] == SKIP for each in segments):
        prepared.left_out.add(_HIDDEN, str(first.video))
        return []
    if any(labels[each.name] == SLIP and each.end <= each.start for each in segments):
        prepared.left_out.add(_UNPLACED, str(first.video))
        return []
    lies = [each for each in segments if each.name == FALLEN and labels[FALLEN] == OTHER]
    lying = ";".join(f"{seconds(each.start)}-{seconds(each.end)}" for each in lies)
    common = Row(
        first.video,
        OTHER,
        first.group,
        first.dataset,
        first.split,
        more={**first.more, **({FALLEN: lying} if lies else {})},
    )
    rows = []
    for each in segments:
        label = labels[each.name]
        if label != SLIP and (label == SKIP or each.name not in HARD):
            continue
        if each.end <= each.start:
            prepared.left_out.add(_EMPTY, each.where)
            continue
        rows.append(
            replace(
                common,
                label=label,
                action=each.name,
                start=each.start,
                end=each.end,
                where=each.where,
            )
        )
    return rows if rows else [common]
