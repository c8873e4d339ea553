"""A tiny backbone and model configuration, so that tests of models need no real network.

In: numbers of channels. Out: modules with a spec, and valid ``ModelConfig`` objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from slipdetect.backbones import BackboneSpec
from slipdetect.modalities.normalize import Normalization
from slipdetect.modalities.snippet import MODALITIES, get_modality
from slipdetect.models import TSN, ModelConfig, ModelPackage, StreamConfig, save_package
from slipdetect.types import Calibration, EventConfig, Thresholds

RECIPE = {"method": "dis", "bound": 15.0, "parameters": {}}
EVENTS = {
    "onset": 0.6,
    "offset": 0.4,
    "min_duration_on": 0.2,
    "min_duration_off": 0.3,
    "pad_onset": 0.0,
    "pad_offset": 0.0,
}


class StubBackbone(nn.Module):
    """Three batch norms behind convolutions with and without bias, averaged over the picture."""

    def __init__(self, in_channels: int = 3, name: str = "stub") -> None:
        super().__init__()
        self.spec = BackboneSpec(
            name=name,
            feature_dim=6,
            input_size=16,
            normalization=Normalization(),
            first_conv="stem.0",
            license="Apache-2.0",
            min_input_size=8,
        )
        self.stem = nn.Sequential(nn.Conv2d(in_channels, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.middle = nn.Sequential(nn.Conv2d(4, 5, 3, bias=False), FancyNorm(5))
        self.last = nn.Sequential(nn.Conv2d(5, 6, 1), nn.BatchNorm2d(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.last(self.middle(self.stem(x))).mean((2, 3))
        return features


class FancyNorm(nn.BatchNorm2d):
    """A subclass, as timm's batch norm with activation is one."""


def create_stub(
    name: str, in_channels: int = 3, weights: object = None, **options: object
) -> StubBackbone:
    """Stand in for ``create_backbone``; any options are taken, and remembered."""
    network = StubBackbone(in_channels, name)
    if options:
        from slipdetect.backbones.options import remember_options

        remember_options(network, options)
    return network


def register_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 'stub' be the one backbone of the registry."""
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    monkeypatch.setattr("slipdetect.backbones.list_backbones", lambda pattern="*": ["stub"])
    monkeypatch.setattr("slipdetect.backbones.get_spec", lambda name: create_stub(name).spec)


def stub_tsn(modality: str = "rgb", **options: Any) -> TSN:
    """Return a TSN around the stub, drawn with a fixed seed."""
    torch.manual_seed(3)
    backbone = StubBackbone(get_modality(modality).network_channels)
    network = TSN(backbone, modality, **options)
    nn.init.normal_(network.classifier.weight)
    return network


def stub_stream(modality: str = "rgb", **changes: Any) -> StreamConfig:
    """Return a valid stream configuration."""
    values: dict[str, Any] = {
        "modality": modality,
        "backbone": "stub",
        "snippet_length": get_modality(modality).length if modality in MODALITIES else 1,
        "input_size": 16,
        "flow": dict(RECIPE) if modality == "flow" else None,
    }
    return StreamConfig(**{**values, **changes})


def stub_config(*modalities: str, **changes: Any) -> ModelConfig:
    """Return a valid model configuration with one stream per modality."""
    values: dict[str, Any] = {
        "name": "stub",
        "labels": ("slip", "other"),
        "positive": "slip",
        "sample_fps": 15.0,
        "frame_short_side": 64,
        "snippet_stride": 3,
        "window": 1.0,
        "stride": 0.2,
        "streams": tuple(stub_stream(name) for name in modalities),
        "fusion": {"weights": dict.fromkeys(modalities, 1.0), "space": "logits"},
        "calibration": {"temperature": 1.5, "bias": -0.25},
        "events": dict(EVENTS),
        "training": {"data": ["clips"], "metrics": {"accuracy": 0.9}},
        "versions": {},
    }
    return ModelConfig(**checked({**values, **changes}))


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a configuration with tables as what a package makes of them."""
    values = dict(values)
    if isinstance(values["calibration"], dict):
        values["calibration"] = Calibration.from_json(values["calibration"])
    if isinstance(values["events"], dict):
        values["events"] = EventConfig.from_json(values["events"], "events")
    if "sensitivity" in values:
        values["sensitivity"] = {
            name: Thresholds.from_json(preset, name) if isinstance(preset, dict) else preset
            for name, preset in values["sensitivity"].items()
        }
    return values


def stub_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *modalities: str, **changes: Any
) -> ModelPackage:
    """Write a package of stub networks, with crops of the middle, that can be loaded again."""
    monkeypatch.setattr("slipdetect.backbones.create_backbone", create_stub)
    streams = tuple(stub_stream(name, crop="center") for name in modalities)
    config = stub_config(*modalities, streams=streams, **changes)
    states = {name: stub_tsn(name).state_dict() for name in modalities}
    return save_package(folder, config, states, dtype=torch.float32)
