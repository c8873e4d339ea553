"""Mining false alarms for ``train --normal``: footage in, further training clips out.

In: clips of the annotation file and the options of ``train``. Out: the clips with the mined ones.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect.cli.console import Console
from slipdetect.cli.sources import footage
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.lab.data import Clip
    from slipdetect.lab.train import TrainConfig

FOLDER = "mined"


def with_mined(
    console: Console,
    clips: Sequence[Clip],
    out: Path,
    configs: Mapping[str, TrainConfig],
    options: Mapping[str, Any],
) -> list[Clip]:
    """Return ``clips`` and what the model to start from takes for falls in the footage.

    Validation is that of a run without footage, so that the two can be compared.

    Raises:
        UsageError: The run starts from no model, trains on whole clips, or has many processes.
        OutputError: ``out`` holds an earlier run.
    """
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.train.mining import LIST
    from slipdetect.lab.train.records import refuse_earlier_run

    config = next(iter(configs.values()))
    _check(configs, options["mine_above"])
    refuse_earlier_run(out, overwrite=options["overwrite"], resume=options["resume"])
    folder = out / FOLDER
    if options["resume"] and (folder / LIST).is_file():
        mined = read_annotations(folder / LIST)
        console.note(f"going on with the {len(mined)} false alarms that were mined before")
    else:
        mined = _mine(console, folder, str(config.start), options)
    return [*_divided(clips, config), *mined]


def _check(configs: Mapping[str, TrainConfig], above: float) -> None:
    if any(config.start is None for config in configs.values()):
        raise UsageError(
            "--normal learns from the false alarms of a model: name it with --start, "
            "such as --start default"
        )
    if not math.isfinite(above):
        raise UsageError(f"--mine-above is a probability, not {above}")
    if any(config.sampling != "windows" for config in configs.values()):
        raise UsageError("--normal gives windows to learn from; train with --sampling windows")


def _mine(console: Console, folder: Path, start: str, options: Mapping[str, Any]) -> list[Clip]:
    from slipdetect.detection import Detector
    from slipdetect.lab.train.mining import LIST, MiningRule, mine

    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError(
            "footage is looked at in one process: begin the run there with --normal, stop it, and "
            "go on with many processes and --resume"
        )
    videos = footage(options["normal"])
    if (folder / LIST).exists():
        shutil.rmtree(folder)
    detector = Detector.load(start, options["device"])
    with console.bar(len(videos)) as bar:

        def show(done: int, total: int) -> None:
            bar.show(done, f"looking for false alarms {done}/{total}", now=done == total)

        rule = MiningRule(above=options["mine_above"])
        mined = mine(detector, videos, folder, rule, show)
    if mined:
        console.note(
            f"{len(mined)} false alarms of {start!r} to learn from, listed in "
            f"{str(folder / LIST)!r}; if somebody falls in one, take it out of the footage"
        )
    else:
        console.warn(
            f"{start!r} takes nothing in the footage for a fall with a probability of "
            f"{rule.above:g}; nothing is added (--mine-above)"
        )
    return mined


def _divided(clips: Sequence[Clip], config: TrainConfig) -> list[Clip]:
    """Return clips that say which are held out, as a run without footage would choose them."""
    from slipdetect.lab.data.splits import divide

    if any(clip.split for clip in clips):
        return list(clips)
    training, validation = divide(clips, config.validation, config.seed, whole=False)
    held_out = {clip.path for clip in validation}
    parts = {True: "val", False: "train"}
    return [replace(c, split=parts[c.path in held_out]) for c in [*training, *validation]]
