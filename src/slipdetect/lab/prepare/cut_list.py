"""Lists of cuts: which stretches of which videos are kept, and what is known about them.

In: a CSV. Out: ``ListedCut``s; after cutting, an annotation file of the new videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import write_text
from slipdetect._tables import csv_text, read_table
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.data.times import parse_time
from slipdetect.lab.prepare.reencode import Reencoded
from slipdetect.lab.prepare.trimming import Cut, Region

ANNOTATIONS = "clips.csv"

_BOX = ("x", "y", "width", "height")
_TIMES = ("start", "end")
_EVENT = ("event_start", "event_end")
_OWN = ("path", *_TIMES, *_BOX, *_EVENT)


@dataclass(frozen=True)
class ListedCut:
    """A row of a list of cuts.

    Attributes:
        entry: The video as the list names it.
        source: Its path.
        cut: When and where.
        event: Start and end of the event in the video, seconds, if the list has them.
        more: Every other column.
    """

    entry: str
    source: Path
    cut: Cut
    event: tuple[float, float] | None
    more: dict[str, str]

    @property
    def ending(self) -> str:
        """What the name of the new video gets, such as ``"-3-7.5"``."""
        end = "end" if self.cut.end is None else f"{self.cut.end:.10g}"
        return f"-{self.cut.start:.10g}-{end}"

    @property
    def part(self) -> str:
        """Which part of the picture it is: ``"X,Y,W,H"``, auto or whole."""
        return str(self.cut.region or ("auto" if self.cut.follow_motion else "whole"))


def read_cuts(file: Path, root: Path | None = None, usual: Cut | None = None) -> list[ListedCut]:
    """Read a list of cuts.

    Columns: ``path``; ``start`` and ``end``, see ``parse_time``, empty for the beginning and the
    end; ``x,y,width,height`` in pixels, empty for what ``usual`` says. ``label``, ``group``,
    ``split`` and any other column go to the new videos; ``event_start`` and ``event_end`` count
    from the beginning of the uncut video.

    Args:
        file: The CSV, UTF-8.
        root: Folder that relative paths start from and that every path must stay in; the CSV's
            own folder when None.
        usual: Region of the cuts that have none.

    Raises:
        DataError: The file is missing, or a row is malformed, twice there or leads out of the
            folder (with its line number).
    """
    folder = Enclosure(file.parent if root is None else root)
    cuts: list[ListedCut] = []
    known: set[tuple[Path, Cut]] = set()
    for where, row in read_table(file, ("path",)):
        cut = _listed(row, folder, Cut() if usual is None else usual, where)
        if (cut.source, cut.cut) in known:
            raise DataError(f"{where}: the same cut is listed further up; list it once")
        known.add((cut.source, cut.cut))
        cuts.append(cut)
    if not cuts:
        raise DataError(f"{str(file)!r} lists no cuts; it needs a header and a row a cut")
    return cuts


def write_annotations(
    done: Sequence[tuple[ListedCut, Reencoded]], folder: Path, *, overwrite: bool = False
) -> Path:
    """Write the annotation file of the new videos, ``clips.csv`` in ``folder``.

    Cuts of one video get one group, the video's name, unless the list has groups. Events are
    counted from the cut.
    """
    rows = [_annotation(cut, written, folder) for cut, written in done]
    names = list(dict.fromkeys(name for row in rows for name in row))
    target = folder / ANNOTATIONS
    cells = ([row.get(name, "") for name in names] for row in rows)
    write_text(target, csv_text([names, *cells]), overwrite=overwrite)
    return target


def _listed(row: dict[str, str], folder: Enclosure, usual: Cut, where: str) -> ListedCut:
    source = folder.path(row["path"], where)
    start, end = (_time(row, name, where) for name in _TIMES)
    box = [row.get(name, "") for name in _BOX]
    try:
        region = Region.parse(",".join(box)) if any(box) else None
        cut = Cut(
            start=0.0 if start is None else start,
            end=end,
            region=usual.region if region is None else region,
            follow_motion=usual.follow_motion and region is None,
        )
    except UsageError as error:
        raise DataError(f"{where}: {error}") from error
    return ListedCut(
        entry=row["path"],
        source=source,
        cut=cut,
        event=_event(row, cut, where),
        more={key: value for key, value in row.items() if key not in _OWN},
    )


def _event(row: dict[str, str], cut: Cut, where: str) -> tuple[float, float] | None:
    start, end = (_time(row, name, where) for name in _EVENT)
    if start is None and end is None:
        return None
    if start is None or end is None or end <= start:
        raise DataError(f"{where}: an event needs an event_start and a later event_end")
    if end <= cut.start or (cut.end is not None and start >= cut.end):
        raise DataError(f"{where}: the event lies outside the cut; change one of them")
    return start, end


def _time(row: dict[str, str], name: str, where: str) -> float | None:
    try:
        return parse_time(row[name]) if row.get(name) else None
    except ValueError as error:
        raise DataError(f"{where}: {name}: {error}") from error


def _annotation(cut: ListedCut, written: Reencoded, folder: Path) -> dict[str, str]:
    row = {"path": written.target.relative_to(folder).as_posix(), **cut.more}
    if not row.get("group"):
        row["group"] = cut.entry
    if cut.event is not None:
        start = max(cut.event[0], written.start) - written.start
        end = min(cut.event[1], written.end) - written.start
        if end > start:
            row |= {"event_start": f"{start:.3f}", "event_end": f"{end:.3f}"}
    row |= {
        "source": cut.entry,
        "cut_start": f"{written.start:.3f}",
        "cut_end": f"{written.end:.3f}",
    }
    return row
