"""Running a detector under every condition, so that a stop costs no more than one of them.

In: a detector, clips and cases. Out: a folder with a file of predictions for each case.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from slipdetect._io import file_sha256
from slipdetect.detection import Detector
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.data import Clip
from slipdetect.lab.data.facts import Facts, read_facts, require_same, write_facts
from slipdetect.lab.evaluate.predictions import (
    ClipPrediction,
    predict,
    read_predictions,
    write_predictions,
)
from slipdetect.lab.evaluate.scores import clip_name
from slipdetect.lab.stress.conditions import Case
from slipdetect.lab.stress.viewpoints import AZIMUTH, RISE, SCENE
from slipdetect.models import ModelPackage
from slipdetect.models.package import CONFIG_FILE
from slipdetect.types import View

FACTS_FILE = "facts.json"
PAGE, TABLE, PLOT = "stress.md", "stress.json", "stress.png"  # made anew by every run
VERSION = 1  # of what the conditions do; predictions of another one are not mixed in

Say = Callable[[Case, int, int], None]


def stress_facts(
    package: ModelPackage, clips: Sequence[Clip], root: Path, seed: int, view: View = "level"
) -> dict[str, Any]:
    """Return everything that predictions depend on, as plain JSON data.

    The model's digest is that of its configuration, which holds those of its weights; the data's
    is of every clip's name, annotation and size on disk.
    """
    rows = sorted(_clip_facts(clip, root) for clip in clips)
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    return {
        "model": {
            "name": package.config.name,
            "sha256": file_sha256(package.folder / CONFIG_FILE),
        },
        "data": {"clips": len(clips), "sha256": digest},
        "seed": seed,
        "version": VERSION,
        # only where it is another one, so that older runs go on
        **({} if view == "level" else {"view": view}),
    }


def begin(folder: Path, facts: Facts) -> None:
    """Write into a folder what will be done there, or check that it was begun with the same facts.

    Raises:
        OutputError: It holds a run with other facts, or files of no run, or cannot be written.
        DataError: Its file of facts is damaged.
    """
    path = folder / FACTS_FILE
    if path.exists():
        require_same(read_facts(path), facts, folder)
        return
    names = (PAGE, TABLE, PLOT, *(file.name for file in sorted(folder.glob("*.jsonl"))))
    for name in names:
        if (folder / name).exists():
            raise OutputError(
                f"{str(folder)!r} holds {name!r} that is of no run; choose another --out"
            )
    write_facts(path, facts)


def predictions_file(folder: Path, case: Case) -> Path:
    """Return where the predictions of a case are kept."""
    return folder / f"{case.key}.jsonl"


def pending(folder: Path, cases: Sequence[Case]) -> list[Case]:
    """Return the cases that are not done."""
    return [case for case in cases if not predictions_file(folder, case).exists()]


def run_case(
    detector: Detector,
    case: Case,
    clips: Sequence[Clip],
    root: Path,
    folder: Path,
    seed: int = 0,
    say: Say = lambda case, done, total: None,
) -> None:
    """Predict all clips under one case and keep that; unreadable clips are reported and left out.

    Raises:
        DataError: No clip could be read.
        OutputError: The file cannot be written.
    """
    seen = detector.with_transform(case.view(seed))
    told = partial(say, case)
    rows = predict(seen, clips, root, told, sizes=False)
    if not rows:
        raise DataError("no clip could be read; check the paths in the annotation file")
    write_predictions(rows, predictions_file(folder, case))


def readable(clips: Sequence[Clip], root: Path, folder: Path, case: Case) -> list[Clip]:
    """Return the clips that a case which is done could read; the others are the same ones again.

    Raises:
        DataError: The file of predictions is missing or damaged.
    """
    known = {item.clip for item in read_predictions(predictions_file(folder, case))}
    return [clip for clip in clips if clip_name(clip.path, root) in known]


def read_cases(folder: Path, cases: Sequence[Case]) -> dict[Case, list[ClipPrediction]]:
    """Return the predictions of every case.

    Raises:
        DataError: A file is missing or damaged.
    """
    return {case: read_predictions(predictions_file(folder, case)) for case in cases}


def _clip_facts(clip: Clip, root: Path) -> tuple[Any, ...]:
    size = clip.path.stat().st_size if clip.path.is_file() else -1
    # a clip without a group is its own, by a path that is another one on another machine
    group = "" if clip.group == str(clip.path) else clip.group
    facts = clip_name(clip.path, root), clip.positive, clip.events, group, clip.dataset, size
    # only where there are any, so that runs on other clips go on
    place = tuple(clip.columns.get(name, "") for name in (SCENE, AZIMUTH, RISE))
    return (*facts, *place) if clip.columns.get(AZIMUTH) else facts


def choose_evenly(clips: Sequence[Clip], each: int) -> list[Clip]:
    """Return ``each`` clips with a fall and as many without, or all where there are fewer.

    One clip of every group is taken, then a second of every group, and so on; where there are more
    groups than places, they are taken at even distances, in the order of data set and name.
    """
    chosen: set[int] = set()
    for positive in (True, False):
        groups: dict[tuple[str, str], list[int]] = {}
        for index, clip in enumerate(clips):
            if clip.positive == positive:
                groups.setdefault((clip.dataset, clip.group), []).append(index)
        chosen |= set(_round_robin([groups[name] for name in sorted(groups)], each))
    return [clip for index, clip in enumerate(clips) if index in chosen]


def _round_robin(groups: list[list[int]], places: int) -> list[int]:
    taken: list[int] = []
    for turn in range(max(map(len, groups), default=0)):
        there = [group[turn] for group in groups if len(group) > turn]
        room = min(places - len(taken), len(there))
        taken += [there[place * len(there) // room] for place in range(room)]
    return taken
