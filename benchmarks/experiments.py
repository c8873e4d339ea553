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

from leave_one_dataset_out import FOLDS, RECIPE, ROWS

from slipdetect._io import atomic_write
from slipdetect.datasets import read_annotations
from slipdetect.detection import Detector
from slipdetect.evaluation import (
    ClipPrediction,
    predict,
    read_predictions,
    summarise,
    write_predictions,
)
from slipdetect.training import TrainingRun

RESULTS = Path(__file__).parent / "results" / "experiments.json"
SHOWN = ("upfall", "urfd-cam0")


@dataclass(frozen=True)
class Experiment:
    """One idea.

    Attributes:
        idea: What is different.
        expected: What it should do; docs/experiments.md says when that was written down.
        changes: Settings that differ from the bundled model's.
        rendered: Rendered clips are added, a folder of ``--rendered``: ``few`` has the first 124 of
            ``render_set.py --seed 0`` as it was at commit 44bab4b (seven actions) and the first 46
            of ``--seed 1`` (25 actions); ``hard`` the first 179 of that; ``both`` all 303.
    """

    idea: str
    expected: str
    changes: dict[str, Any] = field(default_factory=dict)
    rendered: str = ""


_LONG = {"snippet_length": 10}
_SINGLE = {**_LONG, "num_segments": 1, "windows_per_epoch": 1600, "batch_size": 32}
_SCALED = {**_SINGLE, "difference_contrast": 0.2}

EXPERIMENTS = {
    "base": Experiment("the recipe of the bundled model, once more", "as the bundled model"),
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
        help="folder with few/, hard/ and both/",
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
    experiment, fold = EXPERIMENTS[name], FOLDS["bundled"]
    clips = read_annotations(data)
    which = experiment.rendered
    extra = read_annotations(rendered / which / "clips.csv") if which else []
    kept = out / f"{name}.jsonl"
    if not kept.exists():
        TrainingRun(
            [clip for clip in clips if fold.trains(clip)] + extra,
            out / name,
            ("rgbdiff",),
            replace(RECIPE, **experiment.changes),
            cache=out / "frame-cache",
            name=name,
            overwrite=True,
        ).run()
        held_out = [clip for clip in clips if clip.source in fold.test]
        write_predictions(predict(Detector.load(out / name / "last"), held_out, data.parent), kept)
    row = {
        "training_clips": sum(fold.trains(clip) for clip in clips),
        "rendered_clips": len(extra),
        "figures": figures(read_predictions(kept)),
    }
    with atomic_write(RESULTS, overwrite=True) as temporary:
        text = json.dumps({**read_results(), name: row}, indent=1, sort_keys=True)
        temporary.write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {row['figures']}", file=sys.stderr)


def figures(predictions: list[ClipPrediction]) -> dict[str, dict[str, Any]]:
    """Return what the table shows of each row of the leave-one-dataset-out table."""
    found = {}
    for row, chosen in ROWS.items():
        part = [item for item in predictions if chosen(item)]
        if part:
            summary = summarise(part)
            assert summary.auc is not None
            found[row] = {
                "auc": round(summary.auc, 4),
                "found": summary.found,
                "events": summary.events,
                "false_events": summary.false_events,
                "negatives": summary.negatives,
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
        cells = [_cell(results[name]["figures"][row]) if name in results else "" for row in SHOWN]
        lines.append(
            f"| {name} | {experiment.idea} | {experiment.expected} | {' | '.join(cells)} |"
        )
    return lines


def _cell(figure: dict[str, Any]) -> str:
    rate = figure["false_events"] / figure["negatives"]
    return f"{figure['auc']:.3f}, {figure['found']}/{figure['events']}, {rate:.2f}"


if __name__ == "__main__":
    main()
