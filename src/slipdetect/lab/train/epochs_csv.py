"""The figures of every epoch as a table that a spreadsheet opens.

In: the history of each stream or run. Out: CSV, a row per epoch of each.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipdetect.lab.train.metrics import EpochMetrics

CURVES = "curves.csv"
FIGURES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_auc", "lr")


def epochs_csv(
    histories: Mapping[str, Sequence[EpochMetrics]],
    first: str = "modality",
    more: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return a row per epoch with every figure, not rounded, as RFC 4180 has it.

    Args:
        histories: Epochs by stream or run.
        first: Heading of the column that names the stream or run.
        more: Columns at the end that are the same in every row.

    Returns:
        Columns ``first``, ``epoch`` (counted from 1) and ``FIGURES``: losses are mean cross
        entropies, accuracies and the area under the ROC curve shares from 0 to 1, ``lr`` the
        learning rate; a cell without a value is empty.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow((first, "epoch", *FIGURES, *more))
    for label, history in histories.items():
        for metrics in history:
            figures = (getattr(metrics, name) for name in FIGURES)
            writer.writerow((label, metrics.epoch + 1, *figures, *more.values()))
    return buffer.getvalue()
