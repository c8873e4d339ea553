"""The pictures of ``detect --timeline``: which file each video gets, and drawing it.

In: ``--timeline`` and the sources. Out: files, checked before any work begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._io import atomic_write, check_writable
from slipdetect.cli.destination import is_folder
from slipdetect.cli.output import output_files
from slipdetect.cli.per_video import Draw
from slipdetect.cli.video_names import file_stems
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, EventConfig

_ENDING = ".timeline.png"


def timeline_files(given: str | None, sources: Sequence[str], *, overwrite: bool) -> list[Path]:
    """Return the picture of each source, none when none were asked for.

    Args:
        given: ``--timeline``: a .png for one video, or a folder.
        sources: All that will be looked at.
        overwrite: Files that exist may be replaced.

    Raises:
        UsageError: It is no .png, or one picture for several videos.
        OutputError: A file exists or cannot be written.
    """
    if given is None:
        return []
    target = Path(given)
    if is_folder(given, "--timeline") or not target.suffix:
        names = [stem + _ENDING for stem in file_stems(sources)]
        return output_files(target, names, overwrite=overwrite)
    if target.suffix.lower() != ".png":
        raise UsageError(f"--timeline {given!r} is neither a .png nor a folder; name one of them")
    if len(sources) > 1:
        raise UsageError(
            f"--timeline {given!r} is one picture, and here are {len(sources)} videos; "
            "pass --timeline FOLDER/ for a picture each"
        )
    check_writable(target, overwrite=overwrite)
    return [target]


def timeline_drawer(events: EventConfig, written: list[Path], *, overwrite: bool) -> Draw:
    """Return what draws a result with the thresholds in force and adds the file to ``written``."""

    def draw(result: DetectionResult, target: Path) -> None:
        from slipdetect.reports.timeline_plot import draw_timeline

        with atomic_write(target, overwrite=overwrite) as temporary:
            draw_timeline(result, temporary, events)
        written.append(target)

    return draw
