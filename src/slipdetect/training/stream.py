"""One stream of a run: its network, its windows, its checkpoints, trained to the end.

In: clips, a modality and a ``TrainConfig``. Out: a ``TrainedStream``.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from slipdetect._io import atomic_write
from slipdetect.datasets import Clip, FrameCache
from slipdetect.datasets.window_dataset import LABELS, WindowRecipe
from slipdetect.datasets.windows import WindowRule
from slipdetect.detection import model_folder
from slipdetect.errors import ModelError, TrainingError
from slipdetect.modalities.modality import Modality
from slipdetect.modalities.normalise import SnippetNormaliser
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.models import TSN, ModelPackage, StreamConfig, load_package
from slipdetect.training.checkpoint import Checkpoints
from slipdetect.training.config import TrainConfig
from slipdetect.training.faults import NotFinite
from slipdetect.training.loop import Trainer
from slipdetect.training.metrics import EpochMetrics, best_epoch
from slipdetect.training.packaging import Checkpoint, TrainedStream
from slipdetect.training.windows import training_set, validation_set

if TYPE_CHECKING:
    from accelerate import Accelerator

logger = logging.getLogger(__name__)

# may differ between a run and its resumption: they change the pace, not the result
_PACE = ("workers", "save_every")


@dataclass(frozen=True)
class StreamPlan:
    """What a stream is trained with.

    Attributes:
        modality: What its snippets are.
        config: Numbers of the run.
        grid: Where snippets lie, shared by the streams of a run.
        flow: Recipe of the flow, for the flow modality.
        training: Clips to learn from.
        validation: Clips held out.
    """

    modality: Modality
    config: TrainConfig
    grid: SnippetGrid
    flow: dict[str, Any] | None
    training: Sequence[Clip]
    validation: Sequence[Clip]

    def network(self) -> TSN:
        """Build the network with its starting weights, the same for the same seed.

        Raises:
            ModelError: The backbone cannot be built, or the weights do not fit it.
        """
        config = self.config
        torch.manual_seed(config.seed)
        network = TSN(
            config.backbone,
            modality=self.modality,
            num_classes=len(LABELS),
            num_segments=config.num_segments,
            consensus=config.consensus,
            dropout=config.dropout,
            partial_bn=config.partial_bn,  # type: ignore[arg-type]
            weights=config.weights,
        )
        if config.start is not None:
            package = self._start()
            network.load_state_dict(package.build_stream(self.name).state_dict())
        frozen = network.freeze(config.freeze)
        if frozen:
            logger.info("%s: does not learn up to and including %s", self.name, frozen[-1])
        return network

    @property
    def name(self) -> str:
        """The stream's modality."""
        return self.modality.name

    def stream(self, network: TSN) -> StreamConfig:
        """Return what a package says about the stream.

        Pictures are normalised as the starting weights know them.
        """
        config = self.config
        normalisation = network.spec.normalisation
        if config.start is not None:
            normalisation = self._start().config.stream(self.name).normalisation
        size = network.spec.input_size if config.input_size is None else config.input_size
        return StreamConfig(
            modality=self.modality.name,
            backbone=config.backbone,
            snippet_length=self.modality.length,
            num_segments=config.num_segments,
            input_size=size,
            normalisation=normalisation,
            consensus=config.consensus,
            dropout=config.dropout,
            flow=self.flow,
            crop=config.crop,
        )

    def _start(self) -> ModelPackage:
        """Return the package to start from, which must be of the same make.

        Raises:
            ModelError: It is of another one.
        """
        start, wanted = str(self.config.start), (self.config.backbone, self.modality.length)
        package = load_package(model_folder(start))
        stream, labels = package.config.stream(self.name), package.config.labels
        found = (stream.backbone, stream.snippet_length)
        if found != wanted:
            raise ModelError(
                f"cannot start from {start!r}: its {self.name} stream is {found[0]} with snippets "
                f"of {found[1]}, the recipe wants {wanted[0]} and {wanted[1]}; change --backbone "
                "or --snippet-length"
            )
        if len(labels) != len(LABELS) or labels[0] != package.config.positive:
            raise ModelError(
                f"cannot start from {start!r}: its labels are {', '.join(labels)}; it must tell "
                "a slip, which comes first, from anything else"
            )
        return package

    def facts(self) -> dict[str, Any]:
        """Return what a checkpoint is bound to: settings and clips, wherever the folder is."""
        settings = {key: value for key, value in asdict(self.config).items() if key not in _PACE}
        clips = [
            [part, clip.path.name, clip.positive, clip.events, clip.group]
            for part, clips in (("train", self.training), ("val", self.validation))
            for clip in clips
        ]
        digest = hashlib.sha256(json.dumps(clips).encode()).hexdigest()[:16]
        return {**settings, "clips": digest, "flow": self.flow}


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
    rule = WindowRule(window=config.window)
    recipe = WindowRecipe(
        plan.modality, plan.grid, stream.input_size, config.crop, config.num_segments, rule
    )
    training = training_set(plan.training, cache, recipe, config)
    validation = validation_set(plan.validation, cache, recipe, config)
    normaliser = SnippetNormaliser(plan.modality, stream.normalisation)
    checkpoints = Checkpoints(out / "checkpoints" / plan.name, plan.facts())
    is_main = accelerator.is_main_process

    def save() -> None:
        if is_main:
            checkpoints.save(trainer)

    trainer = Trainer(network, config, normaliser, accelerator, on_step, save)
    if checkpoints.restore(trainer):
        logger.info("%s: goes on after step %d", plan.name, trainer.state.step)
    accelerator.wait_for_everyone()
    with _bad_steps_kept(checkpoints, out, is_main):
        for _ in trainer.run(training, validation):
            save()
            on_epoch(trainer.state.history, trainer.waited)
    history = trainer.state.history
    if not history:
        raise TrainingError("training ended before its first epoch did")
    on_epoch(history, trainer.waited)
    accelerator.wait_for_everyone()
    best = best_epoch(history)
    weights, validated = checkpoints.best_weights(best)
    return TrainedStream(
        stream,
        config,
        Checkpoint(weights, history[best], validated),
        Checkpoint.take(trainer.trained, history[-1], trainer.validated),
        history,
    )


@contextmanager
def _bad_steps_kept(checkpoints: Checkpoints, out: Path, is_main: bool) -> Iterator[None]:
    """Write down which items led to NaN, and name the last good checkpoint."""
    try:
        yield
    except NotFinite as error:
        path = out / "bad-steps.json"
        if is_main:
            content = json.dumps([asdict(step) for step in error.steps], indent=1)
            with atomic_write(path, overwrite=True) as temporary:
                temporary.write_text(content, encoding="utf-8")
        last = checkpoints.last
        kept = f"last good checkpoint {str(last)!r}" if last.exists() else "nothing was saved yet"
        raise TrainingError(f"{error}; {kept}; items in {str(path)!r}") from error
