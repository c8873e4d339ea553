"""Two ways to detect with the same two ResNet101: the 2020 course report's and ours.

In: a video. Out: the work of either, with its networks loaded.

The report's way is that of its final detector: TV-L1 by OpenCV of every pair of frames at
342 x 256, windows of 30 frames every 10 with 7 snippets each, ResNet101 for RGB and for flow, each
window by itself. Its detour over JPEG files is left out. Ours has the same two networks (random
weights: time does not depend on them) in a package as ``models import --preset
course2020`` makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def rival(work: str, video: Path, folder: Path) -> Callable[[], dict[str, Any]]:
    """Return one of the two ways; the package with their networks is written to ``folder``."""
    from slipdetect.detection import Detector

    package = _resnets(folder)
    if work == "seed":
        networks = package.build_streams()
        return lambda: reports_way(package.config, networks, video)
    detector = Detector.from_package(package, device="cpu")

    def ours() -> dict[str, Any]:
        detector.detect(video)
        return {}

    return ours


def _resnets(folder: Path) -> Any:
    """Write a package of two ResNet101, read as ``models import --preset course2020`` reads."""
    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.checkpoints import PRESETS
    from slipdetect.models import TSN, ModelConfig, StreamConfig, save_package
    from slipdetect.types import Calibration, EventConfig

    reading, networks = PRESETS["course2020"], {}
    streams = []
    for modality in ("rgb", "flow"):
        networks[modality] = TSN("resnet101", modality)
        flow = FlowExtractor(reading.flow_method, bound=reading.flow_bound).recipe()
        streams.append(
            StreamConfig(
                modality=modality,
                backbone="resnet101",
                snippet_length=networks[modality].modality.length,
                input_size=224,
                crop=reading.crop,
                flow=flow if modality == "flow" else None,
            )
        )
    config = ModelConfig(
        name="resnets",
        labels=("slip", "other"),
        positive="slip",
        sample_fps=reading.sample_fps,
        frame_short_side=reading.short_side,
        snippet_stride=reading.snippet_stride,
        window=reading.window,
        stride=reading.stride,
        streams=tuple(streams),
        fusion={"weights": {"rgb": 1.0, "flow": 1.0}, "space": "logits"},
        calibration=Calibration(),
        events=EventConfig(),
    )
    states = {name: network.state_dict() for name, network in networks.items()}
    return save_package(folder / "model", config, states)


def reports_way(config: Any, networks: Any, video: Path) -> dict[str, Any]:
    """Detect as the 2020 course report's final detector did, without its files."""
    import torch

    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.course2020.replay import SEED_WINDOWS
    from slipdetect.modalities.normalize import SnippetNormalizer
    from slipdetect.modalities.snippet import cut, snippet_box
    from slipdetect.video import open_video

    schedule, extractor = SEED_WINDOWS["course2020"], FlowExtractor("tvl1-opencv", threads=1)
    with open_video(video) as source:
        images = [cv2.resize(frame.image, (342, 256)) for frame in source.frames()]
    fields = [extractor.quantize(field).transpose(1, 2, 0) for field in extractor.iter(images)]
    box = snippet_box([], 256, 342, "center")
    for start in schedule.starts(len(images)):
        for stream in config.streams:
            modality = stream.snippet
            shown = fields if modality.name == "flow" else images
            snippets = [
                cut(np.stack(shown[start + at : start + at + modality.images]), box, 224)
                for at in schedule.samples(modality, schedule.length)
            ]
            normalized = SnippetNormalizer(modality, stream.normalization)(
                torch.from_numpy(np.stack(snippets))
            )
            with torch.inference_mode():
                networks[modality.name](normalized.unsqueeze(0))
    return {}
