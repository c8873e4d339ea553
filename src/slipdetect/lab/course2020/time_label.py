"""The files of ``replay --time-label``: JSON and step plots, named as by the report's programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipdetect._io import atomic_write, output_files
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.sink import PerVideoSink, Setup

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

_JSON = "_timelabel.json"
_PLOTS = {"fused": "_timelabel.png", "rgb": "_timelabel_rgb.png", "opf": "_timelabel_opf.png"}


class TimeLabel(PerVideoSink):
    """A JSON and three step plots of each video, by one of the report's schedules."""

    option = "--time-label"
    metavar = "DIR"
    help = "What that program wrote: {start: probability} and three step plots a video."

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        """Return the sink of ``--time-label``.

        Raises:
            OutputError: A file exists or cannot be written.
        """
        folder, stems = Path(given), file_stems(setup.sources)
        endings = [_JSON, *_PLOTS.values()]
        names = [stem + ending for stem in stems for ending in endings]
        files = output_files(folder, names, overwrite=setup.overwrite)
        return cls(files[:: len(endings)], overwrite=setup.overwrite)

    def result(self, result: DetectionResult) -> None:
        from slipdetect.reports.time_label import draw_time_label, time_label

        target = next(self.left)
        with atomic_write(target, overwrite=self.overwrite) as temporary:
            temporary.write_text(time_label(result) + "\n", encoding="utf-8")
        self.written.append(target)
        stem = target.name.removesuffix(_JSON)
        for which, ending in _PLOTS.items():
            plot = target.with_name(stem + ending)
            with atomic_write(plot, overwrite=self.overwrite) as temporary:
                draw_time_label(result, temporary, which)
            self.written.append(plot)
