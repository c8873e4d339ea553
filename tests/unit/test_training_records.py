"""The table of epochs, read back by hand.

In: made-up histories. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from slipdetect.errors import OutputError
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.records import FIGURES, Records, epochs_csv


def test_S35_every_figure_of_an_epoch_has_a_column() -> None:
    assert ("epoch", *FIGURES) == tuple(field.name for field in fields(EpochMetrics))


def test_S35_a_row_an_epoch_and_stream_with_nothing_rounded() -> None:
    third = EpochMetrics(0, 1 / 3, 0.5, 2 / 3, 0.25, 0.75, 1e-5)
    history = {"rgb": [third, EpochMetrics(1, 0.25, 1.0, None, None, None, 3e-6)], "flow": [third]}
    expected = (
        "modality,epoch,train_loss,train_accuracy,val_loss,val_accuracy,val_auc,lr\r\n"
        "rgb,1,0.3333333333333333,0.5,0.6666666666666666,0.25,0.75,1e-05\r\n"
        "rgb,2,0.25,1.0,,,,3e-06\r\n"
        "flow,1,0.3333333333333333,0.5,0.6666666666666666,0.25,0.75,1e-05\r\n"
    )
    assert epochs_csv(history) == expected


def test_a_name_with_a_comma_stays_one_cell() -> None:
    history = {"1 segment, seed 0": [EpochMetrics(0, 1.0, 0.5, None, None, None, 0.1)]}
    assert epochs_csv(history, "run").splitlines()[1] == '"1 segment, seed 0",1,1.0,0.5,,,,0.1'


def test_times_that_cannot_be_written_are_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "timings.jsonl").mkdir()
    history = [EpochMetrics(0, 1.0, 0.5, None, None, None, 0.1)]
    with pytest.raises(OutputError, match=r"cannot write .*timings\.jsonl"):
        Records(tmp_path, is_main=True).write("rgb", history, (0.0, 1.0))
