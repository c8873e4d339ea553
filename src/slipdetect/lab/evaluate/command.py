"""``slipdetect evaluate``: how good a model is on annotated clips.

In: a model or kept scores, an annotation file. Out: tables, scores, a picture, and an exit code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import atomic_write, check_writable
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.evaluate.options import (
    EVALUATE_OPTIONS,
    EVENT,
    PREDICTIONS_SUFFIX,
    SCORE_SUFFIXES,
    check_level,
    check_together,
    format_of,
)
from slipdetect.lab.evaluate.tested_clips import Chosen, choose, warn_of_training_data

if TYPE_CHECKING:
    from slipdetect.lab.evaluate.clip_evaluation import ClipEvaluation
    from slipdetect.lab.evaluate.scores import ClipScores


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument(
    "data", metavar="[DATA.csv]", required=False, type=click.Path(path_type=Path, dir_okay=False)
)
@with_options(EVALUATE_OPTIONS)
@common_options
@click.pass_context
def evaluate(ctx: click.Context, /, model: str, data: Path | None, **options: Any) -> None:
    """Tell how good a model is on annotated clips, with intervals.

    MODEL is 'default', the folder of a model, or scores that were kept by --scores; then nothing is
    run. DATA.csv is as for train: a row a clip with path and label and, where known, group, dataset
    and split.

    \b
    slipdetect evaluate runs/x/best clips.csv --scores x.npz --confusion x.png
    slipdetect evaluate runs/x/best clips.csv --protocol 25x10
    slipdetect evaluate x.npz --fusion rgb=1,flow=1.5

    With --level event the model runs as detect does, and falls found, delays and false events an
    hour are told; MODEL may then be predictions that were kept.

    \b
    slipdetect evaluate default clips.csv --level event --predictions x.jsonl --curves x.png
    slipdetect evaluate x.jsonl --level event --onset 0.4
    """
    console = ctx.ensure_object(Console)
    check_level(ctx, options["level"])
    if options["level"] == EVENT:
        from slipdetect.lab.evaluate.events_command import evaluate_events

        evaluate_events(ctx, model, data, options)
        return
    if Path(model).suffix.lower() == PREDICTIONS_SUFFIX:
        raise UsageError(f"{model!r} holds predictions of events; add --level event")
    kept = Path(model) if Path(model).suffix.lower() in SCORE_SUFFIXES else None
    _check_targets(options)
    if kept is not None:
        _report(console, _read(ctx, kept, data), options)
        return
    if data is None:
        raise click.MissingParameter(ctx=ctx, param_hint="DATA.csv", param_type="argument")
    check_together(ctx, data=True, kept=False)
    chosen = choose(console, data, options)
    scores = _score(console, model, chosen, options)
    _report(console, scores, options)
    ctx.exit(SOME_FAILED if len(scores.clips) < len(chosen.clips) else 0)


def _check_targets(options: dict[str, Any]) -> None:
    """Fail before the work if a result could not be written.

    Raises:
        OutputError: A file exists already or its folder is not there.
        UsageError: Two results are to go into one file, or scores into one that is not read back.
    """
    targets = [options[name] for name in ("out", "scores", "confusion") if options[name]]
    if len(set(targets)) < len(targets):
        raise UsageError("--out, --scores and --confusion name one file; give each its own")
    if options["scores"] is not None and options["scores"].suffix.lower() != ".npz":
        raise UsageError(f"scores are kept as .npz, not {options['scores'].name!r}")
    for target in targets:
        check_writable(target, overwrite=options["overwrite"])


def _score(console: Console, model: str, chosen: Chosen, options: dict[str, Any]) -> ClipScores:
    """Run the model over the clips."""
    from slipdetect.detection import model_folder, resolve_device
    from slipdetect.lab.evaluate.clip_scoring import score_clips
    from slipdetect.lab.evaluate.protocol import Protocol, default_protocol
    from slipdetect.models import load_package
    from slipdetect.store import VideoStore

    text = options["protocol"]
    asked = None if text is None else Protocol.parse(text)
    package = load_package(model_folder(model))
    protocol = default_protocol(package.config) if asked is None else asked
    device = resolve_device(options["device"])
    store = None if options["store"] is None else VideoStore(options["store"])
    warn_of_training_data(console, package.config, chosen, bundled=model == "default")
    views = "" if protocol.views is None else f" ({protocol.views} views of each)"
    console.note(f"scoring {len(chosen.clips)} clips on {device}, protocol {protocol}{views}")
    with console.bar(len(chosen.clips)) as bar:

        def show(done: int, total: int) -> None:
            bar.show(done, f"{done}/{total} clips", now=done == total)

        bar.show(0, f"0/{len(chosen.clips)} clips", now=True)
        scores = score_clips(
            package,
            chosen.clips,
            options["cache"],
            protocol,
            device=options["device"],
            root=chosen.root,
            store=store,
            on_clip=show,
        )
    return chosen.noted(scores)


def _read(ctx: click.Context, kept: Path, data: Path | None) -> ClipScores:
    """Read scores that were kept."""
    from slipdetect.lab.evaluate.scores import read_scores

    if not kept.is_file():
        raise DataError(f"there are no scores {str(kept)!r}; check the path")
    check_together(ctx, data=data is not None, kept=True)
    return read_scores(kept)


def _report(console: Console, scores: ClipScores, options: dict[str, Any]) -> None:
    """Write everything that was asked for; the scores first, for they took longest."""
    from slipdetect.lab.evaluate.clip_evaluation import evaluate_scores
    from slipdetect.lab.evaluate.scores import write_scores

    overwrite = options["overwrite"]
    if options["scores"] is not None:
        write_scores(scores, options["scores"], overwrite=overwrite)
        console.note(f"wrote {str(options['scores'])!r}")
    evaluation = evaluate_scores(scores, options["fusion"])
    out = options["out"]
    form = options["format"] or format_of(out)
    text = _text(evaluation, form)
    with console.output(out, overwrite=overwrite) as write:
        (console.text if out is None and form == "table" else write)(text)
    if out is not None:
        console.note(f"wrote {str(out)!r}")
    if options["confusion"] is not None:
        _draw(evaluation, options["confusion"], overwrite)
        console.note(f"wrote {str(options['confusion'])!r}")


def _text(evaluation: ClipEvaluation, form: str) -> str:
    from slipdetect.lab.evaluate.reports.clip_table import clip_data, clip_markdown, clip_table

    if form == "json":
        return json.dumps(clip_data(evaluation), ensure_ascii=False, allow_nan=False) + "\n"
    return clip_markdown(evaluation) if form == "markdown" else clip_table(evaluation)


def _draw(evaluation: ClipEvaluation, target: Path, overwrite: bool) -> None:
    """Write the picture of the model's own word."""
    from slipdetect.lab.evaluate.reports.confusion_plot import draw_confusion

    main, model = evaluation.main, evaluation.facts.get("model", "")
    title = f"{model}, {main.name}" if model else main.name
    with atomic_write(target, overwrite=overwrite) as temporary:
        draw_confusion(main, temporary, title)
