"""A whole training of a pose stream: clips in, a model package that looks at people out.

In: annotated clips and ``PoseSettings``. Out: ``last/``, metrics.jsonl, curves.csv, checkpoints.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._text import named
from slipdetect.detection import model_folder
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data import Clip, Sampling
from slipdetect.lab.data.splits import divide, require_both_labels, require_no_leak
from slipdetect.lab.models.packages import with_pose
from slipdetect.lab.pose.bags import ClipBag, bag_of, training_bags
from slipdetect.lab.pose.held_out import HeldOut
from slipdetect.lab.pose.loop import PoseTrainer
from slipdetect.lab.pose.settings import SIMULATED, PoseSettings
from slipdetect.lab.pose.skeleton_cache import SkeletonCache
from slipdetect.lab.pose.training import Pools
from slipdetect.lab.train.checks import require_name
from slipdetect.lab.train.metrics import EpochMetrics, Progress
from slipdetect.lab.train.packaging import describe
from slipdetect.lab.train.plan import clips_digest
from slipdetect.lab.train.records import (
    CHECKPOINTS,
    Records,
    closing,
    prepare_folder,
    refuse_earlier_run,
)
from slipdetect.lab.train.state_file import StateFolder
from slipdetect.models import ModelConfig, ModelPackage, load_package
from slipdetect.models.stream import PoseConfig
from slipdetect.people.estimators import make_pose_estimator
from slipdetect.people.network import PoseNetwork
from slipdetect.types import Calibration

POSE = "pose"

logger = logging.getLogger(__name__)


class PoseRun:
    """Train a pose stream on annotated clips and package it with the streams of a model.

    Args:
        clips: Annotated clips, videos or files of skeletons; those of the split ``test`` are not
            touched.
        out: Folder for the results.
        settings: Of the run.
        cache: Folder for the people of clips, shared by runs.
        name: Name of the model.
        overwrite: Replace an earlier run in ``out``.
        resume: Go on with the run in ``out`` from its last checkpoint; begin if there is none.
        allow_leaks: Train although a recording or a group is on both sides of the split.
        on_progress: Called as work goes on.

    Attributes:
        left_out: Clips that could not be read.

    Raises:
        UsageError: Settings that make no sense together or with the model.
        DataError: The clips are all of one label.
        ModelError: There is no such model or pose estimator.
        OutputError: ``out`` holds an earlier run.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        out: Path,
        settings: PoseSettings,
        *,
        cache: Path,
        name: str = "slipdetect",
        overwrite: bool = False,
        resume: bool = False,
        allow_leaks: bool = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.clips = [clip for clip in clips if clip.split != "test"]
        self.out, self.settings, self.name = out, settings, name
        self.allow_leaks, self.on_progress = allow_leaks, on_progress
        self.left_out: list[Clip] = []
        self._overwrite, self._resume = overwrite, resume
        require_name(name)
        require_both_labels(self.clips, "the training data")
        self._package = load_package(model_folder(settings.init_from))
        self._config = _with_pose_table(self._package.config, settings, name)
        self._estimator = make_pose_estimator(settings.estimator)
        self._cache = cache
        refuse_earlier_run(out, overwrite=overwrite, resume=resume)

    def run(self) -> ModelPackage:
        """Train and write everything; return the package.

        Raises:
            DataError: Too few usable clips, or one recording on both sides of the split.
            OutputError: ``out`` cannot be written.
            TrainingError: Training cannot go on.
        """
        # before an earlier run is replaced and hours are spent on reading clips
        parts = self._divide(self.clips)
        if not self.allow_leaks:
            require_no_leak(*parts)
        prepare_folder(self.out, overwrite=self._overwrite, resume=self._resume)
        people = self._find_people()
        training, validation = self._divide([item.clip for item in people])
        require_no_leak(training, validation, allow=self.allow_leaks)
        logger.info("%d training clips, %d validation clips", len(training), len(validation))
        bags = {item.clip.path: item for item in people}
        pools = _pools([bags[clip.path] for clip in training])
        held_out = HeldOut([bags[clip.path] for clip in validation], self.settings.rate)
        del people, bags
        trainer = PoseTrainer(self.settings, pools, held_out)
        states = StateFolder(self.out / CHECKPOINTS / POSE, self._facts(training, validation))
        records = Records(self.out, is_main=True)

        def step(done: int, total: int, loss: float) -> None:
            self.on_progress(Progress(f"training {POSE}", done, total, f"{loss:.3f}"))

        def epoch(history: Sequence[EpochMetrics], seconds: float) -> None:
            records.write(POSE, history, (0.0, seconds))

        trainer.run(states, step, epoch)
        weights = calibrated(trainer.weights(), held_out)
        data = {"training_data": training, "validation_data": validation}
        return self._write(weights, trainer.history[-1], held_out, data)

    def _divide(self, clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
        """Hold out clips of real footage; simulated ones only where there is little else."""
        made = [clip for clip in clips if _always_trained_on(clip)]
        real = [clip for clip in clips if not _always_trained_on(clip)]
        fraction, seed = self.settings.validation, self.settings.seed
        if len({clip.positive for clip in real}) < 2:
            return divide(clips, fraction, seed)
        training, validation = divide(real, fraction, seed)
        return training + made, validation

    def _find_people(self) -> list[ClipBag]:
        """Return the windows of all clips; one that cannot be read is reported and left out."""
        config, settings = self._package.config, self.settings
        sampling = Sampling(config.sample_fps, config.frame_short_side)
        cache = SkeletonCache(self._cache, sampling, settings.rate, self._estimator)
        found = []
        self.left_out.clear()
        for index, clip in enumerate(self.clips):
            try:
                skeletons = cache.people(clip.path)
                found.append(ClipBag(clip, bag_of(skeletons, settings.pictures, settings.rate)))
            except VideoError as error:
                logger.warning("left out: %s", error)
                self.left_out.append(clip)
            self.on_progress(Progress("finding people", index + 1, len(self.clips)))
        require_both_labels([item.clip for item in found], "what can be read of the training data")
        empty = [str(item.clip.path) for item in found if not len(item.bag)]
        if empty:
            clips = "clip" if len(empty) == 1 else "clips"
            logger.warning("nobody is found in %d %s: %s", len(empty), clips, named(empty, 3))
        return found

    def _facts(self, training: Sequence[Clip], validation: Sequence[Clip]) -> dict[str, Any]:
        """Return what a checkpoint is bound to."""
        config = self._package.config
        return {
            **asdict(self.settings),
            "clips": clips_digest(training, validation),
            "sample_fps": config.sample_fps,
            "short_side": config.frame_short_side,
        }

    def _write(
        self,
        weights: Mapping[str, npt.NDArray[np.float16]],
        last: EpochMetrics,
        held_out: HeldOut,
        data: Mapping[str, Sequence[Clip]],
    ) -> ModelPackage:
        metrics = asdict(last)
        if held_out.windows:
            odds = held_out.log_odds(PoseNetwork(weights, "the pose network").log_odds)
            keys = ("val_loss", "val_accuracy", "val_auc")
            metrics |= dict(zip(keys, held_out.judged(odds), strict=True))
        facts = {
            "config": asdict(self.settings),
            "metrics": metrics,
            "unseen": held_out.unseen,
            **{part: describe(clips) for part, clips in data.items()},
        }
        config = replace(self._config, training={**self._config.training, POSE: facts})
        return with_pose(self._package, self.out / "last", config, weights, overwrite=True)


def calibrated(
    weights: Mapping[str, npt.NDArray[np.float32]], held_out: HeldOut
) -> dict[str, npt.NDArray[np.float16]]:
    """Return weights whose log-odds are calibrated on held-out clips, as packages keep them.

    Scale and shift go into the last layer of every network: their mean is linear in these, so
    what detection reads is calibrated without a field of its own, and the calibration of the
    package stays that of the combination with other streams.
    """
    made = {name: array.astype(np.float32) for name, array in weights.items()}
    if held_out.windows:
        odds = held_out.log_odds(PoseNetwork(made, "the networks").log_odds)
        fitted = held_out.calibration(odds)
        for name in made:
            if name.endswith(".head.weight"):
                made[name] = made[name] / np.float32(fitted.temperature)
            elif name.endswith(".head.bias"):
                made[name] = made[name] / np.float32(fitted.temperature) + np.float32(fitted.bias)
    return {name: array.astype(np.float16) for name, array in made.items()}


def pose_closing(package: ModelPackage, out: Path) -> str:
    """Tell how good the stream is on what was held out, where it is and how to use it."""
    facts = package.config.training[POSE]
    metrics = facts["metrics"]
    accuracy, auc = metrics["val_accuracy"], metrics["val_auc"]
    held_out = sum(part["clips"] for part in facts["validation_data"])
    unseen = f"; nobody found in {facts['unseen']}" if facts["unseen"] else ""
    judged = (
        "nothing held out"
        if accuracy is None
        else f"accuracy on {held_out} held-out clips {accuracy:.3f}{unseen}"
    )
    area = "" if auc is None else f", area under ROC {auc:.3f}"
    figures = f"pose: training accuracy {metrics['train_accuracy']:.3f}, {judged}{area}"
    thresholds = f"slipdetect calibrate {package.folder}   (so far those of the other streams)"
    return closing([figures], out, more=[("thresholds", thresholds)])


def _with_pose_table(config: ModelConfig, settings: PoseSettings, name: str) -> ModelConfig:
    """Return the configuration with a pose table; how a model combines its streams stays."""
    had = PoseConfig() if config.pose is None else config.pose
    pose = replace(
        had,
        estimator=settings.estimator,
        rate=settings.rate,
        pictures=settings.pictures,
        calibration=Calibration(),
        sha256="",
    )
    # presets keep their budgets with the probabilities that they were measured on alone
    return replace(config, name=name, pose=pose, sensitivity={})


def _always_trained_on(clip: Clip) -> bool:
    return clip.dataset == SIMULATED and not clip.split


def _pools(clips: Sequence[ClipBag]) -> Pools:
    """Return the bags to learn from.

    Raises:
        DataError: In the clips of one label nobody is found.
    """
    made = [item for item in clips if item.clip.dataset == SIMULATED]
    real = [item for item in clips if item.clip.dataset != SIMULATED]
    bags = training_bags(real), training_bags(made)
    for what, pools in (
        ("with a fall", [each.positive for each in bags]),
        ("without one", [each.negative for each in bags]),
    ):
        if not any(pools):
            raise DataError(
                f"nobody is found in any training clip {what}; check that people are in view and "
                "that event times lie inside their clips"
            )
    return Pools(*bags)
