"""``slipdetect extract``: store frames and flow of videos.

In: files, folders, lists. Out: a folder that ``VideoStore`` reads, and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.batch import Tally
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import SlipdetectError
from slipdetect.lab.extract.options import EXTRACT_OPTIONS, read_parameters
from slipdetect.lab.extract.progress import ExtractView, interruptible

if TYPE_CHECKING:
    from slipdetect.lab.extract.plan import Planner, Task
    from slipdetect.lab.extract.request import ExtractionRequest
    from slipdetect.lab.extract.tasks import Stop


@click.command()
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@with_options(EXTRACT_OPTIONS)
@common_options
@click.pass_context
def extract(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:
    """Store frames and flow of videos, for training and for other tools.

    SOURCE is a video, a folder (searched with everything below it), a pattern such as "*.mp4", a
    list file (.txt, .lst, .csv) or - (such a list on standard input). What --from names is
    fetched first: a path, or an http(s) address with its hash; archives are unpacked.

    What is in the store already is left alone, so that an interrupted extraction goes on when the
    same is run again.

    \b
    slipdetect extract recordings/ --out store --size short:256 --jobs 4
    slipdetect extract clips.txt --out frames --layout tsn --size course2020
    slipdetect extract --from https://HOST/clips.zip#sha256=HEX --out store
    """
    from slipdetect.lab.extract.folders import check_store
    from slipdetect.lab.extract.lock import folder_lock
    from slipdetect.lab.extract.tasks import Stop

    if not sources and not options["addresses"]:
        raise click.UsageError("nothing to extract; name a SOURCE or pass --from")
    console = ctx.ensure_object(Console)
    request = _request(options)
    store = Path(options["out"])
    check_store(store)
    stop = Stop()
    with folder_lock(store), interruptible(stop):
        ctx.exit(_run(console, sources, store, request, options, stop).exit_code())


def _request(options: dict[str, Any]) -> ExtractionRequest:
    from slipdetect.lab.extract.request import ExtractionRequest, FlowRequest

    settings = {"method": options["flow"], "bound": options["bound"]}
    given = {name: value for name, value in settings.items() if value is not None}
    parameters = read_parameters(options["flow_param"])
    return ExtractionRequest(
        layout=options["layout"],
        sample_fps=options["fps"],
        size=options["size"],
        rgb=not options["no_rgb"],
        flow=None if options["no_flow"] else FlowRequest(parameters=parameters, **given),
        max_frames=options["max_frames"],
        device=options["device"],
    )


def _run(
    console: Console,
    sources: Sequence[str],
    store: Path,
    request: ExtractionRequest,
    options: dict[str, Any],
    stop: Stop,
) -> Tally:
    """Look what is to be done, do it, and say how it went."""
    from slipdetect.lab.extract.batch import run_batch
    from slipdetect.lab.extract.plan import Planner, Rules
    from slipdetect.lab.extract.sources import resolve_sources
    from slipdetect.lab.extract.tools import Interrupted

    root = None if options["root"] is None else Path(options["root"])
    rules = Rules(root, options["overwrite"], options["repair"], options["verify"])
    view = ExtractView(console, stop)
    paths: list[Path] = []
    try:
        downloads = options["downloads"]
        place = store / "downloads" if downloads is None else Path(downloads)
        fetched = _fetch(options["addresses"], place, view)
        paths = list(resolve_sources([*sources, *fetched], root))
        tasks = _tasks(Planner(store, request, rules, paths), paths, view, stop)
        with view.bar():
            run_batch(tasks, store, request, view, stop, options["jobs"])
    except Interrupted:
        view.tally.interrupted = True
    view.summary(store, len(paths))
    return view.tally


def _fetch(addresses: Sequence[str], folder: Path, view: ExtractView) -> list[str]:
    """Return where the files behind ``addresses`` are now."""
    if not addresses:
        return []
    from slipdetect.lab.fetch.fetch import fetch

    with view.bar():
        return [str(fetch(address, folder, view.downloaded)) for address in addresses]


def _tasks(planner: Planner, paths: Sequence[Path], view: ExtractView, stop: Stop) -> list[Task]:
    """Return what is to be done; another recipe ends it all before anything is done.

    Raises:
        RecipeMismatch: The store holds one of the videos, made by another recipe.
        Interrupted: It was stopped.
    """
    from slipdetect.lab.extract.plan import RecipeMismatch
    from slipdetect.lab.extract.tools import GO_ON, Interrupted

    tasks = []
    for path in paths:
        if stop() != GO_ON:
            raise Interrupted
        try:
            task = planner.task(path)
        except RecipeMismatch:
            raise
        except SlipdetectError as error:
            view.failed(path, error)
            continue
        if task is None:
            view.present()
        else:
            tasks.append(task)
    return tasks
