"""Tables of videos and times: our own annotation files, and the CSV of ``slipdetect detect``.

In: a CSV. Out: labels by its column ``label``; verdicts of a review count as they do there. A row
without times is a video that was looked at.
"""

from __future__ import annotations

from slipdetect._tables import Table
from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import ALIASES, RIGHT_WORDS, WRONG_WORDS, label_word
from slipdetect.lab.data.times import parse_time
from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet
from slipdetect.lab.prepare.rows import OTHER, SLIP

NAME = "a CSV with path,start,end,label"

_NEEDED = ("path", "start", "end")
_NOT_KEPT = ("split", "dataset")  # what labels cannot carry


def recognizes(file: LabelFile) -> bool:
    try:
        Table(file.text.splitlines(keepends=True), file.where, _NEEDED, ALIASES)
    except DataError:
        return False
    return True


def read(file: LabelFile) -> LabelSet:
    found = LabelSet()
    table = Table(file.text.splitlines(keepends=True), file.where, _NEEDED, ALIASES)
    for line, cells in table:
        where = f"{file.where} line {line}"
        for name in _NOT_KEPT:
            if cells.get(name):
                raise DataError(
                    f"{where}: prepare labels does not keep the column {name!r}; use prepare"
                    " intervals, which does, or drop the column"
                )
        found.videos.append(cells["path"])
        word = cells.get("label", "")
        if not (cells["start"] or cells["end"]):
            if word.lower() in RIGHT_WORDS or label_word(word):
                raise DataError(f"{where}: it shows a slip and does not say when; give times")
            continue
        try:
            start, end = parse_time(cells["start"]), parse_time(cells["end"])
        except ValueError as error:
            raise DataError(f"{where}: {error}") from error
        verdict = word.lower()
        if not word or verdict in RIGHT_WORDS:
            word = SLIP
        elif verdict in WRONG_WORDS:
            word = OTHER
        group = cells.get("group", "")
        found.labels.append(Label(where, cells["path"], word, start, end, group=group))
    return found
