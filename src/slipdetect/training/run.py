"""A whole training run: clips in, a folder with model packages, metrics and curves out.

In: annotated clips and a ``TrainConfig``. Out: ``best/``, ``last/``, metrics.jsonl, curves.png.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from slipdetect._io import atomic_write
from slipdetect.datasets import Clip, FrameCache, Sampling, split_by_group
from slipdetect.datasets.leaks import require_no_leak
from slipdetect.datasets.splits import require_both_labels
from slipdetect.datasets.store import VideoStore
from slipdetect.datasets.window_dataset import (
    LABELS,
    TrainingWindows,
    ValidationWindows,
    WindowRecipe,
)
from slipdetect.datasets.windows import WindowRule
from slipdetect.detection import resolve_device
from slipdetect.errors import DataError, OutputError, TrainingError, UsageError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.modalities.modality import Modality, get_modality
from slipdetect.modalities.normalise import SnippetNormaliser
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.models import TSN, ModelPackage, StreamConfig
from slipdetect.training.checks import require_detectable
from slipdetect.training.config import TrainConfig
from slipdetect.training.curves import draw_curves
from slipdetect.training.loop import EpochMetrics, Trainer
from slipdetect.training.packaging import Checkpoint, TrainedStream, write_package

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
        clips: Annotated clips.
        out: Folder for the results.
        modalities: Streams to train.
        config: Numbers of the run.
        cache: Folder for decoded frames, shared by runs.
        store: Folder made by ``slipdetect extract``, to take frames and flow from.
        name: Name of the model.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        overwrite: Replace an earlier run in ``out``.
        on_progress: Called as work goes on.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        out: Path,
        modalities: Sequence[str],
        config: TrainConfig,
        *,
        cache: Path,
        store: Path | None = None,
        name: str = "slipdetect",
        device: str = "auto",
        overwrite: bool = False,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        if not modalities or len(set(modalities)) != len(modalities):
            raise UsageError(f"name each modality once, not {', '.join(modalities) or 'none'}")
        self.clips = list(clips)
        self.out = out
        self.config = config
        self.modalities = [_modality(modality, config) for modality in modalities]
        self.name = name
        self.device = resolve_device(device)
        self.overwrite = overwrite
        self.on_progress = on_progress
        require_both_labels(self.clips, "the annotation file")
        require_detectable(config, name)
        _prepare_folder(out, overwrite)
        self.flow_recipe = None
        if "flow" in modalities:
            extractor = FlowExtractor(config.flow_method, bound=config.flow_bound)
            self.flow_recipe = extractor.recipe()
        sampling = Sampling(config.sample_fps, config.short_side)
        self.cache = FrameCache(
            cache, sampling, self.flow_recipe, None if store is None else VideoStore(store)
        )
        self.grid = SnippetGrid.make(self.modalities, config.snippet_step, config.sample_fps)

    def run(self) -> ModelPackage:
        """Train and write everything; return the package of the last epoch.

        Raises:
            DataError: Too few usable clips, or one recording on both sides of the split.
            TrainingError: The loss stopped being finite.
        """
        torch.manual_seed(self.config.seed)
        usable = self._decode()
        training, validation = split_by_group(usable, self.config.validation, self.config.seed)
        require_no_leak(training, validation)
        logger.info("%d training clips, %d validation clips", len(training), len(validation))
        history: dict[str, list[EpochMetrics]] = {}
        streams = [
            self._train(modality, training, validation, history) for modality in self.modalities
        ]
        draw_curves(history, self.out / "curves.png", overwrite=True)
        write = partial(
            write_package,
            name=self.name,
            config=self.config,
            streams=[stream.config for stream in streams],
            data={"training_data": training, "validation_data": validation},
            overwrite=self.overwrite,
        )
        write(self.out / "best", {s.config.modality: s.best for s in streams})
        return write(self.out / "last", {s.config.modality: s.last for s in streams})

    def _decode(self) -> list[Clip]:
        """Fill the cache; a clip that cannot be read is reported and left out."""
        usable = []
        for index, clip in enumerate(self.clips):
            try:
                self.cache.frames(clip.path)
                if self.flow_recipe is not None:
                    self.cache.flows(clip.path)
                usable.append(clip)
            except VideoError as error:
                logger.warning("left out: %s", error)
            self.on_progress(Progress("reading clips", index + 1, len(self.clips)))
        if not usable:
            raise DataError("none of the clips can be read; check the paths in the annotation file")
        require_both_labels(usable, "what can be read of the training data")
        return usable

    def _train(
        self,
        modality: Modality,
        training: Sequence[Clip],
        validation: Sequence[Clip],
        history: dict[str, list[EpochMetrics]],
    ) -> TrainedStream:
        config = self.config
        network = TSN(
            config.backbone,
            modality=modality,
            num_classes=len(LABELS),
            num_segments=config.num_segments,
            consensus=config.consensus,
            dropout=config.dropout,
            partial_bn=config.partial_bn,  # type: ignore[arg-type]
            weights=config.weights,
        )
        stream = self._stream_config(modality, network)
        recipe = WindowRecipe(
            modality, self.grid, stream.input_size, config.crop, config.num_segments, self._rule
        )
        count = config.windows_per_epoch
        windows = TrainingWindows(training, self.cache, recipe, count, config.seed)
        held_out = ValidationWindows(validation, self.cache, recipe) if validation else None
        stage = f"training {modality.name}"
        trainer = Trainer(
            network,
            config,
            SnippetNormaliser(modality, stream.normalisation),
            self.device,
            lambda done, total, loss: self.on_progress(Progress(stage, done, total, f"{loss:.3f}")),
        )
        epochs = history.setdefault(modality.name, [])
        if held_out is not None and len(held_out) == 0:
            logger.warning("no validation clip has a place for a window; nothing is validated")
            held_out = None
        best = last = None
        for metrics in trainer.run(windows, held_out):
            epochs.append(metrics)
            self._log(modality.name, metrics)
            last = Checkpoint.take(network, metrics, trainer.validated)
            if best is None or _quality(metrics) > _quality(best.metrics):
                best = last
        if best is None or last is None:
            raise TrainingError("training ended before its first epoch did")
        return TrainedStream(stream, best, last)

    @property
    def _rule(self) -> WindowRule:
        return WindowRule(window=self.config.window)

    def _stream_config(self, modality: Modality, network: TSN) -> StreamConfig:
        config = self.config
        size = network.spec.input_size if config.input_size is None else config.input_size
        return StreamConfig(
            modality=modality.name,
            backbone=config.backbone,
            snippet_length=modality.length,
            num_segments=config.num_segments,
            input_size=size,
            normalisation=network.spec.normalisation,
            consensus=config.consensus,
            dropout=config.dropout,
            flow=self.flow_recipe if modality.name == "flow" else None,
            crop=config.crop,
        )

    def _log(self, modality: str, metrics: EpochMetrics) -> None:
        line = json.dumps({"modality": modality, **metrics.as_dict()}, allow_nan=False)
        with (self.out / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def _modality(name: str, config: TrainConfig) -> Modality:
    # the length belongs to the compared-frames modalities; a colour snippet stays one picture
    return get_modality(name, config.snippet_length if name != "rgb" else None)


def _prepare_folder(out: Path, overwrite: bool) -> None:
    leftovers = [out / "metrics.jsonl", out / "last", out / "best"]
    if any(path.exists() for path in leftovers) and not overwrite:
        raise OutputError(
            f"{str(out)!r} holds an earlier run; pass --overwrite or choose another folder"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with atomic_write(out / "metrics.jsonl", overwrite=True):
            pass
    except OSError as error:
        raise OutputError(f"cannot write to {str(out)!r}: {error.strerror}") from error


def _quality(metrics: EpochMetrics) -> tuple[float, float]:
    """Order epochs: by validation AUC, among equals by loss, so that a small set still ranks."""
    loss = metrics.train_loss if metrics.val_loss is None else metrics.val_loss
    return (0.0 if metrics.val_auc is None else metrics.val_auc), -loss
