"""A whole training run: clips in, a folder with model packages, metrics and curves out.

In: annotated clips and a ``TrainConfig``. Out: ``best/``, ``last/``, metrics.jsonl, curves.csv.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._io import write_text
from slipdetect.errors import DataError, TrainingError, UsageError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab import require
from slipdetect.lab.data import Clip, FrameCache, Sampling, WindowRule
from slipdetect.lab.data.splits import divide, require_both_labels, require_no_leak
from slipdetect.lab.data.window_reader import WindowRecipe
from slipdetect.lab.train.batches import Share, StepBatches, training_set, validation_set
from slipdetect.lab.train.checkpoint import Checkpoints
from slipdetect.lab.train.checks import (
    agreed,
    held_out_warnings,
    require_size,
    require_trainable,
    warnings,
)
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.faults import NotFinite
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.metrics import EpochMetrics, Progress, best_epoch
from slipdetect.lab.train.packaging import Checkpoint, TrainedStream, write_package
from slipdetect.lab.train.plan import StreamPlan
from slipdetect.lab.train.processes import make_accelerator
from slipdetect.lab.train.records import Records, prepare_folder, refuse_earlier_run
from slipdetect.modalities.normalize import SnippetNormalizer
from slipdetect.modalities.snippet import SnippetGrid, get_modality
from slipdetect.models import ModelPackage, load_package
from slipdetect.store import VideoStore

if TYPE_CHECKING:
    from accelerate import Accelerator

logger = logging.getLogger(__name__)


class TrainingRun:
    """Train one network per modality on annotated clips and package them.

    Args:
        clips: Annotated clips; those of the split ``test`` are not touched.
        out: Folder for the results.
        modalities: Streams to train.
        config: Settings of the run, or for every modality.
        cache: Folder for decoded frames, shared by runs.
        store: Folder made by ``slipdetect extract``, to take frames and flow from.
        name: Name of the model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        overwrite: Replace an earlier run in ``out``.
        resume: Go on with the run in ``out`` from its last checkpoint; begin if there is none.
        allow_leaks: Train although a recording or a group is on both sides of the split.
        tensorboard: Write ``out/tensorboard`` too.
        on_progress: Called as work goes on.
        on_note: Takes a sentence on the disk that clips will take, before they are read.

    Attributes:
        left_out: Clips that could not be read.

    Raises:
        UsageError: Modalities or settings that make no sense, alone or together.
        LibraryError: accelerate or, where it is asked for, TensorBoard is not installed.
        OutputError: ``out`` holds an earlier run.
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
        on_note: Callable[[str], None] = logger.info,
    ) -> None:
        self.clips = [clip for clip in clips if clip.split != "test"]
        self.out = out
        self.name = name
        self.allow_leaks = allow_leaks
        self.on_progress, self.on_note = on_progress, on_note
        self.left_out: list[Clip] = []
        self._overwrite, self._resume, self._tensorboard = overwrite, resume, tensorboard
        self.configs = _by_modality(modalities, config)
        require_trainable(self.configs, name)
        self.config = agreed(self.configs)
        # the length belongs to the compared-frames modalities; a color snippet stays one picture
        self.modalities = {
            key: get_modality(key, each.snippet_length if key != "rgb" else None)
            for key, each in self.configs.items()
        }
        self._whole = self.config.sampling == "clips"
        require_both_labels(self.clips, "the training data", whole=self._whole)
        self.accelerator = make_accelerator(device, self.config.precision)
        self.device = self.accelerator.device
        self._is_main = self.accelerator.is_main_process
        flow = self.configs.get("flow")
        self.flow_recipe = (
            None
            if flow is None
            else FlowExtractor(flow.flow_method, bound=flow.flow_bound).recipe()
        )
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
        if tensorboard:
            require("tensorboard", "train")
        if self._is_main:
            refuse_earlier_run(out, overwrite=overwrite, resume=resume)

    def run(self) -> ModelPackage:
        """Train and write everything; return the package of the last epoch.

        Raises:
            DataError: Too few usable clips, or one recording on both sides of the split.
            OutputError: ``out`` cannot be written, or the disk has no room for decoded clips.
            TrainingError: Training cannot go on; the message says why and what was saved.
        """
        self._warn(warnings(self.configs))
        with self.accelerator.main_process_first():
            self._require_all_but_clips()
            room = self.cache.require_room(clip.path for clip in self.clips)
            if room:
                self.on_note(room)
            if self._is_main:
                # only now does nothing speak against the run any more
                prepare_folder(self.out, overwrite=self._overwrite, resume=self._resume)
            usable = self._decode()
        training, validation = self._divide(usable)
        require_no_leak(training, validation, allow=self.allow_leaks)
        self._warn(held_out_warnings(self.config, validation, whole=self._whole))
        logger.info("%d training clips, %d validation clips", len(training), len(validation))
        with closing(Records(self.out, self._is_main, self._tensorboard)) as records:
            trained = [self._train(name, training, validation, records) for name in self.modalities]
        data = {"training_data": training, "validation_data": validation}
        if self._is_main:
            write_package(self.out / "best", trained, "best", name=self.name, data=data)
            write_package(self.out / "last", trained, "last", name=self.name, data=data)
        self.accelerator.wait_for_everyone()
        return load_package(self.out / "last")

    def _require_all_but_clips(self) -> None:
        """Fail on networks, weights and splits before hours are spent on reading clips."""
        training, validation = self._divide(self.clips)
        if not self.allow_leaks:
            require_no_leak(training, validation)
        for name in self.modalities:
            plan = self._plan(name, training, validation)
            network = plan.network()
            require_size(network.spec, plan.stream(network).input_size)
            if self._is_main:
                plan.warn_of_start()

    def _divide(self, clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
        return divide(clips, self.config.validation, self.config.seed, whole=self._whole)

    def _warn(self, sentences: Sequence[str]) -> None:
        for sentence in sentences if self._is_main else ():
            logger.warning("%s", sentence)

    def _plan(self, name: str, training: Sequence[Clip], validation: Sequence[Clip]) -> StreamPlan:
        flow = self.flow_recipe if name == "flow" else None
        modality, config = self.modalities[name], self.configs[name]
        return StreamPlan(modality, config, self.grid, flow, training, validation)

    def _train(
        self,
        name: str,
        training: Sequence[Clip],
        validation: Sequence[Clip],
        records: Records,
    ) -> TrainedStream:
        def step(done: int, total: int, loss: float) -> None:
            self.on_progress(Progress(f"training {name}", done, total, f"{loss:.3f}"))

        def epoch(history: Sequence[EpochMetrics], seconds: tuple[float, float]) -> None:
            records.write(name, history, seconds)

        plan = self._plan(name, training, validation)
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


def train_stream(
    plan: StreamPlan,
    cache: FrameCache,
    accelerator: Accelerator,
    out: Path,
    on_step: Callable[[int, int, float], None],
    on_epoch: Callable[[Sequence[EpochMetrics], tuple[float, float]], None],
) -> TrainedStream:
    """Train one stream from its last checkpoint in ``out``, if there is one, to the end.

    ``on_step`` is called with steps done, steps in all and the loss; ``on_epoch`` with all finished
    epochs, and the last one's seconds: waiting, in all.

    Raises:
        TrainingError: Training cannot go on; the message names the last good checkpoint.
        DataError: The checkpoint is damaged or of another run.
    """
    config, network = plan.config, plan.network()
    stream = plan.stream(network)
    rule = WindowRule(window=config.window)
    recipe = WindowRecipe(
        plan.modality, plan.grid, stream.input_size, config.crop, config.num_segments, rule
    )
    training = training_set(plan.training, cache, recipe, config)
    validation = validation_set(plan.validation, cache, recipe, config)
    normalizer = SnippetNormalizer(plan.modality, stream.normalization)
    checkpoints = Checkpoints(out / "checkpoints" / plan.name, plan.facts())
    is_main = accelerator.is_main_process

    def save() -> None:
        if is_main:
            checkpoints.save(trainer)

    trainer = Trainer(network, config, normalizer, accelerator, on_step, save)
    if checkpoints.restore(trainer):
        logger.info("%s: goes on after step %d", plan.name, trainer.state.step)
    _require_one_place(trainer.state.step, out)
    with _bad_steps_kept(checkpoints, out, is_main):
        for _ in trainer.run(training, validation):
            save()
            on_epoch(trainer.state.history, trainer.waited)
    history = trainer.state.history
    if not history:
        raise TrainingError("training ended before its first epoch did")
    on_epoch(history, trainer.waited)
    accelerator.wait_for_everyone()
    weights, validated = checkpoints.best_weights(best_epoch(history))
    best = Checkpoint(weights, history[best_epoch(history)], validated)
    last = Checkpoint.take(trainer.trained, history[-1], trainer.validated)
    return TrainedStream(stream, config, best, last, history)


def _require_one_place(step: int, out: Path) -> None:
    """Refuse processes that would go on from different steps; all wait here for each other.

    Raises:
        DataError: They read different checkpoints.
    """
    from accelerate.utils import gather_object

    steps = set(gather_object([step]))
    if len(steps) > 1:
        raise DataError(
            f"the processes of this run would go on from different steps ({min(steps)} and "
            f"{max(steps)}): they do not share {str(out)!r}; put --out on a disk of all machines"
        )


@contextmanager
def _bad_steps_kept(checkpoints: Checkpoints, out: Path, is_main: bool) -> Iterator[None]:
    """Write down which items led to NaN, and name the last good checkpoint."""
    try:
        yield
    except NotFinite as error:
        path = out / "bad-steps.json"
        if is_main:
            # JSON has no NaN
            rows = [
                asdict(step) | ({} if math.isfinite(step.loss) else {"loss": str(step.loss)})
                for step in error.steps
            ]
            content = json.dumps(rows, indent=1, allow_nan=False)
            write_text(path, content, overwrite=True)
        last = checkpoints.last
        kept = f"last good checkpoint {str(last)!r}" if last.exists() else "nothing was saved yet"
        raise TrainingError(f"{error}; {kept}; what led to it is in {str(path)!r}") from error


def _by_modality(
    modalities: Sequence[str], config: TrainConfig | Mapping[str, TrainConfig]
) -> dict[str, TrainConfig]:
    if not modalities or len(set(modalities)) != len(modalities):
        raise UsageError(f"name each modality once, not {', '.join(modalities) or 'none'}")
    if isinstance(config, TrainConfig):
        return dict.fromkeys(modalities, config)
    return {modality: config[modality] for modality in modalities}
