"""Audacity's label tracks: begin, end and text of a label a line, parted by tabs.

In: the text. Out: labels of the video that has the name of the file. The lines of frequencies that
may follow a label are passed over.
"""

from __future__ import annotations

import re

from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet

NAME = "Audacity"

_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_LINE = re.compile(rf"{_NUMBER}\t{_NUMBER}(?:\t(.*))?")


def recognizes(file: LabelFile) -> bool:
    lines = [line for line in file.lines if line.strip() and not line.startswith("\\")]
    return bool(lines) and all(map(_LINE.fullmatch, lines))


def read(file: LabelFile) -> LabelSet:
    video = file.path.with_suffix("").name
    found = LabelSet(videos=[video])
    for number, line in enumerate(file.lines, 1):
        parts = _LINE.fullmatch(line)
        if parts is None:
            continue
        start, end = (float(text.replace(",", ".")) for text in parts.groups()[:2])
        name = (parts[3] or "").strip()
        found.labels.append(Label(f"{file.where} line {number}", video, name, start, end))
    return found
