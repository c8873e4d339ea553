"""Training and scoring one attempt for real.

In: an attempt, the division of the clips, ``Settings``. Out: a training run and two score files.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from slipdetect.errors import ModelError, UsageError
from slipdetect.lab.course2020.attempts import SCORED_SIDES, Attempt, scores_file
from slipdetect.lab.course2020.division import Division
from slipdetect.lab.course2020.plan import Trial
from slipdetect.lab.course2020.runner import Say
from slipdetect.lab.course2020.settings import Settings
from slipdetect.lab.course2020.subsets import nested_subset
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.clip_scoring import score_clips
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.lab.evaluate.scores import write_scores
from slipdetect.lab.train import Progress, TrainConfig, TrainingRun
from slipdetect.lab.train.recipes import load_recipe
from slipdetect.models import load_package
from slipdetect.store import VideoStore

RUN = "run"

# how the work is cut up, which changes no figure
_NO_MATTER = ("workers", "save_every", "accumulate")


class TrainingWork:
    """What trains and scores attempts on one division of clips.

    Args:
        division: Training, validation and test clips.
        settings: Choices that hold for all.

    Raises:
        UsageError: The protocol makes no sense.
    """

    def __init__(self, division: Division, settings: Settings) -> None:
        self.division = division
        self.settings = settings
        self.protocol = Protocol.parse(settings.protocol)
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
        config = asdict(self.config(attempt))
        for name in _NO_MATTER:
            config.pop(name, None)
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

        def show(progress: Progress) -> None:
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
            "name": f"{trial.key} seed {attempt.seed}",
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
            self._unusable[backbone] = _try_weights(backbone, weights)
        error = self._unusable[backbone]
        if error is not None:
            raise error


def clear(folder: Path, *, smoke: bool) -> None:
    """Delete what nobody needs of a done attempt; what is gone already is no error.

    Args:
        folder: Of the attempt.
        smoke: Delete the models as well.
    """
    # a done attempt is never trained further, and a smoke run's model is of no use
    left = ("checkpoints", "best", "last") if smoke else ("checkpoints",)
    for name in left:
        shutil.rmtree(folder / RUN / name, ignore_errors=True)


def _try_weights(backbone: str, weights: str) -> ModelError | None:
    from slipdetect.backbones import create_backbone

    try:
        create_backbone(backbone, weights=weights)
    except (ModelError, UsageError) as error:
        what = str(error).removesuffix("; pass weights=FILE instead")
        return ModelError(
            f"{what}; pass --weights FILE ({{backbone}} in it stands for the network's name), or "
            "--weights none to start from random weights"
        )
    return None
