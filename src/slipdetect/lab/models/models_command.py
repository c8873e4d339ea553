"""``slipdetect models``: what models there are and what they consist of.

In: nothing, or a model. Out: a description on stdout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import slipdetect
from slipdetect.cli.completion import MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.options import common_options
from slipdetect.errors import ModelError, PackageError
from slipdetect.lab.data.choose_clips import dataset_of
from slipdetect.reports.text_table import text_fields

if TYPE_CHECKING:
    from slipdetect.lab.models.measure import Cost
    from slipdetect.models import ModelConfig, ModelPackage, StreamConfig
    from slipdetect.models.stream import PoseConfig
    from slipdetect.models.tsn import TSN

_ASSETS = Path(slipdetect.__file__).parent / "assets"
_REPORTED = 3, 5  # segments and differences of the 2020 course report's Table 4
_Field = tuple[str, "str | Iterable[str]"]
_PICTURES = {"rgb": "pictures", "flow": "flow fields", "rgbdiff": "neighboring frames"}


@click.group(
    cls=LazyGroup,
    lazy={
        "import": "slipdetect.lab.models.import_command:import_files",
        "export": "slipdetect.lab.models.commands:export",
        "average": "slipdetect.lab.models.commands:average",
    },
)
@common_options
def models() -> None:
    """List, show, average, import and export models."""


@models.command("list")
@common_options
@click.pass_context
def list_models(ctx: click.Context) -> None:
    """List the models that come with slipdetect; others are given by their folder."""
    console = ctx.ensure_object(Console)
    bundled = sorted(path.parent for path in _ASSETS.glob("*/model.json"))
    if not bundled:
        console.note("no model comes with this copy of slipdetect; train one: slipdetect train -h")
        return
    from slipdetect.models import load_package

    for folder in bundled:
        try:
            config = load_package(folder).config
        except ModelError as error:
            console.text(f"{folder.name:<12}  unusable\n")
            console.error(str(error))
            continue
        names = [f"{item.modality} by {item.backbone}" for item in config.streams]
        names += [] if config.pose is None else [f"pose by {config.pose.estimator}"]
        streams = ", ".join(names)
        console.text(f"{folder.name:<12}  {config.name}: {streams}\n")


@models.command()
@click.argument("name", metavar="[MODEL]", default="default", type=MODEL_NAME)
@click.option("--card", is_flag=True, help="Print the model card instead.")
@common_options
@click.pass_context
def show(ctx: click.Context, name: str, card: bool) -> None:
    """Show what a model consists of; MODEL is 'default' or the folder of a package.

    Every network is built and run on one snippet, to count its work and take its time.
    """
    console = ctx.ensure_object(Console)
    if not card:
        console.text(model_page(name))
        return
    from slipdetect.detection import model_folder
    from slipdetect.models import load_package
    from slipdetect.models.package import CARD_FILE

    path = load_package(model_folder(name)).folder / CARD_FILE
    try:
        console.data(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PackageError(f"model {name!r} has no card to read; it would be {str(path)!r}") from (
            error
        )


def model_page(name: str) -> str:
    """Return what a model consists of; its networks are built and run on one snippet each.

    Args:
        name: ``"default"`` or the folder of a package.

    Raises:
        ModelError: A network cannot be built or its weights do not fit.
    """
    from slipdetect.detection import model_folder
    from slipdetect.models import load_package
    from slipdetect.models.package import CARD_FILE

    package = load_package(model_folder(name))
    config, card = package.config, package.folder / CARD_FILE
    lines = [f"{config.name}  ({package.folder})", ""]
    for stream in config.streams:
        lines += [f"{stream.modality} stream", *text_fields(_stream(package, stream)), ""]
    if config.pose is not None:
        lines += ["pose stream", *text_fields(_pose(package, config.pose)), ""]
    told = f"{card}  (print it with --card)" if card.is_file() else "none"
    lines += text_fields([*_recipe(config), *_training(config.training), ("card", told)])
    return "\n".join(lines) + "\n"


def input_shape(stream: StreamConfig) -> tuple[list[str], str]:
    """Return the shape of a clip as one stream takes it, and how its channels come about."""
    modality, segments = stream.snippet, stream.num_segments
    channels = segments * modality.stored_channels
    each = modality.stored_channels // modality.images
    shape = ["1", str(channels), str(stream.input_size), str(stream.input_size)]
    pictures = _PICTURES[modality.name]
    if modality.images == 1:
        pictures = pictures.removesuffix("s")
    reason = f"{channels} = {segments} segments x {modality.images} {pictures} x {each} channels"
    if modality.name == "rgbdiff":
        reason += f"; differencing leaves {segments} x {modality.network_channels}"
        if (segments, modality.length) == _REPORTED:
            reason += "; 48, as in the 2020 course report, cannot be: 48 / 3 / 3 is not whole"
    return shape, reason


def _stream(package: ModelPackage, stream: StreamConfig) -> Iterator[_Field]:
    shape, reason = input_shape(stream)
    cost = _cost(package.build_stream(stream.modality), stream)
    size = (package.folder / stream.file).stat().st_size
    options = [f"{key} = {value}" for key, value in stream.backbone_options.items()]
    yield "backbone", [f"{stream.backbone}, {cost.parameters / 1e6:.2f} M parameters", *options]
    yield "input", [f"[{', '.join(shape)}]", *reason.split("; ")]
    yield "output", f"[1, {len(package.config.labels)}]"
    yield "work", f"{cost.flops / 1e9:.2f} GFLOP a snippet"
    yield "latency", f"{cost.seconds * 1e3:.0f} ms a snippet, measured now on {cost.where}"
    yield "crop", stream.crop
    yield "consensus", stream.consensus
    if stream.flow is not None:
        yield "flow", f"{stream.flow['method']}, up to {stream.flow['bound']:g} px"
    if stream.normalization.contrast is not None:
        yield "differences", f"scaled to {stream.normalization.contrast:g}"
    tempered = package.config.calibration.streams
    if tempered is not None:
        yield "temperature", f"{tempered[stream.modality]:g} before fusion"
    weight = package.config.fusion["weights"][stream.modality]
    yield "fusion", f"weight {weight:g} among {package.config.fusion['space']}"
    yield "weights", f"{stream.file}, {size / 2**20:.1f} MiB"
    yield "sha256", stream.sha256
    if stream.graph is not None:
        yield "graph", stream.graph.file


def _pose(package: ModelPackage, pose: PoseConfig) -> Iterator[_Field]:
    file = package.folder / pose.file
    low, high = pose.limits
    yield "keypoints", f"{pose.estimator}, {pose.rate:g} pictures a second"
    yield "window", f"{pose.pictures} pictures"
    yield "looks", f"where the other streams give more than {pose.gate:g}"
    yield (
        "fusion",
        [
            f"weight {pose.weight:g} among log-odds, the others {1 - pose.weight:g}",
            f"theirs between {low:g} and {high:g}",
            f"theirs less {pose.unseen:g} where nobody is found",
            f"pose less {pose.never_up:g} for whoever was never up",
        ],
    )
    yield "weights", f"{pose.file}, {file.stat().st_size / 2**20:.1f} MiB"
    yield "sha256", pose.sha256


def _cost(network: TSN, stream: StreamConfig) -> Cost:
    """Measure one snippet.

    Raises:
        ModelError: The network does not take a picture of the stream's size.
    """
    import torch

    from slipdetect.lab.models.measure import cause, measure

    side = stream.input_size
    x = torch.zeros(1, 1, stream.snippet.stored_channels, side, side)
    try:
        return measure(network, x, network.snippet_scores)
    except Exception as error:  # of a plugin, which may raise anything
        raise ModelError(
            f"the {stream.modality} network does not take {side} x {side} px: {cause(error)}"
        ) from error


def _recipe(config: ModelConfig) -> Iterator[_Field]:
    events = config.events
    other = ", ".join(label for label in config.labels if label != config.positive)
    yield "finds", f"{config.positive}, against {other}"
    yield "reads", f"{config.sample_fps:g} frames/s, shorter side {config.frame_short_side} px"
    yield "window", f"{config.window:.4g} s every {config.stride:.3g} s"
    yield (
        "events",
        [
            f"from {events.onset:g}, until below {events.offset:g}",
            f"at least {events.min_duration_on:g} s, "
            f"gaps up to {events.min_duration_off:g} s joined",
            f"lengthened by {events.pad_onset:g} s and {events.pad_offset:g} s",
            *([f"as far as {events.narrow:g} below the peak's log-odds"] if events.narrow else []),
            *(
                [f"whose person stays down for {events.confirm_down:g} s"]
                if events.confirm_down
                else []
            ),
        ],
    )
    presets = config.sensitivity.items()
    yield (
        "sensitivity",
        [f"{name}: from {p.onset:g}, until below {p.offset:g}" for name, p in presets],
    )


def _training(training: Mapping[str, Any]) -> Iterator[_Field]:
    """Yield what is told of training data, as far as the package tells in the known form."""
    known = {
        "imported": ("imported", _origin),
        "training_data": ("trained on", _data),
        "validation_data": ("validated on", _data),
    }
    told = {key: rows for key in known if isinstance(rows := training.get(key), list) and rows}
    for key, rows in told.items():
        title, text = known[key]
        yield title, map(text, rows)
    if not told:
        yield "trained on", "not told"


def _origin(origin: Any) -> str:
    if not isinstance(origin, Mapping):
        return str(origin)
    best, epoch = origin.get("best_prec1"), origin.get("epoch")
    told = [f"epoch {epoch}"] if isinstance(epoch, int) else []
    told += [f"accuracy {best:.2f} %"] if isinstance(best, float) else []
    return f"{origin.get('file', 'unnamed')} ({', '.join(told) or origin.get('layout')})"


def _data(data: Any) -> str:
    if not isinstance(data, Mapping):
        return str(data)
    licenses = ", ".join(map(str, data.get("licenses") or ["license not told"]))
    return (
        f"{dataset_of(data) or 'unnamed'}: {data.get('clips', '?')} clips, "
        f"{data.get('positive', '?')} with a fall ({licenses})"
    )
