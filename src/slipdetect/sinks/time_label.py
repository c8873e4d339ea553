"""The files of ``--time-label``, as the seed report's programs named them: JSON and step plots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipdetect._io import atomic_write, output_files
from slipdetect.errors import UsageError
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.per_video import PerVideoSink
from slipdetect.sinks.sink import Setup

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

_JSON = "_timelabel.json"
_PLOTS = {"fused": "_timelabel.png", "rgb": "_timelabel_rgb.png", "opf": "_timelabel_opf.png"}


class TimeLabel(PerVideoSink):
    """A JSON and three step plots of each video, by one of the report's schedules."""

    @classmethod
    def chosen(cls, setup: Setup) -> Self | None:
        """Return the sink if ``--time-label`` is given.

        Raises:
            UsageError: There is no preset whose windows the files would hold.
            OutputError: A file exists or cannot be written.
        """
        if setup.options["time_label"] is None:
            return None
        if setup.options["preset"] is None:
            raise UsageError("--time-label is for --preset seed, seed-v1 or seed-v0; give one")
        folder, stems = Path(setup.options["time_label"]), file_stems(setup.sources)
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
