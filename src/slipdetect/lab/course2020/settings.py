"""What of an experiment the user chooses, and what a smoke run chooses instead.

In: options. Out: a frozen ``Settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slipdetect.lab.course2020.division import SIDES, Division
from slipdetect.lab.course2020.subsets import smoke_subset
from slipdetect.lab.data import Clip

SMOKE_PROTOCOL = "3x1"
SMOKE_CLIPS = {"train": 12, "val": 6, "test": 12}
# 96 px passes through every backbone; DIS flow takes a hundredth of the time of TV-L1
SMOKE_CHANGES: Mapping[str, Any] = {
    "weights": None,
    "epochs": 1,
    "batch_size": 4,
    "input_size": 96,
    "short_side": 112,
    "sample_fps": 10.0,
    "snippet_step": 2,
    "flow_method": "dis",
    "precision": "fp32",
}


@dataclass(frozen=True)
class Settings:
    """Choices that hold for all trials of an experiment.

    Attributes:
        cache: Folder for decoded frames, shared by all trials.
        protocol: How clips are scored, such as ``"25x1"``.
        weights: ``"imagenet"``, None (random), or a file, ``{backbone}`` in it standing for the
            backbone's name.
        store: Folder of ``slipdetect extract`` to take frames and flow from.
        device: Where to train and score.
        changes: Training settings that differ from the recipes'.
        smoke: Whether the run only shows that everything runs.
    """

    cache: Path
    protocol: str = "25x1"
    weights: str | None = "imagenet"
    store: Path | None = None
    device: str = "auto"
    changes: Mapping[str, Any] = field(default_factory=dict)
    smoke: bool = False

    def starting_weights(self, backbone: str) -> str | None:
        """Return what the training of ``backbone`` starts from."""
        return None if self.weights is None else self.weights.replace("{backbone}", backbone)


def smoke_settings(cache: Path, store: Path | None = None, device: str = "auto") -> Settings:
    """Return the settings of a run that is over in minutes and tells nothing."""
    return Settings(cache, SMOKE_PROTOCOL, None, store, device, SMOKE_CHANGES, smoke=True)


def smoke_division(division: Division) -> Division:
    """Return a few clips of each side."""
    kept: set[Path] = set()
    for name in SIDES:
        kept |= {clip.path for clip in smoke_subset(division.side(name), SMOKE_CLIPS[name])}
    clips: tuple[Clip, ...] = tuple(clip for clip in division.clips if clip.path in kept)
    # what leaks is said of the whole split
    return replace(division, clips=clips)
