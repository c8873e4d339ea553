"""``slipdetect stress``: what a model still finds in the dark, in noise, from other views.

In: a model and an annotation file. Out: a table on stdout; predictions, tables, a plot in a folder.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import atomic_write, check_writable, make_folder
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.tested_clips import Chosen, choose, warn_of_training_data
from slipdetect.lab.stress.options import (
    STRESS_OPTIONS,
    check_stress,
    parse_names,
    parse_strengths,
)

if TYPE_CHECKING:
    from slipdetect.lab.stress.condition import Case
    from slipdetect.lab.stress.figures import StressResult
    from slipdetect.lab.stress.viewpoints import Viewpoints
    from slipdetect.models import ModelPackage

_QUICK = 12  # clips of either label


@click.command(short_help="Tell what a model still finds when the picture is bad.")
@click.argument("model", metavar="MODEL")
@click.argument("data", metavar="DATA.csv", type=click.Path(path_type=Path, dir_okay=False))
@with_options(STRESS_OPTIONS)
@common_options
@click.pass_context
def stress(ctx: click.Context, /, model: str, data: Path, **options: Any) -> None:
    """Tell what a model still finds in disturbed clips, and how often it is wrong there.

    MODEL is 'default' or the folder of a model. DATA.csv is as for train: a row a clip with path
    and label and, where known, times, group, dataset and split. Every clip is looked at as it is,
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
    console = ctx.ensure_object(Console)
    check_stress(ctx, drawn=options["pictures"] is not None)
    if options["pictures"] is not None:
        check_writable(options["pictures"], overwrite=options["overwrite"])
    task = _task(console, model, data, options)
    if options["pictures"] is not None:
        _draw_pictures(console, task, options)
        return
    warn_of_training_data(console, task.package.config, task.chosen, bundled=model == "default")
    result = _run(console, task, options)
    _print(console, result, options["format"])
    ctx.exit(SOME_FAILED if any(row.clips < len(task.chosen.clips) for row in result.rows) else 0)


@dataclass(frozen=True)
class _Task:
    """What is tested on what."""

    package: ModelPackage
    cases: list[Case]
    chosen: Chosen  # from the reference place only, where there are others
    viewpoints: Viewpoints


def _task(console: Console, model: str, data: Path, options: dict[str, Any]) -> _Task:
    """Return the model and the clips to test on; say which these are."""
    from slipdetect.detection import model_folder
    from slipdetect.lab.stress.choosing import choose_evenly
    from slipdetect.lab.stress.conditions import make_cases
    from slipdetect.lab.stress.viewpoints import read_viewpoints
    from slipdetect.models import load_package

    names, strengths = parse_names(options["conditions"]), parse_strengths(options["strengths"])
    tested = options["pictures"] is None
    chosen = choose(console, data, options, tell=tested)
    viewpoints = read_viewpoints(chosen.clips)
    cases = make_cases(names, strengths, viewpoints.places)
    if tested:
        _tell_of_places(console, viewpoints, asked=bool(names))
    chosen = replace(chosen, clips=viewpoints.reference)
    if options["quick"]:
        chosen = replace(chosen, clips=choose_evenly(chosen.clips, _QUICK))
    if tested and not any(clip.positive for clip in chosen.clips):
        raise UsageError(f"no clip of {data.name!r} shows a fall, so none can be lost; add some")
    return _Task(load_package(model_folder(model)), cases, chosen, viewpoints)


def _tell_of_places(console: Console, viewpoints: Viewpoints, *, asked: bool) -> None:
    places, scenes = len(viewpoints.places), len(viewpoints.reference)
    if places:
        console.note(f"{scenes} scenes from {places + 1} camera places; viewpoint compares these")
    elif not asked:
        console.note(
            "viewpoint is left out: no clip says which scene it shows and from where (columns scene"
            " and camera_azimuth)"
        )


