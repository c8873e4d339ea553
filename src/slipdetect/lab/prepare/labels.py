"""Label files of annotation tools to rows: what was labeled when, in videos found by name.

In: files in one of the formats of ``label_formats``. Out: ``Prepared``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from slipdetect._text import excerpt, named, printable
from slipdetect.cli.typed_options import POSITIVE, option
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.annotations import label_word
from slipdetect.lab.prepare.groups import group_files
from slipdetect.lab.prepare.importer import Importer, ImportJob
from slipdetect.lab.prepare.label_formats import label_studio
from slipdetect.lab.prepare.label_formats.label_file import Label
from slipdetect.lab.prepare.label_formats.registry import read_labels
from slipdetect.lab.prepare.labeled_videos import LabeledVideos
from slipdetect.lab.prepare.mapping import SKIP
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row

_MISSING = "video that a label file names and that is not below the folder"
_SKIPPED = "video all of whose labels are left out by the mapping"
_HIDDEN = "video with a slip that the mapping leaves out beside other labels"
_UNLABELED = "video of the folder that no label file names"

Placed = dict[Path, list[Label]]


@dataclass(frozen=True, kw_only=True)
class Labels(Importer):
    """Import label files of annotation tools.

    FILE is recognized by its content: a project of BORIS, or one of its exports of events (TSV,
    CSV); ELAN (.eaf); CVAT for video 1.1 (XML); a JSON export of Label Studio; a project of VIA 3;
    Anvil; a label track of Audacity; WebVTT or SubRip, as detect writes them too; a CSV with
    path,start,end,label. Videos are looked for by name below --root (else the folder of --out), and
    label tracks and subtitles belong to the video that has their name. A class becomes slip, other
    or skip as in prepare folder; what is no slip only looks like one at its times, and a video
    without labels shows no slip.

    \b
    slipdetect prepare labels falls.boris --root videos/ --map 'walks=other' --out videos/clips.csv
    slipdetect prepare labels *.eaf --root videos/ --track falls --out videos/clips.csv
    """

    source = "FILE..."

    tracks: tuple[str, ...] = option(
        "--track",
        multiple=True,
        metavar="NAME",
        help="Only this tier, track or attribute; repeatable.  [default: all]",
    )
    frame_rate: float | None = option(
        type=POSITIVE, metavar="N", help="Frames a second that Label Studio counted by."
    )
    moment: float | None = option(
        type=POSITIVE,
        metavar="SECONDS",
        help="How long what was marked by one moment lasts.  [default: refused]",
    )
    group_by: str = option(
        metavar="RULE",
        default="file",
        help="parent, name-prefix, file, or a regular expression and its first group.",
    )
    dataset: str = option(
        metavar="NAME", default="", show_default=False, help="Name of the data set."
    )

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return the rows of one label file; see ``read_all``."""
        return self.read_all([source], job)

    def read_all(self, sources: Sequence[Path], job: ImportJob) -> Prepared:
        """Return a row for every time that was labeled, and for every video without.

        Raises:
            DataError: A file is in no known format, or a label cannot be placed in time.
            UsageError: The mapping does not fit the classes, or there is no such track.
        """
        videos = LabeledVideos(job.out.parent if job.root is None else job.root)
        prepared = Prepared([])
        placed, found = self._placed(sources, videos, prepared)
        classes = sorted({label.name for labels in placed.values() for label in labels})
        names = job.classes.labels(classes, "the label files") if classes else {}
        groups = self._groups(placed, videos.root)
        for index, (path, labels) in enumerate(placed.items()):
            job.progress(index / len(placed), f"checking {printable(path.name)}")
            common = Row(path, OTHER, groups[path], self.dataset)
            rows = [self._row(common, label, names[label.name], videos) for label in labels]
            if rows and all(row.label == SKIP for row in rows):
                prepared.left_out.add(_SKIPPED, str(path))
            elif any(row.label == SKIP and label_word(row.action) for row in rows):
                # without its slip that stretch would count as one in which nobody slips
                prepared.left_out.add(_HIDDEN, str(path))
                continue
            prepared.rows += _without_repeated(rows, labels) or [common]
        if not placed:
            raise DataError(
                f"none of the {len(found)} videos that the label files name is below"
                f" {str(videos.root)!r}, such as {named(sorted(map(excerpt, found)), 3)}; name"
                " their folder with --root"
            )
        others = [str(path) for path in videos.found if path not in placed]
        prepared.left_out.add(_UNLABELED, others)
        return prepared

    def _placed(
        self, sources: Sequence[Path], videos: LabeledVideos, prepared: Prepared
    ) -> tuple[Placed, set[str]]:
        """Return the labels of each video that is there, and the names of all."""
        placed: Placed = {}
        everything: set[str] = set()
        tracks: set[str] = set()
        kinds: set[str] = set()
        for source in sources:
            kind, found = read_labels(source, self.frame_rate)
            prepared.notes.append(f"{printable(source.name)} is read as {kind}")
            prepared.notes += found.notes
            kinds.add(kind)
            everything.update(found.videos)
            tracks |= {label.track for label in found.labels}
            paths = {
                name: videos.find(name, repr(str(source)), found.bare) for name in found.videos
            }
            missing = [excerpt(name) for name, path in paths.items() if path is None]
            prepared.left_out.add(_MISSING, missing)
            for path in paths.values():
                if path is not None:
                    placed.setdefault(path, [])
            for label in found.labels:
                path = paths[label.video]
                if path is not None and (not self.tracks or label.track in self.tracks):
                    placed[path].append(label)
        if self.frame_rate is not None and label_studio.NAME not in kinds:
            raise UsageError("--frame-rate has no effect: no file is of Label Studio; leave it out")
        unknown = [track for track in self.tracks if track not in tracks]
        if unknown:
            listed = named(sorted(tracks - {""})) or "none"
            raise UsageError(
                f"there is no track {unknown[0]!r} in the label files; they have {listed}"
            )
        return placed, everything

    def _groups(self, placed: Placed, root: Path) -> dict[Path, str]:
        """Return the group of each video: the file's own, or by the rule."""
        names = [path.relative_to(root).as_posix() for path in placed]
        made = group_files([PurePosixPath("videos", name) for name in names], self.group_by)
        groups = {}
        for (path, labels), group, name in zip(placed.items(), made, names, strict=True):
            own = {label.group for label in labels if label.group}
            usual = name if self.group_by == "file" else group
            groups[path] = own.pop() if len(own) == 1 else usual
        return groups

    def _row(self, common: Row, label: Label, name: str, videos: LabeledVideos) -> Row:
        """Return the row of a label, which must have a place in time unless it is left out."""
        row = replace(common, label=name, action=label.name, where=label.where)
        if name == SKIP or label.whole:
            return row
        if label.start is None or label.end is None:
            raise DataError(
                f"{label.where} ({label.name!r}) has no time of its own; set its borders in the"
                " tool, or leave its class out with --map CLASS=skip"
            )
        start, end = label.start, label.end
        if label.frames:
            times = videos.frame_times(common.path)
            if end >= len(times):
                raise DataError(
                    f"{label.where}: frame {end - 1:g} of {common.path.name!r}, which has"
                    f" {len(times) - 1} frames; is this the video that was labeled?"
                )
            start, end = times[int(start)], times[int(end)]
        if end < start:
            raise DataError(f"{label.where} ({label.name!r}) ends at {end:g} s, before {start:g} s")
        if end == start:
            if self.moment is None:
                raise DataError(
                    f"{label.where} ({label.name!r}) is a moment without length, at {start:g} s;"
                    " pass --moment SECONDS for how long such things last"
                )
            end = start + self.moment
        return replace(row, start=start, end=end)


def _without_repeated(rows: list[Row], labels: list[Label]) -> list[Row]:
    """Return the rows of a video; what is said of it all counts by itself only."""
    pairs = [pair for pair in zip(rows, labels, strict=True) if pair[0].label != SKIP]
    timed = [pair for pair in pairs if not pair[1].whole]
    whole = sorted((pair for pair in pairs if pair[1].whole), key=lambda p: p[0].label != SLIP)
    if not whole:
        return rows
    row, label = whole[0]
    if row.label == SLIP and timed and all(each.label != SLIP for each, _ in timed):
        raise DataError(
            f"{label.where} ({label.name!r}) is of the whole video, whose times are all of"
            " something else; mark when it happens"
        )
    return [each for each, _ in timed or whole[:1]]
