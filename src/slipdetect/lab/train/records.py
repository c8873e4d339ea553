"""What a run leaves behind while it goes on: figures of every epoch, curves, timings.

In: the history of each stream. Out: metrics.jsonl, curves.csv and .png, timings.jsonl; TensorBoard.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slipdetect._io import atomic_write
from slipdetect.errors import OutputError, UsageError
from slipdetect.lab.train.curves import draw_curves
from slipdetect.lab.train.epochs_csv import CURVES, epochs_csv
from slipdetect.lab.train.metrics import EpochMetrics

METRICS = "metrics.jsonl"
PICTURE = "curves.png"
CHECKPOINTS = "checkpoints"
_LEFT_BY_A_RUN = (METRICS, CURVES, PICTURE, CHECKPOINTS, "last", "best")


class Records:
    """The records of a run; only the main process writes them.

    The figures are written anew from the whole history, so that those of a run that was killed
    and went on are those of an undisturbed one.

    Args:
        out: Folder of the run.
        is_main: Whether this process writes.
        tensorboard: Write ``out/tensorboard`` too.

    Raises:
        UsageError: TensorBoard was asked for and is not installed.
    """

    def __init__(self, out: Path, is_main: bool, tensorboard: bool = False) -> None:
        self._out = out
        self._is_main = is_main
        self._board = _open_board(out / "tensorboard") if tensorboard and is_main else None
        self._history: dict[str, list[EpochMetrics]] = {}
        self._shown: dict[str, int] = {}

    def write(
        self, modality: str, history: Sequence[EpochMetrics], seconds: tuple[float, float]
    ) -> None:
        """Record a stream's finished epochs.

        Args:
            modality: The stream.
            history: All its epochs so far.
            seconds: Of the last epoch: spent waiting for windows, and in all.
        """
        if not self._is_main:
            return
        is_new = len(history) > len(self._history.get(modality, []))
        self._history[modality] = list(history)
        self._write_metrics()
        draw_curves(self._history, self._out / PICTURE, overwrite=True)
        if is_new and seconds[1] > 0:
            self._time(modality, history[-1].epoch, seconds)
        self._show(modality, history)

    def close(self) -> None:
        """Finish TensorBoard's files."""
        if self._board is not None:
            self._board.close()

    def _write_metrics(self) -> None:
        lines = [
            json.dumps({"modality": modality, **metrics.as_dict()}, allow_nan=False)
            for modality, history in self._history.items()
            for metrics in history
        ]
        files = {METRICS: "".join(line + "\n" for line in lines), CURVES: epochs_csv(self._history)}
        for name, content in files.items():
            with atomic_write(self._out / name, overwrite=True) as temporary:
                temporary.write_text(content, encoding="utf-8", newline="")

    def _time(self, modality: str, epoch: int, seconds: tuple[float, float]) -> None:
        # times differ between runs that are the same otherwise, so they have a file of their own
        waited, taken = seconds
        row = {"modality": modality, "epoch": epoch, "seconds": taken, "waited": waited}
        with (self._out / "timings.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def _show(self, modality: str, history: Sequence[EpochMetrics]) -> None:
        if self._board is None:
            return
        for metrics in history[self._shown.get(modality, 0) :]:
            for name, value in metrics.as_dict().items():
                if name != "epoch" and value is not None:
                    self._board.add_scalar(f"{modality}/{name}", value, metrics.epoch + 1)
        self._shown[modality] = len(history)
        self._board.flush()


def refuse_earlier_run(out: Path, *, overwrite: bool, resume: bool) -> None:
    """Refuse a folder with an earlier run that is neither to be replaced nor gone on with.

    Raises:
        OutputError: It holds one.
    """
    leftovers = [out / name for name in _LEFT_BY_A_RUN if (out / name).exists()]
    if leftovers == [out / METRICS] and leftovers[0].stat().st_size == 0:
        # a run that was refused before its first epoch left nothing that could be lost
        leftovers = []
    if leftovers and not (overwrite or resume):
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
    try:
        out.mkdir(parents=True, exist_ok=True)
        if overwrite:
            # models are replaced when the new ones are there; a checkpoint that stayed would be
            # gone on with
            if (out / CHECKPOINTS).exists():
                shutil.rmtree(out / CHECKPOINTS)
            shutil.rmtree(out / "tensorboard", ignore_errors=True)
            for name in (CURVES, PICTURE, "timings.jsonl", "bad-steps.json"):
                (out / name).unlink(missing_ok=True)
        if not resume:
            with atomic_write(out / METRICS, overwrite=True):
                pass
    except OSError as error:
        raise OutputError(f"cannot write to {str(out)!r}: {error.strerror}") from error


def require_tensorboard() -> None:
    """Raise ``UsageError`` unless TensorBoard is installed."""
    _writer()


def _open_board(folder: Path) -> Any:
    # all figures of a run that goes on are written anew; twice would be drawn twice
    shutil.rmtree(folder, ignore_errors=True)
    return _writer()(str(folder))


def _writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UsageError(
            "TensorBoard is not installed; pip install 'slipdetect[tensorboard]', or leave "
            "--tensorboard out"
        ) from error
    return SummaryWriter
