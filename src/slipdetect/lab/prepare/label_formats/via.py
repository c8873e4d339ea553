"""Projects of VIA 3 (VGG Image Annotator): segments of videos with attributes.

In: the JSON of a project. Out: labels, one for each attribute that a segment has. ``z`` of a
metadata entry is a begin and an end in seconds, a moment, or empty: of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipdetect.lab.prepare.label_formats.label_file import (
    Label,
    LabelFile,
    LabelSet,
    is_object,
    listed,
    number,
    table,
)

NAME = "VIA"

_VIDEO = 4  # of the types of files
_CHECKBOX = 2  # of the types of attributes: any number of options, their ids parted by commas


def recognizes(file: LabelFile) -> bool:
    return is_object(file.json, "metadata", "attribute", "file", "view")


def read(file: LabelFile) -> LabelSet:
    project, found = file.json, LabelSet(bare=True)
    parts = ("metadata", "attribute", "file", "view")
    if not all(isinstance(project[part], Mapping) for part in parts):
        raise file.broken("a part of it is no table")
    files = {
        str(key): str(each["fname"])
        for key, each in project["file"].items()
        if is_object(each, "fname") and each.get("type", _VIDEO) == _VIDEO
    }
    found.videos = list(files.values())
    for key, entry in project["metadata"].items():
        where = f"{file.where} metadata {key!r}"
        if not is_object(entry, "vid", "z", "av") or not isinstance(entry["av"], Mapping):
            raise file.broken(f"{where} has no view, time or attributes")
        times = [number(each) for each in listed(entry["z"])]
        video = files.get(_file_of(project, str(entry["vid"])))
        if video is None:
            continue  # of a picture
        if len(times) > 2 or None in times:
            raise file.broken(f"{where} has times that are no begin and end")
        for attribute, value in entry["av"].items():
            names, track = _named(project, str(attribute), value)
            start, end = (times[0], times[-1]) if times else (None, None)
            found.labels += [
                Label(where, video, name, start, end, track=track, whole=not times)
                for name in names
            ]
    return found


def _file_of(project: Mapping[str, Any], view: str) -> str:
    """Return the id of the first file of a view."""
    files = listed(table(project["view"].get(view)).get("fid_list"))
    return str(files[0]) if files else ""


def _named(project: Mapping[str, Any], attribute: str, value: Any) -> tuple[list[str], str]:
    """Return what a value of an attribute is called, and the attribute; options go by their id."""
    known = table(project["attribute"].get(attribute))
    options = table(known.get("options"))
    values = str(value).split(",") if known.get("type") == _CHECKBOX else [str(value)]
    names = [str(options.get(each, each)).strip() for each in values]
    return list(filter(None, names)), str(known.get("aname", attribute))
