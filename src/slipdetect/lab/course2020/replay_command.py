"""``slipdetect replay``: the windows, and the files, of the programs of the 2020 course report.

In: videos and a model of an RGB and a flow stream. Out: as of ``detect``, and time labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.detect import HEADINGS, process
from slipdetect.cli.detect_options import DetectSettings
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.typed_options import headed, options_of
from slipdetect.lab.course2020.time_label import TimeLabel
from slipdetect.sinks.registry import SINKS, Kinds

if TYPE_CHECKING:
    from slipdetect.detection import Detector

# as in replay.py, which a page of help must not load
PRESETS = ("course2020", "course2020-v1", "course2020-v0")
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
        from slipdetect.lab.course2020.replay import replay_detector, replay_windows

        return replay_detector(super().load_detector(), replay_windows(self.preset))


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
