"""Whether every built-in backbone exports as a graph in every modality, and how exactly.

Networks have random weights (seed 0), batch norms that have seen the snippets, so that nothing
fades away on the way through, a head that gives logits of about one, and the input size of their
backbone. Snippets are of a real clip of URFD where it is, else of the rendered example.
Exporting compares ONNX Runtime with torch and refuses what is further away than its tolerance.

    python benchmarks/exports.py --run        # an hour on two CPUs; goes on where it stopped
    python benchmarks/exports.py --report
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "exports.json"
ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SLIPDETECT_TEST_DATA", ROOT.parent / "shared" / "data"))
MODALITIES = ("rgb", "flow", "rgbdiff")


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored (default)")
    parser.add_argument("--only", nargs="*", help="names of backbones (default: all)")
    arguments = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    if arguments.run:
        run(found, arguments.only)
    if arguments.report or not arguments.run:
        print("\n".join(report(found)))


def run(found: dict[str, Any], only: list[str] | None) -> None:
    """Export what was not exported yet, and store every result at once."""
    from slipdetect.backbones import list_backbones

    clips = sorted((DATA / "urfd").glob("fall-*.mp4"))
    video = clips[0] if clips else ROOT / "examples" / "slip.mp4"
    for name in only or list_backbones():
        for modality in MODALITIES:
            key = f"{name} {modality}"
            if key in found:
                continue
            began = time.perf_counter()
            found[key] = exported(name, modality, video)
            found[key]["seconds"] = round(time.perf_counter() - began, 1)
            print(key, found[key], file=sys.stderr, flush=True)
            RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def exported(name: str, modality: str, video: Path) -> dict[str, Any]:
    """Return how far the graph of one network is from torch, or why there is none."""
    import torch

    from slipdetect.backbones import get_spec
    from slipdetect.detection.engines import make_engine
    from slipdetect.errors import SlipdetectError
    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.models.graphs import export_graphs, snippets_of
    from slipdetect.models import TSN, ModelConfig, StreamConfig, save_package
    from slipdetect.types import Calibration, EventConfig

    torch.manual_seed(0)
    spec = get_spec(name)
    network = TSN(name, modality, partial_bn=False)
    torch.nn.init.normal_(network.classifier.weight)
    flow = FlowExtractor("dis-fast", bound=15.0).recipe() if modality == "flow" else None
    stream = StreamConfig(
        modality=modality,
        backbone=name,
        snippet_length=network.modality.length,
        input_size=spec.input_size,
        normalization=spec.normalization,
        flow=flow,
    )
    config = ModelConfig(
        name=name,
        labels=("slip", "other"),
        positive="slip",
        sample_fps=10.0,
        frame_short_side=240,
        snippet_stride=2,
        window=2.4,
        stride=0.2,
        streams=(stream,),
        fusion={"weights": {modality: 1.0}, "space": "logits"},
        calibration=Calibration(),
        events=EventConfig(),
    )
    with tempfile.TemporaryDirectory() as folder:
        states = {modality: network.state_dict()}
        package = save_package(Path(folder) / "model", config, states)
        snippets = {key: views[:8] for key, views in snippets_of(package, video).items()}
        awaken(network, stream, snippets[modality])
        states = {modality: network.state_dict()}
        package = save_package(Path(folder) / "model", config, states, overwrite=True)
        try:
            (done,) = export_graphs(package, "onnx", None, snippets)
        except SlipdetectError as error:
            return {"error": str(error)}
        largest = float(
            abs(make_engine(package, "torch", "cpu").logits(modality, snippets[modality])).max()
        )
        return {
            "apart": done.apart,
            "largest": largest,
            "snippets": done.snippets,
            "video": video.name,
        }


def awaken(network: Any, stream: Any, images: Any) -> None:
    """Let batch norms see the snippets, and scale the head to logits of about one."""
    import numpy as np
    import torch

    from slipdetect.modalities.normalize import SnippetNormalizer

    normalized = SnippetNormalizer(stream.snippet, stream.normalization)
    inputs = normalized(torch.from_numpy(np.stack(images))).unsqueeze(1)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()
        network.snippet_scores(inputs)
        network.eval()
        features = network.backbone(network.backbone_inputs(inputs))
        network.classifier.weight.div_(features.std() * features.shape[-1] ** 0.5)


def report(found: dict[str, Any]) -> list[str]:
    """Return the lines to print."""
    lines = [
        f"{key:<28} {value['apart']:.1e} of {value['largest']:.1f} on {value['snippets']} snippets "
        f"of {value['video']}"
        if "apart" in value
        else f"{key:<28} {value['error']}"
        for key, value in found.items()
    ]
    good = sum("apart" in value for value in found.values())
    return [*lines, f"{good} of {len(found)} export"]


if __name__ == "__main__":
    main()
