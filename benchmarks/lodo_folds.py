"""Which data sets train a model of ``leave_one_dataset_out.py`` and which test it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.predictions import ClipPrediction

RESULTS = Path(__file__).parent / "results"
EXAMPLES = Path(__file__).parents[1] / "examples"
ORDINARY = "ordinary"  # footage in which nobody falls: for thresholds, never for weights


@dataclass(frozen=True)
class Fold:
    """One model: which sources train it (None: all that do not test it) and which test it."""

    test: tuple[str, ...]
    train: tuple[str, ...] | None = None

    def trains(self, clip: Clip) -> bool:
        chosen = self.train is None or clip.dataset in self.train
        return chosen and clip.dataset not in self.test


FOLDS = {
    "hmdb51": Fold(("hmdb51",)),
    "gmdcsa24": Fold(("gmdcsa24",)),
    # the bundled model: trained on what may be used for any purpose, so two sets are left to test
    "bundled": Fold(("upfall", "urfd"), train=("hmdb51", "gmdcsa24", "intel")),
}

# urfd films each fall from the front (cam0) and from the ceiling (cam1), daily living from cam0
ROWS: dict[str, Callable[[ClipPrediction], bool]] = {
    "hmdb51": lambda item: item.dataset == "hmdb51",
    "gmdcsa24": lambda item: item.dataset == "gmdcsa24",
    "upfall": lambda item: item.dataset == "upfall",
    "urfd-cam0": lambda item: item.dataset == "urfd" and not item.clip.endswith("cam1.mp4"),
    "urfd-cam1": lambda item: (
        item.dataset == "urfd" and (not item.positive or item.clip.endswith("cam1.mp4"))
    ),
}


def predictions_file(name: str) -> Path:
    """Return where a fold's predictions are stored."""
    return RESULTS / f"lodo-{name}.jsonl"
