"""Anvil's XML: tracks of elements with a begin, an end and attributes.

In: the XML of an annotation. Out: labels, named by their first attribute or their track.
"""

from __future__ import annotations

from slipdetect.lab.prepare.label_formats.label_file import (
    Label,
    LabelFile,
    LabelFormat,
    LabelSet,
    number,
)


class Anvil(LabelFormat):
    """Primary tracks; elements of others have no times of their own and are passed over."""

    name = "Anvil"

    @classmethod
    def recognizes(cls, file: LabelFile) -> bool:
        root = file.xml
        return root is not None and root.tag == "annotation" and root.find("body") is not None

    @classmethod
    def read(cls, file: LabelFile) -> LabelSet:
        root = file.xml
        video = None if root is None else root.find("head/video")
        if root is None or video is None or not video.get("src"):
            raise file.broken("it names no video")
        name = video.get("src", "")
        found = LabelSet(videos=[name])
        for track in root.iter("track"):
            for element in track.iter("el"):
                start, end = number(element.get("start")), number(element.get("end"))
                if start is None or end is None:
                    continue
                label = (element.findtext("attribute") or "").strip() or track.get("name", "")
                where = f"{file.where} track {track.get('name')!r} el {element.get('index')}"
                found.labels.append(
                    Label(where, name, label, start, end, track=track.get("name", ""))
                )
        return found
