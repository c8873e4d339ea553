"""Packages of tiny networks, as training writes them, sent out as old checkpoints and back.

In: settings of training, packages. Out: packages, and assertions that two of them are one model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from slipdetect.detection import Detector
from slipdetect.flow import FlowExtractor
from slipdetect.lab.checkpoints import export_stream, import_checkpoints
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.packaging import Checkpoint, TrainedStream, write_package
from slipdetect.lab.train.plan import StreamPlan
from slipdetect.modalities.snippet import SnippetGrid, get_modality
from slipdetect.models import TSN, ModelConfig, ModelPackage, load_package

# what a package of a whole model does not keep: its files are new, and whoever imports names it
NEW = {"name", "file", "sha256", "versions"}
SMALL = {"backbone": "stub", "weights": None, "input_size": 16, "short_side": 32}


def trained(folder: Path, configs: Mapping[str, TrainConfig], *, held_out: bool) -> ModelPackage:
    """Write the package that a run of these settings writes, with random networks."""
    snippets = {name: get_modality(name, item.snippet_length) for name, item in configs.items()}
    first = next(iter(configs.values()))
    grid = SnippetGrid.make(list(snippets.values()), first.snippet_step, first.sample_fps)
    labels = torch.arange(40) % 2
    streams = []
    for index, (name, config) in enumerate(configs.items()):
        flow = None
        if name == "flow":
            flow = FlowExtractor(config.flow_method, bound=config.flow_bound).recipe()
        plan = StreamPlan(snippets[name], config, grid, flow, [], [])
        network = awake(plan.network(), index)
        # separable and noisy otherwise in every stream, so that each has a temperature of its own
        noise = torch.randn(40, 2, generator=torch.Generator().manual_seed(index)) * (1 + index)
        logits = nn.functional.one_hot(labels, 2) * 2.0 + noise
        metrics = EpochMetrics(4, 0.1, 0.1, 0.2, 0.75, 0.8, 1.0)
        done = Checkpoint.take(network, metrics, (logits, labels) if held_out else None)
        streams.append(TrainedStream(plan.stream(network), config, done, done, [metrics]))
    return write_package(folder, streams, "last", name="run", data={"training_data": []})


def awake(network: TSN, seed: int) -> TSN:
    """Give a network statistics, counters and a last layer that tell pictures apart."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            module.num_batches_tracked += 9
    nn.init.normal_(network.classifier.weight, 0.0, 2.0)
    for weight in network.consensus.parameters():
        nn.init.normal_(weight)
    return network


def there_and_back(package: ModelPackage, folder: Path, **options: Any) -> ModelPackage:
    """Export every stream, import all files, and read the package from its folder."""
    folder.mkdir(exist_ok=True)
    files = [folder / f"{stream.modality}.pth.tar" for stream in package.config.streams]
    for stream, path in zip(package.config.streams, files, strict=True):
        export_stream(load_package(package.folder), stream.modality, path)
    import_checkpoints(files, folder / "back", **options)
    return load_package(folder / "back")


def said(config: ModelConfig) -> dict[str, Any]:
    """Return all that a package says but what is new in every package."""
    data = {key: value for key, value in asdict(config).items() if key not in NEW}
    data["streams"] = [
        {key: value for key, value in stream.items() if key not in NEW}
        for stream in data["streams"]
    ]
    data["training"] = {k: v for k, v in data["training"].items() if k != "imported"}
    return data


def assert_same_networks(first: ModelPackage, second: ModelPackage) -> None:
    """Compare the weights bit for bit and the logits of one clip per stream."""
    for stream in first.config.streams:
        ours, theirs = (package.build_stream(stream.modality) for package in (first, second))
        state = theirs.state_dict()
        assert list(state) == list(ours.state_dict())
        assert all(torch.equal(value, state[key]) for key, value in ours.state_dict().items())
        side, channels = stream.input_size, stream.snippet.stored_channels
        clip = torch.rand(2, stream.num_segments, channels, side, side)
        with torch.inference_mode():
            expected = ours(clip)
            assert not torch.allclose(expected[0], expected[1])
            assert torch.equal(theirs(clip), expected)


def assert_same_detection(first: ModelPackage, second: ModelPackage, video: Path) -> None:
    """Compare the windows of a video: probabilities, those of the streams, events."""
    ours, theirs = (
        Detector.from_package(package, device="cpu", exact=True).detect(video)
        for package in (first, second)
    )
    windows = [(w.start, w.end, w.probability, w.streams) for w in ours.windows]
    assert len({probability for _, _, probability, _ in windows}) > 1
    assert [(w.start, w.end, w.probability, w.streams) for w in theirs.windows] == windows
    assert theirs.events == ours.events
