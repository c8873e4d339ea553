"""The files of ``detect --time-label``, as the seed report's programs named them.

In: results by one of their schedules. Out: a JSON and three step plots a video.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._io import atomic_write
from slipdetect.cli.output import output_files
from slipdetect.cli.per_video import Draw
from slipdetect.cli.video_names import file_stems
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

_JSON = "_timelabel.json"
_PLOTS = {"fused": "_timelabel.png", "rgb": "_timelabel_rgb.png", "opf": "_timelabel_opf.png"}


def time_label_files(options: Mapping[str, Any], sources: Sequence[str]) -> list[Path]:
    """Return the JSON of each source, none when none were asked for.

    Raises:
        UsageError: There is no preset whose windows they would hold.
        OutputError: A file exists or cannot be written.
    """
    if options["time_label"] is None:
        return []
    if options["preset"] is None:
        raise UsageError("--time-label is for --preset seed, seed-v1 or seed-v0; give one")
    folder, stems = Path(options["time_label"]), file_stems(sources)
    endings = [_JSON, *_PLOTS.values()]
    names = [stem + ending for stem in stems for ending in endings]
    return output_files(folder, names, overwrite=options["overwrite"])[:: len(endings)]


def time_label_drawer(written: list[Path], *, overwrite: bool) -> Draw:
    """Return what writes the four files of a result and adds them to ``written``."""

    def draw(result: DetectionResult, target: Path) -> None:
        from slipdetect.reports.time_label import draw_time_label, time_label

        with atomic_write(target, overwrite=overwrite) as temporary:
            temporary.write_text(time_label(result) + "\n", encoding="utf-8")
        written.append(target)
        stem = target.name.removesuffix(_JSON)
        for which, ending in _PLOTS.items():
            plot = target.with_name(stem + ending)
            with atomic_write(plot, overwrite=overwrite) as temporary:
                draw_time_label(result, temporary, which)
            written.append(plot)

    return draw
