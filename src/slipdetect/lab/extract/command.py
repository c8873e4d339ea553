"""``slipdetect extract``: store frames and flow of videos.

In: files, folders, lists. Out: a folder that ``VideoStore`` reads, and an exit code.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.batch import Tally
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import POSITIVE, flag, headed, option, with_settings
from slipdetect.cli.worker_options import MANY, WorkerSettings
from slipdetect.errors import SlipdetectError
from slipdetect.flow.registry import available_methods
from slipdetect.lab.extract.progress import ExtractProgress, interruptible

if TYPE_CHECKING:
    from slipdetect.flow import FlowExtractor
    from slipdetect.lab.extract.context import StopFlag
    from slipdetect.lab.extract.plan import Planner, Task

# an unreadable folder is refused by the store, in its own words
_PATH = click.Path(path_type=Path, readable=False)

_OF_FLOW = ("no no_flow",)
_HEADINGS = ("Store", MANY, "Frames", "Flow", "Download")
_METHODS = available_methods()


@dataclass(frozen=True, kw_only=True)
class ExtractSettings(WorkerSettings):
    """The options of ``extract``."""

    out: Path = option(
        heading="Store",
        metavar="DIR",
        type=_PATH,
        required=True,
        help="Folder of the store; made if new.",
    )
    layout: str = headed(
        "Store",
        "npz: lossless shards; tsn: folders of JPEG files.",
        default="npz",
        type=click.Choice(("npz", "tsn")),
    )
    root: Path | None = headed(
        "Store",
        "Folder of the data set: lists may not lead out of it, names do not depend on it.",
        "DIR",
        type=_PATH,
    )
    overwrite: bool = flag("Store", "Redo what another recipe or video made.")
    repair: bool = flag("Store", "Check every file and redo damaged shards.")
    verify: bool = flag("Store", "Check every file that is there by its hash.")
    fps: float | None = headed("Frames", "Frames a second.  [default: every frame]", type=POSITIVE)
    size: str = headed(
        "Frames",
        "native, course2020 (342x256, portrait padded), short:256 or letterbox:342x256.",
        default="native",
    )
    max_frames: int | None = headed("Frames", "Frames kept of a video.", type=click.IntRange(min=1))
    stream: int = headed(
        "Frames", "Which video stream, from 0.", "N", default=0, type=click.IntRange(min=0)
    )
    no_rgb: bool = flag("Frames", "Store no frames.")
    no_flow: bool = flag("Flow", "Store no flow.")
    flow: str = headed(
        "Flow",
        f"{', '.join(_METHODS[:-1])} or {_METHODS[-1]}.",
        "METHOD",
        default="tvl1",
        beside=_OF_FLOW,
    )
    bound: float = headed(
        "Flow", "Largest flow that is stored, px.", default=15.0, type=POSITIVE, beside=_OF_FLOW
    )
    flow_parameters: dict[str, Any] = option(
        "--flow-param",
        heading="Flow",
        beside=_OF_FLOW,
        multiple=True,
        metavar="NAME=VALUE",
        callback=lambda ctx, option, texts: read_parameters(texts),
        help="A parameter of the method, such as nscales=3; repeatable.",
    )
    device: str = headed("Flow", "auto, cpu or cuda.", default="auto", beside=_OF_FLOW)
    urls: tuple[str, ...] = option(
        "--url",
        heading="Download",
        multiple=True,
        metavar="URL#sha256=HEX",
        help="Fetch a video or an archive of videos first; repeatable.",
    )
    downloads: Path | None = headed(
        "Download",
        "Where --url puts them.  [default: downloads in --out]",
        "DIR",
        type=_PATH,
        beside=("urls",),
    )

    def make_extractor(self) -> FlowExtractor | None:
        """Return the flow extractor that is asked for.

        Raises:
            UsageError: There is none like that on this machine.
        """
        from slipdetect.flow import FlowExtractor

        if self.no_flow:
            return None
        # what computes elsewhere need not be there here
        device = self.device if self.on is None else "auto"
        return FlowExtractor(self.flow, device, self.bound, **self.flow_parameters)


@click.command(cls=GroupedCommand)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1, type=FILE_NAME)
@with_settings(ExtractSettings, _HEADINGS)
@common_options
@click.pass_context
def extract(ctx: click.Context, /, sources: tuple[str, ...], settings: ExtractSettings) -> None:
    """Store frames and flow of videos.

    For training and for other tools.

    SOURCE is a video, a folder (searched with everything below it), a pattern such as "*.mp4", a
    list as @FILE, or - (a list on standard input). Lists are text with a path a line, or .csv with
    the column path. What --url names is fetched first: an http(s) address with its hash, or a
    path; archives are unpacked.

    What is in the store already is left alone, so that an interrupted extraction goes on when the
    same is run again.

    \b
    slipdetect extract recordings/ --out store --size short:256 --jobs 4
    slipdetect extract @clips.csv --out frames --layout tsn --size course2020
    slipdetect extract --url https://HOST/clips.zip#sha256=HEX --out store
    """
    from slipdetect.lab.extract.context import StopFlag
    from slipdetect.lab.extract.files import check_store
    from slipdetect.lab.extract.lock import folder_lock

    if not sources and not settings.urls:
        raise click.UsageError("nothing to extract; name a SOURCE or pass --url")
    check_store(settings.out)
    stop = StopFlag()
    with folder_lock(settings.out), interruptible(stop):
        ctx.exit(_run(ctx.ensure_object(Console), sources, settings, stop).exit_code())


def read_parameters(texts: Iterable[str]) -> dict[str, Any]:
    """Return the parameters that ``NAME=VALUE`` texts mean: numbers, true or false, or words.

    Raises:
        click.BadParameter: One has no ``=``.
    """
    parameters = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--flow-param")
        # lambda is a word of Python, so that the parameter is called lambda_
        parameters[f"{name}_" if keyword.iskeyword(name) else name] = _value(value)
    return parameters


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict | list) or value is None else value


def _run(
    console: Console, sources: Sequence[str], settings: ExtractSettings, stop: StopFlag
) -> Tally:
    """Look what is to be done, do it, and say how it went."""
    from slipdetect.lab.extract.batch import run_batch
    from slipdetect.lab.extract.context import make_recipe
    from slipdetect.lab.extract.plan import Planner, Rules
    from slipdetect.lab.extract.sources import resolve_sources
    from slipdetect.workers import Interrupted

    rules = Rules(settings.root, settings.overwrite, settings.repair, settings.verify)
    view = ExtractProgress(console, stop)
    paths: list[Path] = []
    try:
        recipe = make_recipe(
            settings.make_extractor(),
            settings.layout,
            settings.fps,
            settings.size,
            not settings.no_rgb,
            settings.max_frames,
            settings.stream,
        )
        paths = list(resolve_sources([*sources, *_fetch(settings, view)], settings.root))
        tasks = _tasks(Planner(settings.out, recipe, rules, paths), paths, view, stop)
        with view.bar():
            run_batch(
                tasks, settings.out, recipe, view, stop, settings.jobs, settings.device, settings.on
            )
    except Interrupted:
        view.tally.interrupted = True
    view.summary(settings.out, len(paths))
    return view.tally


def _fetch(settings: ExtractSettings, view: ExtractProgress) -> list[str]:
    """Return where what ``--url`` names is now."""
    if not settings.urls:
        return []
    from slipdetect.lab.fetch.fetch import fetch

    folder = settings.out / "downloads" if settings.downloads is None else settings.downloads
    with view.bar():
        return [str(fetch(url, folder, view.downloaded)) for url in settings.urls]


def _tasks(
    planner: Planner, paths: Sequence[Path], view: ExtractProgress, stop: StopFlag
) -> list[Task]:
    """Return what is to be done; another recipe ends it all before anything is done."""
    from slipdetect.lab.extract.plan import RecipeMismatch
    from slipdetect.workers import GO_ON, Interrupted

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
        else:
            if task is None:
                view.present()
            else:
                tasks.append(task)
    return tasks
