"""``slipdetect stress``: what a model still finds in the dark, in noise, from other views.

In: a model and an annotation file. Out: a table on stdout; predictions, tables, a plot in a folder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect._io import check_writable, make_folder, write_text
from slipdetect.cli.completion import MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FILE, FOLDER, option, with_settings
from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.options import FORMATS, VIEW, device_option, overwrite_option
from slipdetect.lab.evaluate.output import json_text, write_figure, write_report
from slipdetect.lab.evaluate.tested_clips import (
    TestedClips,
    TestedSettings,
    choose,
    warn_of_training_data,
)

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.lab.stress.conditions import Case
    from slipdetect.lab.stress.result import StressResult
    from slipdetect.lab.stress.viewpoints import Viewpoints
    from slipdetect.models import ModelPackage
    from slipdetect.types import View

# named here too, in their order, because the help page loads nothing that knows them
NAMES = "dark, noise, blur, compression, rate, edges, cover, mirror, tilt, turn, viewpoint"
_QUICK = 12  # clips of either label


@dataclass(frozen=True, kw_only=True)
class StressSettings(TestedSettings):
    """Options of ``stress``."""

    conditions: str | None = option(
        metavar="NAME,NAME", help=f"What is done to the clips: {NAMES}.  [default: all]"
    )
    strengths: tuple[str, ...] = option(
        multiple=True,
        metavar="NAME=S,S",
        help="Other strengths for a condition, such as noise=10,30; repeatable.",
    )
    quick: bool = option(is_flag=True, help="Take 12 clips with a fall and 12 without only.")
    out: Path | None = option(
        type=FOLDER,
        beside=("no pictures",),
        help="Folder of predictions, tables and plot; a run that was stopped goes on there.  "
        "[default: runs/stress, or runs/stress-quick]",
    )
    pictures: Path | None = option(
        type=FILE,
        metavar="FILE.png",
        help="Only draw one clip under every condition; nothing is tested.",
    )
    format: str = option(
        type=click.Choice(FORMATS),
        default="table",
        beside=("no pictures",),
        help="On stdout.",
    )
    seed: int = option(type=click.IntRange(0), default=0, help="Of the noise.")
    device: str = device_option(beside=("no pictures",))
    view: View = option(**VIEW, beside=("no pictures",))
    overwrite: bool = overwrite_option(
        "Replace the file of --pictures if it exists.", beside=("pictures",)
    )

    @property
    def folder(self) -> Path:
        """Where the run is kept."""
        if self.out is not None:
            return self.out
        return Path("runs") / ("stress-quick" if self.quick else "stress")


@click.command(short_help="Tell what a model still finds when the picture is bad.")
@click.argument("model", metavar="MODEL", type=MODEL_NAME)
@click.argument("data", metavar="DATA.csv", type=FILE)
@with_settings(StressSettings)
@common_options
@click.pass_context
def stress(ctx: click.Context, /, model: str, data: Path, settings: StressSettings) -> None:
    """Tell what a model still finds in disturbed clips, and how often it is wrong there.

    MODEL is 'default' or the folder of a model. DATA.csv is as for train: a row a clip with path
    and label and, where known, times, group, dataset and split. Every clip is tested as it is,
    then darkened, noisy, out of focus, compressed, with fewer pictures a second, cut off, covered,
    mirrored, tilted and turned; and, where DATA.csv has the same scenes from other camera places
    (columns scene, camera_azimuth, camera_rise), from there. Falls lost and gained are counted
    against the undisturbed clips.

    What is done stays done in --out: run the same again after a stop, and it goes on.

    \b
    slipdetect stress default clips.csv --quick
    slipdetect stress runs/x/best clips.csv --conditions dark,noise --strengths noise=10,30
    slipdetect stress default clips.csv --pictures conditions.png
    """
    from slipdetect.lab.stress.report import stress_data, stress_page

    console = ctx.ensure_object(Console)
    if settings.pictures is not None:
        check_writable(settings.pictures, overwrite=settings.overwrite)
    task = _task(console, model, data, settings)
    if settings.pictures is not None:
        _draw_pictures(console, task, settings.pictures, settings)
        return
    warn_of_training_data(console, task.package.config, task.tested, bundled=model == "default")
    result = _run(console, task, settings)
    page = stress_page(result, full=settings.format == "markdown")
    write_report(console, page, stress_data(result), settings.format)
    ctx.exit(SOME_FAILED if any(row.clips < len(task.tested.clips) for row in result.rows) else 0)


def parse_names(text: str | None) -> list[str]:
    """Return the names in a list such as ``"dark,noise"``; none of no list.

    Raises:
        UsageError: There is a list without a name.
    """
    names = [] if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if text is not None and not names:
        raise UsageError(f"--conditions {text!r} names none of {NAMES}; leave it out for all")
    return names


def parse_strengths(values: tuple[str, ...]) -> dict[str, list[float]]:
    """Return the strengths by condition of values such as ``"noise=10,30"``.

    Raises:
        UsageError: A value is no such list, or two are of one condition.
    """
    found: dict[str, list[float]] = {}
    for value in values:
        name, _, numbers = value.partition("=")
        try:
            strengths = [float(number) for number in numbers.split(",")]
        except ValueError:
            strengths = []
        if not strengths or not all(map(math.isfinite, strengths)) or name.strip() in found:
            raise UsageError(
                f"--strengths {value!r} is not a list such as noise=10,30, once for each"
            )
        found[name.strip()] = strengths
    return found


@dataclass(frozen=True)
class _Task:
    """What is tested on what."""

    package: ModelPackage
    cases: list[Case]
    tested: TestedClips  # from the reference place only, where there are others
    viewpoints: Viewpoints


def _task(console: Console, model: str, data: Path, settings: StressSettings) -> _Task:
    """Return the model and the clips to test on; say which these are."""
    from slipdetect.detection import model_folder
    from slipdetect.detection.loading import warn_of_view
    from slipdetect.lab.stress.conditions import make_cases
    from slipdetect.lab.stress.run import choose_evenly
    from slipdetect.lab.stress.viewpoints import read_viewpoints
    from slipdetect.models import load_package

    names, strengths = parse_names(settings.conditions), parse_strengths(settings.strengths)
    drawn = settings.pictures is not None
    tested = choose(console, data, settings, quiet=drawn)
    viewpoints = read_viewpoints(tested.clips)
    cases = make_cases(names, strengths, viewpoints.places)
    if not drawn:
        _tell_of_places(console, viewpoints, asked=bool(names))
    tested = replace(tested, clips=viewpoints.reference)
    if settings.quick:
        tested = replace(tested, clips=choose_evenly(tested.clips, _QUICK))
    if not drawn and not any(clip.positive for clip in tested.clips):
        raise UsageError(f"no clip of {data.name!r} shows a fall, so none can be lost; add some")
    package = load_package(model_folder(model))
    if not drawn:
        warn_of_view(model, package.config, settings.view)
    return _Task(package, cases, tested, viewpoints)


def _tell_of_places(console: Console, viewpoints: Viewpoints, *, asked: bool) -> None:
    places, scenes = len(viewpoints.places), len(viewpoints.reference)
    if places:
        console.note(f"{scenes} scenes from {places + 1} camera places; viewpoint compares these")
    elif not asked:
        console.note(
            "viewpoint is left out: no clip says which scene it shows and from where (columns scene"
            " and camera_azimuth)"
        )


def _draw_pictures(console: Console, task: _Task, target: Path, settings: StressSettings) -> None:
    from slipdetect.lab.stress.sheet import case_pictures, choose_clip, stress_sheet

    config = task.package.config
    clip = choose_clip(task.tested.clips)
    size = (config.sample_fps, config.frame_short_side)
    shown = [(task.viewpoints.seen(case, [clip])[0], case) for case in task.cases]
    time, pictures = case_pictures(shown, *size, settings.seed)
    title = f"{clip.path.name} at {time:.1f} s"
    sheet = stress_sheet(task.cases, pictures, title)
    write_figure(console, sheet, target, overwrite=settings.overwrite)


def _run(console: Console, task: _Task, settings: StressSettings) -> StressResult:
    """Do what is not done yet, and write what all of it comes to."""
    from slipdetect.detection import Detector
    from slipdetect.lab.extract.lock import folder_lock
    from slipdetect.lab.stress.result import StressResult, stress_rows
    from slipdetect.lab.stress.run import begin, pending, read_cases, stress_facts

    out, tested = settings.folder, task.tested
    detector = None
    if pending(out, task.cases):  # what cannot look at clips begins no folder
        detector = Detector.from_package(
            task.package, settings.device, exact=True, view=settings.view
        )
    make_folder(out)
    clips = task.viewpoints.every(tested.clips)
    facts = stress_facts(task.package, clips, tested.root, settings.seed, settings.view)
    with folder_lock(out):
        begin(out, facts)
        _predict(console, task, detector, out, settings.seed)
        same = task.viewpoints.same(tested.root)
        rows = stress_rows(read_cases(out, task.cases), same=same)
        groups = len({clip.group for clip in tested.clips})
        result = StressResult(tuple(rows), groups, facts, settings.quick)
        _write(console, result, out)
    return result


def _predict(
    console: Console, task: _Task, detector: Detector | None, out: Path, seed: int
) -> None:
    from slipdetect.lab.stress.run import pending, readable, run_case

    todo, clips, root = pending(out, task.cases), task.tested.clips, task.tested.root
    total, kept = len(clips), len(task.cases) - len(todo)
    known = f", {kept} of them done before" if kept else ""
    console.note(f"{total} clips, {len(task.cases)} times each{known}; kept in {str(out)!r}")
    if not todo or detector is None:
        return
    undisturbed = task.cases[0]
    with console.bar(len(todo) * total) as bar:
        for place, case in enumerate(todo):

            def say(case: Case, done: int, count: int, before: int = place * total) -> None:
                bar.show(before + done, f"{case.label} {done}/{count} clips", now=done == count)

            if case is not undisturbed:
                # what cannot be read was named once
                clips = readable(task.tested.clips, root, out, undisturbed)
            seen = task.viewpoints.seen(case, clips)
            run_case(detector, case, seen, root, out, seed, say)


def _write(console: Console, result: StressResult, out: Path) -> None:
    """Write the tables and the plot; they are made again from the predictions every time."""
    from slipdetect.lab.stress.plot import stress_figure
    from slipdetect.lab.stress.report import stress_data, stress_page
    from slipdetect.lab.stress.run import PAGE, PLOT, TABLE

    page = stress_page(result, full=True).markdown()
    for name, text in ((PAGE, page), (TABLE, json_text(stress_data(result)))):
        write_text(out / name, text, overwrite=True)
    write_figure(console, stress_figure(result), out / PLOT, overwrite=True, quiet=True)
    console.note(f"wrote {PAGE}, {TABLE} and {PLOT} in {str(out)!r}")
