"""The loop's parts against plain arithmetic: batches, parts of a step, weights, means, schedules.

In: tiny networks and counts. Out: the same numbers computed a second time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from timm.utils.model_ema import ModelEmaV3
from torch import nn

from slipdetect import backbones
from slipdetect.errors import DataError, ModelError, UsageError
from slipdetect.lab.data import Clip
from slipdetect.lab.train import TrainingRun, records
from slipdetect.lab.train.batches import Share, StepBatches, class_weights
from slipdetect.lab.train.metrics import EpochMetrics, best_epoch, is_exhausted
from slipdetect.lab.train.optimizer import reductions
from slipdetect.lab.train.processes import make_accelerator
from slipdetect.models import TSN, load_package, save_package
from slipdetect.models.freezing import blocks
from stub_models import stub_tsn
from tiny_clips import create_tiny, tiny_clips, tiny_config


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_tiny)
        # a picture an epoch would take most of the time here
        patch.setattr(records, "draw_curves", lambda *args, **options: None)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tiny_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def train(data: list[Clip], out: Path, cache: Path, **changes: Any) -> dict[str, torch.Tensor]:
    """Train one RGB stream and return its last weights."""
    TrainingRun(data, out, ["rgb"], tiny_config(**changes), cache=cache, device="cpu").run()
    return load_package(out / "last").build_stream("rgb").state_dict()


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@given(
    items=st.integers(1, 60),
    processes=st.integers(1, 4),
    parts=st.integers(1, 3),
    per_part=st.integers(1, 4),
    data=st.data(),
)
def test_processes_and_parts_share_every_step_without_overlap(
    items: int, processes: int, parts: int, per_part: int, data: st.DataObject
) -> None:
    size = processes * parts * per_part
    whole = StepBatches(items, size, 1, Share())
    first = data.draw(st.integers(0, whole.steps))
    shares = []
    for index in range(processes):
        batches = StepBatches(items, size, parts, Share(index, processes))
        batches.first_step = first
        shares.append(list(batches))
        assert len(batches) == len(shares[-1])
    steps = list(whole)[first:]
    for share in shares:
        assert len(share) == len(steps) * parts
    for number, step in enumerate(steps):
        mine = [i for share in shares for p in share[number * parts :][:parts] for i in p]
        assert mine == step
        assert len(step) == size
    # an epoch has every item at least once, and begins anew only to fill its last step
    flat = [index for step in whole for index in step]
    assert flat[:items] == list(range(items))
    assert len(flat) - items < size


@pytest.mark.parametrize(("processes", "parts"), [(3, 1), (1, 3), (2, 4)])
def test_a_step_that_cannot_be_shared_evenly_is_refused(processes: int, parts: int) -> None:
    with pytest.raises(UsageError, match="cannot be divided evenly"):
        StepBatches(8, 4, parts, Share(0, processes))


def test_parts_of_a_step_make_the_same_step(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    settings = {"partial_bn": "all", "class_weights": "balanced", "positive_fraction": 0.25}
    once = train(data, tmp_path / "a", cache, **settings)
    parted = train(data, tmp_path / "b", cache, accumulate=2, **settings)
    start = train(data, tmp_path / "c", cache, lr=0.0, **settings)
    for key, value in once.items():
        torch.testing.assert_close(parted[key], value, rtol=1e-3, atol=2e-3)
    assert not torch.equal(once["classifier.weight"], start["classifier.weight"])
    assert [r["train_loss"] for r in rows(tmp_path / "b")] == pytest.approx(
        [r["train_loss"] for r in rows(tmp_path / "a")], rel=1e-4
    )


class Labels:
    """A training set of labels only."""

    def __init__(self, labels: list[int]) -> None:
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def label(self, index: int) -> int:
        return self._labels[index]


def test_class_weights_give_both_labels_the_same_say() -> None:
    labels = [0, 1, 1, 1, 1, 1, 1, 1]
    weights = class_weights(Labels(labels), "balanced").tolist()  # type: ignore[arg-type]
    assert weights == pytest.approx([8 / (2 * 1), 8 / (2 * 7)])
    assert sum(weights[label] for label in labels if label == 0) == pytest.approx(
        sum(weights[label] for label in labels if label == 1)
    )
    assert class_weights(Labels(labels), "none").tolist() == [1, 1]  # type: ignore[arg-type]
    assert class_weights(Labels([1, 1]), "balanced").tolist() == [0, 0.5]  # type: ignore[arg-type]


def test_the_weighted_loss_is_the_weighted_mean(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    """With a rate of zero the network stays as it is, so the epoch's loss can be recomputed."""
    changes = {
        "positive_fraction": 0.25,
        "epochs": 1,
        "lr": 0.0,
        "batch_size": 8,
        "validation": 0.0,
    }
    run = TrainingRun(
        data,
        tmp_path / "a",
        ["rgb"],
        tiny_config(class_weights="balanced", partial_bn="all", **changes),
        cache=cache,
        device="cpu",
    )
    run.run()
    network = load_package(tmp_path / "a" / "last").build_stream("rgb")
    from slipdetect.lab.data.datasets import TrainingWindows
    from slipdetect.lab.data.window_reader import WindowRecipe
    from slipdetect.lab.data.windows import WindowRule
    from slipdetect.modalities.normalize import SnippetNormalizer

    modality = run.modalities["rgb"]
    recipe = WindowRecipe(modality, run.grid, 32, "motion", 2, WindowRule(window=0.8))
    windows = TrainingWindows(data, run.cache, recipe, 8, 0, positive_fraction=0.25)
    normalizer = SnippetNormalizer(modality, network.spec.normalization)
    total = weight_sum = 0.0
    count = [sum(windows.label(i) == label for i in range(8)) for label in (0, 1)]
    assert count == [2, 6]
    for index in range(8):
        images, label = windows[index]
        with torch.inference_mode():
            logits = network(normalizer(images[None]))[0].double().numpy()
        loss = float(np.log(np.exp(logits).sum()) - logits[label])
        weight = 8 / (2 * count[label])
        total += weight * loss
        weight_sum += weight
    assert rows(tmp_path / "a")[0]["train_loss"] == pytest.approx(total / weight_sum, rel=2e-3)


