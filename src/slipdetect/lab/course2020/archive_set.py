"""The report's archives as a data set: a store of their frames and flow, and its clips.csv.

In: archives. Out: a new folder that training and testing take, or none at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from slipdetect._io import publish_folder, staging_folder, write_text
from slipdetect._text import named
from slipdetect.errors import DataError, OutputError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.registry import complete_parameters
from slipdetect.lab.course2020.archives import (
    FLOW_U,
    FLOW_V,
    FRAMES,
    NO_FLOW,
    Fact,
    Facts,
    Gathered,
    Picture,
    Progress,
    Verdict,
    gather,
    judge,
)
from slipdetect.lab.course2020.lists import rows_of
from slipdetect.lab.fetch.archives import unwritable
from slipdetect.lab.prepare.rows import Prepared, write_rows
from slipdetect.store.layout import TsnLayout, Unit, frames_per_unit
from slipdetect.store.manifest import ExtractionRecipe, Manifest, Shard, manifest_path
from slipdetect.store.names import folder_names
from slipdetect.store.reader import VideoStore
from slipdetect.store.source import SourceIdentity

CSV, ABOUT = "clips.csv", "course2020.json"
REFUSE, DROP, COMPUTE = "refuse", "drop", "compute"
BROKEN = "clip whose pictures are not whole"
FLOWLESS = "clip without flow"
METHOD, BOUND = "tvl1-opencv", 15.0


@dataclass(frozen=True)
class CourseSettings:
    """How a set is made."""

    fps: float = 30.0  # frames a second; the pictures do not say it
    every: int | None = None  # every every-th clip is a test clip; None: see rows_of
    # what becomes of clips without flow where others have it: "refuse", "drop" (left out), "frames"
    # (kept, without flow) or "compute"
    missing_flow: str = REFUSE
    dataset: str = "course2020"  # name of the data set


@dataclass(frozen=True)
class CourseSet:
    """What was made."""

    prepared: Prepared  # rows of clips.csv, and what was left out
    flows: int  # how many of the clips have flow
    computed: int  # how many of these got theirs here, not from the archives
    # how many clips there are of each (width, height) in pixels
    sizes: Mapping[tuple[int, int], int]
    broken: Sequence[str]  # clips whose pictures are not whole, with the reason


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

    ``overwrite`` replaces a set that this made before; ``on_progress`` is as for ``gather``, and
    ``on_compute`` is called with the name of every clip whose flow is computed.

    Raises:
        DataError: The archives cannot be used as they are.
        OutputError: ``out`` exists or cannot be written.
    """
    _check_folder(out, overwrite=overwrite)
    try:
        with staging_folder(out) as folder:
            found = gather(sources, folder, on_progress)
            made = _make(found, folder, settings, on_compute)
            _write_about(folder, sources, settings, made)
            publish_set(folder, out)
    except OSError as error:
        raise unwritable(out, error) from error
    return made


def publish_set(folder: Path, out: Path) -> None:
    """Put the finished set in its place; an older one goes when the new one is there."""
    if not (out / ABOUT).is_file():
        publish_folder(folder, out)
        return
    with staging_folder(out) as aside:
        old = out.rename(aside / out.name)
        try:
            publish_folder(folder, out)
        except OSError:
            old.rename(out)
            raise


def _check_folder(out: Path, *, overwrite: bool) -> None:
    """Fail before the work if the set could not be put there.

    Raises:
        OutputError: It exists and may not be replaced, or the folder above is missing.
    """
    name = repr(str(out))
    if not out.parent.is_dir():
        raise OutputError(f"cannot make {name}: folder {str(out.parent)!r} does not exist; make it")
    if out.exists() and not out.is_dir():
        raise OutputError(f"{name} is a file; give a new folder")
    there = sorted(path.name for path in out.iterdir()) if out.exists() else []
    keys = VideoStore(out).keys() if ABOUT in there else []
    own = {name for key in keys for name in (manifest_path(out, key).name, *folder_names(key))}
    stranger = next((name for name in there if name not in {CSV, ABOUT, *own}), None)
    if stranger is not None:
        raise OutputError(
            f"{name} holds {stranger!r}, which prepare course2020 did not make; choose a new folder"
        )
    if there and not overwrite:
        raise OutputError(f"{name} exists already; pass --overwrite or choose another name")


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
        raise DataError(
            f"{len(lacking)} of {len(usable)} clips lack flow:"
            f" {named([f'{v.name} ({v.flow_lacks})' for v in lacking])}; name the archive that"
            " holds it too, or pass --missing-flow drop (leave these out), compute (their flow,"
            " now) or frames (keep them without; train computes what it needs)"
        )
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
    flows, computed = _write_manifests(folder, kept, found, settings, on_compute)
    left = {name for clip in chosen for name in folder_names(clip)}
    for clip in found.clips.keys() - chosen:
        for name in set(folder_names(clip)) - left:
            shutil.rmtree(folder / name, ignore_errors=True)
    _warn_of_twins(prepared, kept, found)
    write_rows(prepared.rows, folder / CSV)
    return CourseSet(prepared, flows, computed, Counter(verdict.size for verdict in kept), broken)


