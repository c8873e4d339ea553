"""The tables of ``leave_one_dataset_out.py``, printed from stored predictions.

The streams of pictures alone are judged at thresholds of their own model; all streams together at
those of the bundled model, which come from footage without falls that no stream learned from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import get_args

import numpy as np
from lodo_folds import FOLDS, ORDINARY, ROWS, predictions_file
from lodo_people import (
    CANDIDATES,
    EVENTS,
    People,
    combined,
    loosest,
    people_file,
    pose_alone,
    stored,
)

from slipdetect.detection import model_folder
from slipdetect.lab.calibrate.threshold_selection import measured_at, threshold_for_budget
from slipdetect.lab.evaluate.event_matching import TOLERANCE, hits
from slipdetect.lab.evaluate.event_report import evaluate_events, event_report, size_of
from slipdetect.lab.evaluate.predictions import ClipPrediction, read_predictions
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.ranking import Ranking
from slipdetect.models import ModelConfig, load_package
from slipdetect.models.config import SENSITIVITIES
from slipdetect.models.stream import PoseConfig
from slipdetect.types import EventConfig, View

RESAMPLES = 1000
CEILING = "urfd-cam1"
MOST_FALSE = 0.1  # false events a clip


def bundled() -> tuple[ModelConfig, PoseConfig]:
    """Return the configuration of the bundled model, and how it combines its streams."""
    config = load_package(model_folder("default")).config
    assert config.pose is not None
    return config, config.pose


def together(name: str) -> list[ClipPrediction]:
    """Return the predictions of a fold by all streams, with the bundled model's thresholds."""
    config, pose = bundled()
    return [combined(item, odds[0], pose).at(config.events) for item, odds in stored(name)]


