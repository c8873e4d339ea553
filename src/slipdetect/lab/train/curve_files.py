"""Learning curves from the logs that training left: metrics.jsonl, curves.csv, CSV of other tools.

In: folders and files. Out: ``Curve``s, named so that runs are told apart.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slipdetect.errors import DataError
from slipdetect.lab.train.epochs_csv import CURVES
from slipdetect.lab.train.learning_curves import Curve

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
        if not run.is_dir():
            yield run
        elif ours := [run / n for n in ("metrics.jsonl", CURVES) if (run / n).is_file()]:
            yield ours[0]
        elif logs := sorted(run.glob("*.csv")):
            yield from logs
        else:
            raise DataError(f"{str(run)!r} has neither metrics.jsonl nor a CSV log; name a run")


def _read(path: Path) -> Iterator[tuple[tuple[str, ...], Values]]:
    """Yield for every run in a log its name as path parts, and its figures."""
    where = Path(path).absolute()
    lines = _lines(path)
    part = ""
    name = where.parent.parts[1:]
    rows: Sequence[Mapping[str, Any]]
    if path.suffix.lower() == ".jsonl":
        rows = _json_records(path, lines)
        if not rows:
            return  # no epoch has ended yet
    else:
        rows = list(csv.DictReader(lines, restkey="", strict=False))
        words = re.split(r"[\s_.-]+", where.stem)
        part = next((_PARTS[w.lower()] for w in words if w.lower() in _PARTS), "")
        rest = "_".join(word for word in words if word.lower() not in _PARTS)
        # as metrics.jsonl, the file that every run has is no part of the run's name
        name = (*name, rest) if rest and path.name != CURVES else name
    name = name or ("run",)
    for label, own in _by_run(rows).items():
        yield (*name, label) if label else name, _figures(path, own, part)


def _by_run(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of each run of one log; all of them under "" where it does not say."""
    heads = dict.fromkeys(head for row in rows for head in row)
    column = next((head for head in heads if str(head).strip().lower() in _RUNS), None)
    found: dict[str, list[Mapping[str, Any]]] = {} if rows else {"": []}
    for row in rows:
        label = "" if column is None else str(row.get(column) or "")
        found.setdefault(label, []).append(row)
    return found


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"log {str(path)!r} is larger than 64 MiB; is this the file?")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise DataError(f"cannot read log {str(path)!r}: {reason}; name a run's log") from error
    if any("\0" in line for line in lines):
        raise DataError(f"cannot read log {str(path)!r}: it is no text; name a run's log")
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
            raise DataError(f"{str(path)!r} line {number} is no JSON: {error}") from error
        if not isinstance(record, dict):
            raise DataError(f"{str(path)!r} line {number} is no object with figures")
        records.append(record)
    return records


def _figures(path: Path, rows: Iterable[Mapping[str, Any]], part: str) -> Values:
    rows = list(rows)
    heads = list(dict.fromkeys(head for row in rows for head in row))
    epochs = [head for head in heads if set(_words(head)) in _EPOCHS]
    slots: dict[Slot, str] = {}
    for head in heads:
        slot = _slot(head, part)
        if slot is not None:
            slots.setdefault(slot, head)
    if not epochs or not slots:
        listed = ", ".join(map(str, heads))[:200] or "none"
        raise DataError(
            f"log {str(path)!r} needs a header with epoch and loss or accuracy, not {listed}"
        )
    values: Values = {slot: {} for slot in slots}
    for number, row in enumerate(rows, 1):
        epoch = _number(path, number, row.get(epochs[0]))
        for slot, head in slots.items():
            value = _number(path, number, row.get(head))
            if epoch is not None and value is not None:
                values[slot][_whole(path, number, epoch)] = value
    first = min((epoch for points in values.values() for epoch in points), default=1)
    shift = 1 if first == 0 else 0
    return {
        slot: {epoch + shift: value for epoch, value in points.items()}
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
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(head))
    return re.findall(r"[a-z]+|[0-9]+", spaced.lower())


def _number(path: Path, row: int, cell: Any) -> float | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    try:
        return float(cell.strip().removesuffix("%") if isinstance(cell, str) else cell)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{str(path)!r} row {row}: {str(cell)[:40]!r} is no number") from error


def _whole(path: Path, row: int, epoch: float) -> int:
    if not math.isfinite(epoch) or epoch != int(epoch) or not 0 <= epoch < 1e9:
        raise DataError(f"{str(path)!r} row {row}: {epoch:g} is no epoch; count them from 0 or 1")
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