def _warn_of_twins(prepared: Prepared, kept: Sequence[Verdict], found: Gathered) -> None:
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for verdict in kept:
        frames: Facts = found.clips[verdict.name][FRAMES]
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
    about = {
        "format": "slipdetect course2020 set",
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
    write_text(folder / ABOUT, json.dumps(about, indent=1, ensure_ascii=False) + "\n")


def author_flow() -> dict[str, Any]:
    """Return the recipe of the archives' flow.

    The report, 2.2: DualTVL1 of OpenCV's contrib modules with its defaults on gray frames,
    ``round((flow + 15) * 255 / 30)`` cut to 0..255, JPEG. Of OpenCV's version nothing is known.
    """
    return {
        "method": METHOD,
        "bound": BOUND,
        "parameters": complete_parameters(METHOD, {}),
        "rounding": "half to even",
        "codec": "jpeg",
        "origin": "2020 course report, 2.2; by its author",
    }


def _write_manifests(
    folder: Path,
    kept: Sequence[Verdict],
    found: Gathered,
    settings: CourseSettings,
    on_compute: Callable[[str], None],
) -> tuple[int, int]:
    """Make videos of a store of clips; return how many have flow, and how many of it is ours."""
    author, count, computed = author_flow(), 0, 0
    for verdict in kept:
        clip: Mapping[str, Facts] = found.clips[verdict.name]
        recipe: dict[str, Any] | None = author
        if verdict.flow_lacks and settings.missing_flow == COMPUTE:
            on_compute(verdict.name)
            made, recipe = _compute_flow(folder, verdict)
            clip = {**clip, **made}
            computed += 1
        elif verdict.flow_lacks:
            for kind in (FLOW_U, FLOW_V):
                shutil.rmtree(folder / f"{verdict.name}{kind}", ignore_errors=True)
            recipe = None
        manifest = _manifest(verdict, clip, recipe, settings.fps)
        manifest_path(folder, verdict.name).write_bytes(manifest.to_bytes())
        count += recipe is not None
    return count, computed


def _compute_flow(
    folder: Path, verdict: Verdict
) -> tuple[dict[str, dict[int, Fact]], dict[str, Any]]:
    """Write the flow that a clip lacks, made as its author made that of the others.

    Returns:
        Facts of u and v by number, and the recipe.
    """
    extractor = FlowExtractor(METHOD, "cpu", bound=BOUND)
    made: dict[str, dict[int, Fact]] = {FLOW_U: {}, FLOW_V: {}}
    for kind in made:
        (folder / f"{verdict.name}{kind}").mkdir(exist_ok=True)
        for path in (folder / f"{verdict.name}{kind}").iterdir():
            path.unlink()
    for index, field in enumerate(extractor.iter(_frames(folder, verdict))):
        unit = Unit(0, index, flows=[extractor.quantize(field)])
        for name, data in TsnLayout().encode(verdict.name, unit, rgb=False).items():
            (folder / name).write_bytes(data)
            picture = Picture.of(name)
            if picture is not None:
                made[picture.kind][picture.number] = Fact.of(data, folder)
    return made, extractor.recipe()


def _frames(folder: Path, verdict: Verdict) -> Iterator[Any]:
    for number in range(1, verdict.frames + 1):
        name = Picture(verdict.name, FRAMES, number).target
        image = cv2.imread(str(folder / name), cv2.IMREAD_COLOR)
        if image is None:
            raise DataError(f"{name!r} cannot be decoded; take its clip out")
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _manifest(
    verdict: Verdict, clip: Mapping[str, Facts], flow: Mapping[str, Any] | None, fps: float
) -> Manifest:
    frames, (width, height) = clip[FRAMES], verdict.size
    # what the frames are recognized by, wherever they came from
    content = "".join(frames[number].sha256 for number in sorted(frames))
    whole = hashlib.sha256(content.encode("ascii")).hexdigest()
    total = sum(fact.length for fact in frames.values())
    return Manifest(
        key=verdict.name,
        path_key=verdict.name,
        source=SourceIdentity(verdict.name, total, 0, whole),
        recipe=ExtractionRecipe(layout="tsn", flow=flow),
        frames=verdict.frames,
        flows=0 if flow is None else verdict.frames - 1,
        width=width,
        height=height,
        decoding={"frames": verdict.frames, "failures": 0, "truncated": False, "warnings": []},
        times=tuple(index / fps for index in range(verdict.frames)),
        shards=tuple(_shards(verdict, clip, flow is not None)),
    )


def _shards(verdict: Verdict, clip: Mapping[str, Facts], flow: bool) -> Iterator[Shard]:
    width, height = verdict.size
    size = frames_per_unit(height, width)
    for index, first in enumerate(range(0, verdict.frames, size)):
        numbers = range(first + 1, min(first + size, verdict.frames) + 1)
        led = [number for number in numbers if number < verdict.frames] if flow else []
        wanted = [(FRAMES, number) for number in numbers]
        wanted += [(kind, number) for number in led for kind in (FLOW_U, FLOW_V)]
        facts = {Picture(verdict.name, *each).target: clip[each[0]][each[1]] for each in wanted}
        files = {name: (fact.length, fact.sha256) for name, fact in facts.items()}
        yield Shard(index, first, len(numbers), len(led), files)
