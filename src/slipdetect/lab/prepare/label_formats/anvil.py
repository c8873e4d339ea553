"""Anvil's XML: tracks of elements with a begin, an end and attributes.

In: the XML of an annotation. Out: labels, named by their first attribute or their track. Elements
of other tracks than primary ones have no times of their own and are passed over.
"""

from __future__ import annotations

from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet, number

NAME = "Anvil"


def recognizes(file: LabelFile) -> bool:
    return file.xml.tag == "annotation" and file.xml.find("body") is not None


def read(file: LabelFile) -> LabelSet:
    video = file.xml.find("head/video")
    name = "" if video is None else video.get("src", "")
    if not name:
        raise file.broken("it names no video")
    found = LabelSet(videos=[name])
    for track in file.xml.iter("track"):
        for element in track.iter("el"):
            start, end = number(element.get("start")), number(element.get("end"))
            if start is None or end is None:
                continue
            label = (element.findtext("attribute") or "").strip() or track.get("name", "")
            where = f"{file.where} track {track.get('name')!r} el {element.get('index')}"
            found.labels.append(Label(where, name, label, start, end, track=track.get("name", "")))
    return found
