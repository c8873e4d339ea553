"""What a run leaves behind while it goes on: figures of every epoch, curves, timings.

In: the history of each stream. Out: metrics.jsonl, curves.csv and .png, timings.jsonl; TensorBoard.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slipdetect._io import atomic_write, exists, make_folder, write_text
from slipdetect.errors import OutputError, UsageError
from slipdetect.lab import require
from slipdetect.lab.train.learning_curves import Curve, draw_learning_curves
from slipdetect.lab.train.metrics import CURVES, METRICS, EpochMetrics
from slipdetect.reports.text_table import text_fields

PICTURE = "curves.png"
CHECKPOINTS = "checkpoints"
FIGURES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_auc", "lr")

_LEFT_BY_A_RUN = (METRICS, CURVES, PICTURE, CHECKPOINTS, "last", "best")
_PARTS = {"train": "training", "val": "validation"}


class Records:
    """The records of a run; only the main process writes them.

    The figures are written anew from the whole history, so that those of a run that was killed
    and went on are those of an undisturbed one.

    Raises:
        LibraryError: TensorBoard was asked for and is not installed.
    """

    def __init__(self, out: Path, is_main: bool, tensorboard: bool = False) -> None:
        self._out = out
        self._is_main = is_main
        self._board = _open_board(out / "tensorboard") if tensorboard and is_main else None
        self._history: dict[str, list[EpochMetrics]] = {}

    def write(
        self, modality: str, history: Sequence[EpochMetrics], seconds: tuple[float, float]
    ) -> None:
        """Record all epochs of a stream so far; the last took ``seconds``: waiting, in all.

        Raises:
            OutputError: A file cannot be written.
        """
        if not self._is_main:
            return
        before = len(self._history.get(modality, []))
        self._history[modality] = list(history)
        lines = [
            json.dumps({"modality": name, **asdict(metrics)}, allow_nan=False) + "\n"
            for name, epochs in self._history.items()
            for metrics in epochs
        ]
        for name, text in ((METRICS, "".join(lines)), (CURVES, epochs_csv(self._history))):
            write_text(self._out / name, text, overwrite=True)
        draw_curves(self._history, self._out / PICTURE, overwrite=True)
        waited, taken = seconds
        if len(history) > before and taken > 0:
            # times differ between runs that are the same otherwise: they have a file of their own
            row = {"modality": modality, "epoch": history[-1].epoch, "seconds": taken}
            path = self._out / "timings.jsonl"
            try:
                with path.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps({**row, "waited": waited}) + "\n")
            except OSError as error:
                raise OutputError(f"cannot write {str(path)!r}: {error.strerror}") from error
        self._show(modality, history[before:])

    def close(self) -> None:
        """Finish TensorBoard's files."""
        if self._board is not None:
            self._board.close()

    def _show(self, modality: str, history: Sequence[EpochMetrics]) -> None:
        if self._board is None:
            return
        for metrics in history:
            for name, value in asdict(metrics).items():
                if name != "epoch" and value is not None:
                    self._board.add_scalar(f"{modality}/{name}", value, metrics.epoch + 1)
        self._board.flush()


def refuse_earlier_run(out: Path, *, overwrite: bool, resume: bool) -> None:
    """Refuse a folder with an earlier run that is neither to be replaced nor gone on with.

    Raises:
        UsageError: It is to be both.
        OutputError: It holds one.
    """
    if overwrite and resume:
        raise UsageError("overwrite begins anew and resume goes on; choose one")
    if not (overwrite or resume) and any(exists(str(out / name)) for name in _LEFT_BY_A_RUN):
        raise OutputError(
            f"{str(out)!r} holds an earlier run; pass --resume to go on with it, --overwrite to "
            "begin anew, or choose another folder"
        )


def prepare_folder(out: Path, *, overwrite: bool, resume: bool) -> None:
    """Make the folder of a run; an earlier run in it is kept, removed or gone on with.

    Raises:
        OutputError: It holds an earlier run and neither was asked for, or cannot be written.
    """
    refuse_earlier_run(out, overwrite=overwrite, resume=resume)
    make_folder(out)
    if not overwrite:
        return
    try:
        # models are replaced when the new ones are there; a checkpoint that stayed would be gone
        # on with
        if (out / CHECKPOINTS).exists():
            shutil.rmtree(out / CHECKPOINTS)
        shutil.rmtree(out / "tensorboard", ignore_errors=True)
        for name in (METRICS, CURVES, PICTURE, "timings.jsonl", "bad-steps.json"):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {str(out)!r}: {error.strerror}") from error


def closing(
    figures: Sequence[str], out: Path, note: str = "", more: Sequence[tuple[str, str]] = ()
) -> str:
    """Tell what was measured on what was held out, where the results are and how to use them.

    Args:
        figures: Lines.
        out: Folder of the run.
        note: On the model, behind its folder.
        more: Titles and texts to tell besides.
    """
    rows = [
        ("model", f"{out / 'last'}{note}"),
        ("curves", f"{out / PICTURE}   (as a table: {out / CURVES})"),
        ("metrics", str(out / METRICS)),
        ("use it", f"slipdetect detect VIDEO --model {out / 'last'}"),
        *more,
    ]
    return "\n".join([*figures, "", *text_fields(rows, width=10)]) + "\n"


def epochs_csv(
    histories: Mapping[str, Sequence[EpochMetrics]],
    first: str = "modality",
    more: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return a CSV (RFC 4180) with a row per epoch of each stream or run, figures not rounded.

    Columns are ``first``, which names the stream or run, ``epoch`` (from 1), ``FIGURES`` (losses
    are mean cross entropies, accuracies and areas under the ROC curve shares from 0 to 1) and
    ``more``, the same in every row. A cell without a value is empty.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow((first, "epoch", *FIGURES, *more))
    for label, history in histories.items():
        for metrics in history:
            figures = (getattr(metrics, name) for name in FIGURES)
            writer.writerow((label, metrics.epoch + 1, *figures, *more.values()))
    return buffer.getvalue()


def draw_curves(
    histories: Mapping[str, Sequence[EpochMetrics]], target: Path, *, overwrite: bool = False
) -> None:
    """Write loss and accuracy over epochs, training dashed and validation solid.

    Raises:
        OutputError: The picture cannot be written.
    """
    with atomic_write(target, overwrite=overwrite) as temporary:
        draw_learning_curves(curves_of(histories), temporary)


def curves_of(
    histories: Mapping[str, Sequence[EpochMetrics]], parts: Sequence[str] = ("train", "val")
) -> list[Curve]:
    """Return the curves of each stream or run; what was not validated has no validation curve."""
    found = []
    for label, history in histories.items():
        for metric in ("loss", "accuracy"):
            for part in parts:
                values = [(m.epoch + 1, getattr(m, f"{part}_{metric}")) for m in history]
                points = tuple((epoch, value) for epoch, value in values if value is not None)
                if points:
                    found.append(Curve(label, _PARTS[part], metric, points))
    return found


def _open_board(folder: Path) -> Any:
    """Return TensorBoard's writer.

    Raises:
        LibraryError: TensorBoard is not installed.
    """
    require("tensorboard", "train")
    from torch.utils.tensorboard import SummaryWriter

    # all figures of a run that goes on are written anew; twice would be drawn twice
    shutil.rmtree(folder, ignore_errors=True)
    return SummaryWriter(str(folder))
