"""Learning curves of several runs: read from the logs that training left, drawn in one picture.

In: run folders, metrics.jsonl, curves.csv, CSV logs of other tools. Out: ``Curve``s; a picture.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from slipdetect._io import exists
from slipdetect._text import printable, shorten
from slipdetect.errors import DataError
from slipdetect.lab.train.metrics import CURVES, METRICS
from slipdetect.reports.colors import color, marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = (("loss", "Loss"), ("accuracy", "Accuracy"))
_STYLES: dict[str, Literal["--", "-"]] = {"training": "--", "validation": "-"}
# a loss that once was so many times its median would press all else onto the axis
_FAR = 20
_LONGEST_NAME = 32
_MOST_MARKS = 15

_MOST_BYTES = 64 << 20
_PARTS = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "test", "testing", "eval"), "validation"),
}
_METRICS = {
    "loss": "loss",
    **dict.fromkeys(("acc", "accuracy", "prec", "precision", "top"), "accuracy"),
}
# words that may stand beside a metric and change nothing; prec@5 and top5 are other metrics
_FILLERS = {"1", "at", "avg", "average", "percent"}
_EPOCHS = ({"epoch"}, {"epochs"}, {"ep"})
# columns whose cells say which curve of several a row belongs to
_RUNS = ("modality", "run")

Slot = tuple[str, str]
Values = dict[Slot, dict[int, float]]


@dataclass(frozen=True)
class Curve:
    """One figure of one run over its epochs."""

    run: str  # name of the run or stream; curves of one run share a color
    part: str  # "training", "validation", or "" where a log does not say
    metric: str  # "loss" or "accuracy" (share, 0 to 1)
    points: tuple[tuple[int, float], ...]  # (epoch, value), epochs counted from 1


def read_curves(runs: Sequence[Path]) -> list[Curve]:
    """Read the logs of all runs.

    A folder stands for its metrics.jsonl, or else its curves.csv, or else for all CSV logs in it.
    A log with a column ``modality`` or ``run`` holds a run for each of its values.
    ``rgb_train.csv`` and ``rgb_test.csv`` are one run. Accuracies above 1 are percent. Of an epoch
    that a log has twice the last counts; a log that begins with epoch 0 is counted from 1.

    Raises:
        DataError: A log is missing, unreadable or has no figures over epochs.
    """
    found: dict[tuple[str, ...], Values] = {}
    for path in _logs(runs):
        for name, values in _read(path):
            known = found.setdefault(name, {})
            for slot, points in values.items():
                known.setdefault(slot, {}).update(points)
    names = _short_names(list(found))
    curves = [
        Curve(names[name], part, metric, _scaled(metric, points))
        for name, values in found.items()
        for (part, metric), points in sorted(values.items())
        if points
    ]
    if not curves:
        raise DataError(f"no figures in {', '.join(map(str, runs))[:200]}; has an epoch ended?")
    return curves


def _logs(runs: Sequence[Path]) -> Iterator[Path]:
    for run in runs:
        if not (exists(str(run)) and run.is_dir()):
            yield run
        elif ours := [run / n for n in (METRICS, CURVES) if (run / n).is_file()]:
            yield ours[0]
        elif logs := sorted(run.glob("*.csv")):
            yield from logs
        else:
            raise DataError(f"{str(run)!r} has neither metrics.jsonl nor a CSV log; name a run")


def _read(path: Path) -> Iterator[tuple[tuple[str, ...], Values]]:
    """Yield for every run in a log its name as path parts, and its figures."""
    where = path.absolute()
    lines = _lines(path)
    part = ""
    name = where.parent.parts[1:]
    rows: Sequence[Mapping[str, Any]]
    if path.suffix.lower() == ".jsonl":
        rows = _json_records(path, lines)
        if not rows:
            return  # no epoch has ended yet
        heads = list(dict.fromkeys(head for row in rows for head in row))
    else:
        try:
            reader = csv.DictReader(lines, restkey="")
            heads, rows = list(reader.fieldnames or ()), list(reader)
        except csv.Error as error:
            raise DataError(f"log {str(path)!r} is not CSV: {error}; name a run's log") from error
        words = re.split(r"[\s_.-]+", where.stem)
        part = next((_PARTS[w.lower()] for w in words if w.lower() in _PARTS), "")
        rest = "_".join(word for word in words if word.lower() not in _PARTS)
        # as metrics.jsonl, the file that every run has is no part of the run's name
        name = (*name, rest) if rest and path.name != CURVES else name
    epoch, slots = _columns(path, heads, part)
    column = next((head for head in heads if head.strip().lower() in _RUNS), None)
    runs: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for number, row in enumerate(rows, 1):
        label = "" if column is None else str(row.get(column) or "")
        runs.setdefault(label, []).append((number, row))
    name = name or ("run",)
    for label, own in runs.items():
        yield (*name, label) if label else name, _figures(path, own, epoch, slots)


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"log {str(path)!r} is larger than 64 MiB; is this the file?")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise DataError(f"cannot read log {str(path)!r}: {reason}; name a run's log") from error
    if any("\0" in line for line in lines):
        raise DataError(f"cannot read log {str(path)!r}: it is not text; name a run's log")
    return lines


def _json_records(path: Path, lines: Sequence[str]) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            # a run that is being written or was killed may end in half a line
            if number == len(lines) and records:
                break
            raise DataError(f"{str(path)!r} line {number} is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise DataError(f"{str(path)!r} line {number} is not an object with figures")
        records.append(record)
    return records


def _columns(path: Path, heads: Sequence[str], part: str) -> tuple[str, dict[Slot, str]]:
    """Return the column of epochs, and that of each figure."""
    epochs = [head for head in heads if set(_words(head)) in _EPOCHS]
    slots: dict[Slot, str] = {}
    for head in heads:
        slot = _slot(head, part)
        if slot is not None:
            slots.setdefault(slot, head)
    if not epochs or not slots:
        listed = ", ".join(heads)[:200] or "none"
        raise DataError(
            f"log {str(path)!r} needs a header with epoch and loss or accuracy, not {listed}"
        )
    return epochs[0], slots


def _figures(
    path: Path,
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    epoch: str,
    slots: Mapping[Slot, str],
) -> Values:
    values: Values = {slot: {} for slot in slots}
    for number, row in rows:
        when = _number(path, number, row.get(epoch))
        for slot, head in slots.items():
            value = _number(path, number, row.get(head))
            if when is not None and value is not None:
                values[slot][_whole(path, number, when)] = value
    first = min((when for points in values.values() for when in points), default=1)
    shift = int(first == 0)
    return {
        slot: {when + shift: value for when, value in points.items()}
        for slot, points in values.items()
    }


def _slot(head: str, part: str) -> Slot | None:
    """Return (part, metric) of a column, or None where it holds something else."""
    words = _words(head)
    metrics = {_METRICS[word] for word in words if word in _METRICS}
    if len(metrics) != 1 or any(w not in {*_METRICS, *_PARTS, *_FILLERS} for w in words):
        return None
    own = next((_PARTS[word] for word in words if word in _PARTS), part)
    return own, metrics.pop()


def _words(head: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", head)
    return re.findall(r"[a-z]+|[0-9]+", spaced.lower())


def _number(path: Path, row: int, cell: Any) -> float | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        return float(cell.strip().removesuffix("%") if isinstance(cell, str) else cell)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{str(path)!r} row {row}: {str(cell)[:40]!r} is not a number") from error


def _whole(path: Path, row: int, epoch: float) -> int:
    if not math.isfinite(epoch) or epoch != int(epoch) or not 0 <= epoch < 1e9:
        raise DataError(
            f"{str(path)!r} row {row}: {epoch:g} is not an epoch; count them from 0 or 1"
        )
    return int(epoch)


def _scaled(metric: str, points: Mapping[int, float]) -> tuple[tuple[int, float], ...]:
    finite = [value for value in points.values() if math.isfinite(value)]
    percent = metric == "accuracy" and max(finite, default=0.0) > 1
    return tuple((epoch, points[epoch] / (100 if percent else 1)) for epoch in sorted(points))


def _short_names(names: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return the shortest ends of the paths that tell all runs apart."""
    for length in range(1, max((len(name) for name in names), default=1) + 1):
        short = {name: "/".join(name[-length:]) for name in names}
        if len(set(short.values())) == len(names):
            return short
    return {name: "/".join(name) for name in names}


