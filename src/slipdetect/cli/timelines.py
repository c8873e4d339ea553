"""Drawing the pictures of ``detect --timeline`` and the videos of ``detect --overlay``.

In: thresholds in force. Out: functions that draw a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._io import atomic_write
from slipdetect.cli.per_video import Draw
from slipdetect.errors import SlipdetectError, VideoError

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, EventConfig


def timeline_drawer(events: EventConfig, written: list[Path], *, overwrite: bool) -> Draw:
    """Return what draws a result with the thresholds in force and adds the file to ``written``."""

    def draw(result: DetectionResult, target: Path) -> None:
        from slipdetect.reports.timeline_plot import draw_timeline

        with atomic_write(target, overwrite=overwrite) as temporary:
            draw_timeline(result, temporary, events)
        written.append(target)

    return draw


def overlay_drawer(
    events: EventConfig,
    reading: Mapping[str, Any],
    written: list[Path],
    failed: list[SlipdetectError],
    *,
    overwrite: bool,
) -> Draw:
    """Return what paints a result onto its video; it adds to ``written``, or to ``failed``."""

    def draw(result: DetectionResult, target: Path) -> None:
        from slipdetect.reports.overlay import write_overlay

        try:
            write_overlay(result, events, target, overwrite=overwrite, **reading)
        except VideoError as error:
            # the other videos must not suffer from one that vanished meanwhile
            failed.append(VideoError(f"no overlay {str(target)!r}: {error}"))
            return
        written.append(target)

    return draw
