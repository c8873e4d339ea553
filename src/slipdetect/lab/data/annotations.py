"""Annotation files: which clip shows a slip or fall, when, and what it must not be split from.

In: a CSV. Out: a list of ``Clip``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.data.safe_paths import Enclosure

_POSITIVE = frozenset({"slip", "fall", "slipping", "falling", "positive", "1"})
_NEGATIVE = frozenset({"other", "notslipping", "not-slipping", "negative", "normal", "adl", "0"})
# what a person says of a found event, as in the review of an HTML report
RIGHT_WORDS = frozenset({"right", "missed"})
WRONG_WORD = "wrong"
_START_COLUMNS = ("start", "event_start")
_END_COLUMNS = ("end", "event_end")
_SPLITS = {"train": "train", "training": "train", "val": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class Clip:
    """One annotated video.

    Attributes:
        path: The video file.
        positive: Whether somebody slips or falls in it.
        events: ``(start, end)`` in seconds; empty for a positive clip whose times are unknown.
        group: Person, scene or film; clips of one group never fall on both sides of a split.
        dataset: Data set the clip belongs to, for balanced sampling and reports.
        columns: Every other column of the file, untouched.
        split: ``"train"``, ``"val"`` or ``"test"``; empty where the file does not say.
        lookalikes: ``(start, end)`` in seconds at which something only looks like a fall.
    """

    path: Path
    positive: bool
    events: tuple[tuple[float, float], ...] = ()
    group: str = ""
    dataset: str = ""
    columns: dict[str, str] = field(default_factory=dict, hash=False, compare=False)
    split: str = ""
    lookalikes: tuple[tuple[float, float], ...] = ()

    @property
    def timed(self) -> bool:
        """Whether it is known when the clip's events happen (trivially so without any)."""
        return not self.positive or bool(self.events)


def label_word(word: str) -> bool | None:
    """Return whether ``word`` means a slip or fall, or something else; None if it means neither."""
    known = word.strip().lower()
    return (known in _POSITIVE) if known in _POSITIVE | _NEGATIVE else None


def read_annotations(file: Path, root: Path | None = None) -> list[Clip]:
    """Read an annotation CSV.

    Columns: ``path`` and ``label`` (slip, fall, positive, 1 / other, negative, normal, 0) are
    required; ``start`` and ``end`` (or ``event_start``, ``event_end``, seconds), ``group``,
    ``dataset`` and ``split`` (train, val, test) are optional. Several rows with one path
    are several events of one clip. A review's verdicts are labels too: right, missed, and wrong,
    whose times are those of a lookalike.

    Args:
        file: The CSV, UTF-8 with or without a byte-order mark.
        root: Folder that relative paths start from and that every path must stay in, links
            followed; the CSV's own folder when None.

    Raises:
        DataError: The file is missing, or a row is malformed or leads out of the folder (with
            its line number).
    """
    folder = Enclosure(file.parent if root is None else root)
    clips: dict[Path, Clip] = {}
    for line, row in _rows(file):
        clip = _parse(row, folder, f"{str(file)!r} line {line}")
        known = clips.get(clip.path)
        clips[clip.path] = clip if known is None else _merge(known, clip, f"{file} line {line}")
    if not clips:
        raise DataError(f"{str(file)!r} lists no clips; it needs a header and a row a clip")
    return list(clips.values())


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = {"path", "label"} - set(reader.fieldnames or ())
            if missing:
                raise DataError(
                    f"{str(file)!r} lacks the column {', '.join(sorted(missing))}; "
                    f"{header_advice(reader.fieldnames or (), 'path,label')}"
                )
            for row in reader:
                yield reader.line_num, {key: value or "" for key, value in row.items() if key}
    except UnicodeDecodeError as error:
        raise DataError(
            f"cannot read annotations {str(file)!r}: it is not UTF-8 text; save it as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(
            f"cannot read annotations {str(file)!r}: {error.strerror}; check the path"
        ) from error
    except csv.Error as error:
        raise DataError(f"cannot read annotations {str(file)!r}: {error}; mend the CSV") from error


def header_advice(header: Sequence[str], wanted: str) -> str:
    """Return what to do about a first line that lacks columns; spreadsheets choose separators."""
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        return "its columns are separated by semicolons or tabs; save it with commas"
    return f"the first line must name at least {wanted}"


def _parse(row: dict[str, str], folder: Enclosure, where: str) -> Clip:
    path = folder.path(row["path"].strip(), where)
    word = row["label"].strip().lower()
    is_wrong = word == WRONG_WORD
    positive = True if word in RIGHT_WORDS else False if is_wrong else label_word(word)
    if positive is None:
        raise DataError(
            f"{where}: label {row['label']!r} is neither a slip ({', '.join(sorted(_POSITIVE))}) "
            f"nor something else ({', '.join(sorted(_NEGATIVE))})"
        )
    time = _event(row, where)
    if time is not None and not positive and not is_wrong:
        raise DataError(
            f"{where}: a clip labeled {row['label']!r} cannot have an event time; what only looks "
            f"like one is {WRONG_WORD!r}"
        )
    if time is None and is_wrong:
        raise DataError(f"{where}: {WRONG_WORD!r} needs the times of what is not a fall")
    times = () if time is None else (time,)
    split = row.get("split", "").strip().lower()
    if split and split not in _SPLITS:
        raise DataError(f"{where}: split {row['split']!r} is none of train, val and test")
    known = {"path", "label", "group", "dataset", "split", *_START_COLUMNS, *_END_COLUMNS}
    return Clip(
        path=path,
        positive=positive,
        events=times if positive else (),
        lookalikes=times if is_wrong else (),
        group=row.get("group", "").strip() or str(path),
        dataset=row.get("dataset", "").strip(),
        split=_SPLITS[split] if split else "",
        columns={key: value for key, value in row.items() if key not in known},
    )


def _event(row: dict[str, str], where: str) -> tuple[float, float] | None:
    start = next((row[name].strip() for name in _START_COLUMNS if row.get(name)), "")
    end = next((row[name].strip() for name in _END_COLUMNS if row.get(name)), "")
    if not start and not end:
        return None
    try:
        times = (float(start), float(end))
    except ValueError as error:
        raise DataError(
            f"{where}: event times {start!r}, {end!r} are not seconds, such as 62.5"
            " (slipdetect prepare intervals takes h:mm:ss)"
        ) from error
    if not all(map(math.isfinite, times)) or times[0] < 0 or times[1] <= times[0]:
        raise DataError(
            f"{where}: an event from {start} s to {end} s makes no sense; it begins at 0 or later"
            " and ends after that"
        )
    return times


def _merge(known: Clip, clip: Clip, where: str) -> Clip:
    fits = known.positive == clip.positive or bool(known.lookalikes or clip.lookalikes)
    if not fits or (known.group, known.split) != (clip.group, clip.split):
        raise DataError(f"{where}: {str(clip.path)!r} has another label, group or split further up")
    if not all(each.events or each.lookalikes for each in (known, clip)):
        raise DataError(f"{where}: {str(clip.path)!r} is listed twice without event times")
    return replace(
        known,
        positive=known.positive or clip.positive,
        events=tuple(sorted({*known.events, *clip.events})),
        lookalikes=tuple(sorted({*known.lookalikes, *clip.lookalikes})),
    )
