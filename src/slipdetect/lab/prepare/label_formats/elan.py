"""ELAN's ``.eaf``: tiers of annotations between time slots, in milliseconds.

In: the XML. Out: labels; an annotation whose slot has no time has none either. Of all tiers;
annotations that refer to others have the times of those.
"""

from __future__ import annotations

from xml.etree import ElementTree

from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet, number

NAME = "ELAN"


def recognizes(file: LabelFile) -> bool:
    return file.xml.tag == "ANNOTATION_DOCUMENT"


def read(file: LabelFile) -> LabelSet:
    root = file.xml
    header = root.find("HEADER")
    units = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise file.broken(f"its times are {units[:20]!r} and not milliseconds")
    media = _media(file, root)
    found = LabelSet(videos=list(media))
    group = file.path.stem if len(media) > 1 else ""  # one scene, from several cameras
    slots = {
        slot.get("TIME_SLOT_ID", ""): number(slot.get("TIME_VALUE"))
        for slot in root.iter("TIME_SLOT")
    }
    parents = {
        each.get("ANNOTATION_ID", ""): each
        for tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION")
        for each in root.iter(tag)
    }
    for tier in root.iter("TIER"):
        name = tier.get("TIER_ID", "")
        for annotation in [each for holder in tier.iter("ANNOTATION") for each in holder]:
            aligned = _aligned(annotation, parents)
            value = (annotation.findtext("ANNOTATION_VALUE") or "").strip()
            times = [slots.get(aligned.get(f"TIME_SLOT_REF{n}", "")) for n in (1, 2)]
            where = f"{file.where} tier {name!r} annotation {annotation.get('ANNOTATION_ID')}"
            for video, origin in media.items():
                start, end = (_seconds(time, origin) for time in times)
                found.labels.append(
                    Label(where, video, value or name, start, end, track=name, group=group)
                )
    return found


def _media(file: LabelFile, root: ElementTree.Element) -> dict[str, float]:
    """Return the milliseconds of each video at which the annotations begin to count."""
    media = list(root.iter("MEDIA_DESCRIPTOR"))
    shown = [each for each in media if each.get("MIME_TYPE", "").startswith("video")] or media
    if not shown:
        raise file.broken("it names no video")
    names = [each.get("MEDIA_URL") or each.get("RELATIVE_MEDIA_URL") or "" for each in shown]
    origins = [number(each.get("TIME_ORIGIN")) or 0.0 for each in shown]
    return dict(zip(names, origins, strict=True))


def _aligned(
    annotation: ElementTree.Element, parents: dict[str, ElementTree.Element]
) -> ElementTree.Element:
    """Return the annotation whose time slots hold; a chain that leads nowhere ends as it is."""
    for _ in range(len(parents)):
        parent = parents.get(annotation.get("ANNOTATION_REF", ""))
        if parent is None:
            break
        annotation = parent
    return annotation


def _seconds(milliseconds: float | None, origin: float) -> float | None:
    return None if milliseconds is None else (milliseconds + origin) / 1000
