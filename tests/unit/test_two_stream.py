"""The two-stream network of the 2020 course report: summed logits in training, tests and detection.

In: tiny clips, the recipe ``two-stream`` made small. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from slipdetect import backbones
from slipdetect.detection import Detector
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.clip_scoring import score_clips
from slipdetect.lab.evaluate.protocol import Protocol
from slipdetect.lab.models.models_command import input_shape
from slipdetect.lab.train import TrainingRun, records
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.recipes import load_recipe
from slipdetect.models import ModelPackage, load_package, save_package
from tiny_clips import create_tiny, tiny_clips

SMALL: dict[str, Any] = {
    "backbone": "tiny",
    "weights": None,
    "input_size": 32,
    "short_side": 48,
    "sample_fps": 10.0,
    "window": 1.5,
    "flow_method": "dis",
    "epochs": 1,
    "batch_size": 4,
    "validation": 0.25,
}


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_tiny)
        patch.setattr(records, "draw_curves", lambda *args, **options: None)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tiny_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two-stream")


Seen = list[tuple[str, torch.Tensor, torch.Tensor]]


@pytest.fixture(scope="module")
def trained(data: list[Clip], folder: Path) -> tuple[ModelPackage, Seen]:
    """The model, and of every training step the modality, the logits and those of each frame."""
    seen: Seen = []
    forward = Trainer._forward

    def watched(self: Trainer, model: Any, images: torch.Tensor, labels: torch.Tensor) -> Any:
        found = forward(self, model, images, labels)
        if model.training:
            each = self.network.snippet_scores(self.normalizer(images))
            seen.append((self.network.modality.name, found[0].detach(), each.detach()))
        return found

    configs = load_recipe("two-stream").configs(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_forward", watched)
        run = TrainingRun(
            data, folder / "run", list(configs), configs, cache=folder / "cache", device="cpu"
        )
        return run.run(), seen


def averaging(package: ModelPackage, folder: Path) -> ModelPackage:
    """Return the same model with the mean of its frames' logits in place of their sum."""
    streams = tuple(replace(stream, consensus="avg") for stream in package.config.streams)
    states = {name: net.state_dict() for name, net in package.build_streams().items()}
    target = folder / "averaging"
    save_package(target, replace(package.config, streams=streams), states, overwrite=True)
    return load_package(target)


def test_S12_shapes_are_those_of_the_report(trained: tuple[ModelPackage, Seen]) -> None:
    rgb, flow = trained[0].config.streams
    assert (rgb.modality, rgb.num_segments, rgb.consensus) == ("rgb", 3, "sum")
    assert input_shape(rgb)[0][:2] == ["1", "9"]
    assert (flow.modality, flow.num_segments, flow.snippet_length) == ("flow", 1, 10)
    assert input_shape(flow)[0][:2] == ["1", "20"]


def test_S12_the_loss_sees_the_sum_over_three_frames(trained: tuple[ModelPackage, Seen]) -> None:
    rgb = [(logits, each) for name, logits, each in trained[1] if name == "rgb"]
    assert rgb
    for logits, each in rgb:
        assert each.shape[1] == 3
        torch.testing.assert_close(logits, each[:, 0] + each[:, 1] + each[:, 2])


@pytest.mark.parametrize("protocol", ["3x1", "6x2"])
def test_S12_tests_and_detection_sum_as_training_did(
    trained: tuple[ModelPackage, Seen], data: list[Clip], folder: Path, protocol: str
) -> None:
    """However many segments are read, their logits count three times their mean."""
    package = trained[0]
    mean = averaging(package, folder)
    summed, averaged = (
        score_clips(one, data[:2], folder / "cache", Protocol.parse(protocol), device="cpu")
        for one in (package, mean)
    )
    np.testing.assert_allclose(summed.logits["rgb"], 3 * averaged.logits["rgb"], rtol=1e-4)
    np.testing.assert_allclose(summed.logits["flow"], averaged.logits["flow"], rtol=1e-4)
    found, plain = (
        Detector.from_package(one, "cpu").detect(data[0].path) for one in (package, mean)
    )
    assert found.windows
    for window, other in zip(found.windows, plain.windows, strict=True):
        assert odds(window.streams["rgb"]) == pytest.approx(
            3 * odds(other.streams["rgb"]), rel=1e-3
        )


def odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def test_S13_one_frame_is_one_segment(data: list[Clip], folder: Path) -> None:
    """The spatial network as it was first: one picture of three channels a video."""
    configs = load_recipe("two-stream-rgb").configs({**SMALL, "num_segments": 1})
    run = TrainingRun(
        data, folder / "one", list(configs), configs, cache=folder / "cache", device="cpu"
    )
    (stream,) = run.run().config.streams
    assert input_shape(stream)[0][:2] == ["1", "3"]
    package = load_package(folder / "one" / "last")
    scores = score_clips(package, data[:1], folder / "cache", Protocol.parse("1x1"), device="cpu")
    assert scores.logits["rgb"].shape == (1, 2)
    assert Detector.from_package(package, "cpu").detect(data[0].path).windows
