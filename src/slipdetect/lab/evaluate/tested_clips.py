"""Which clips ``evaluate`` and ``stress`` test on, and whether the model may have seen them.

In: an annotation file and options. Out: ``TestedClips``; warnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect.cli.console import Console
from slipdetect.cli.typed_options import FOLDER, option
from slipdetect.lab.data.choose_clips import (
    ALL,
    choose_datasets,
    choose_split,
    dataset_of,
    warn_of_known_groups,
)

if TYPE_CHECKING:
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.scores import ClipScores
    from slipdetect.models import ModelConfig


@dataclass(frozen=True, kw_only=True)
class DatasetSettings:
    """Which data sets of an annotation file to use."""

    dataset: tuple[str, ...] = option(
        multiple=True, metavar="NAME", help="Use this data set only; repeatable."
    )
    exclude: tuple[str, ...] = option(
        multiple=True, metavar="NAME", help="Leave out this data set; repeatable."
    )


@dataclass(frozen=True, kw_only=True)
class TestedSettings(DatasetSettings):
    """Which clips to test on."""

    split: str | None = option(
        type=click.Choice(["test", "val", "train", "all"]),
        help="Rows of DATA.csv to test on.  [default: test; all where the file has no split]",
    )
    root: Path | None = option(
        type=FOLDER, help="Folder of the videos.  [default: that of DATA.csv]"
    )


@dataclass(frozen=True)
class TestedClips:
    """Clips to test on: of which file and part of its split, and where their names begin."""

    clips: list[Clip]
    file: Path
    split: str
    root: Path
    others: Counter[str]  # rows of the file that are no test rows, by data set

    @property
    def facts(self) -> dict[str, str]:
        """Where the clips are from, for reports."""
        return {"data": self.file.name, **({} if self.split == ALL else {"split": self.split})}

    def noted(self, scores: ClipScores) -> ClipScores:
        """Return scores that know where their clips are from."""
        return replace(scores, facts={**scores.facts, **self.facts})


def choose(
    console: Console, data: Path, settings: TestedSettings, *, quiet: bool = False
) -> TestedClips:
    """Return the clips to test on.

    Raises:
        DataError: The file cannot be read or has no such clips.
        UsageError: A data set is not in it.
    """
    from slipdetect.lab.data import read_annotations

    clips = read_annotations(data, settings.root)
    clips = choose_datasets(clips, settings.dataset, settings.exclude)
    chosen, split = choose_split(clips, settings.split)
    if not quiet and settings.split is None:
        part = f"testing on the clips of split {split!r}, {len(chosen)} of {len(clips)}"
        console.note(
            f"{data.name!r} has no split: testing on all its clips" if split == ALL else part
        )
    if not quiet and split == "test":
        warn_of_known_groups(console, clips)
    root = data.parent if settings.root is None else settings.root
    others = Counter(clip.dataset for clip in clips if clip.split != "test")
    return TestedClips(chosen, data, split, root, others)


def warn_of_training_data(
    console: Console, config: ModelConfig, tested: TestedClips, *, bundled: bool
) -> None:
    """Warn that figures may be too good, unless the model was trained by this file's split."""
    seen = clips_seen(config, "training_data", "validation_data")
    shared = set(seen) & {clip.dataset for clip in tested.clips}
    if tested.split == "test" and not bundled:
        # more than the file leaves to training: it was trained by another split, or by none
        shared = {name for name in shared if 0 < tested.others[name] < seen[name]}
    if shared:
        console.warn(
            f"the model was trained on clips of {named_datasets(shared)}, which may be among these;"
            " then the figures are too good"
        )


def clips_seen(config: ModelConfig, *keys: str) -> Counter[str]:
    """Return how many clips of which data set a model knows, by what it says of its training."""
    seen = Counter[str]()
    for key in keys:
        known = config.training.get(key)
        for part in known if isinstance(known, list) else []:
            if isinstance(part, dict):
                count = part.get("clips")
                seen[dataset_of(part)] += count if isinstance(count, int) else 0
    return seen


def named_datasets(names: Iterable[str]) -> str:
    """Return names of data sets for a message; not all have one."""
    return ", ".join(name or "a data set without a name" for name in sorted(names))
