"""The files of ``replay --time-label``: JSON and step plots, named as by the report's programs.

In: results by one of the report's schedules. Out: a JSON and three PNGs a video.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipdetect._io import atomic_write, output_files, write_text
from slipdetect._text import printable, shorten
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.sink import PerVideoSink, Setup

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

_JSON = "_timelabel.json"
# by the ending of a plot: its title, and the stream that it shows (None: both, fused)
_PLOTS = {
    "_timelabel.png": ("RGB and flow", None),
    "_timelabel_rgb.png": ("RGB alone", "rgb"),
    "_timelabel_opf.png": ("flow alone", "flow"),
}


class TimeLabel(PerVideoSink):
    """``{"0.0": 0.0096, "0.333": 0.4956}``: probabilities by the start of windows; and plots."""

    option = "--time-label"
    metavar = "DIR"
    completed = "dir"
    help = "What that program wrote: {start: probability} and three step plots a video."

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        endings = [_JSON, *_PLOTS]
        names = [stem + ending for stem in file_stems(setup.sources) for ending in endings]
        files = output_files(Path(given), names, overwrite=setup.overwrite)
        return cls(files[:: len(endings)], overwrite=setup.overwrite)

    def result(self, result: DetectionResult) -> None:
        target = next(self.left)
        label = {str(round(each.start, 3)): each.probability for each in result.windows}
        write_text(target, json.dumps(label, allow_nan=False) + "\n", overwrite=self.overwrite)
        self.written.append(target)
        for ending in _PLOTS:
            plot = target.with_name(target.name.removesuffix(_JSON) + ending)
            with atomic_write(plot, overwrite=self.overwrite) as temporary:
                _draw(result, temporary, ending)
            self.written.append(plot)


def _draw(result: DetectionResult, target: Path, ending: str) -> None:
    """Write a step plot: a window's probability holds from its start to the next one's."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from slipdetect.reports.colors import color
    from slipdetect.reports.timeline_plot import set_time_axis

    title, stream = _PLOTS[ending]
    values = [each.streams[stream] if stream else each.probability for each in result.windows]
    end = result.windows[-1].end if result.windows else result.duration
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.step(
        [*(each.start for each in result.windows), end],
        [*values, *values[-1:]],
        where="post",
        color=color(list(_PLOTS).index(ending)),
    )
    axes.set_ylim(-0.03, 1.03)
    axes.grid(alpha=0.3)
    set_time_axis(axes, max(end, result.duration))
    axes.set_ylabel("probability of a slip")
    name = f"{shorten(printable(result.source), 60)}: {title}"
    axes.set_title(name, fontsize="medium", loc="left", parse_math=False)
    figure.savefig(target, dpi=110, format="png")
