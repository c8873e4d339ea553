"""How fast training is: the step against a plain one, and how long the network waits for windows.

The plain step is what a minimal script of temporal segment networks does: torchvision's ResNet-50
with a new classifier, batch norms after the first frozen, mean of the segments' logits, cross
entropy, gradient clipping, SGD; clips decoded, cropped and normalized beforehand. The step of
slipdetect starts from stored uint8 snippets, as it does in training. Both take turns in one
process. The second part trains one short epoch from decoded clips and reads the loop's own record
of how long it waited for windows.

    python benchmarks/training.py --run --data ../shared/data/clips.csv
    python benchmarks/training.py --report
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "training.json"
SEGMENTS, SIDE = 3, 224


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clips.csv"))
    parser.add_argument("--batch", type=int, default=4, help="clips a step (default: 4)")
    parser.add_argument("--turns", type=int, default=15, help="steps of each (default: 15)")
    parser.add_argument("--clips", type=int, default=24, help="clips of the epoch (default: 24)")
    arguments = parser.parse_args()
    if not (arguments.run or arguments.report):
        parser.error("say --run or --report")
    if arguments.run:
        found = {
            "machine": machine(),
            "step": compare_steps(arguments.batch, arguments.turns),
            "epochs": [
                epoch(modality, arguments.data, arguments.clips, arguments.batch)
                for modality in ("rgb", "rgbdiff")
            ],
        }
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if arguments.report:
        print("\n".join(report(json.loads(RESULT.read_text(encoding="utf-8")))))


def machine() -> str:
    """Say what was measured on."""
    import torch
    from machine import machine_name

    return f"{machine_name()}, torch {torch.__version__}, {torch.get_num_threads()} threads"


def plain_step(batch: int) -> Callable[[], None]:
    """Return the step of the minimal script, on a batch of its own."""
    import torch
    from torch import nn
    from torchvision.models import resnet50

    network = resnet50(weights=None)
    network.fc = nn.Sequential(nn.Dropout(0.8), nn.Linear(2048, 2))
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)][1:]
    for norm in norms:
        norm.requires_grad_(False)
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=1e-3, momentum=0.9, weight_decay=5e-4)
    x = torch.randn(batch * SEGMENTS, 3, SIDE, SIDE)
    labels = torch.arange(batch) % 2

    def step() -> None:
        network.train()
        for norm in norms:
            norm.eval()
        logits = network(x).reshape(batch, SEGMENTS, 2).mean(1)
        loss = nn.functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning, 20.0)
        optimizer.step()
        float(loss.detach())

    return step


def own_step(batch: int) -> Callable[[], None]:
    """Return the step of slipdetect's loop by the recipe course2020-rgb, on a batch of its own."""
    import torch

    from slipdetect.lab.train.batches import class_weights
    from slipdetect.lab.train.loop import Trainer
    from slipdetect.lab.train.processes import make_accelerator
    from slipdetect.lab.train.recipes import load_recipe
    from slipdetect.modalities.normalize import SnippetNormalizer
    from slipdetect.modalities.snippet import get_modality
    from slipdetect.models import TSN

    overrides = {"backbone": "resnet50", "weights": None, "batch_size": batch}
    (config,) = load_recipe("course2020-rgb").configs(overrides).values()
    network = TSN(config.backbone, "rgb", num_segments=SEGMENTS, dropout=config.dropout)
    normalizer = SnippetNormalizer(get_modality("rgb"), network.spec.normalization)
    trainer = Trainer(network, config, normalizer, make_accelerator("cpu", "fp32"))
    images = torch.randint(0, 256, (batch, SEGMENTS, 1, SIDE, SIDE, 3), dtype=torch.uint8)
    labels = torch.arange(batch) % 2

    class Windows:
        """As many windows as a step has."""

        def __len__(self) -> int:
            return batch

        def label(self, index: int) -> int:
            return index % 2

    windows: Any = Windows()
    trainer.weights = class_weights(windows, config.class_weights)

    def step() -> None:
        trainer.model.train()
        trainer.step([(images, labels)], windows, [list(range(batch))])
        trainer.state.step += 1

    return step


def compare_steps(batch: int, turns: int) -> dict[str, Any]:
    """Time both steps in turns; the first turn of each only warms up."""
    contestants = {"plain": plain_step(batch), "slipdetect": own_step(batch)}
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    processor: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        order = list(contestants)
        for name in order if turn % 2 else order[::-1]:
            began, worked = time.perf_counter(), time.process_time()
            contestants[name]()
            if turn:
                seconds[name].append(time.perf_counter() - began)
                processor[name].append(time.process_time() - worked)
    return {"batch": batch, "turns": turns, "seconds": seconds, "processor": processor}


def epoch(modality: str, data: Path, clips: int, batch: int) -> dict[str, Any]:
    """Train one epoch of ResNet-50 from decoded clips, and return what the loop recorded."""
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.train import TrainingRun
    from slipdetect.lab.train.recipes import load_recipe

    chosen = evenly(read_annotations(data), clips)
    overrides = {"backbone": "resnet50", "weights": None, "batch_size": batch, "epochs": 1}
    configs = load_recipe(f"seed-{modality}").configs({**overrides, "validation": 0.0})
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        cache = out / "frames"
        run = TrainingRun(chosen, out / "run", [modality], configs, cache=cache, device="cpu")
        run.run()
        line = (out / "run" / "timings.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    return {**json.loads(line), "clips": len(chosen), "batch": batch, "data": str(data)}


def evenly(clips: Sequence[Any], count: int) -> list[Any]:
    """Return every n-th clip of either label, half of each."""
    sides = [[clip for clip in clips if clip.positive is label] for label in (True, False)]
    half = count // 2
    return [side[i * len(side) // half] for side in sides for i in range(half)]


def report(found: dict[str, Any]) -> list[str]:
    """Return the figures as lines."""
    step = found["step"]
    lines = [
        found["machine"],
        f"step of {step['batch']} clips x {SEGMENTS} segments, ResNet-50, {SIDE} px, "
        f"median of {step['turns']} turns:",
    ]
    for kind, what in (("seconds", "elapsed"), ("processor", "of processor time")):
        plain, own = step[kind]["plain"], step[kind]["slipdetect"]
        ratios = sorted(p / s for p, s in zip(plain, own, strict=True))
        lines.append(
            f"  plain {statistics.median(plain):.2f} s, slipdetect {statistics.median(own):.2f} s "
            f"{what}: {statistics.median(ratios):.2f} times as fast "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f} over the turns)"
        )
    for row in found["epochs"]:
        share = row["waited"] / row["seconds"]
        lines.append(
            f"{row['modality']}: an epoch of {row['clips']} decoded clips took "
            f"{row['seconds']:.1f} s, of which {100 * share:.1f}% waiting for windows"
        )
    return lines


if __name__ == "__main__":
    main()
