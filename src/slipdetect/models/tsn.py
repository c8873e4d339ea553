"""The temporal segment network: one backbone scores every snippet, a consensus scores the clip.

In: normalized snippets ``(batch, segments, channels, H, W)``. Out: logits ``(batch, classes)``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self, cast

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from slipdetect import backbones
from slipdetect.errors import ModelError, UsageError
from slipdetect.modalities.snippet import Modality, get_modality
from slipdetect.models.config import StreamConfig
from slipdetect.models.consensus import Consensus
from slipdetect.models.freezing import BatchNormFreezer, FreezeBN, freeze, parameter_groups

# what every initialization of torch, torchvision and timm comes down to
_DRAW = (
    torch.Tensor.normal_,
    torch.Tensor.uniform_,
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.kaiming_uniform_,
)


class TSN(nn.Module):
    """A 2-D backbone shared by the snippets of one modality (Wang et al., ECCV 2016).

    Args:
        backbone: A name of ``list_backbones()``, or a module with a ``spec`` attribute.
        modality: ``"rgb"``, ``"flow"`` or ``"rgbdiff"``.
        num_classes: Size of the output.
        num_segments: Snippets per clip.
        consensus: A kind of ``Consensus``, or one made already.
        dropout: Probability in [0, 1) of dropping a feature before the classifier.
        partial_bn: True freezes every batch norm after the first, "all" the first one too.
        weights: Passed on to ``create_backbone``; None: random initialization.
        snippet_length: L of the modality; None: its default.
        backbone_options: The backbone's own, passed on to ``create_backbone``.

    Raises:
        UsageError: A number out of range or contradicting arguments.
        BackboneUnavailable: The backbone cannot be built here.

    Attributes:
        modality: What a snippet is; the only source of channel counts.
        spec: The backbone's facts (normalization, input size, first convolution).
        backbone: ``(N, modality.network_channels, H, W)`` to ``(N, spec.feature_dim)``.
        consensus: ``(batch, segments, classes)`` to ``(batch, classes)``.
        num_segments: Segments of the four-dimensional input form and of training.
    """

    def __init__(
        self,
        backbone: str | nn.Module = "resnet101",
        modality: str | Modality = "rgb",
        num_classes: int = 2,
        num_segments: int = 3,
        consensus: str | Consensus = "avg",
        dropout: float = 0.8,
        partial_bn: FreezeBN = True,
        weights: str | os.PathLike[str] | None = None,
        snippet_length: int | None = None,
        backbone_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if num_classes < 1 or num_segments < 1:
            raise UsageError("num_classes and num_segments must be at least 1")
        if not 0.0 <= dropout < 1.0:
            raise UsageError(f"dropout must be in [0, 1), not {dropout}")
        self.modality = _modality(modality, snippet_length)
        self.num_segments = num_segments
        self.backbone = _backbone(
            backbone, self.modality.network_channels, weights, backbone_options
        )
        self.spec = cast("backbones.BackboneSpec", self.backbone.spec)
        _check_channels(self.first_conv, self.modality)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(self.spec.feature_dim, num_classes)
        nn.init.normal_(self.classifier.weight, 0.0, 0.001)
        nn.init.zeros_(self.classifier.bias)
        self.consensus = (
            Consensus(consensus, num_segments=num_segments, num_classes=num_classes)
            if isinstance(consensus, str)
            else consensus
        )
        self._frozen: list[str] = []
        self._bn = BatchNormFreezer(self.backbone)
        self.partial_bn(partial_bn)

    @property
    def first_conv(self) -> nn.Module:
        """The convolution that sees the input, found by the name in the backbone's spec."""
        try:
            return self.backbone.get_submodule(self.spec.first_conv)
        except AttributeError as error:
            raise ModelError(
                f"backbone {self.spec.name!r} has no layer {self.spec.first_conv!r}; "
                "correct first_conv in its spec"
            ) from error

    @property
    def freeze_bn(self) -> FreezeBN:
        """What ``partial_bn`` was last told: True, False or "all"."""
        return self._bn.mode

    def partial_bn(self, enable: FreezeBN = True) -> None:
        """Freeze every batch norm of the backbone but the first, or undo it.

        A frozen layer keeps its running statistics in training mode and its scale and shift get
        no gradient. Layers that were frozen by hand, or by ``freeze``, stay as they were.

        Args:
            enable: True, False, or "all" to freeze the first one too.
        """
        self._bn.freeze(self.backbone, enable)
        for name in self._frozen:
            self.backbone.get_submodule(name).eval().requires_grad_(False)

    def freeze(self, what: str) -> list[str]:
        """Stop the backbone, or its first stages, from learning; see ``freeze``.

        Args:
            what: ``"none"``, ``"backbone"`` or ``"stages:N"``.

        Returns:
            The names of the frozen blocks.
        """
        names = freeze(self.backbone, what)
        # a fixed extractor drops no features either, in whatever layer without weights
        self._frozen = [""] if what == "backbone" else names
        self.train(self.training)
        return names

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; what is frozen stays in evaluation."""
        super().train(mode)
        self._bn.apply(self.backbone)
        for name in self._frozen:
            self.backbone.get_submodule(name).eval()
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Score clips.

        Args:
            x: ``(batch, segments, modality.stored_channels, H, W)`` normalized floats, or the
                same with segments concatenated, ``(batch, segments * stored_channels, H, W)``.
                The first form may hold any number of segments, the second ``num_segments``.
                RGB-difference snippets are frames: they are differenced here.

        Returns:
            Logits ``(batch, classes)``; with the identity consensus ``(batch, segments, classes)``.

        Raises:
            UsageError: Wrong shape or type; the message gives the right one.
        """
        scores: torch.Tensor = self.consensus(self.snippet_scores(x))
        return scores

    def snippet_scores(self, x: torch.Tensor) -> torch.Tensor:
        """Score every snippet of ``x`` (as for ``forward``): logits (batch, segments, classes)."""
        x = self._segmented(x)
        scores = self.classify(self.backbone(self.backbone_inputs(x)))
        return scores.reshape(*x.shape[:2], scores.shape[-1])

    def backbone_inputs(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the backbone sees of ``x`` (as for ``forward``).

        Returns:
            ``(batch * segments, modality.network_channels, H, W)``.
        """
        x = self._segmented(x)
        return (self._difference(x) if self.modality.name == "rgbdiff" else x).flatten(0, 1)

    def classify(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logits ``(N, classes)`` of the backbone's features ``(N, feature_dim)``."""
        scores: torch.Tensor = self.classifier(self.dropout(features))
        return scores

    def parameter_groups(self, lr: float, weight_decay: float) -> list[dict[str, Any]]:
        """Return the five optimizer groups of the reference recipe; see ``parameter_groups``."""
        return parameter_groups(
            self,
            self.first_conv,
            lr=lr,
            weight_decay=weight_decay,
            is_flow=self.modality.name == "flow",
        )

    def _segmented(self, x: torch.Tensor) -> torch.Tensor:
        stored, segments = self.modality.stored_channels, self.num_segments
        five = x.ndim == 5 and x.shape[1] >= 1 and x.shape[2] == stored
        four = x.ndim == 4 and x.shape[1] == segments * stored
        if not (five or four):
            height, width = (*x.shape, "H", "W")[-2:] if x.ndim < 2 else x.shape[-2:]
            raise UsageError(
                f"{self.modality.name} snippets of length {self.modality.length} have {stored} "
                f"channels: pass [N, {segments * stored}, {height}, {width}] or "
                f"[N, segments, {stored}, {height}, {width}], not {list(x.shape)}"
            )
        if not x.is_floating_point():
            raise UsageError(f"TSN takes normalized floats, not {x.dtype}; use SnippetNormalizer")
        self.spec.require_size(x.shape[-2], x.shape[-1])
        return x if five else x.reshape(x.shape[0], segments, stored, *x.shape[-2:])

    def _difference(self, x: torch.Tensor) -> torch.Tensor:
        frames = x.reshape(*x.shape[:2], self.modality.images, 3, *x.shape[-2:])
        return (frames[:, :, 1:] - frames[:, :, :-1]).flatten(2, 3)


def _modality(modality: str | Modality, length: int | None) -> Modality:
    if isinstance(modality, str):
        return get_modality(modality, length)
    if length not in (None, modality.length):
        raise UsageError(f"snippet_length {length} contradicts {modality}")
    return modality


def _backbone(
    backbone: str | nn.Module, channels: int, weights: Any, options: Mapping[str, Any] | None
) -> nn.Module:
    if isinstance(backbone, str):
        built: nn.Module = backbones.create_backbone(backbone, channels, weights, **(options or {}))
        return built
    if weights is not None or options:
        what = "options" if options else "weights"
        raise UsageError(f"{what} go with a backbone's name; give your module its own instead")
    if not hasattr(backbone, "spec"):
        raise UsageError("a backbone module needs a BackboneSpec as its attribute 'spec'")
    return backbone


def _check_channels(first_conv: nn.Module, modality: Modality) -> None:
    channels = getattr(first_conv, "in_channels", None)
    if channels != modality.network_channels:
        raise UsageError(
            f"{modality.name} snippets of length {modality.length} need a backbone with "
            f"{modality.network_channels} input channels, not {channels}; "
            f"create it with in_channels={modality.network_channels}"
        )


class WithoutDrawing(TorchFunctionMode):
    """Within it networks begin with zeros: to draw weights that a file replaces takes long."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in _DRAW:
            return func(*args, **kwargs)
        tensor: torch.Tensor = args[0] if args else kwargs["tensor"]
        tensor.detach().zero_()
        return tensor


def build_network(stream: StreamConfig, classes: int) -> TSN:
    """Build the network of ``stream`` with random weights, no layer of it frozen.

    Whoever needs the names and shapes of a stream's weights asks here, so that everything in
    ``stream`` that changes the network changes it for all.

    Raises:
        BackboneUnavailable: The backbone cannot be built here.
    """
    return TSN(
        stream.backbone,
        modality=stream.snippet,
        num_classes=classes,
        num_segments=stream.num_segments,
        consensus=Consensus(stream.consensus, stream.consensus_k, stream.num_segments, classes),
        dropout=stream.dropout,
        partial_bn=False,
        backbone_options=stream.backbone_options,
    )