def table(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of all streams together on what no stream has seen."""
    lines = [
        "| tested on | trained on | falls | other | clip AUC (95%) | falls found | "
        "false events a clip | onset error, median | length to the true one, median |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, what, row, part in _parts(names):
        if not part:
            lines.append(f"| {name} | not run | | | | | | | |")
            continue
        metrics = event_report(part).metrics
        found, there = found_events(part)
        onset = metrics["onset_error"].value
        lengths = relative_lengths(part)
        cells = [
            *_sizes(row, what, part),
            _auc(part),
            f"{found}/{there} = {found / there:.2f}" if there else "-",
            _rate(metrics["false_per_clip"]),
            "-" if onset is None else f"{onset:+.2f} s",
            f"{median(lengths):.2f}" if lengths else "-",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def streams_table(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of the clip AUC of the streams of pictures, of pose, and of all."""
    lines = [
        "| tested on | streams of pictures | pose | its networks alone | all streams | "
        "with its networks alone |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    _, pose = bundled()
    for name in names:
        both = stored(name)
        for row, chosen in ROWS.items():
            part = [(item, odds) for item, odds in both if chosen(item)]
            if not part:
                continue
            alone = [
                _area([pose_alone(item, odds[i], pose.never_up) for item, odds in part])
                for i in range(len(part[0][1]))
            ]
            fused = [
                _area([combined(item, odds[i], pose) for item, odds in part])
                for i in range(len(part[0][1]))
            ]
            cells = [
                row,
                f"{_area([item for item, _ in part]):.3f}",
                f"{alone[0]:.3f}",
                f"{min(alone[1:]):.3f} to {max(alone[1:]):.3f}",
                f"{fused[0]:.3f}",
                f"{min(fused[1:]):.3f} to {max(fused[1:]):.3f}",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def ordinary_table() -> list[str]:
    """Return the Markdown table of false events in footage of ordinary life, by its source.

    The streams of pictures alone have the thresholds that the bundled model had before it looked at
    people. For each source thresholds are chosen anew, as for the bundled model, without it.
    """
    config, _ = bundled()
    lines = [
        "| source | clips | minutes | streams of pictures alone | all streams | "
        "thresholds without it: onset | false events |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    by_source = quiet_sources()
    alone: dict[str, int] = defaultdict(int)
    for item in read_predictions(predictions_file(ORDINARY)):
        alone[item.group] += len(item.events)
    total = np.zeros(4)
    for source, items in by_source.items():
        own = measured_at(items, config.events).events
        others = [part for key, part in by_source.items() if key != source]
        without = loosest(others, config.events)
        then = measured_at(items, without).events
        hours = sum(item.seconds for item in items) / 3600
        total += (hours, alone[source], own, then)
        lines.append(
            f"| {source} | {len(items)} | {60 * hours:.1f} | {alone[source]} | {own} | "
            f"{without.onset:.3f} | {then} |"
        )
    before, own_rate, then_rate = (f"{each / total[0]:.0f} an hour" for each in total[1:])
    lines.append(f"| all | | {60 * total[0]:.1f} | {before} | {own_rate} | | {then_rate} |")
    return lines


def combinations_table(names: Sequence[str]) -> list[str]:
    """Return the Markdown table of ways to combine pose with the other streams.

    Each is judged at thresholds that are chosen as those of the bundled model.
    """
    there = {name: stored(name) for name in (*names, ORDINARY)}
    rows = [row for row in ROWS if row != CEILING]
    lines = [
        f"| pose weighs | others at most | gate | never up | {' | '.join(rows)} |",
        f"| --- | --- | --- | --- |{' --- |' * len(rows)}",
    ]
    for weight, most, gate, never_up in CANDIDATES:
        pose = PoseConfig(weight=weight, limits=(-4.0, most), gate=gate, never_up=never_up)
        made = {
            name: [combined(item, odds[0], pose) for item, odds in pairs]
            for name, pairs in there.items()
        }
        by_source: dict[str, list[ClipPrediction]] = defaultdict(list)
        for item in made[ORDINARY]:
            by_source[item.group].append(item)
        events = loosest(by_source.values(), EventConfig(**EVENTS))
        cells = []
        for row in rows:
            chosen = [item for name in names for item in made[name] if ROWS[row](item)]
            part = [item.at(events) for item in chosen]
            found, falls = found_events(part)
            per_clip = event_report(part).metrics["false_per_clip"].value
            cells.append(f"{_area(part):.3f}, {found}/{falls}, {per_clip:.2f}")
        shown = f"{weight:g} | {most:g} | {gate:g} | {never_up:g}"
        lines.append(f"| {shown} | {' | '.join(cells)} |")
    return lines


def best_table(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of what the best threshold for each data set alone would find."""
    config, _ = bundled()
    lines = [
        f"| tested on | onset for {MOST_FALSE:.2f} false events a clip | falls found | "
        "falls with nobody found | that only doubted people are found in |",
        "| --- | --- | --- | --- | --- |",
    ]
    people = {name: People.read(name).clips for name in names}
    said = {clip: each[0] for clips in people.values() for clip, each in clips.items()}
    for _, _, row, part in _parts(names):
        quiet = [item for item in part if not item.positive]
        hours = sum(item.seconds for item in quiet) / 3600
        point = threshold_for_budget(part, MOST_FALSE * len(quiet) / hours, config.events)
        assert point is not None, "even an onset of 1 breaks the budget"
        found, there = found_events([item.at(point.config) for item in part])
        falls = [said[item.clip] for item in part if item.positive]
        nobody = sum(all(odds is None for odds in each.all) for each in falls)
        nobody_up = sum(all(odds is None for odds in each.up) for each in falls)
        lines.append(
            f"| {row} | {point.config.onset:.3f} | {found}/{there} | {nobody} "
            f"| {nobody_up - nobody} |"
        )
    return lines


def quiet_sources() -> dict[str, list[ClipPrediction]]:
    """Return the predictions of ordinary footage by all streams, by its source."""
    found: dict[str, list[ClipPrediction]] = defaultdict(list)
    for item in together(ORDINARY):
        found[item.group].append(item)
    return dict(sorted(found.items()))


def actions(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of false events by action in the clips without a fall."""
    lines = [
        "| set | action | clips | clips with a false event | false events |",
        "| --- | --- | --- | --- | --- |",
    ]
    by_action: dict[tuple[str, str], list[int]] = defaultdict(list)
    for name in names:
        for item in together(name):
            if not item.positive:
                by_action[item.dataset, item.action].append(len(item.events))
    for (source, action), counts in sorted(by_action.items()):
        hit = sum(count > 0 for count in counts)
        lines.append(f"| {source} | {action} | {len(counts)} | {hit} | {sum(counts)} |")
    return lines


def sizes_table(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of what is found by how large who moves is in the picture."""
    lines = [
        "| tested on | height of what moves | falls found | clip AUC | false events a clip |",
        "| --- | --- | --- | --- | --- |",
    ]
    for _, _, row, part in _parts(names):
        for size, report in evaluate_events(part).by_size.items():
            inside = [item for item in part if size_of(item.size) == size]
            found, there = found_events(inside)
            mixed = 0 < report.positives < report.clips
            lines.append(
                f"| {row} | {size} | {f'{found}/{there}' if there else '-'} "
                f"| {f'{_area(inside):.3f}' if mixed else '-'} "
                f"| {_rate(report.metrics['false_per_clip'])} |"
            )
    return lines


def above_table() -> list[str]:
    """Return the Markdown table of what is found from the ceiling, by the view that is told."""
    config, pose = bundled()
    lines = [
        "| tested on | view | sensitivity | clip AUC (95%) | falls found | false events a clip |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for view in get_args(View):
        part = [
            combined(item, odds[0], pose.seen(view))
            for item, odds in stored("bundled")
            if ROWS[CEILING](item)
        ]
        for sensitivity in SENSITIVITIES:
            again = [item.at(config.events_at(sensitivity)) for item in part]
            found, there = found_events(again)
            lines.append(
                f"| {CEILING} | {view} | {sensitivity} | {_auc(part)} | {found}/{there} "
                f"| {_rate(event_report(again).metrics['false_per_clip'])} |"
            )
    return lines


def presets_table(names: Iterable[str]) -> list[str]:
    """Return the Markdown table of what the bundled model's presets find and falsely find."""
    config, _ = bundled()
    lines = [
        "| tested on | sensitivity | onset | falls found | false events a clip |",
        "| --- | --- | --- | --- | --- |",
    ]
    for _, _, row, part in _parts(names):
        for sensitivity in SENSITIVITIES:
            events = config.events_at(sensitivity)
            again = [item.at(events) for item in part]
            found, there = found_events(again)
            lines.append(
                f"| {row} | {sensitivity} | {events.onset:.3f} | {found}/{there} "
                f"| {_rate(event_report(again).metrics['false_per_clip'])} |"
            )
    ordinary = together(ORDINARY)
    for sensitivity in SENSITIVITIES:
        events = config.events_at(sensitivity)
        point = measured_at(ordinary, events)
        lines.append(
            f"| {ORDINARY} | {sensitivity} | {events.onset:.3f} | - "
            f"| {point.events / len(ordinary):.2f} (over {len(ordinary)}), "
            f"{point.per_hour:.0f} an hour |"
        )
    return lines


def found_events(predictions: Sequence[ClipPrediction]) -> tuple[int, int]:
    """Return the falls found and those there are; one at an unknown time counts too."""
    found = [hit for item in predictions if item.positive for hit in hits(item)]
    return sum(found), len(found)


def relative_lengths(predictions: Iterable[ClipPrediction]) -> list[float]:
    """Return how long found events are, of the true ones that they are nearest to."""
    lengths = []
    for item in predictions:
        for start, end in item.truth if item.positive else ():
            near = [e for e in item.events if e[0] <= end + TOLERANCE and e[1] >= start - TOLERANCE]
            if near:
                surest = max(near, key=lambda event: event[2])
                lengths.append((surest[1] - surest[0]) / (end - start))
    return lengths


def _parts(names: Iterable[str]) -> Iterable[tuple[str, str, str, list[ClipPrediction]]]:
    for name in names:
        if not people_file(name).exists():
            yield name, "", "", []
            continue
        predictions = together(name)
        trained = FOLDS[name].train
        what = "all other sets" if trained is None else " + ".join(trained)
        for row, chosen in ROWS.items():
            part = [item for item in predictions if chosen(item)]
            if part:
                yield name, what, row, part


def _sizes(row: str, trained: str, predictions: Sequence[ClipPrediction]) -> list[str]:
    falls = sum(item.positive for item in predictions)
    return [row, trained, str(falls), str(len(predictions) - falls)]


def _area(predictions: Sequence[ClipPrediction]) -> float:
    positive = np.array([item.positive for item in predictions])
    scores = np.array([item.score for item in predictions])
    return float(Ranking(scores, positive).auc(np.ones((1, len(scores))))[0])


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


def _rate(metric: Metric) -> str:
    if metric.value is None or metric.base is None:
        return "-"
    return f"{metric.value:.2f} (over {metric.base:.0f})"
