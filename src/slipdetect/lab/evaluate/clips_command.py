"""``slipdetect evaluate clips``: how well a model tells clips with a slip from others.

In: a model or kept scores, an annotation file. Out: tables, scores, a picture, and an exit code.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.completion import MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FILE, FOLDER, option, with_settings
from slipdetect.cli.worker_options import ResumableSettings, package_facts
from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.options import (
    MANY_OPTIONS,
    PREDICTIONS_SUFFIX,
    SCORE_SUFFIX,
    FusionWeights,
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
from slipdetect.workers import open_backend

if TYPE_CHECKING:
    from slipdetect.detection.schedule import Scores
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.protocol import Protocol
    from slipdetect.lab.evaluate.scores import ClipScores
    from slipdetect.models import ModelPackage
    from slipdetect.workers import Link

_CONVERT = "convert them first: slipdetect convert-scores"

_RUNNING = ("protocol", "cache", "store", "device", "split", "dataset", "exclude", "root")

_OLD_SUFFIXES = (".pickle", ".pkl")


@dataclass(frozen=True, kw_only=True)
class ClipSettings(ReportSettings, TestedSettings, ResumableSettings):
    """Options of ``evaluate clips``."""

    protocol: str | None = option(
        metavar="SxC",
        help="Segments by crops (1, 2, 5 or 10), such as 25x10, or 'windows'.  [default: windows; "
        "25x1 for models trained on whole clips]",
    )
    cache: Path | None = option(
        type=FOLDER, help="Folder for decoded frames, to be used again.  [default: none is kept]"
    )
    store: Path | None = option(
        type=FOLDER, help="Folder of slipdetect extract to take frames and flow from."
    )
    device: str = device_option()
    fusion: dict[str, float] | None = option(
        type=FusionWeights(),
        help="Weights to fuse by, such as rgb=1,flow=1.5.  [default: the model's own]",
    )
    scores: Path | None = option(type=FILE, help="File to keep the scores in, .npz.")
    confusion: Path | None = option(
        type=FILE, help="File for a picture of what was taken for what."
    )
    overwrite: bool = overwrite_option()


@click.command()
@click.argument("model", metavar="MODEL", type=MODEL_NAME)
@click.argument("data", metavar="[DATA.csv]", required=False, type=FILE)
@with_settings(ClipSettings)
@common_options
@click.pass_context
def clips(ctx: click.Context, /, model: str, data: Path | None, settings: ClipSettings) -> None:
    """Measure how well clips with a slip are told from others.

    MODEL is 'default', the folder of a model, or a file of --scores; then nothing is run. DATA.csv
    is as for train: a row a clip with path and label and, where known, group, dataset and split.

    \b
    slipdetect evaluate clips runs/x/best clips.csv --scores x.npz --confusion x.png
    slipdetect evaluate clips runs/x/best clips.csv --protocol 25x10
    slipdetect evaluate clips x.npz --fusion rgb=1,flow=1.5
    """
    console = ctx.ensure_object(Console)
    suffix = Path(model).suffix.lower()
    if suffix == PREDICTIONS_SUFFIX:
        raise UsageError(f"{model!r} holds predictions of events; use slipdetect evaluate events")
    if suffix in _OLD_SUFFIXES:
        raise UsageError(f"{model!r} holds scores of another program; {_CONVERT}")
    targets = {"--out": settings.out, "--scores": settings.scores}
    check_targets({**targets, "--confusion": settings.confusion}, overwrite=settings.overwrite)
    check_suffix("--scores", settings.scores, SCORE_SUFFIX)
    if suffix == SCORE_SUFFIX:
        if data is not None:
            raise UsageError("these scores have their clips; leave DATA.csv out")
        refuse(ctx, (*_RUNNING, *MANY_OPTIONS), "the clips are scored already")
        from slipdetect.lab.evaluate.scores import read_scores

        _report(console, read_scores(Path(model)), settings)
        return
    if data is None:
        raise click.MissingParameter(ctx=ctx, param_hint="DATA.csv", param_type="argument")
    tested = choose(console, data, settings)
    scores = _score(console, model, tested, settings)
    _report(console, scores, settings)
    ctx.exit(SOME_FAILED if len(scores.clips) < len(tested.clips) else 0)


def _score(console: Console, model: str, tested: TestedClips, settings: ClipSettings) -> ClipScores:
    from slipdetect.detection import model_folder, resolve_device
    from slipdetect.lab.evaluate.clip_scoring import collected, frame_cache
    from slipdetect.lab.evaluate.decisions import check_known
    from slipdetect.lab.evaluate.each_clip import each_clip
    from slipdetect.lab.evaluate.protocol import Protocol, default_protocol
    from slipdetect.models import load_package
    from slipdetect.store import VideoStore
    from slipdetect.workers.manifest import Manifest

    text, total = settings.protocol, len(tested.clips)
    asked = None if text is None else Protocol.parse(text)
    backend = open_backend(settings.on, settings.jobs, total, settings.device)
    package = load_package(model_folder(model))
    check_known(settings.fusion or (), [stream.modality for stream in package.config.streams])
    protocol = default_protocol(package.config) if asked is None else asked
    device = resolve_device(settings.device) if settings.on is None else settings.on
    warn_of_training_data(console, package.config, tested, bundled=model == "default")
    views = "" if protocol.views is None else f" ({protocol.views} views of each)"
    console.note(f"scoring {total} clips on {device}, protocol {protocol}{views}")
    if settings.cache is not None and settings.on is None:
        stored = None if settings.store is None else VideoStore(settings.store)
        with frame_cache(settings.cache, package.config, stored) as cache:
            room = cache.require_room(clip.path for clip in tested.clips)
        if room:
            console.note(room)
    with ExitStack() as stack:
        kept = None
        if settings.resume is not None:
            facts = {**package_facts(package.config), "protocol": str(protocol)}
            facts["store"] = None if settings.store is None else str(settings.store)
            manifest = Manifest(Path(settings.resume), facts, _plain_row, _row)
            kept = stack.enter_context(manifest)
        # workers that are killed leave theirs behind
        scratch = stack.enter_context(TemporaryDirectory(prefix="slipdetect-"))
        make = Scoring(
            model, protocol, settings.device, settings.cache, settings.store, Path(scratch)
        )
        # what computes elsewhere need not be there here
        here = make if settings.on is None else replace(make, device="cpu")
        show = stack.enter_context(counted(console, total, "clips"))
        found = each_clip(
            tested.clips, here.of(package), show, backend=backend, make=make, kept=kept
        )
    return tested.noted(collected(package, protocol, tested.clips, found, tested.root))


@dataclass(frozen=True)
class Scoring:
    """Loads the model in a worker; the attributes are those of ``clip_scorer``."""

    model: str  # its folder, or ``default``
    protocol: Protocol  # how clips are scored
    device: str  # where
    cache: Path | None  # folder for decoded frames
    store: Path | None  # folder of stored frames and flow
    scratch: Path  # folder for temporary ones

    def of(self, package: ModelPackage) -> Callable[[Clip], Scores]:
        """Return what scores a clip with a loaded model."""
        from slipdetect.lab.evaluate.clip_scoring import clip_scorer
        from slipdetect.store import VideoStore

        store = None if self.store is None else VideoStore(self.store)
        return clip_scorer(
            package, self.protocol, self.device, self.cache, store, scratch=self.scratch
        )

    def __call__(self) -> Callable[[Clip, Link], Scores]:
        from slipdetect.detection import model_folder
        from slipdetect.models import load_package

        score = self.of(load_package(model_folder(self.model)))
        return lambda clip, link: score(clip)


def _plain_row(row: Scores) -> dict[str, list[Any]]:
    return {name: [str(logits.dtype), logits.tolist()] for name, logits in row.items()}


def _row(data: dict[str, list[Any]]) -> Scores:
    import numpy as np

    return {name: np.array(values, kind) for name, (kind, values) in data.items()}


def _report(console: Console, scores: ClipScores, settings: ClipSettings) -> None:
    """Write everything that was asked for; the scores first, for they took longest."""
    from slipdetect.lab.evaluate.clip_report import (
        clip_data,
        clip_page,
        confusion_figure,
        evaluate_scores,
    )
    from slipdetect.lab.evaluate.scores import write_scores

    overwrite = settings.overwrite
    if settings.scores is not None:
        write_scores(scores, settings.scores, overwrite=overwrite)
        console.note(f"wrote {str(settings.scores)!r}")
    evaluation = evaluate_scores(scores, settings.fusion)
    page, data = clip_page(evaluation), clip_data(evaluation)
    write_report(console, page, data, settings.format, settings.out, overwrite=overwrite)
    if settings.confusion is not None:
        main, name = evaluation.main, evaluation.facts.get("model", "")
        figure = confusion_figure(main, f"{name}, {main.name}" if name else main.name)
        write_figure(console, figure, settings.confusion, overwrite=overwrite)
