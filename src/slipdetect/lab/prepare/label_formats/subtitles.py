"""Subtitles: WebVTT and SubRip, also those that ``slipdetect detect`` writes.

In: the text. Out: a label a cue, of the video that has the name of the file. The text of a cue
without tags is its class.
"""

from __future__ import annotations

import html
import re

from slipdetect.lab.data.times import parse_time
from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet

NAME = "WebVTT or SubRip"

_ARROW = re.compile(r"\s*([0-9:.,]+)\s*-->\s*([0-9:.,]+)(?:\s.*)?")
# of our own cues: the score, and what became of the person
_OWN = re.compile(r"(.+) [01]\.[0-9]{2}(?:, .*)?", re.DOTALL)
_BEGUN = re.compile(r"\s*-?[0-9].*-->")
_TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def recognizes(file: LabelFile) -> bool:
    first = [line for line in file.lines if line.strip()][:3]
    if first and re.match(r"WEBVTT(\s|$)", first[0]):
        return True
    return len(first) > 1 and first[0].strip().isdecimal() and bool(_ARROW.fullmatch(first[1]))


def read(file: LabelFile) -> LabelSet:
    is_vtt = file.text.lstrip().startswith("WEBVTT")
    video = file.path.with_suffix("").name
    found = LabelSet(videos=[video])
    for number, line in enumerate(file.lines):
        arrow = _ARROW.fullmatch(line)
        where = f"{file.where} line {number + 1}"
        if arrow is None and _BEGUN.match(line):
            raise file.broken(f"{where}: {line[:60]!r} is no begin and end of a cue")
        if arrow is None:
            continue
        try:
            start, end = (parse_time(text.replace(",", ".")) for text in arrow.groups())
        except ValueError as error:
            raise file.broken(f"{where}: {error}") from error
        text = []
        for below in file.lines[number + 1 :]:
            if not below.strip():
                break
            text.append(below.strip())
        said = _TAG.sub("", " ".join(text))
        said = html.unescape(said) if is_vtt else said
        own = _OWN.fullmatch(said)
        found.labels.append(Label(where, video, (own[1] if own else said).strip(), start, end))
    return found
