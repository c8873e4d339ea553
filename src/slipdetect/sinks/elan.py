"""Events as an annotation document of ELAN: a tier with an annotation an event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from slipdetect._address import address_scheme
from slipdetect._text import plain_name, printable
from slipdetect.reports.formats import milliseconds
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_TYPE = "default-lt"
_TIER = "slipdetect"


class Elan(TextSink):
    """A document a video, with the address of the file that it is about."""

    name = "elan"
    ending = ".eaf"
    suffixes = (".eaf",)
    one_video = True
    in_pieces = False

    def result(self, result: DetectionResult) -> None:
        root = Element(
            "ANNOTATION_DOCUMENT",
            {
                "AUTHOR": "slipdetect",
                "DATE": "1970-01-01T00:00:00+00:00",  # the same events give the same file
                "FORMAT": "3.0",
                "VERSION": "3.0",
                "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                "xsi:noNamespaceSchemaLocation": _SCHEMA,
            },
        )
        header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
        url, beside = _addresses(result.source)
        SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            MEDIA_URL=url,
            RELATIVE_MEDIA_URL=beside,
            MIME_TYPE="video/mp4" if url.lower().endswith((".mp4", ".m4v")) else "video/*",
        )
        order = SubElement(root, "TIME_ORDER")
        tier = SubElement(root, "TIER", LINGUISTIC_TYPE_REF=_TYPE, TIER_ID=_TIER)
        for number, event in enumerate(result.events, 1):
            slots = {f"TIME_SLOT_REF{which}": f"ts{2 * number + which - 2}" for which in (1, 2)}
            for slot, time in zip(slots.values(), milliseconds(event), strict=True):
                SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(time))
            holder = SubElement(tier, "ANNOTATION")
            annotation = SubElement(
                holder, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{number}", **slots}
            )
            SubElement(annotation, "ANNOTATION_VALUE").text = printable(event.label)
        SubElement(
            root,
            "LINGUISTIC_TYPE",
            GRAPHIC_REFERENCES="false",
            LINGUISTIC_TYPE_ID=_TYPE,
            TIME_ALIGNABLE="true",
        )
        indent(root)
        text = tostring(root, encoding="unicode")
        self.write(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def _addresses(source: str) -> tuple[str, str]:
    """Return where the video is, and what it is called beside the document."""
    shown = plain_name(source)
    if "\0" in source or address_scheme(source) is not None:
        return shown, shown
    path = Path(source).absolute()
    return path.as_uri(), f"./{printable(path.name)}"