def _draw_pictures(console: Console, task: _Task, options: dict[str, Any]) -> None:
    from slipdetect.lab.stress.sheet_pictures import case_pictures, choose_clip
    from slipdetect.lab.stress.stress_sheet import draw_stress_sheet

    config, target = task.package.config, options["pictures"]
    clip = choose_clip(task.chosen.clips)
    size = (config.sample_fps, config.frame_short_side)
    shown = [(task.viewpoints.seen(case, [clip])[0], case) for case in task.cases]
    time, pictures = case_pictures(shown, *size, options["seed"])
    title = f"{clip.path.name} at {time:.1f} s"
    with atomic_write(target, overwrite=options["overwrite"]) as temporary:
        draw_stress_sheet(task.cases, pictures, title, temporary)
    console.note(f"wrote {str(target)!r}")


def _run(console: Console, task: _Task, options: dict[str, Any]) -> StressResult:
    """Do what is not done yet, and write what all of it comes to."""
    from slipdetect.lab.extract.lock import folder_lock
    from slipdetect.lab.stress.figures import StressResult, stress_rows
    from slipdetect.lab.stress.run import begin, read_cases, stress_facts

    out, chosen = _out(options), task.chosen
    make_folder(out)
    clips = task.viewpoints.every(chosen.clips)
    facts = stress_facts(task.package, clips, chosen.root, options["seed"])
    with folder_lock(out):
        begin(out, facts)
        _predict(console, task, out, options)
        same = task.viewpoints.same(chosen.root)
        rows = stress_rows(read_cases(out, task.cases), same=same)
        groups = len({clip.group for clip in chosen.clips})
        result = StressResult(tuple(rows), groups, facts, options["quick"])
        _write(console, result, out)
    return result


def _out(options: dict[str, Any]) -> Path:
    if options["out"] is not None:
        return Path(options["out"])
    return Path("runs") / ("stress-quick" if options["quick"] else "stress")


def _predict(console: Console, task: _Task, out: Path, options: dict[str, Any]) -> None:
    from slipdetect.detection import Detector
    from slipdetect.lab.stress.run import pending, readable, run_case

    todo, clips, root = pending(out, task.cases), task.chosen.clips, task.chosen.root
    total, kept = len(clips), len(task.cases) - len(todo)
    known = f", {kept} of them done before" if kept else ""
    console.note(f"{total} clips, {len(task.cases)} times each{known}; kept in {str(out)!r}")
    if not todo:
        return
    detector = Detector.from_package(task.package, options["device"], exact=True)
    undisturbed = task.cases[0]
    with console.bar(len(todo) * total) as bar:
        for place, case in enumerate(todo):

            def say(case: Case, done: int, count: int, before: int = place * total) -> None:
                bar.show(before + done, f"{case.label} {done}/{count} clips", now=done == count)

            if case is not undisturbed:
                # what cannot be read was named once
                clips = readable(task.chosen.clips, root, out, undisturbed)
            seen = task.viewpoints.seen(case, clips)
            run_case(detector, case, seen, root, out, options["seed"], say)


def _write(console: Console, result: StressResult, out: Path) -> None:
    """Write the tables and the plot; they are made anew from the predictions every time."""
    from slipdetect.lab.stress.run import PAGE, PLOT, TABLE
    from slipdetect.lab.stress.stress_plot import draw_stress
    from slipdetect.lab.stress.stress_table import stress_markdown

    for name, text in ((PAGE, stress_markdown(result)), (TABLE, _json(result))):
        with atomic_write(out / name, overwrite=True) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    with atomic_write(out / PLOT, overwrite=True) as temporary:
        draw_stress(result, temporary)
    console.note(f"wrote {PAGE}, {TABLE} and {PLOT} in {str(out)!r}")


def _print(console: Console, result: StressResult, form: str) -> None:
    from slipdetect.lab.stress.stress_table import stress_markdown, stress_table

    if form == "table":
        console.text(stress_table(result))
    else:
        console.data(_json(result) if form == "json" else stress_markdown(result))


def _json(result: StressResult) -> str:
    from slipdetect.lab.stress.stress_table import stress_data

    return json.dumps(stress_data(result), ensure_ascii=False, allow_nan=False) + "\n"