def draw_learning_curves(curves: Sequence[Curve], target: Path) -> None:
    """Write loss and accuracy over epochs as ``.png``, ``.svg`` or ``.pdf``; training is dashed.

    Raises:
        OSError: ``target`` cannot be written.
    """
    learning_figure(curves).savefig(target, dpi=120, format=target.suffix.lstrip(".").lower())


def learning_figure(curves: Sequence[Curve]) -> Figure:
    """Return the same as a figure of two panels.

    Values that are not finite are gaps. A loss that ran away gets a logarithmic axis.
    """
    runs = list(dict.fromkeys(curve.run for curve in curves))
    entries = _legend(runs, curves)
    longest = max((len(str(entry.get_label())) for entry in entries), default=0)
    columns = max(1, min(5, 110 // (longest + 8)))
    rows = math.ceil(len(entries) / columns)
    figure = Figure(figsize=(9, 3.8 + 0.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (metric, title) in zip(figure.subplots(1, 2), _PANELS, strict=True):
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        shown = [curve for curve in curves if curve.metric == metric]
        for curve in shown:
            _draw(axes, curve, runs.index(curve.run))
        _scale(axes, metric, shown)
        _widen(axes, shown)
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=columns,
        fontsize="small",
        frameon=False,
    )
    return figure


def _legend(runs: Sequence[str], curves: Sequence[Curve]) -> list[Line2D]:
    """Return a colored entry per run, and a gray one per line style."""
    entries = [
        Line2D([], [], color=color(i), marker=marker(i), markersize=3.5, label=_label(run))
        for i, run in enumerate(runs)
    ]
    parts = {curve.part for curve in curves}
    for part, style in _STYLES.items():
        if part in parts:
            entries.append(Line2D([], [], color="0.4", linestyle=style, label=part))
    return entries


def _draw(axes: Axes, curve: Curve, index: int) -> None:
    axes.plot(
        [epoch for epoch, _ in curve.points],
        [value if math.isfinite(value) else math.nan for _, value in curve.points],
        _STYLES.get(curve.part, ":"),
        color=color(index),
        marker=marker(index),
        markersize=3.5,
        markevery=math.ceil(len(curve.points) / _MOST_MARKS) or 1,
        linewidth=1.4,
    )


def _scale(axes: Axes, metric: str, curves: Sequence[Curve]) -> None:
    values = [v for curve in curves for _, v in curve.points if math.isfinite(v)]
    if not values:
        axes.text(0.5, 0.5, f"no {metric} in these logs", ha="center", transform=axes.transAxes)
        return
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
        axes.set_ylim(top=max(1.01, *values))
    elif min(values) > 0 and max(values) > _FAR * median(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_title("Loss (logarithmic)", fontsize="medium")
    else:
        axes.set_ylim(bottom=min(0, *values))


def _widen(axes: Axes, curves: Sequence[Curve]) -> None:
    epochs = {epoch for curve in curves for epoch, _ in curve.points}
    if len(epochs) == 1:
        # else the axis is cut into thousandths of an epoch
        axes.set_xlim(min(epochs) - 0.5, min(epochs) + 0.5)
        axes.set_xticks([min(epochs)])


def _label(run: str) -> str:
    return shorten(printable(run), _LONGEST_NAME).replace("$", r"\$")  # it begins no formula
