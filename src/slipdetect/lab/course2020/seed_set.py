"""The 2020 report's archives as a data set: a store of their frames and flow, and its clips.csv.

In: archives. Out: a new folder that training and testing take, or none at all.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipdetect._io import staging_folder
from slipdetect.errors import DataError
from slipdetect.lab.course2020.seed_clips import NO_FLOW, Verdict, judge
from slipdetect.lab.course2020.seed_files import FLOW_U, FLOW_V, FRAMES
from slipdetect.lab.course2020.seed_folder import ABOUT, CSV, check_folder, publish_set
from slipdetect.lab.course2020.seed_gathering import Fact, Gathered, Progress, gather
from slipdetect.lab.course2020.seed_sides import rows_of
from slipdetect.lab.course2020.seed_store import author_flow, compute_flow, write_manifest
from slipdetect.lab.data.leaks import named
from slipdetect.lab.fetch.archives import unwritable
from slipdetect.lab.prepare.rows import Prepared
from slipdetect.lab.prepare.write import write_rows
from slipdetect.store.names import folder_names

REFUSE, DROP, KEEP, COMPUTE = MISSING_FLOW = ("refuse", "drop", "frames", "compute")
BROKEN = "clip whose pictures are not whole"
FLOWLESS = "clip without flow"

_FORMAT = "slipdetect course2020 set"


@dataclass(frozen=True)
class CourseSettings:
    """How a set is made.

    Attributes:
        fps: Frames a second; the pictures do not say it.
        every: Every ``every``-th clip is a test clip; None: see ``rows_of``.
        missing_flow: What becomes of clips without flow where others have it: ``"refuse"``,
            ``"drop"`` (left out), ``"frames"`` (kept, without flow) or ``"compute"``.
        dataset: Name of the data set.
    """

    fps: float = 30.0
    every: int | None = None
    missing_flow: str = REFUSE
    dataset: str = "course2020"


@dataclass(frozen=True)
class CourseSet:
    """What was made.

    Attributes:
        prepared: Rows of ``clips.csv``, and what was left out.
        flows: How many of the clips have flow.
        computed: How many of these got theirs here, not from the archives.
        sizes: How many clips there are of each (width, height) in pixels.
        broken: Clips whose pictures are not whole, with the reason.
    """

    prepared: Prepared
    flows: int
    computed: int
    sizes: Mapping[tuple[int, int], int]
    broken: Sequence[str]


def prepare_archives(
    sources: Sequence[Path],
    out: Path,
    settings: CourseSettings,
    *,
    overwrite: bool = False,
    on_progress: Progress = lambda done, total: None,
    on_compute: Callable[[str], None] = lambda name: None,
) -> CourseSet:
    """Make the set in the folder ``out``, which is there when all of it is.

    Args:
        sources: Archives, folders and lists.
        out: The new folder.
        settings: How.
        overwrite: Replace a set that this made before.
        on_progress: See ``gather``.
        on_compute: Called with the name of every clip whose flow is computed.

    Raises:
        DataError: The archives cannot be used as they are.
        OutputError: ``out`` exists or cannot be written.
    """
    check_folder(out, overwrite=overwrite)
    try:
        with staging_folder(out) as folder:
            found = gather(sources, folder, on_progress)
            made = _make(found, folder, settings, on_compute)
            _write_about(folder, sources, settings, made)
            publish_set(folder, out)
    except OSError as error:
        raise unwritable(out, error) from error
    return made


def _make(
    found: Gathered, folder: Path, settings: CourseSettings, on_compute: Callable[[str], None]
) -> CourseSet:
    verdicts = [judge(name, found.clips[name]) for name in sorted(found.clips)]
    usable = {verdict.name: verdict for verdict in verdicts if not verdict.broken}
    broken = [f"{verdict.name} ({verdict.broken})" for verdict in verdicts if verdict.broken]
    if not usable:
        raise DataError(f"no clip is whole: {named(broken, 3)}; fetch the archives again")
    lacking = [verdict for verdict in usable.values() if verdict.flow_lacks]
    any_flow = len(lacking) < len(usable) or any(v.flow_lacks != NO_FLOW for v in lacking)
    if any_flow and lacking and settings.missing_flow == REFUSE:
        raise _lacks_flow(lacking, len(usable))
    # by position of all clips, so that leaving some out moves none to another side
    frames = {verdict.name: verdict.frames for verdict in verdicts if verdict.frames}
    prepared = rows_of(folder, frames, found.actions, found.lists, settings.every, settings.dataset)
    prepared.left_out.add(BROKEN, broken)
    chosen = {row.path.stem for row in prepared.rows} & usable.keys()
    if settings.missing_flow == DROP and any_flow:
        gone = {verdict.name for verdict in lacking} & chosen
        prepared.left_out.add(FLOWLESS, sorted(gone))
        chosen -= gone
    prepared.rows = [row for row in prepared.rows if row.path.stem in chosen]
    kept = [usable[name] for name in sorted(chosen)]
    flows, computed = _write_all(folder, kept, found, settings, on_compute)
    _remove_others(folder, found, chosen)
    _add_twins(prepared, kept, found)
    write_rows(prepared.rows, folder / CSV)
    return CourseSet(prepared, flows, computed, Counter(verdict.size for verdict in kept), broken)


def _write_all(
    folder: Path,
    kept: Sequence[Verdict],
    found: Gathered,
    settings: CourseSettings,
    on_compute: Callable[[str], None],
) -> tuple[int, int]:
    """Write the manifests; return how many of the clips have flow, and how many computed here."""
    recipe, count, computed = author_flow(), 0, 0
    for verdict in kept:
        clip, flow = found.clips[verdict.name], recipe
        if verdict.flow_lacks and settings.missing_flow == COMPUTE:
            on_compute(verdict.name)
            made, extractor = compute_flow(folder, verdict)
            clip, flow = {**clip, **made}, extractor.recipe()
            computed += 1
        elif verdict.flow_lacks:
            _remove_flow(folder, verdict.name)
            write_manifest(folder, verdict, clip, None, settings.fps)
            continue
        write_manifest(folder, verdict, clip, flow, settings.fps)
        count += 1
    return count, computed


def _lacks_flow(lacking: Sequence[Verdict], count: int) -> DataError:
    names = named([f"{v.name} ({v.flow_lacks})" for v in lacking])
    return DataError(
        f"{len(lacking)} of {count} clips lack flow: {names}; name the archive that holds it too,"
        " or pass --missing-flow drop (leave these out), compute (their flow, now) or frames (keep"
        " them without; train computes what it needs)"
    )


def _remove_flow(folder: Path, name: str) -> None:
    for kind in (FLOW_U, FLOW_V):
        shutil.rmtree(folder / f"{name}{kind}", ignore_errors=True)


def _remove_others(folder: Path, found: Gathered, chosen: set[str]) -> None:
    """Delete the pictures of clips that are not in the set."""
    kept = {name for clip in chosen for name in folder_names(clip)}
    for clip in found.clips.keys() - chosen:
        for name in set(folder_names(clip)) - kept:
            shutil.rmtree(folder / name, ignore_errors=True)


def _add_twins(prepared: Prepared, kept: Sequence[Verdict], found: Gathered) -> None:
    """Warn of clips with the same frames under two names."""
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for verdict in kept:
        frames: Mapping[int, Fact] = found.clips[verdict.name][FRAMES]
        alike[tuple(frames[number].sha256 for number in sorted(frames))].append(verdict.name)
    twins = [names for names in alike.values() if len(names) > 1]
    if not twins:
        return
    side = {row.path.stem: row.split for row in prepared.rows}
    across = sum(len({side[name] for name in names}) > 1 for names in twins)
    prepared.warnings.append(
        f"{len(twins)} clips are there twice under other names, {across} of them on two sides of"
        f" the split: {named([' = '.join(names) for names in twins])}"
    )


def _write_about(
    folder: Path, sources: Sequence[Path], settings: CourseSettings, made: CourseSet
) -> None:
    about: dict[str, Any] = {
        "format": _FORMAT,
        "version": 1,
        "sources": [source.name for source in sources],
        "fps": settings.fps,
        "every": settings.every,
        "missing_flow": settings.missing_flow,
        "clips": len(made.prepared.rows),
        "flows": made.flows,
        "computed_flows": made.computed,
        "notes": [*made.prepared.notes, *made.prepared.warnings],
        "left_out": made.prepared.left_out.reasons(),
    }
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    (folder / ABOUT).write_text(text, encoding="utf-8", newline="\n")
