"""One stream of a run: its network, its windows, its checkpoints, trained to the end.

In: clips, a modality and a ``TrainConfig``. Out: a ``TrainedStream``.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._io import atomic_write
from slipdetect.errors import DataError, TrainingError
from slipdetect.lab.data import FrameCache
from slipdetect.lab.data.window_dataset import WindowRecipe
from slipdetect.lab.data.windows import WindowRule
from slipdetect.lab.train.checkpoint import Checkpoints
from slipdetect.lab.train.faults import NotFinite
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.metrics import EpochMetrics, best_epoch
from slipdetect.lab.train.packaging import Checkpoint, TrainedStream
from slipdetect.lab.train.plan import StreamPlan
from slipdetect.lab.train.windows import (
    TrainingSet,
    ValidationSet,
    training_set,
    validation_set,
)
from slipdetect.modalities.normalize import SnippetNormalizer

if TYPE_CHECKING:
    from accelerate import Accelerator

logger = logging.getLogger(__name__)


def train_stream(
    plan: StreamPlan,
    cache: FrameCache,
    accelerator: Accelerator,
    out: Path,
    on_step: Callable[[int, int, float], None],
    on_epoch: Callable[[Sequence[EpochMetrics], tuple[float, float]], None],
) -> TrainedStream:
    """Train one stream from its last checkpoint in ``out``, if there is one, to the end.

    Args:
        plan: What to train with.
        cache: Frames and flow.
        accelerator: Device and processes.
        out: Folder of the run.
        on_step: Called with steps done, steps in all and the loss.
        on_epoch: Called with all finished epochs, and the last one's seconds: waiting, in all.

    Raises:
        TrainingError: Training cannot go on; the message names the last good checkpoint.
        DataError: The checkpoint is damaged or of another run.
    """
    config, network = plan.config, plan.network()
    stream = plan.stream(network)
    training, validation = _sets(plan, cache, stream.input_size)
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


def _sets(
    plan: StreamPlan, cache: FrameCache, size: int
) -> tuple[TrainingSet, ValidationSet | None]:
    config = plan.config
    rule = WindowRule(window=config.window)
    recipe = WindowRecipe(plan.modality, plan.grid, size, config.crop, config.num_segments, rule)
    return (
        training_set(plan.training, cache, recipe, config),
        validation_set(plan.validation, cache, recipe, config),
    )


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
            with atomic_write(path, overwrite=True) as temporary:
                temporary.write_text(content, encoding="utf-8")
        last = checkpoints.last
        kept = f"last good checkpoint {str(last)!r}" if last.exists() else "nothing was saved yet"
        raise TrainingError(f"{error}; {kept}; what led to it is in {str(path)!r}") from error
