"""What ``detect`` writes beside its results: timelines, overlays, a page.

In: options and sources. Out: targets, checked before any work begins; formats that fill them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect.cli.batch import Further
from slipdetect.cli.beside import OVERLAY, TIMELINE
from slipdetect.cli.destination import Destination
from slipdetect.cli.detect_options import reading_settings
from slipdetect.cli.formats import Format
from slipdetect.cli.html_page import WithPage, page_file
from slipdetect.cli.per_video import WithPictures
from slipdetect.cli.time_labels import time_label_drawer, time_label_files
from slipdetect.cli.timelines import overlay_drawer, timeline_drawer
from slipdetect.errors import SlipdetectError, UsageError

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector


@dataclass(frozen=True)
class Extras:
    """Where everything beside the results goes.

    Attributes:
        options: Of the command.
        sources: All that will be looked at.
        timelines: The picture of each source, or none.
        overlays: The painted video of each source, or none.
        page: The page about all, if any.
        labels: The time label of each source, or none.
        failed: What could not be made of the result at hand.
    """

    options: Mapping[str, Any]
    sources: Sequence[str]
    timelines: Sequence[Path]
    overlays: Sequence[Path]
    page: Path | None
    labels: Sequence[Path] = ()
    failed: list[SlipdetectError] = field(default_factory=list)

    @classmethod
    def chosen(
        cls, options: Mapping[str, Any], sources: Sequence[str], results: Destination
    ) -> Extras:
        """Return what the options ask for.

        Args:
            options: Of the command.
            sources: All that will be looked at.
            results: Where the results go, which no other file may take.

        Raises:
            UsageError: A target makes no sense, is named twice, or is one of the videos.
            OutputError: A file exists or cannot be written.
        """
        overwrite = options["overwrite"]
        extras = cls(
            options,
            sources,
            TIMELINE.files(options["timeline"], sources, overwrite=overwrite),
            OVERLAY.files(options["overlay"], sources, overwrite=overwrite),
            page_file(options["html"], overwrite=overwrite),
            time_label_files(options, sources),
        )
        taken = {_real(source) for source in sources}
        named = [*filter(None, [results.out]), *results.each]
        for path in (*named, *extras.timelines, *extras.overlays, *filter(None, [extras.page])):
            if _real(str(path)) in taken:
                raise UsageError(
                    f"{str(path)!r} is one of the videos, or would be written twice; name another "
                    "file"
                )
            taken.add(_real(str(path)))
        return extras

    def around(self, form: Format, detector: Detector | None, written: list[Path]) -> Format:
        """Return ``form``, which writes everything else too and notes it in ``written``."""
        reading, overwrite = reading_settings(self.options), self.options["overwrite"]
        if detector is not None and self.timelines:
            draw = timeline_drawer(detector.events, written, overwrite=overwrite)
            form = WithPictures(form, self.timelines, draw)
        if detector is not None and self.overlays:
            draw = overlay_drawer(
                detector.events, reading, written, self.failed, overwrite=overwrite
            )
            form = WithPictures(form, self.overlays, draw)
        if detector is not None and self.labels:
            draw = time_label_drawer(written, overwrite=overwrite)
            form = WithPictures(form, self.labels, draw)
        if self.page is not None:
            form = WithPage(
                form,
                self.page,
                detector,
                self.options["model"],
                self.sources,
                reading,
                written,
                overlays=self.overlays,
                overwrite=overwrite,
            )
        return form

    def further(self, clips: Further | None) -> Further:
        """Return what writes clips and tells of all that is missing of a result."""

        def missing(result: DetectionResult) -> list[SlipdetectError]:
            told = [*self.failed, *(() if clips is None else clips(result))]
            self.failed.clear()
            return told

        return missing


def _real(path: str) -> str:
    return path if "\0" in path else os.path.realpath(path)
