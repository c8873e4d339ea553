"""``slipdetect evaluate events``: falls found, how late, and how many events are false.

In: a model or kept predictions, an annotation file. Out: tables, predictions, pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import file_sha256
from slipdetect.cli.completion import MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import EVENT_OPTIONS, event_settings
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.typed_options import FILE, option, with_settings
from slipdetect.cli.worker_options import ResumableSettings, result_facts
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.choose_clips import choose_datasets
from slipdetect.lab.evaluate.options import (
    MANY_OPTIONS,
    PREDICTIONS_SUFFIX,
    SCORE_SUFFIX,
    VIEW,
    ReportSettings,
    device_option,
    overwrite_option,
    refuse,
)
from slipdetect.lab.evaluate.output import (
    check_suffix,
    check_targets,
    counted,
    write_figure,
    write_report,
)
from slipdetect.lab.evaluate.tested_clips import (
    TestedClips,
    TestedSettings,
    choose,
    warn_of_training_data,
)
from slipdetect.types.export import built, plain
from slipdetect.workers import open_backend

if TYPE_CHECKING:
    from slipdetect.detection import Detector, EventConfig
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.predictions import ClipPrediction
    from slipdetect.types import View
    from slipdetect.workers import Link

Thresholds = dict[str, float | None]  # of EventConfig; None leaves that of the model


@dataclass(frozen=True, kw_only=True)
class EventsSettings(ReportSettings, TestedSettings, ResumableSettings):
    """Options of ``evaluate events``."""

    device: str = device_option()
    view: View = option(**VIEW)
    predictions: Path | None = option(type=FILE, help="File to keep what was found in, .jsonl.")
    curves: Path | None = option(
        type=FILE, help="File for a picture of what other thresholds give."
    )
    mistakes: Path | None = option(type=FILE, help="File for pictures of the worst mistakes.")
    overwrite: bool = overwrite_option()


@click.command()
@click.argument("model", metavar="MODEL", type=MODEL_NAME)
@click.argument("data", metavar="[DATA.csv]", required=False, type=FILE)
@with_settings(EventsSettings)
@with_options(EVENT_OPTIONS)
@common_options
@click.pass_context
def events(
    ctx: click.Context,
    /,
    model: str,
    data: Path | None,
    settings: EventsSettings,
    **thresholds: float | None,
) -> None:
    """Measure falls found, how late, and false events.

    The model runs as detect does. MODEL is 'default', the folder of a model, or a file of
    --predictions; then nothing is run. DATA.csv is as for train: a row a clip with path and label
    and, where known, event times, group, dataset and split.

    \b
    slipdetect evaluate events default clips.csv --predictions x.jsonl --curves x.png
    slipdetect evaluate events x.jsonl --onset 0.4
    """
    console = ctx.ensure_object(Console)
    changes = event_settings(thresholds)
    suffix = Path(model).suffix.lower()
    if suffix == SCORE_SUFFIX:
        raise UsageError(f"{model!r} holds scores of whole clips; use slipdetect evaluate clips")
    check_targets(
        {
            "--out": settings.out,
            "--predictions": settings.predictions,
            "--curves": settings.curves,
            "--mistakes": settings.mistakes,
        },
        overwrite=settings.overwrite,
    )
    check_suffix("--predictions", settings.predictions, PREDICTIONS_SUFFIX)
    if suffix == PREDICTIONS_SUFFIX:
        _check_kept(ctx, data, settings)
        predictions, config = _read(Path(model), settings, changes)
        facts: dict[str, Any] = {"predictions": Path(model).name}
        _report(console, predictions, config, facts, settings.root, settings)
        return
    if data is None:
        raise click.MissingParameter(ctx=ctx, param_hint="DATA.csv", param_type="argument")
    tested = choose(console, data, settings)
    predictions, config, name = _predict(console, model, tested, settings, changes)
    facts = {**tested.facts, "model": name}
    _report(console, predictions, config, facts, tested.root, settings)
    ctx.exit(SOME_FAILED if len(predictions) < len(tested.clips) else 0)


def _check_kept(ctx: click.Context, data: Path | None, settings: EventsSettings) -> None:
    """Refuse what has no effect on kept predictions."""
    if data is not None:
        raise UsageError("these predictions have their clips; leave DATA.csv out")
    refuse(ctx, ["device", "view", *MANY_OPTIONS], "nothing is run")
    refuse(ctx, ["split"], "there is no DATA.csv")
    if settings.mistakes is None:
        refuse(ctx, ["root"], "no video is read without --mistakes")
    elif settings.root is None:
        raise UsageError("--mistakes shows the videos; name their folder with --root")


def _read(
    file: Path, settings: EventsSettings, changes: Thresholds
) -> tuple[list[ClipPrediction], EventConfig | None]:
    """Return kept predictions and the thresholds of their events, None if they are not known."""
    from slipdetect.detection import EventConfig
    from slipdetect.lab.evaluate.predictions import read_predictions

    if not file.is_file():
        raise DataError(f"there are no predictions {str(file)!r}; check the path")
    kept = read_predictions(file)
    if not kept:
        raise DataError(f"{str(file)!r} holds no predictions; run the model once more")
    kept = choose_datasets(kept, settings.dataset, settings.exclude)
    configs = {item.config for item in kept}
    common = configs.pop() if len(configs) == 1 else None
    if all(value is None for value in changes.values()):
        return kept, common
    config = (EventConfig() if common is None else common).updated(changes)
    return [item.at(config) for item in kept], config


@dataclass(frozen=True)
class Predicting:
    """Loads the model in a worker."""

    model: str  # its folder, or ``default``
    device: str  # where it computes
    changes: Thresholds  # thresholds that are not the model's
    root: Path  # folder that names of clips begin at
    view: View  # how the cameras look at people

    def load(self) -> Detector:
        """Return the model."""
        from slipdetect.detection import Detector

        return Detector.load(self.model, self.device, self.changes, exact=True, view=self.view)

    def __call__(self) -> Callable[[Clip, Link], ClipPrediction]:
        from slipdetect.lab.evaluate.predictions import predict_one

        detector = self.load()
        return lambda clip, link: predict_one(detector, clip, self.root)


def _predict(
    console: Console,
    model: str,
    tested: TestedClips,
    settings: EventsSettings,
    changes: Thresholds,
) -> tuple[list[ClipPrediction], EventConfig, str]:
    """Run the model over the clips; return what it found, its thresholds and its name."""
    from slipdetect.lab.evaluate.each_clip import each_clip
    from slipdetect.lab.evaluate.predictions import ClipPrediction, predict_one
    from slipdetect.workers.manifest import Manifest

    total = len(tested.clips)
    backend = open_backend(settings.on, settings.jobs, total, settings.device)
    make = Predicting(model, settings.device, changes, tested.root, settings.view)
    # what computes elsewhere need not be there here
    detector = (make if settings.on is None else replace(make, device="cpu")).load()
    if settings.curves is not None and detector.event_config.confirm_down:
        raise UsageError(
            "--curves tries other thresholds on windows, which know of no people, and this model "
            "asks who stays down (confirm_down); leave --curves out, or make that 0"
        )
    if settings.curves is not None and not any(clip.timed for clip in tested.clips):
        raise DataError("no clip has event times, so that there is no curve to draw")
    warn_of_training_data(console, detector.config, tested, bundled=model == "default")
    console.note(f"detecting events in {total} clips on {settings.on or detector.device}")
    with ExitStack() as stack:
        kept = None
        if settings.resume is not None:
            facts = {**result_facts(detector), "annotations": file_sha256(tested.file)}
            manifest = Manifest(Path(settings.resume), facts, plain, partial(built, ClipPrediction))
            kept = stack.enter_context(manifest)
        show = stack.enter_context(counted(console, total, "clips"))
        found = each_clip(
            tested.clips,
            lambda clip: predict_one(detector, clip, tested.root),
            show,
            backend=backend,
            make=make,
            kept=kept,
        )
    predictions = [item for item in found if item is not None]
    if not predictions:
        raise DataError("none of the clips can be read; check the paths in the annotation file")
    return predictions, detector.event_config, detector.config.name


def _report(
    console: Console,
    predictions: Sequence[ClipPrediction],
    config: EventConfig | None,
    facts: dict[str, Any],
    root: Path | None,
    settings: EventsSettings,
) -> None:
    """Write everything that was asked for; the predictions first, for they took longest."""
    from slipdetect.detection import EventConfig
    from slipdetect.lab.evaluate.event_report import evaluate_events
    from slipdetect.lab.evaluate.event_tables import event_data, event_page
    from slipdetect.lab.evaluate.predictions import write_predictions

    overwrite = settings.overwrite
    if settings.predictions is not None:
        write_predictions(predictions, settings.predictions, overwrite=overwrite)
        console.note(f"wrote {str(settings.predictions)!r}")
    views = {item.view for item in predictions}
    if views != {"level"}:
        facts["view"] = " and ".join(sorted(views))
    if config is not None:
        facts["thresholds"] = asdict(config)
    sweep = None
    if settings.curves is not None:
        from slipdetect.lab.evaluate.event_curves import event_curves_figure, sweep_onset

        sweep = sweep_onset(predictions, EventConfig() if config is None else config)
    evaluation = evaluate_events(predictions, facts)
    page, data = event_page(evaluation), event_data(evaluation)
    write_report(console, page, data, settings.format, settings.out, overwrite=overwrite)
    title = str(facts.get("model") or facts.get("predictions"))
    if sweep is not None and settings.curves is not None:
        curves = event_curves_figure(sweep, title)
        write_figure(console, curves, settings.curves, overwrite=overwrite)
    if settings.mistakes is not None and root is not None:
        from slipdetect.lab.evaluate.mistakes import mistakes_sheet

        sheet = mistakes_sheet(predictions, root, title)
        write_figure(console, sheet, settings.mistakes, overwrite=overwrite)
