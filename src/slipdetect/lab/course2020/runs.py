"""The runs of a table one by one, so that a stop or a failure costs no more than itself.

In: trials, seeds, the division of the clips. Out: a folder for each, with its training run and the
scores of its validation and test clips; why some failed.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slipdetect._io import make_folder
from slipdetect.errors import ModelError, SlipdetectError, UsageError
from slipdetect.lab.course2020.division import Division, nested_subset
from slipdetect.lab.course2020.tables import Trial
from slipdetect.lab.data import Clip
from slipdetect.lab.data.facts import Facts, read_facts, require_same, write_facts
from slipdetect.lab.evaluate.clip_scoring import score_clips
from slipdetect.lab.evaluate.protocol import Protocol as TestProtocol
from slipdetect.lab.evaluate.scores import ClipScores, read_scores, write_scores
from slipdetect.lab.train import Progress as TrainingProgress
from slipdetect.lab.train import TrainConfig, TrainingRun
from slipdetect.lab.train.recipes import load_recipe
from slipdetect.models import load_package
from slipdetect.store import VideoStore

logger = logging.getLogger(__name__)

OPEN, BEGUN, DONE = "open", "begun", "done"
FACTS_FILE = "facts.json"
SCORED_SIDES = ("val", "test")
RUN = "run"

SMOKE_PROTOCOL = "3x1"
# 96 px passes through every backbone; DIS flow takes a hundredth of the time of TV-L1
SMOKE_CHANGES: Mapping[str, Any] = {
    "weights": None,
    "epochs": 1,
    "batch_size": 4,
    "input_size": 96,
    "short_side": 112,
    "sample_fps": 10.0,
    "snippet_step": 2,
    "flow_method": "dis",
    "precision": "fp32",
}

# how the work is cut up, which changes no figure
_NO_MATTER = ("workers", "save_every", "accumulate")

Say = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Attempt:
    """A trial with one seed."""

    trial: Trial
    seed: int

    @property
    def name(self) -> str:
        """What the user reads."""
        return f"{self.trial.key} seed {self.seed}"

    def folder(self, out: Path) -> Path:
        """Return the folder of this attempt below ``out``."""
        return out / self.trial.key / f"seed{self.seed}"


def make_attempts(trials: Sequence[Trial], seeds: Sequence[int]) -> list[Attempt]:
    """Return every trial with every seed: all trials with the first seed come first."""
    return [Attempt(trial, seed) for seed in seeds for trial in trials]


@dataclass(frozen=True)
class Progress:
    """Where a run over many attempts is."""

    attempt: Attempt  # the one at work
    index: int  # its number among those to do, from 0
    count: int  # how many there are to do
    stage: str  # what it does
    done: int  # steps done of this stage
    total: int  # steps of this stage


def scores_file(folder: Path, side: str) -> Path:
    """Return where the scores of ``"val"`` or ``"test"`` are."""
    return folder / f"scores-{side}.npz"


def read_attempt(folder: Path) -> dict[str, ClipScores]:
    """Return the scores of a done attempt by side.

    Raises:
        DataError: A file is missing or damaged.
    """
    return {side: read_scores(scores_file(folder, side)) for side in SCORED_SIDES}


def attempt_state(folder: Path, facts: Facts) -> str:
    """Return ``"open"``, ``"begun"`` or ``"done"``; done is what has both files of scores.

    Raises:
        OutputError: The folder holds an attempt with other facts.
        DataError: A file in it is damaged.
    """
    path = folder / FACTS_FILE
    if not path.exists():
        return OPEN
    require_same(read_facts(path), facts, folder)
    if not all(scores_file(folder, side).exists() for side in SCORED_SIDES):
        return BEGUN
    for scores in read_attempt(folder).values():
        require_same(scores.facts.get("trial", {}), facts, folder)
    return DONE


def states(attempts: Sequence[Attempt], work: TrainingWork, out: Path) -> dict[Attempt, str]:
    """Return the state of every attempt.

    Raises:
        OutputError: A folder holds an attempt with other facts.
    """
    return {item: attempt_state(item.folder(out), work.facts(item)) for item in attempts}


def run_attempts(
    attempts: Sequence[Attempt],
    work: TrainingWork,
    out: Path,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_end: Callable[[Attempt, BaseException | None], None] = lambda attempt, error: None,
) -> dict[Attempt, str]:
    """Do what is not done yet, and return why attempts failed; an error ends no other attempt.

    Raises:
        OutputError: A folder holds an attempt with other facts; nothing was begun then.
    """
    known = states(attempts, work, out)
    pending = [item for item in attempts if known[item] != DONE]
    failures: dict[Attempt, str] = {}
    for index, item in enumerate(pending):

        def say(
            stage: str, done: int, total: int, item: Attempt = item, index: int = index
        ) -> None:
            on_progress(Progress(item, index, len(pending), stage, done, total))

        error: Exception | None = None
        try:
            _do(item, work, out, say)
        except Exception as caught:
            error = caught
            failures[item] = reason(caught)
        on_end(item, error)
    return failures


def reason(error: BaseException) -> str:
    """Return in one line why an attempt failed."""
    if isinstance(error, SlipdetectError):
        return str(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    logger.debug("failed", exc_info=error)
    return " ".join(text.split())


def _do(attempt: Attempt, work: TrainingWork, out: Path, say: Say) -> None:
    folder, facts = attempt.folder(out), work.facts(attempt)
    if attempt_state(folder, facts) == OPEN:
        make_folder(folder)
        write_facts(folder / FACTS_FILE, facts)
    work.run(attempt, folder, say)
    if attempt_state(folder, facts) != DONE:
        raise SlipdetectError(f"{attempt.name} ended without its scores")


@dataclass(frozen=True)
class Settings:
    """Choices that hold for all trials of an experiment."""

    cache: Path  # folder for decoded frames, shared by all trials
    protocol: str = "25x1"  # how clips are scored, such as "25x1"
    # "imagenet", None (random), or a file, {backbone} in it standing for the backbone's name
    weights: str | None = "imagenet"
    store: Path | None = None  # folder of slipdetect extract to take frames and flow from
    device: str = "auto"  # where to train and score
    # training settings that differ from the recipes'
    changes: Mapping[str, Any] = field(default_factory=dict)
    smoke: bool = False  # whether the run only shows that everything runs

    @classmethod
    def of_smoke_run(
        cls,
        cache: Path,
        store: Path | None = None,
        device: str = "auto",
        changes: Mapping[str, Any] = MappingProxyType({}),
    ) -> Settings:
        """Return the settings of a run that is over in minutes and measures nothing."""
        changed = {**SMOKE_CHANGES, **changes}
        return cls(cache, SMOKE_PROTOCOL, None, store, device, changed, smoke=True)

    def starting_weights(self, backbone: str) -> str | None:
        """Return what the training of ``backbone`` starts from."""
        return None if self.weights is None else self.weights.replace("{backbone}", backbone)


class TrainingWork:
    """What trains and scores attempts on one division of clips.

    Raises:
        UsageError: The protocol makes no sense.
    """

    def __init__(self, division: Division, settings: Settings) -> None:
        self.division = division
        self.settings = settings
        self.protocol = TestProtocol.parse(settings.protocol)
        self._digest = division.digest
        self._unusable: dict[str, ModelError | None] = {}

    def config(self, attempt: Attempt) -> TrainConfig:
        """Return the numbers of an attempt's training: its recipe's with all changes.

        Raises:
            UsageError: A change makes no sense.
        """
        trial = attempt.trial
        # a flow method would only be warned of where there is no flow
        without = () if trial.modality == "flow" else ("flow_method",)
        changes = {
            "weights": self.settings.starting_weights(trial.backbone),
            **{k: v for k, v in self.settings.changes.items() if k not in without},
            **trial.changes,
            "backbone": trial.backbone,
            "seed": attempt.seed,
        }
        return load_recipe(trial.recipe).configs(changes)[trial.modality]

    def facts(self, attempt: Attempt) -> dict[str, Any]:
        """Return everything that an attempt's figures depend on."""
        config = {k: v for k, v in asdict(self.config(attempt)).items() if k not in _NO_MATTER}
        return {
            "trial": attempt.trial.key,
            "modality": attempt.trial.modality,
            "recipe": attempt.trial.recipe,
            "share": round(attempt.trial.share, 6),
            "seed": attempt.seed,
            "protocol": str(self.protocol),
            "split": self._digest,
            "smoke": self.settings.smoke,
            "config": config,
        }

    def run(self, attempt: Attempt, folder: Path, say: Say) -> None:
        """Train, or go on training, and score validation and test clips."""
        config = self.config(attempt)
        run = folder / RUN
        if not (run / "checkpoints").exists():
            self._require_weights(attempt.trial.backbone, config.weights)

        def show(progress: TrainingProgress) -> None:
            note = f" loss {progress.note}" if progress.note else ""
            say(f"{progress.stage}{note}", progress.done, progress.total)

        TrainingRun(
            self.training_clips(attempt.trial),
            run,
            [attempt.trial.modality],
            config,
            cache=self.settings.cache,
            store=self.settings.store,
            name=attempt.trial.key,
            device=self.settings.device,
            resume=True,
            allow_leaks=self.division.leaked is not None,
            on_progress=show,
        ).run()
        for side in SCORED_SIDES:
            self._score(attempt, folder, side, say)
        clear(folder, smoke=self.settings.smoke)

    def training_clips(self, trial: Trial) -> list[Clip]:
        """Return the clips that a trial trains on, and all validation clips."""
        training = nested_subset(self.division.side("train"), trial.share)
        return [*training, *self.division.side("val")]

    def _score(self, attempt: Attempt, folder: Path, side: str, say: Say) -> None:
        store = self.settings.store
        scores = score_clips(
            load_package(folder / RUN / "best"),
            self.division.side(side),
            self.settings.cache,
            self.protocol,
            device=self.settings.device,
            root=self.division.root,
            store=None if store is None else VideoStore(store),
            on_clip=lambda done, total: say(f"scoring {side}", done, total),
        )
        trial = attempt.trial
        facts = {
            "name": attempt.name,
            "backbones": {trial.modality: trial.backbone},
            "recipe": trial.recipe,
            "seed": attempt.seed,
            "division": self._digest,
            "split": side,
            "trial": json.loads(json.dumps(self.facts(attempt))),
        }
        scores = replace(scores, facts={**scores.facts, **facts})
        # an interrupted attempt may have left the scores of its validation clips
        write_scores(scores, scores_file(folder, side), overwrite=True)

    def _require_weights(self, backbone: str, weights: str | None) -> None:
        """Fetch starting weights before any video is read; ask once for each network."""
        if weights is None:
            return
        if backbone not in self._unusable:
            from slipdetect.backbones import create_backbone

            self._unusable[backbone] = None
            try:
                create_backbone(backbone, weights=weights)
            except (ModelError, UsageError) as error:
                what = str(error).removesuffix("; pass weights=FILE instead")
                self._unusable[backbone] = ModelError(
                    f"{what}; pass --weights FILE ({{backbone}} in it stands for the network's "
                    "name), or --weights none to start from random weights"
                )
        unusable = self._unusable[backbone]
        if unusable is not None:
            raise unusable


def clear(folder: Path, *, smoke: bool) -> None:
    """Delete what nobody needs of a done attempt, of a smoke run the models as well."""
    # a done attempt is never trained further, and a smoke run's model is of no use
    left = ("checkpoints", "best", "last") if smoke else ("checkpoints",)
    for name in left:
        shutil.rmtree(folder / RUN / name, ignore_errors=True)
