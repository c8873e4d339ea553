"""What a stream of a run is trained with, and the network that makes it.

In: a modality, a ``TrainConfig`` and clips. Out: a ``TSN``, its ``StreamConfig``, facts of the run.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import torch

from slipdetect.backbones.options import parse_options
from slipdetect.detection import model_folder
from slipdetect.errors import ModelError
from slipdetect.lab.data import Clip
from slipdetect.lab.data.window_reader import LABELS
from slipdetect.lab.train.config import TrainConfig
from slipdetect.modalities.snippet import Modality, SnippetGrid
from slipdetect.models import TSN, ModelPackage, StreamConfig, load_package

logger = logging.getLogger(__name__)

# may differ between a run and its resumption: they change the pace and the memory, not the result
_PACE = ("workers", "save_every", "accumulate")
# what ``TSN`` calls the modes of partial batch norm
_PARTIAL_BN: dict[str, bool | Literal["all"]] = {"all": "all", "after-first": True, "none": False}


@dataclass(frozen=True)
class StreamPlan:
    """What a stream is trained with."""

    modality: Modality  # what its snippets are
    config: TrainConfig  # numbers of the run
    grid: SnippetGrid  # where snippets lie, shared by the streams of a run
    flow: dict[str, Any] | None  # recipe of the flow, for the flow modality
    training: Sequence[Clip]  # clips to learn from
    validation: Sequence[Clip]  # clips held out

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
            partial_bn=_PARTIAL_BN[config.partial_bn],
            # a package brings all weights
            weights=config.weights if self._start is None else None,
            backbone_options=self._backbone_options,
        )
        if self._start is not None:
            begun = self._start.build_stream(self.name)
            if begun.consensus.kind != network.consensus.kind:
                # the weights of another kind, if any, are of no use
                begun.consensus = network.consensus
            network.load_state_dict(begun.state_dict())
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

        Pictures are normalized as the starting weights know them, and are of the size that was
        given, else of that which these know.
        """
        config, begun = self.config, self._start_stream
        normalization = begun.normalization if begun else network.spec.normalization
        if self.name == "flow" and config.flow_statistics:
            mean, std = config.flow_statistics
            normalization = replace(normalization, flow=(mean, std))
        if self.name == "rgbdiff" and config.difference_contrast > 0:
            normalization = replace(normalization, contrast=config.difference_contrast)
        known = begun.input_size if begun else network.spec.input_size
        return StreamConfig(
            modality=self.name,
            backbone=config.backbone,
            snippet_length=self.modality.length,
            num_segments=config.num_segments,
            input_size=known if config.input_size is None else config.input_size,
            normalization=normalization,
            consensus=config.consensus,
            dropout=config.dropout,
            flow=self.flow,
            crop=config.crop,
            backbone_options=self._backbone_options,
        )

    def warn_of_start(self) -> None:
        """Say what the network to start from saw otherwise than this run will show it."""
        if self._start is None or self._start_stream is None:
            return
        then = {
            "sample_fps": self._start.config.sample_fps,
            "crop": self._start_stream.crop,
            "consensus": self._start_stream.consensus,
        }
        now = {key: getattr(self.config, key) for key in then}
        if self.flow is not None:
            then["flow"], now["flow"] = self._start_stream.flow, self.flow
        for key, value in now.items():
            if value != then[key]:
                logger.warning(
                    "%s: %r learned with %s %s, this run has %s; pass the same unless you mean it",
                    *(self.name, self.config.init_from, key, then[key], value),
                )

    def facts(self) -> dict[str, Any]:
        """Return what a checkpoint is bound to: settings and clips, wherever the folder is."""
        settings = {k: v for k, v in asdict(self.config).items() if k not in _PACE}
        digest = clips_digest(self.training, self.validation)
        facts = {**settings, "clips": digest, "flow": self.flow}
        facts["backbone_option"] = self._backbone_options
        if self._start_stream is not None:
            # the package may have been replaced since; its weights are in the checkpoint, but
            # pictures are normalized as it says now
            facts["normalization"] = asdict(self._start_stream.normalization)
            if self.config.input_size is None:
                facts["input_size"] = self._start_stream.input_size
        return facts

    @property
    def _backbone_options(self) -> dict[str, Any]:
        """The backbone's options: what was given, else those of the model to go on from."""
        given = parse_options(self.config.backbone_option)
        return given or (self._start_stream.backbone_options if self._start_stream else {})

    @property
    def _start_stream(self) -> StreamConfig | None:
        return None if self._start is None else self._start.config.stream(self.name)

    @cached_property
    def _start(self) -> ModelPackage | None:
        """The package to start from, which must be of the same make.

        Raises:
            ModelError: It is of another one.
        """
        if self.config.init_from is None:
            return None
        start, wanted = self.config.init_from, (self.config.backbone, self.modality.length)
        package = load_package(model_folder(start))
        stream, labels = package.config.stream(self.name), package.config.labels
        found = (stream.backbone, stream.snippet_length)
        if found != wanted:
            raise ModelError(
                f"cannot start from {start!r}: its {self.name} stream is {found[0]} with snippets "
                f"of {found[1]}, the recipe wants {wanted[0]} and {wanted[1]}; change --backbone "
                "or --set snippet_length"
            )
        options = parse_options(self.config.backbone_option)
        if options and options != stream.backbone_options:
            raise ModelError(
                f"cannot start from {start!r}: its {self.name} stream has the backbone options "
                f"{stream.backbone_options}, not {options}; leave backbone_option out"
            )
        if len(labels) != len(LABELS) or labels[0] != package.config.positive:
            raise ModelError(
                f"cannot start from {start!r}: its labels are {', '.join(labels)}; it must tell "
                "a slip, which comes first, from anything else"
            )
        return package


def clips_digest(training: Sequence[Clip], validation: Sequence[Clip]) -> str:
    """Return what tells the clips of a run from others, wherever their folder is."""
    clips = [
        [part, clip.path.name, clip.positive, clip.events, clip.group, clip.lookalikes]
        for part, clips in (("train", training), ("val", validation))
        for clip in clips
    ]
    return hashlib.sha256(json.dumps(clips).encode()).hexdigest()[:16]