def test_the_mean_of_the_weights_follows_by_hand(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_steps: list[torch.Tensor] = []
    update = ModelEmaV3.update

    def noted(self: ModelEmaV3, network: TSN, step: int) -> None:
        after_steps.append(network.classifier.weight.detach().double().clone())
        update(self, network, step)

    monkeypatch.setattr(ModelEmaV3, "update", noted)
    mean = train(data, tmp_path / "a", cache, ema=0.6, epochs=3)["classifier.weight"]
    assert len(after_steps) == 6
    wanted = torch.zeros_like(after_steps[0])
    for number, weight in enumerate(after_steps):
        decay = min(0.6, 1 - (1 + number) ** (-2 / 3))
        wanted = decay * wanted + (1 - decay) * weight
    torch.testing.assert_close(mean.double(), wanted, rtol=1e-3, atol=1e-5)
    assert not torch.allclose(after_steps[-1], wanted, rtol=1e-3, atol=1e-5)


def test_the_mean_is_what_is_saved(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    plain = train(data, tmp_path / "a", cache)
    mean = train(data, tmp_path / "b", cache, ema=0.99)
    assert [r["train_loss"] for r in rows(tmp_path / "a")] == [
        r["train_loss"] for r in rows(tmp_path / "b")
    ]
    assert not torch.equal(plain["classifier.weight"], mean["classifier.weight"])


@given(st.lists(st.floats(0.1, 10.0), max_size=30), st.integers(0, 4))
def test_the_plateau_is_that_of_torch(losses: list[float], patience: int) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, "min", factor=0.1, patience=patience, eps=0.0
    )
    for index in range(len(losses)):
        scheduler.step(losses[index])
        cuts = reductions(losses[: index + 1], patience)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1**cuts)


def epoch(index: int, auc: float | None, loss: float = 0.5) -> EpochMetrics:
    held = None if auc is None else loss
    return EpochMetrics(index, 0.5, 0.5, held, held, auc, 0.1)


@pytest.mark.parametrize(
    ("aucs", "patience", "stops"),
    [
        ([0.5, 0.6, 0.7], 1, False),
        ([0.5, 0.7, 0.6], 1, True),
        ([0.5, 0.7, 0.6], 2, False),
        ([0.7, 0.6, 0.65], 2, True),
        ([0.7, 0.7], 1, True),
        ([0.7, 0.6, 0.6, 0.6], 0, False),
        ([None, None, None], 1, False),
    ],
)
def test_training_stops_when_validation_no_longer_improves(
    aucs: list[float | None], patience: int, stops: bool
) -> None:
    history = [epoch(index, auc) for index, auc in enumerate(aucs)]
    assert is_exhausted(history, patience) is stops


def test_the_best_epoch_is_the_earliest_of_equals() -> None:
    assert best_epoch([epoch(0, 0.6), epoch(1, 0.8), epoch(2, 0.8), epoch(3, 0.7)]) == 1


def test_early_stopping_ends_a_run(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "o", cache, lr=0.0, epochs=6, early_stop=2, partial_bn="all")
    assert len(rows(tmp_path / "o")) == 3
    train(data, tmp_path / "p", cache, lr=0.0, epochs=4, early_stop=2, validation=0.0)
    assert len(rows(tmp_path / "p")) == 4


