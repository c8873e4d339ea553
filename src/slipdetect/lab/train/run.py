"""A whole training run: clips in, a folder with model packages, metrics and curves out.

In: annotated clips and a ``TrainConfig``. Out: ``best/``, ``last/``, metrics.jsonl, curves.csv.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from slipdetect.errors import DataError, UsageError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.data import Clip, FrameCache, Sampling
from slipdetect.lab.data.leaks import require_no_leak
from slipdetect.lab.data.splits import divide, require_both_labels
from slipdetect.lab.train.batches import Share, StepBatches
from slipdetect.lab.train.checks import agreed, held_out_warnings, require_detectable, warnings
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.packaging import TrainedStream, write_package
from slipdetect.lab.train.plan import StreamPlan
from slipdetect.lab.train.processes import make_accelerator
from slipdetect.lab.train.records import Records, prepare_folder, require_tensorboard
from slipdetect.lab.train.stream import train_stream
from slipdetect.modalities.snippet import Modality, SnippetGrid, get_modality
from slipdetect.models import ModelPackage, load_package
from slipdetect.store import VideoStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a run is: what it does, steps done of steps in all, and a figure to show."""

    stage: str
    done: int
    total: int
    note: str = ""


class TrainingRun:
    """Train one network per modality on annotated clips and package them.

    Args:
        clips: Annotated clips; those of the split ``test`` are not touched.
        out: Folder for the results.
        modalities: Streams to train.
        config: Numbers of the run, or one for every modality.
        cache: Folder for decoded frames, shared by runs.
        store: Folder made by ``slipdetect extract``, to take frames and flow from.
        name: Name of the model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        overwrite: Replace an earlier run in ``out``.
        resume: Go on with the run in ``out`` from its last checkpoint; begin if there is none.
        allow_leaks: Train although a recording or a group is on both sides of the split.
        tensorboard: Write ``out/tensorboard`` too.
        on_progress: Called as work goes on.

    Attributes:
        left_out: Clips that could not be read.

    Raises:
        UsageError: Modalities or settings that make no sense, alone or together.
        OutputError: ``out`` holds an earlier run, or cannot be written.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        out: Path,
        modalities: Sequence[str],
        config: TrainConfig | Mapping[str, TrainConfig],
        *,
        cache: Path,
        store: Path | None = None,
        name: str = "slipdetect",
        device: str = "auto",
        overwrite: bool = False,
        resume: bool = False,
        allow_leaks: bool = False,
        tensorboard: bool = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        if overwrite and resume:
            raise UsageError("overwrite begins anew and resume goes on; choose one")
        self.clips = [clip for clip in clips if clip.split != "test"]
        self.out = out
        self.name = name
        self.resume = resume
        self.allow_leaks = allow_leaks
        self.on_progress = on_progress
        self.left_out: list[Clip] = []
        self.configs = _by_modality(modalities, config)
        self.config = agreed(self.configs)
        self.modalities = {name: _modality(name, self.configs[name]) for name in modalities}
        self._whole = any(each.sampling == "clips" for each in self.configs.values())
        require_both_labels(self.clips, "the training data", whole=self._whole)
        for each in self.configs.values():
            require_detectable(each, name)
        self.accelerator = make_accelerator(device, self.config.precision)
        self.device = self.accelerator.device
        self.flow_recipe = _flow_recipe(self.configs)
        sampling = Sampling(self.config.sample_fps, self.config.short_side)
        stored = None if store is None else VideoStore(store)
        self.cache = FrameCache(cache, sampling, self.flow_recipe, stored)
        self.grid = SnippetGrid.make(
            list(self.modalities.values()), self.config.snippet_step, self.config.sample_fps
        )
        for each in self.configs.values():
            # a step that cannot be shared is refused here, not when all clips are read
            StepBatches(
                1, each.batch_size, each.accumulate, Share(0, self.accelerator.num_processes)
            )
        self._is_main = self.accelerator.is_main_process
        self.records = self._open(tensorboard, overwrite=overwrite, resume=resume)

    def _open(self, tensorboard: bool, *, overwrite: bool, resume: bool) -> Records:
        """Make the folder of the run once nothing speaks against it any more."""
        if tensorboard:
            require_tensorboard()
        if self._is_main:
            prepare_folder(self.out, overwrite=overwrite, resume=resume)
        self.accelerator.wait_for_everyone()
        return Records(self.out, self._is_main, tensorboard)

    def run(self) -> ModelPackage:
        """Train and write everything; return the package of the last epoch.

        Raises:
            DataError: Too few usable clips, or one recording on both sides of the split.
            TrainingError: Training cannot go on; the message says why and what was saved.
        """
        self._warn(warnings(self.configs))
        with self.accelerator.main_process_first():
            self._require_all_but_clips()
            usable = self._decode()
        training, validation = self._divide(usable)
        require_no_leak(training, validation, allow=self.allow_leaks)
        self._warn(held_out_warnings(self.config, validation, whole=self._whole))
        logger.info("%d training clips, %d validation clips", len(training), len(validation))
        trained = [self._train(name, training, validation) for name in self.modalities]
        self.records.close()
        data = {"training_data": training, "validation_data": validation}
        write = partial(write_package, trained=trained, name=self.name, data=data)
        if self._is_main:
            write(self.out / "best", which="best")
            write(self.out / "last", which="last")
        self.accelerator.wait_for_everyone()
        return load_package(self.out / "last")

    def _require_all_but_clips(self) -> None:
        """Fail on networks, weights and splits before hours are spent on reading clips."""
        training, validation = self._divide(self.clips)
        if not self.allow_leaks:
            require_no_leak(training, validation)
        for name in self.modalities:
            plan = self._plan(name, training, validation)
            plan.network()
            if self._is_main:
                plan.warn_of_start()

    def _divide(self, clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
        return divide(clips, self.config.validation, self.config.seed, whole=self._whole)

    def _warn(self, sentences: Sequence[str]) -> None:
        for sentence in sentences if self._is_main else ():
            logger.warning("%s", sentence)

    def _plan(self, name: str, training: Sequence[Clip], validation: Sequence[Clip]) -> StreamPlan:
        return StreamPlan(
            self.modalities[name],
            self.configs[name],
            self.grid,
            self.flow_recipe if name == "flow" else None,
            training,
            validation,
        )

    def _train(
        self, name: str, training: Sequence[Clip], validation: Sequence[Clip]
    ) -> TrainedStream:
        plan = self._plan(name, training, validation)
        stage = f"training {name}"

        def step(done: int, total: int, loss: float) -> None:
            self.on_progress(Progress(stage, done, total, f"{loss:.3f}"))

        def epoch(history: Sequence[EpochMetrics], seconds: tuple[float, float]) -> None:
            self.records.write(name, history, seconds)

        try:
            return train_stream(plan, self.cache, self.accelerator, self.out, step, epoch)
        finally:
            # it keeps all networks and optimizers it was given, and the scaler their gradients
            self.accelerator.free_memory()

    def _decode(self) -> list[Clip]:
        """Fill the cache; a clip that cannot be read is reported and left out."""
        usable = []
        self.left_out.clear()
        for index, clip in enumerate(self.clips):
            try:
                self.cache.frames(clip.path)
                if self.flow_recipe is not None:
                    self.cache.flows(clip.path)
                usable.append(clip)
            except VideoError as error:
                logger.warning("left out: %s", error)
                self.left_out.append(clip)
            self.on_progress(Progress("reading clips", index + 1, len(self.clips)))
        if not usable:
            raise DataError("none of the clips can be read; check the paths in the annotation file")
        what = "what can be read of the training data"
        require_both_labels(usable, what, whole=self._whole)
        return usable


def _by_modality(
    modalities: Sequence[str], config: TrainConfig | Mapping[str, TrainConfig]
) -> dict[str, TrainConfig]:
    if not modalities or len(set(modalities)) != len(modalities):
        raise UsageError(f"name each modality once, not {', '.join(modalities) or 'none'}")
    if isinstance(config, TrainConfig):
        return dict.fromkeys(modalities, config)
    return {modality: config[modality] for modality in modalities}


def _flow_recipe(configs: Mapping[str, TrainConfig]) -> dict[str, Any] | None:
    if "flow" not in configs:
        return None
    flow = configs["flow"]
    return FlowExtractor(flow.flow_method, bound=flow.flow_bound).recipe()


def _modality(name: str, config: TrainConfig) -> Modality:
    # the length belongs to the compared-frames modalities; a color snippet stays one picture
    return get_modality(name, config.snippet_length if name != "rgb" else None)
