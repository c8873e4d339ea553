"""How the runs of a table learned: curves to draw, and the epochs that validation chose.

In: folders of attempts. Out: ``Curve``s and ``Chosen``s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.course2020.result import Chosen
from slipdetect.lab.train.learning_curves import Curve
from slipdetect.lab.train.metrics import METRICS, EpochMetrics, best_epoch
from slipdetect.lab.train.records import curves_of

History = Sequence[EpochMetrics]


def read_history(run: Path) -> list[EpochMetrics]:
    """Return the epochs of a run of one stream; none before its first epoch ended.

    Raises:
        DataError: The file is damaged.
    """
    path = run / METRICS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    try:
        rows = [json.loads(line) for line in lines]
        return [EpochMetrics(**{k: v for k, v in row.items() if k != "modality"}) for row in rows]
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}; delete its folder") from error


def chosen_epoch(history: History) -> Chosen | None:
    """Return what validation measured after the best epoch and after the last one."""
    if not history:
        return None
    index = best_epoch(history)
    best, last = history[index], history[-1]
    values = (best.val_accuracy, best.val_loss, last.val_accuracy, last.val_loss)
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return Chosen(index + 1, len(history), *known)


def validation_curves(histories: Mapping[str, History]) -> list[Curve]:
    """Return validation accuracy and loss over epochs by run."""
    return curves_of(histories, parts=("val",))
