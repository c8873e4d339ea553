"""``slipdetect calibrate``: thresholds by a budget of false events, probabilities that hold.

In: a model, and footage without falls, labeled clips or both. Out: a copy of the model, a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import atomic_write, check_writable
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.sources import footage
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.calibrate.options import CALIBRATE_OPTIONS, budget
from slipdetect.lab.data.choose_clips import ALL, choose_sources, choose_split

if TYPE_CHECKING:
    from slipdetect.lab.calibrate.refitting import Refit
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.predictions import ClipPrediction
    from slipdetect.models import ModelConfig, ModelPackage


@click.command(short_help="Choose thresholds on your own footage; refit probabilities.")
@click.argument("model", metavar="MODEL")
@with_options(CALIBRATE_OPTIONS)
@common_options
@click.pass_context
def calibrate(ctx: click.Context, /, model: str, **options: Any) -> None:
    """Choose a model's thresholds on your own footage, or make its probabilities hold.

    MODEL is 'default' or the folder of a model; a copy with other numbers in its model.json is
    written to --out. With --normal the smallest threshold is chosen that keeps the budget of false
    events; with --data temperature and bias are fitted anew. With both, --data comes first.

    \b
    slipdetect calibrate default --normal recordings/quiet --per-day 1 --out models/kitchen
    slipdetect calibrate runs/x/last --data clips.csv --reliability x.png --out models/x
    """
    console = ctx.ensure_object(Console)
    per_hour = budget(ctx, options)
    package, bench = _prepare(console, model, options)
    config, sections, failed = package.config, [], 0
    facts: dict[str, Any] = {}
    if options["data"] is not None:
        config, text, lost = bench.on_clips(config, facts)
        sections.append(text)
        failed += lost
    if options["normal"]:
        config, text, lost = bench.on_footage(config, per_hour, facts)
        sections.append(text)
        failed += lost
    known = config.training.get("calibrated")
    facts = {**(known if isinstance(known, dict) else {}), **facts}
    if "footage" in facts and not options["normal"]:
        console.warn(
            "the thresholds were chosen on footage for the earlier probabilities; choose them "
            "again with --normal"
        )
    _write(package, replace(config, training={**config.training, "calibrated": facts}), options)
    sections.append(f"use it        slipdetect detect VIDEO --model {options['out']}\n")
    console.text("\n".join(sections))
    ctx.exit(SOME_FAILED if failed else 0)


def _prepare(console: Console, model: str, options: dict[str, Any]) -> tuple[ModelPackage, _Bench]:
    """Check everything that can be checked before the work."""
    from slipdetect.detection import model_folder
    from slipdetect.lab.models.packages import check_copy
    from slipdetect.models import load_package

    picture, overwrite = options["reliability"], options["overwrite"]
    if picture is not None:
        check_writable(picture, overwrite=overwrite)
        if picture.absolute() == options["out"].absolute():
            raise UsageError("--out and --reliability name one place; give each its own")
    package = load_package(model_folder(model))
    check_copy(package, options["out"], overwrite=overwrite)
    return package, _Bench(console, package, options)


def _write(package: ModelPackage, config: ModelConfig, options: dict[str, Any]) -> None:
    from slipdetect.lab.models.packages import copy_package

    copy_package(package, options["out"], config, overwrite=options["overwrite"])


class _Bench:
    """Runs the model over footage and clips.

    Args:
        console: Where warnings and progress go.
        package: The model.
        options: Of the command.
    """

    def __init__(self, console: Console, package: ModelPackage, options: dict[str, Any]) -> None:
        self._console = console
        self._package = package
        self._options = options
        self._clips = [] if options["data"] is None else self._chosen_clips()
        self._footage = self._chosen_footage()

    def on_clips(self, config: ModelConfig, facts: dict[str, Any]) -> tuple[ModelConfig, str, int]:
        """Fit temperature, bias and presets; return the model, a text and clips left out."""
        from slipdetect.lab.calibrate.calibration_text import preset_words, refit_text
        from slipdetect.lab.calibrate.recalibrating import recalibrate, without_calibration

        predictions = self._predict(without_calibration(config), self._clips)
        changed, found = recalibrate(config, predictions, self._options["bins"])
        self._draw(found)
        text = refit_text(found, config.calibration)
        if any(not item.positive for item in predictions):
            text += f"\npresets       {preset_words(changed.sensitivity)}\n"
        facts["data"] = {
            "clips": len(predictions),
            "groups": found.groups,
            "windows": found.after.count,
            "error_before": found.before.error,
            "error_after": found.after.error,
        }
        return changed, text, len(self._clips) - len(predictions)

    def on_footage(
        self, config: ModelConfig, per_hour: float, facts: dict[str, Any]
    ) -> tuple[ModelConfig, str, int]:
        """Choose thresholds; return the model, a text and the videos left out."""
        from slipdetect.lab.calibrate.calibration_text import footage_text, length, rate
        from slipdetect.lab.calibrate.own_footage import thresholds_on_footage

        predictions = self._predict(config, self._footage)
        found = thresholds_on_footage(predictions, per_hour, config.events)
        if not found.enough:
            self._console.warn(
                f"{length(found.after.hours)} of footage cannot show a budget of {rate(per_hour)}: "
                f"that takes {length(found.needed)} without an event; the threshold was raised "
                "where needed, not lowered"
            )
        facts["footage"] = {
            "videos": found.videos,
            "hours": found.after.hours,
            "budget_per_hour": per_hour,
            "false_events": found.after.events,
            "at_most_per_hour": found.after.at_most,
        }
        changed = replace(config, events=found.after.config, sensitivity=found.sensitivity)
        return changed, footage_text(found), len(self._footage) - len(predictions)

    def _predict(self, config: ModelConfig, clips: Sequence[Clip]) -> list[ClipPrediction]:
        """Run the model; a video that cannot be read is warned of and left out."""
        from slipdetect.detection import Detector
        from slipdetect.lab.evaluate.predictions import predict
        from slipdetect.models import ModelPackage

        package = ModelPackage(config, self._package.folder)
        detector = Detector.from_package(package, self._options["device"], exact=True)
        root = Path() if self._options["data"] is None else self._options["data"].parent
        with self._console.bar(len(clips)) as bar:

            def show(done: int, total: int) -> None:
                bar.show(done, f"{done}/{total} videos", now=done == total)

            bar.show(0, f"0/{len(clips)} videos", now=True)
            found = list(predict(detector, clips, root, show, sizes=False))
        if not found:
            raise DataError("none of the videos can be read; check the paths")
        return found

    def _chosen_clips(self) -> list[Clip]:
        from slipdetect.lab.data import read_annotations

        options, file = self._options, self._options["data"]
        clips = read_annotations(file, options["root"])
        clips = choose_sources(clips, options["only"], options["exclude"])
        split = options["split"]
        if split is None:
            split = "val" if any(clip.split for clip in clips) else ALL
            rows = "all its clips" if split == ALL else "its clips of the split 'val'"
            self._console.note(f"fitting on {file.name!r}, {rows}")
        chosen, _ = choose_split(clips, split)
        seen = self._package.config.training.get("training_data")
        learned = {str(part.get("source")) for part in seen or [] if isinstance(part, dict)}
        shared = sorted(learned & {clip.source for clip in chosen})
        if shared and split != "val":
            self._console.warn(
                f"the model was trained on clips of {', '.join(shared)}; on clips that it has "
                "learned by heart it is surer than elsewhere, so fit on others"
            )
        return chosen

    def _chosen_footage(self) -> list[Clip]:
        from slipdetect.lab.data import Clip

        return [Clip(path, False, group=str(path)) for path in footage(self._options["normal"])]

    def _draw(self, found: Refit) -> None:
        from slipdetect.lab.evaluate.reports.reliability_plot import draw_reliability

        target = self._options["reliability"]
        if target is None:
            return
        parts = {"before": found.before, "after, on groups not fitted on": found.after}
        with atomic_write(target, overwrite=self._options["overwrite"]) as temporary:
            draw_reliability(parts, temporary, self._package.config.name)
        self._console.note(f"wrote {str(target)!r}")
