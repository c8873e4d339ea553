"""``slipdetect replay``: the windows, and the files, of the programs of the 2020 course report.

In: videos and a model of an RGB and a flow stream. Out: as of ``detect``, and time labels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from slipdetect._io import atomic_write, output_files, write_text
from slipdetect._text import printable, shorten
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.detect import HEADINGS, process
from slipdetect.cli.detect_options import DetectSettings
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.typed_options import headed, options_of
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.registry import SINKS, Kinds
from slipdetect.sinks.sink import PerVideoSink, Setup

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.types import DetectionResult

# as in replay.py, which a page of help must not load
PRESETS = ("course2020", "course2020-v1", "course2020-v0")
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
    from slipdetect.lab.stats.plot import new_figure, save_png
    from slipdetect.reports.colors import color
    from slipdetect.reports.timeline_plot import set_time_axis

    title, stream = _PLOTS[ending]
    values = [each.streams[stream] if stream else each.probability for each in result.windows]
    end = result.windows[-1].end if result.windows else result.duration
    figure = new_figure(9, 3.2, 110)
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
    axes.set_title(name, fontsize="medium", loc="left")
    save_png(figure, target)


_SINKS: Kinds = (TimeLabel, *SINKS)


@dataclass(frozen=True, kw_only=True)
class ReplaySettings(DetectSettings):
    """What ``replay`` takes: what ``detect`` has, with numbers that are those of other programs."""

    exact: bool = True
    store: str | None = None
    join: bool = False
    order: str | None = None
    confirm_down: float | None = None
    zones: str | None = None
    preset: str = headed(
        "Report",
        f"Which of its programs: {', '.join(PRESETS)}.",
        "NAME",
        default=PRESETS[0],
        type=click.Choice(PRESETS),
    )

    def load_detector(self) -> Detector:
        """Load the model, and let it see the windows of the preset."""
        from slipdetect.lab.course2020.replay import SEED_WINDOWS, replay_detector

        return replay_detector(super().load_detector(), SEED_WINDOWS[self.preset])

    def facts(self) -> dict[str, Any]:
        """Return what results depend on besides the model."""
        return {**super().facts(), "preset": self.preset}


@click.command(cls=GroupedCommand)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=FILE_NAME)
@with_options(options_of(ReplaySettings, ("Report", *HEADINGS), _SINKS))
@common_options
@click.pass_context
def replay(ctx: click.Context, /, **options: Any) -> None:
    """Run a program of the 2020 course report on videos.

    Windows of frames are sampled, averaged and fused as there, whatever the rate of a video. The
    model has an RGB and a flow stream and nothing else; slipdetect models import makes it of the
    report's checkpoints. SOURCE is as for slipdetect detect.

    \b
    slipdetect replay kitchen.mp4 --model models/course2020 --time-label labels/
    """
    ctx.exit(process(ctx.ensure_object(Console), ReplaySettings.of(options), _SINKS))
