"""Checkpoints as the older programs wrote them, and what their networks answer.

In: an architecture and a modality. Out: ``OldNetwork``: its file, its clips, its logits.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

CHANNELS = {"rgb": 3, "flow": 10, "rgbdiff": 15}
SEGMENTS = 3

# RGB mean and std, largest value, and whether channels are BGR (the older programs' tables)
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 1.0, False)
_HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 1.0, False)
_CAFFE = ((104.0, 117.0, 128.0), (1.0, 1.0, 1.0), 255.0, True)


@dataclass(frozen=True)
class Family:
    """How the older programs treat a kind of network: its last and first layer, its pictures."""

    last: str
    written_last: str
    first: str
    pictures: tuple[tuple[float, ...], tuple[float, ...], float, bool]
    least: int


_RESNET = Family("fc", "fc", "conv1", _IMAGENET, 64)
_RESNEST = Family("fc", "fc", "conv1.0", _IMAGENET, 64)
_VGG = Family("classifier.6", "classifier.6", "features.0", _IMAGENET, 32)
FAMILIES = {
    "resnet18": _RESNET,
    "resnet34": _RESNET,
    "resnet50": _RESNET,
    "resnet101": _RESNET,
    "resnet152": _RESNET,
    "resnest50": _RESNEST,
    "resnest101": _RESNEST,
    "vgg16": _VGG,
    "vgg16_bn": _VGG,
    "BNInception": Family("last_linear", "fc", "conv1_7x7_s2", _CAFFE, 96),
    "inceptionv4": Family("last_linear", "last_linear", "features.0.conv", _HALVES, 75),
    "inceptionresnetv2": Family("last_linear", "last_linear", "conv2d_1a.conv", _HALVES, 75),
}


class OldNetwork:
    """A network as the older programs built it, with random weights that tell inputs apart.

    Args:
        arch: Name as in the checkpoint.
        modality: ``"rgb"``, ``"flow"`` or ``"rgbdiff"``.
        dropout: Whether there is any before the last layer, which decides the names in the file.
        two_stream: Of the two-stream program: flow of ten fields, in its own order.
        classes: Size of the output.
    """

    def __init__(
        self,
        arch: str,
        modality: str = "rgb",
        *,
        dropout: bool = True,
        two_stream: bool = False,
        classes: int = 2,
    ) -> None:
        torch.manual_seed(len(arch) + len(modality))
        self.arch, self.modality, self.dropout = arch, modality, dropout
        self.two_stream, self.family = two_stream, FAMILIES[arch]
        self.channels = 20 if two_stream and modality == "flow" else CHANNELS[modality]
        self.base = library_network(arch)
        _replace(self.base, self.family.first, self._first_layer)
        old_last = self.base.get_submodule(self.family.last)
        self.head = nn.Linear(old_last.in_features, classes)  # type: ignore[arg-type]
        _replace(self.base, self.family.last, lambda old: nn.Identity())
        self._wake_up()

    def clips(self, size: int | None = None) -> np.ndarray:
        """Return two clips, ``(2, segments, images, size, size, C)`` uint8."""
        side = self.family.least if size is None else size
        images = {"rgb": 1, "flow": self.channels // 2, "rgbdiff": 6}[self.modality]
        colors = 2 if self.modality == "flow" else 3
        rng = np.random.default_rng(7)
        shape = (2, SEGMENTS, images, side, side, colors)
        return rng.integers(0, 256, shape, dtype=np.uint8)

    def logits(self, clips: np.ndarray) -> torch.Tensor:
        """Return ``(clips, classes)``: mean over the segments of what the old network says."""
        answers = []
        with torch.inference_mode():
            for clip in clips:
                inputs = torch.from_numpy(np.stack([self.preprocess(snippet) for snippet in clip]))
                answers.append(self.head(self.features(inputs.float())).mean(0))
        return torch.stack(answers)

    def features(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return ``(N, features)`` by the library's own forward."""
        if self.family.last == "last_linear":
            # pretrainedmodels pools what a picture of full size leaves; the mean is that for any
            return self.base.features(inputs).mean((2, 3))  # type: ignore[operator,no-any-return]
        features: torch.Tensor = self.base(inputs)
        return features

    def preprocess(self, snippet: np.ndarray) -> np.ndarray:
        """Return what the old program fed of one snippet, ``(channels, H, W)``, in plain loops."""
        mean, std, top, bgr = self.family.pictures
        values = snippet.astype(np.float64) * top / 255.0
        if self.modality == "flow":
            return self._flow(values, std, top)
        if bgr:
            values = values[..., ::-1]
        planes = []
        if self.modality == "rgb":
            for image in values:
                planes += [(image[..., c] - mean[c]) / std[c] for c in range(3)]
        else:
            for before, after in pairwise(values):
                planes += [after[..., c] - before[..., c] for c in range(3)]
        return np.stack(planes)

    def _flow(self, values: np.ndarray, std: tuple[float, ...], top: float) -> np.ndarray:
        if self.two_stream:
            planes = np.zeros((self.channels, *values.shape[1:3]))
            for j, field in enumerate(values):
                # index -2 and -1 for the first field: the last two planes
                planes[2 * (j - 1)] = field[..., 0]
                planes[2 * (j - 1) + 1] = field[..., 1]
            return planes
        zero = 128.0 if top == 255.0 else 0.5
        spread = float(np.mean(std))
        return np.stack([(field[..., c] - zero) / spread for field in values for c in range(2)])

    def state(self, *, parallel: bool = False, counters: bool = True) -> OrderedDict[str, Any]:
        """Return the state dict with the old program's names."""
        body = self.base.state_dict()
        names = {name: f"base_model.{name}" for name in body}
        last = f"base_model.{self.family.written_last}"
        head = "new_fc" if self.dropout else last
        if self.two_stream:
            names = {name: name.replace("conv1.", "conv1_custom.") if name.startswith("conv1.")
                     else name for name in body}  # fmt: skip
            head = "fc_action" if self.arch.startswith("vgg") else "fc_custom"
        state = OrderedDict((names[name], value.clone()) for name, value in body.items())
        state.update(
            (f"{head}.{key}", value.clone()) for key, value in self.head.state_dict().items()
        )
        front = "module." if parallel else ""
        return OrderedDict(
            (front + name, value)
            for name, value in state.items()
            if counters or not name.endswith("num_batches_tracked")
        )

    def write(
        self,
        path: Path,
        *,
        zipped: bool = True,
        parallel: bool = False,
        counters: bool = True,
        **changes: Any,
    ) -> Path:
        """Write the checkpoint; a change of ``...`` leaves the key out."""
        content: dict[str, Any] = {
            "epoch": 43,
            "arch": self.arch,
            "state_dict": self.state(parallel=parallel, counters=counters),
            "best_prec1": torch.tensor(96.2406),
        }
        if self.two_stream:
            content["optimizer"] = torch.optim.SGD(self.head.parameters(), lr=0.1).state_dict()
        content.update(changes)
        kept = {key: value for key, value in content.items() if value is not ...}
        torch.save(kept, path, _use_new_zipfile_serialization=zipped)
        return path

    def _first_layer(self, old: Any) -> nn.Conv2d:
        return nn.Conv2d(
            self.channels,
            old.out_channels,
            old.kernel_size,
            old.stride,
            old.padding,
            bias=old.bias is not None,
        )

    def _wake_up(self) -> None:
        """Give batch norms the statistics of one batch: fresh deep networks say all the same.

        Channels that hardly vary would blow rounding errors up and are left small.
        """
        for module in self.base.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
                nn.init.uniform_(module.weight, 0.8, 1.2)
                nn.init.uniform_(module.bias, -0.2, 0.2)
        self.base.train()
        with torch.no_grad():
            flat = self.clips().reshape(-1, *self.clips().shape[2:])
            inputs = np.stack([self.preprocess(snippet) for snippet in flat])
            self.features(torch.from_numpy(inputs).float())
        self.base.eval()
        for module in self.base.modules():
            if isinstance(module, nn.BatchNorm2d) and module.running_var is not None:
                module.running_var.clamp_(min=float(module.running_var.mean()))
        nn.init.normal_(self.head.weight, 0.0, 0.5)


def library_network(arch: str) -> nn.Module:
    """Return the network as its library makes it."""
    if arch.startswith("resnest"):
        from resnest.torch import resnest50, resnest101

        made: nn.Module = {"resnest50": resnest50, "resnest101": resnest101}[arch](pretrained=False)
        return made
    if arch.startswith(("resnet", "vgg")):
        from torchvision import models

        return models.get_model(arch, weights=None)  # type: ignore[no-any-return]
    import pretrainedmodels

    made = getattr(pretrainedmodels, arch.lower())(num_classes=1000, pretrained=None)
    return made


def _replace(network: nn.Module, name: str, make: Callable[[nn.Module], nn.Module]) -> None:
    parent, _, child = name.rpartition(".")
    owner = network.get_submodule(parent)
    setattr(owner, child, make(network.get_submodule(name)))
