"""``slipdetect evaluate --level event``: falls found, how late, and how often a model cries wolf.

In: a model or kept predictions, an annotation file. Out: tables, predictions, pictures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import atomic_write, check_writable
from slipdetect.cli.console import Console
from slipdetect.cli.detect_options import event_settings
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.choose_clips import ALL, choose_sources
from slipdetect.lab.evaluate.options import (
    PREDICTIONS_SUFFIX,
    SCORE_SUFFIXES,
    format_of,
    given,
)
from slipdetect.lab.evaluate.tested_clips import Chosen, choose, warn_of_training_data

if TYPE_CHECKING:
    from slipdetect.detection import EventConfig
    from slipdetect.lab.evaluate.predictions import ClipPrediction
    from slipdetect.lab.evaluate.threshold_sweep import Sweep

_FILES = ("out", "predictions", "curves", "mistakes")


def evaluate_events(
    ctx: click.Context, model: str, data: Path | None, options: Mapping[str, Any]
) -> None:
    """Do what the command line asks for.

    Raises:
        UsageError: Options that do not go together.
        OutputError: A file exists already or cannot be written.
    """
    console = ctx.ensure_object(Console)
    if Path(model).suffix.lower() in SCORE_SUFFIXES:
        raise UsageError(f"{model!r} holds scores of whole clips; leave --level event out")
    _check_targets(options)
    if Path(model).suffix.lower() == PREDICTIONS_SUFFIX:
        _check_kept(ctx, data, options)
        predictions, config = _read(Path(model), options)
        facts: dict[str, Any] = {"predictions": Path(model).name}
        _report(console, predictions, config, facts, options["root"], options)
        return
    if data is None:
        raise click.MissingParameter(ctx=ctx, param_hint="DATA.csv", param_type="argument")
    chosen = choose(console, data, options)
    predictions, config, name = _predict(console, model, chosen, options)
    split = {} if chosen.split == ALL else {"split": chosen.split}
    facts = {"data": data.name, **split, "model": name}
    _report(console, predictions, config, facts, chosen.root, options)
    ctx.exit(SOME_FAILED if len(predictions) < len(chosen.clips) else 0)


def _check_targets(options: Mapping[str, Any]) -> None:
    targets = [options[name] for name in _FILES if options[name]]
    if len({target.resolve() for target in targets}) < len(targets):
        raise UsageError(
            "two of --out, --predictions, --curves and --mistakes name one file; give each its own"
        )
    kept = options["predictions"]
    if kept is not None and kept.suffix.lower() != PREDICTIONS_SUFFIX:
        raise UsageError(f"predictions are kept as {PREDICTIONS_SUFFIX}, not {kept.name!r}")
    for target in targets:
        check_writable(target, overwrite=options["overwrite"])


def _check_kept(ctx: click.Context, data: Path | None, options: Mapping[str, Any]) -> None:
    """Refuse what kept predictions make no use of."""
    if data is not None:
        raise UsageError("these predictions have their clips; leave DATA.csv out")
    useless = {"device": "nothing is run", "split": "there is no DATA.csv"}
    if options["mistakes"] is None:
        useless["root"] = "no video is read without --mistakes"
    for name, reason in useless.items():
        if given(ctx, name):
            raise UsageError(f"--{name} is of no use: {reason}; leave it out")
    if options["mistakes"] is not None and options["root"] is None:
        raise UsageError("--mistakes shows the videos; name their folder with --root")


def _read(
    file: Path, options: Mapping[str, Any]
) -> tuple[list[ClipPrediction], EventConfig | None]:
    """Return kept predictions and the thresholds of their events, None if they are not known."""
    from slipdetect.detection import EventConfig
    from slipdetect.lab.evaluate.predictions import read_predictions

    if not file.is_file():
        raise DataError(f"there are no predictions {str(file)!r}; check the path")
    kept = read_predictions(file)
    if not kept:
        raise DataError(f"{str(file)!r} holds no predictions; run the model once more")
    kept = choose_sources(kept, options["only"], options["exclude"])
    configs = {item.config for item in kept}
    common = configs.pop() if len(configs) == 1 else None
    changes = event_settings(options)
    if all(value is None for value in changes.values()):
        return kept, common
    config = (EventConfig() if common is None else common).updated(changes)
    return [item.at(config) for item in kept], config


def _predict(
    console: Console, model: str, chosen: Chosen, options: Mapping[str, Any]
) -> tuple[list[ClipPrediction], EventConfig, str]:
    """Run the model over the clips; return what it found, its thresholds and its name."""
    from slipdetect.detection import Detector
    from slipdetect.lab.evaluate.predictions import predict

    detector = Detector.load(model, options["device"], event_settings(options), exact=True)
    warn_of_training_data(console, detector.config, chosen, bundled=model == "default")
    console.note(f"looking for events in {len(chosen.clips)} clips on {detector.device}")
    with console.bar(len(chosen.clips)) as bar:

        def show(done: int, total: int) -> None:
            bar.show(done, f"{done}/{total} clips", now=done == total)

        bar.show(0, f"0/{len(chosen.clips)} clips", now=True)
        predictions = list(predict(detector, chosen.clips, chosen.root, show))
    if not predictions:
        raise DataError("none of the clips can be read; check the paths in the annotation file")
    return predictions, detector.event_config, detector.config.name


def _report(
    console: Console,
    predictions: Sequence[ClipPrediction],
    config: EventConfig | None,
    facts: dict[str, Any],
    root: Path | None,
    options: Mapping[str, Any],
) -> None:
    """Write everything that was asked for; the predictions first, for they took longest."""
    from slipdetect.lab.evaluate.event_evaluation import evaluate_events as evaluated
    from slipdetect.lab.evaluate.predictions import write_predictions

    out, overwrite = options["out"], options["overwrite"]
    if options["predictions"] is not None:
        write_predictions(predictions, options["predictions"])
        console.note(f"wrote {str(options['predictions'])!r}")
    if config is not None:
        facts["thresholds"] = asdict(config)
    sweep = None if options["curves"] is None else _sweep(predictions, config)
    form = options["format"] or format_of(out)
    text = _text(evaluated(predictions, facts), form)
    with console.output(out, overwrite=overwrite) as write:
        (console.text if out is None and form == "table" else write)(text)
    if out is not None:
        console.note(f"wrote {str(out)!r}")
    title = str(facts.get("model") or facts.get("predictions"))
    if sweep is not None:
        _draw_curves(sweep, title, options["curves"], overwrite)
        console.note(f"wrote {str(options['curves'])!r}")
    if options["mistakes"] is not None and root is not None:
        _draw_mistakes(predictions, root, title, options["mistakes"], overwrite)
        console.note(f"wrote {str(options['mistakes'])!r}")


def _text(evaluation: Any, form: str) -> str:
    from slipdetect.lab.evaluate.reports.event_data import event_data
    from slipdetect.lab.evaluate.reports.event_test_table import event_markdown, event_test_table

    if form == "json":
        return json.dumps(event_data(evaluation), ensure_ascii=False, allow_nan=False) + "\n"
    return event_markdown(evaluation) if form == "markdown" else event_test_table(evaluation)


def _sweep(predictions: Sequence[ClipPrediction], config: EventConfig | None) -> Sweep:
    from slipdetect.detection import EventConfig
    from slipdetect.lab.evaluate.threshold_sweep import sweep_onset

    return sweep_onset(predictions, EventConfig() if config is None else config)


def _draw_curves(sweep: Sweep, title: str, target: Path, overwrite: bool) -> None:
    from slipdetect.lab.evaluate.reports.event_curves import draw_event_curves

    with atomic_write(target, overwrite=overwrite) as temporary:
        draw_event_curves(sweep, temporary, title)


def _draw_mistakes(
    predictions: Sequence[ClipPrediction], root: Path, title: str, target: Path, overwrite: bool
) -> None:
    from slipdetect.lab.evaluate.mistakes import with_pictures, worst_mistakes
    from slipdetect.lab.evaluate.reports.mistake_sheet import MOST_ROWS, draw_mistakes

    false, missed = worst_mistakes(predictions, MOST_ROWS // 2)
    shown = [with_pictures(mistake, root) for mistake in (*false, *missed)]
    with atomic_write(target, overwrite=overwrite) as temporary:
        draw_mistakes(shown, title, temporary)