def test_a_frozen_backbone_is_a_fixed_feature_extractor(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    start = train(data, tmp_path / "a", cache, lr=0.0, epochs=1)
    frozen = train(data, tmp_path / "b", cache, freeze="backbone")
    for key, value in frozen.items():
        # statistics of batch norm included
        same = key.startswith("classifier") or torch.equal(value, start_of(start, key))
        assert same, key
    assert not torch.equal(frozen["classifier.weight"], start["classifier.weight"])


def start_of(start: dict[str, torch.Tensor], key: str) -> torch.Tensor:
    """What a layer holds before training; a rate of zero leaves batch norm's statistics running."""
    if key.endswith("running_mean"):
        return torch.zeros_like(start[key])
    if key.endswith("running_var"):
        return torch.ones_like(start[key])
    return torch.zeros_like(start[key]) if key.endswith("num_batches_tracked") else start[key]


def test_frozen_stages_are_the_first_ones() -> None:
    network = stub_tsn(partial_bn=False)
    assert blocks(network.backbone) == ["stem", "middle", "last"]
    assert network.freeze("stages:2") == ["stem", "middle"]
    learning = {name for name, p in network.named_parameters() if p.requires_grad}
    assert {name.split(".")[1] for name in learning if name.startswith("backbone")} == {"last"}
    network.train()
    norms = {n: m.training for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    assert [norms[f"backbone.{n}"] for n in ("stem.1", "middle.1", "last.1")] == [
        False,
        False,
        True,
    ]


def test_a_fixed_extractor_drops_nothing() -> None:
    network = stub_tsn(partial_bn=False)
    network.backbone.add_module("drop", nn.Dropout(0.5))
    network.freeze("backbone")
    network.train()
    assert network.training
    assert [m.training for m in network.backbone.modules() if isinstance(m, nn.Dropout)] == [False]
    assert not any(module.training for module in network.backbone.modules())


@pytest.mark.parametrize("what", ["backbone", "stages:1"])
def test_what_is_frozen_stays_so_when_batch_norms_are_freed(what: str) -> None:
    network = stub_tsn(partial_bn="all")
    network.freeze(what)
    network.partial_bn(False)
    network.train()
    norm = network.backbone.get_submodule("stem.1")
    assert not norm.training
    assert not any(parameter.requires_grad for parameter in norm.parameters())


def test_blocks_of_known_networks() -> None:
    from slipdetect.backbones.create import create_backbone

    resnet = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"]
    assert blocks(create_backbone("resnet18")) == resnet
    lite = blocks(create_backbone("efficientnet_lite0"))
    assert lite[:3] == ["conv_stem", "bn1", "blocks.0"]
    assert "blocks.6" in lite


@pytest.mark.parametrize("what", ["stages:0", "stages:4", "stages:x", "head"])
def test_impossible_freezing_is_refused(what: str) -> None:
    with pytest.raises(UsageError, match="stages"):
        stub_tsn().freeze(what)


def test_a_run_starts_from_a_model(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    first = train(data, tmp_path / "a", cache)
    model = str(tmp_path / "a" / "last")
    again = train(data, tmp_path / "b", cache, init_from=model, lr=0.0, epochs=1, partial_bn="all")
    assert all(torch.equal(first[key], again[key]) for key in first)
    with pytest.raises(UsageError, match="no 'flow' stream"):
        TrainingRun(
            data, tmp_path / "c", ["flow"], tiny_config(init_from=model), cache=cache, device="cpu"
        ).run()


def test_a_model_of_another_make_is_no_start(
    data: list[Clip], cache: Path, tmp_path: Path, tiny_package: Path
) -> None:
    with pytest.raises(ModelError, match=r"resnet18.*the recipe wants tiny"):
        train(data, tmp_path / "a", cache, init_from=str(tiny_package))


def test_a_start_that_saw_other_pictures_is_warned_of(
    data: list[Clip], cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkey = pytest.MonkeyPatch()
    # the command line, if a test has run it before, keeps records to itself
    monkey.setattr(logging.getLogger("slipdetect"), "propagate", True)
    train(data, tmp_path / "a", cache, epochs=1)
    start = str(tmp_path / "a" / "last")
    train(data, tmp_path / "b", cache, init_from=start, epochs=1)
    assert "learned with" not in caplog.text
    train(data, tmp_path / "c", cache, init_from=start, epochs=1, crop="center")
    assert "learned with crop motion, this run has center" in caplog.text
    monkey.undo()


def test_a_start_brings_its_normalization(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    """An imported network may know its pictures otherwise than its backbone does."""
    train(data, tmp_path / "a", cache, epochs=1)
    path = tmp_path / "a" / "last" / "model.json"
    content = json.loads(path.read_text())
    content["streams"][0]["normalization"]["mean"] = [0.1, 0.2, 0.3]
    content["labels"], content["positive"] = ["Slipping", "NotSlipping"], "Slipping"
    package = load_package(tmp_path / "a" / "last")
    config = type(package.config).from_json(content)
    states = {"rgb": package.build_stream("rgb").state_dict()}
    save_package(tmp_path / "imported", config, states)
    train(data, tmp_path / "b", cache, init_from=str(tmp_path / "imported"), epochs=1)
    (stream,) = load_package(tmp_path / "b" / "last").config.streams
    assert stream.normalization.mean == (0.1, 0.2, 0.3)
    again = tiny_config(init_from=str(tmp_path / "imported"), epochs=1)
    options = {"cache": cache, "device": "cpu", "resume": True}
    TrainingRun(data, tmp_path / "b", ["rgb"], again, **options).run()
    content["streams"][0]["normalization"]["mean"] = [0.5, 0.5, 0.5]
    save_package(
        tmp_path / "imported", type(package.config).from_json(content), states, overwrite=True
    )
    with pytest.raises(DataError, match=r"other settings \(normalization"):
        TrainingRun(data, tmp_path / "b", ["rgb"], again, **options).run()
    content["streams"][0]["normalization"]["mean"] = [0.1, 0.2, 0.3]
    turned = {**content, "positive": "NotSlipping"}
    save_package(tmp_path / "turned", type(package.config).from_json(turned), states)
    with pytest.raises(ModelError, match="comes first"):
        train(data, tmp_path / "c", cache, init_from=str(tmp_path / "turned"))


def test_flow_is_normalized_as_was_asked(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    """Two-stream networks saw flow from 0 to 1; by default it follows from the backbone's."""
    config = tiny_config(epochs=1, flow_statistics=(0.0, 1.0), flow_method="dis")
    TrainingRun(data, tmp_path / "o", ["flow"], config, cache=cache, device="cpu").run()
    (stream,) = load_package(tmp_path / "o" / "last").config.streams
    assert (stream.normalization.flow_mean, stream.normalization.flow_std) == (0.0, 1.0)
    for wrong in ((0.5,), (0.5, 0.0), (0.5, 0.2, 0.1)):
        with pytest.raises(UsageError, match="flow_statistics"):
            tiny_config(flow_statistics=wrong)


def test_half_precision_trains_on_a_cpu(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    half = train(data, tmp_path / "a", cache, precision="bf16", epochs=1)
    full = train(data, tmp_path / "b", cache, precision="fp32", epochs=1)
    assert not torch.equal(half["classifier.weight"], full["classifier.weight"])
    torch.testing.assert_close(
        half["classifier.weight"], full["classifier.weight"], rtol=0.2, atol=0.02
    )
    with pytest.raises(UsageError, match="needs a GPU"):
        make_accelerator("cpu", "fp16")


def test_clips_with_a_split_are_used_as_it_says(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    sides = ["train", "train", "train", "train", "val", "val", "test", "test"]
    clips = [replace(clip, split=side) for clip, side in zip(data, sides, strict=True)]
    clips[7] = replace(clips[7], path=tmp_path / "never-read.mp4")
    train(clips, tmp_path / "o", cache, sampling="clips", positive_fraction=0.0, epochs=1)
    facts = load_package(tmp_path / "o" / "last").config.training
    assert [part["clips"] for part in facts["training_data"]] == [4]
    assert [part["clips"] for part in facts["validation_data"]] == [2]


def test_summed_logits_are_the_number_of_segments_times_their_mean() -> None:
    network = stub_tsn(consensus="sum", num_segments=3)
    x = torch.rand(2, 3, 3, 16, 16)
    scores = network.eval().snippet_scores(x)
    torch.testing.assert_close(network(x), scores.sum(dim=1))
    more = torch.rand(2, 5, 3, 16, 16)
    torch.testing.assert_close(network(more), 3 * network.snippet_scores(more).mean(dim=1))
    assert isinstance(network, TSN)


def test_tensorboard_gets_the_figures(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    TrainingRun(
        data, tmp_path / "o", ["rgb"], tiny_config(), cache=cache, device="cpu", tensorboard=True
    ).run()
    # a run that is gone on with writes all figures anew, and they are there once
    TrainingRun(
        data,
        tmp_path / "o",
        ["rgb"],
        tiny_config(),
        cache=cache,
        device="cpu",
        tensorboard=True,
        resume=True,
    ).run()
    board = EventAccumulator(str(tmp_path / "o" / "tensorboard")).Reload()
    losses = [(item.step, item.value) for item in board.Scalars("rgb/train_loss")]
    assert [step for step, _ in losses] == [1, 2]
    wanted = [row["train_loss"] for row in rows(tmp_path / "o")]
    assert [value for _, value in losses] == pytest.approx(wanted)
