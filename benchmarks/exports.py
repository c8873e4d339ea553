"""Whether every built-in backbone exports as a graph in every modality, and how exactly.

Networks have random weights (seed 0), a head that gives logits of about one, and the input size of
their backbone; snippets are of a real clip of URFD where it is, else of the rendered example.
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
    from slipdetect.errors import SlipdetectError
    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.models.graphs import export_graphs, snippets_of
    from slipdetect.models import TSN, ModelConfig, StreamConfig, save_package
    from slipdetect.types import Calibration, EventConfig

    torch.manual_seed(0)
    spec = get_spec(name)
    network = TSN(name, modality, partial_bn=False)
    torch.nn.init.normal_(network.classifier.weight, std=spec.feature_dim**-0.5)
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
        package = save_package(Path(folder) / "model", config, {modality: network.state_dict()})
        snippets = {key: views[:8] for key, views in snippets_of(package, video).items()}
        try:
            (done,) = export_graphs(package, "onnx", None, snippets)
        except SlipdetectError as error:
            return {"error": str(error)}
        return {"apart": done.apart, "snippets": done.snippets, "video": video.name}


def report(found: dict[str, Any]) -> list[str]:
    """Return the lines to print."""
    lines = [
        f"{key:<28} {value['apart']:.1e} on {value['snippets']} snippets of {value['video']}"
        if "apart" in value
        else f"{key:<28} {value['error']}"
        for key, value in found.items()
    ]
    good = sum("apart" in value for value in found.values())
    return [*lines, f"{good} of {len(found)} export"]


if __name__ == "__main__":
    main()
