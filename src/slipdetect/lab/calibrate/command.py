"""``slipdetect calibrate``: thresholds by a budget of false events, probabilities that hold.

In: a model, and footage without falls, labeled clips or both. Out: a copy of the model, a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.completion import FILE_NAME, MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.cli.sources import footage
from slipdetect.cli.typed_options import FILE, FOLDER, POSITIVE, option, with_settings
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.choose_clips import ALL, choose_datasets, choose_split
from slipdetect.lab.evaluate.options import VIEW, device_option, overwrite_option, refuse
from slipdetect.lab.evaluate.output import check_targets, counted, write_figure
from slipdetect.lab.evaluate.tested_clips import DatasetSettings, clips_seen, named_datasets

if TYPE_CHECKING:
    from slipdetect.lab.calibrate.fitting import Refit
    from slipdetect.lab.calibrate.reliability import Binning
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.predictions import ClipPrediction
    from slipdetect.models import ModelConfig, ModelPackage
    from slipdetect.types import View

_FITTING = ("dataset", "exclude")  # evaluate has these two as well


@dataclass(frozen=True, kw_only=True)
class CalibrateSettings(DatasetSettings):
    """Options of ``calibrate``."""

    negatives: tuple[str, ...] = option(
        multiple=True,
        metavar="FOLDER",
        type=FILE_NAME,
        help="Your own footage in which nobody falls: a folder, a video or a pattern; repeatable.",
    )
    per_day: float | None = option(
        type=POSITIVE, beside=("negatives",), help="False events a day to allow.  [default: 1]"
    )
    per_hour: float | None = option(
        type=POSITIVE, beside=("negatives",), help="False events an hour to allow."
    )
    data: Path | None = option(
        type=FILE,
        metavar="CLIPS.csv",
        help="Labeled clips that the model has not learned from, to fit its probabilities on.",
    )
    split: str | None = option(
        type=click.Choice(["train", "val", "test", "all"]),
        beside=("data",),
        help="Rows of CLIPS.csv to fit on.  [default: val; all where the file has no split]",
    )
    root: Path | None = option(
        type=FOLDER,
        beside=("data",),
        help="Folder of the clips.  [default: that of CLIPS.csv]",
    )
    bins: Binning = option(
        type=click.Choice(["mass", "width"]),
        beside=("data",),
        default="mass",
        help="Bins of the calibration error: as many windows each, or as wide.",
    )
    reliability: Path | None = option(
        type=FILE,
        metavar="FILE.png",
        beside=("data",),
        help="File for a reliability diagram.",
    )
    out: Path = option(type=FOLDER, required=True, help="Folder for the calibrated model.")
    overwrite: bool = overwrite_option("Replace what is there.")
    device: str = device_option()
    view: View = option(**VIEW)

    @property
    def budget(self) -> float:
        """The false events an hour that were asked for.

        Raises:
            UsageError: Options that do not go together.
        """
        daily, hourly = self.per_day, self.per_hour
        if not self.negatives and self.data is None:
            raise UsageError(
                "say what to calibrate on: --negatives FOLDER, --data CLIPS.csv, or both"
            )
        if daily is not None and hourly is not None:
            raise UsageError("--per-day and --per-hour are two budgets; give one")
        return (1.0 if daily is None else daily) / 24 if hourly is None else hourly


@click.command(short_help="Choose thresholds on your own footage; refit probabilities.")
@click.argument("model", metavar="MODEL", type=MODEL_NAME)
@with_settings(CalibrateSettings)
@common_options
@click.pass_context
def calibrate(ctx: click.Context, /, model: str, settings: CalibrateSettings) -> None:
    """Choose a model's thresholds on your own footage, or make its probabilities hold.

    MODEL is 'default' or the folder of a model; a copy with other numbers in its model.json is
    written to --out. With --negatives the smallest threshold is chosen that keeps the budget of
    false events; with --data temperature and bias are refitted. With both, --data comes first.

    \b
    slipdetect calibrate default --negatives recordings/quiet --per-day 1 --out models/kitchen
    slipdetect calibrate runs/x/last --data clips.csv --reliability x.png --out models/x
    """
    from slipdetect.detection.loading import calibrated_view, warn_of_view
    from slipdetect.lab.models.packages import copy_package

    console = ctx.ensure_object(Console)
    per_hour = settings.budget
    if settings.data is None:
        refuse(ctx, _FITTING, "there is no --data")
    package = _package(model, settings)
    if not settings.negatives:  # thresholds stay, or follow those that it had
        warn_of_view(model, package.config, settings.view)
    calibrator = _Calibrator(console, package, settings)
    config, sections, failed = package.config, [], 0
    facts: dict[str, Any] = {}
    if settings.data is not None:
        config, text, lost = calibrator.on_clips(config, facts)
        sections.append(text)
        failed += lost
    if settings.negatives:
        config, text, lost = calibrator.on_footage(config, per_hour, facts)
        sections.append(text)
        failed += lost
    known = config.training.get("calibrated")
    facts = {**(known if isinstance(known, dict) else {}), **facts}
    if "footage" in facts and not settings.negatives:
        console.warn(
            "the thresholds were chosen on footage for the earlier probabilities; choose them "
            "again with --negatives"
        )
    config = replace(config, training={**config.training, "calibrated": facts})
    copy_package(package, settings.out, config, overwrite=settings.overwrite)
    view = " --view above" if calibrated_view(config.training) == "above" else ""
    out = quote(str(settings.out))
    sections.append(f"use it        slipdetect detect VIDEO --model {out}{view}\n")
    console.text("\n".join(sections))
    ctx.exit(SOME_FAILED if failed else 0)


def _package(model: str, settings: CalibrateSettings) -> ModelPackage:
    """Return the model; check everything that can be checked before the work."""
    from slipdetect.detection import model_folder
    from slipdetect.lab.models.packages import check_copy
    from slipdetect.models import load_package

    picture, out = settings.reliability, settings.out
    check_targets({"--reliability": picture}, overwrite=settings.overwrite)
    if picture is not None and picture.resolve() == out.resolve():
        raise UsageError("--out and --reliability name one place; give each its own")
    package = load_package(model_folder(model))
    check_copy(package, out, overwrite=settings.overwrite)
    return package


class _Calibrator:
    """Runs the model over footage and clips."""

    def __init__(
        self, console: Console, package: ModelPackage, settings: CalibrateSettings
    ) -> None:
        from slipdetect.lab.data import Clip

        self._console = console
        self._package = package
        self._settings = settings
        self._clips = [] if settings.data is None else self._chosen_clips(settings.data)
        self._footage = [Clip(path, False, group=str(path)) for path in footage(settings.negatives)]

    def on_clips(self, config: ModelConfig, facts: dict[str, Any]) -> tuple[ModelConfig, str, int]:
        """Fit temperature, bias and presets; return the model, a text and clips left out."""
        from slipdetect.lab.calibrate.fitting import recalibrate
        from slipdetect.lab.calibrate.report import preset_words, refit_text
        from slipdetect.types import Calibration

        # fitted on what the model says without the calibration that it had
        plain = config.with_window_calibration(Calibration())
        predictions = self._predict(plain, self._clips)
        changed, found = recalibrate(config, predictions, self._settings.bins)
        self._draw(found)
        text = refit_text(found, config.window_calibration)
        if any(not item.positive for item in predictions):
            text += f"\npresets       {preset_words(changed.sensitivity)}\n"
        facts["data"] = {
            "clips": len(predictions),
            "groups": found.groups,
            "windows": found.after.count,
            "view": self._settings.view,
            "error_before": found.before.error,
            "error_after": found.after.error,
        }
        return changed, text, len(self._clips) - len(predictions)

    def on_footage(
        self, config: ModelConfig, per_hour: float, facts: dict[str, Any]
    ) -> tuple[ModelConfig, str, int]:
        """Choose thresholds; return the model, a text and the videos left out."""
        from slipdetect.lab.calibrate.report import footage_text, length, rate
        from slipdetect.lab.calibrate.threshold_selection import (
            thresholds_on_footage,
            told_at_once,
        )

        waits = config.events.confirm_down
        if waits:
            self._console.note(
                "events are counted whether or not who falls stays down, which windows do not tell:"
                " with confirm_down there are fewer"
            )
        predictions = self._predict(config, self._footage)
        found = thresholds_on_footage(predictions, per_hour, told_at_once(config.events))
        if not found.enough:
            self._console.warn(
                f"{length(found.after.hours)} of footage cannot show a budget of {rate(per_hour)}: "
                f"that takes {length(found.needed)} without an event; the threshold was raised "
                "where needed, not lowered"
            )
        facts["footage"] = {
            "videos": found.videos,
            "hours": found.after.hours,
            "view": self._settings.view,
            "budget_per_hour": per_hour,
            "false_events": found.after.events,
            "at_most_per_hour": found.after.at_most,
        }
        events = replace(found.after.config, confirm_down=waits)
        changed = replace(config, events=events, sensitivity=found.sensitivity)
        return changed, footage_text(found), len(self._footage) - len(predictions)

    def _predict(self, config: ModelConfig, clips: Sequence[Clip]) -> list[ClipPrediction]:
        """Run the model; a video that cannot be read is warned of and left out."""
        from slipdetect.detection import Detector
        from slipdetect.lab.evaluate.predictions import predict
        from slipdetect.models import ModelPackage

        package = ModelPackage(config, self._package.folder)
        settings = self._settings
        detector = Detector.from_package(package, settings.device, exact=True, view=settings.view)
        root = Path() if self._settings.data is None else self._settings.data.parent
        with counted(self._console, len(clips), "videos") as show:
            found = predict(detector, clips, root, show, sizes=False)
        if not found:
            raise DataError("none of the videos can be read; check the paths")
        return found

    def _chosen_clips(self, file: Path) -> list[Clip]:
        from slipdetect.lab.data import read_annotations

        settings = self._settings
        clips = read_annotations(file, settings.root)
        clips = choose_datasets(clips, settings.dataset, settings.exclude)
        split = settings.split
        if split is None:
            split = "val" if any(clip.split for clip in clips) else ALL
            rows = "all its clips" if split == ALL else "its clips of the split 'val'"
            self._console.note(f"fitting on {file.name!r}, {rows}")
        chosen, _ = choose_split(clips, split)
        learned = clips_seen(self._package.config, "training_data")
        shared = set(learned) & {clip.dataset for clip in chosen}
        if shared and split != "val":
            self._console.warn(
                f"the model was trained on clips of {named_datasets(shared)}; on clips that it has "
                "learned by heart its probabilities are nearer to 0 and 1 than elsewhere, so fit "
                "on others"
            )
        return chosen

    def _draw(self, found: Refit) -> None:
        from slipdetect.lab.calibrate.reliability import reliability_figure

        target, overwrite = self._settings.reliability, self._settings.overwrite
        if target is None:
            return
        parts = {"before": found.before, "after, on groups not fitted on": found.after}
        figure = reliability_figure(parts, self._package.config.name)
        write_figure(self._console, figure, target, overwrite=overwrite)
