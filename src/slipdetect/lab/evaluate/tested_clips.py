"""Which clips ``evaluate`` and ``stress`` test on, and whether the model may have seen them.

In: an annotation file and options. Out: ``Chosen`` clips; warnings; the options that choose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.lab.data.choose_clips import (
    ALL,
    DATASET_OPTIONS,
    choose_datasets,
    choose_split,
    warn_of_known_groups,
)

if TYPE_CHECKING:
    from slipdetect.lab.data import Clip
    from slipdetect.lab.evaluate.scores import ClipScores
    from slipdetect.models import ModelConfig

TESTED_OPTIONS = (
    click.option(
        "--split",
        type=click.Choice(["test", "val", "train", "all"]),
        help="Rows of DATA.csv to test on.  [default: test; all where the file has no split]",
    ),
    *DATASET_OPTIONS,
    click.option(
        "--root",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the videos.  [default: that of DATA.csv]",
    ),
)


@dataclass(frozen=True)
class Chosen:
    """Clips to test on: of which file and part of its split, and where their names begin."""

    clips: list[Clip]
    file: Path
    split: str
    root: Path
    others: Counter[str]  # rows of the file that are no test rows, by data set

    def noted(self, scores: ClipScores) -> ClipScores:
        """Return scores that know where their clips are from."""
        split = {} if self.split == ALL else {"split": self.split}
        return replace(scores, facts={**scores.facts, "data": self.file.name, **split})


def choose(
    console: Console, data: Path, options: Mapping[str, Any], *, tell: bool = True
) -> Chosen:
    """Return the clips to test on.

    Args:
        console: Told which they are where nobody asked for them, and of groups trained on.
        data: The annotation file.
        options: ``split``, ``only``, ``exclude`` and ``root``.
        tell: Say nothing where false, because nothing is tested.

    Raises:
        DataError: The file cannot be read or has no such clips.
        UsageError: A data set is not in it.
    """
    from slipdetect.lab.data import read_annotations

    clips = read_annotations(data, options["root"])
    clips = choose_datasets(clips, options["dataset"], options["exclude"])
    chosen, split = choose_split(clips, options["split"])
    if tell and options["split"] is None:
        part = f"testing on the clips of split {split!r}, {len(chosen)} of {len(clips)}"
        console.note(
            f"{data.name!r} has no split: testing on all its clips" if split == ALL else part
        )
    if tell and split == "test":
        warn_of_known_groups(console, clips)
    root = data.parent if options["root"] is None else options["root"]
    others = Counter(clip.source for clip in clips if clip.split != "test")
    return Chosen(chosen, data, split, root, others)


def warn_of_training_data(
    console: Console, config: ModelConfig, chosen: Chosen, *, bundled: bool
) -> None:
    """Warn that figures may be too good, unless the model was trained by this file's split."""
    seen = Counter[str]()
    for key in ("training_data", "validation_data"):
        known = config.training.get(key)
        for part in known if isinstance(known, list) else []:
            if isinstance(part, dict):
                count = part.get("clips")
                seen[str(part.get("source", ""))] += count if isinstance(count, int) else 0
    shared = sorted(set(seen) & {clip.source for clip in chosen.clips})
    if chosen.split == "test" and not bundled:
        # more than the file leaves to training: it was trained by another split, or by none
        shared = [name for name in shared if 0 < chosen.others[name] < seen[name]]
    if shared:
        named = ", ".join(name or "a data set without a name" for name in shared)
        console.warn(
            f"the model was trained on clips of {named}, which may be among these; then the "
            "figures are too good"
        )
