"""``slipdetect backbones``: which networks there are and whether they work here.

In: a pattern or names. Out: lines on stdout.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console, one_line
from slipdetect.cli.options import common_options
from slipdetect.errors import SlipdetectError

if TYPE_CHECKING:
    from slipdetect.backbones import BackboneSpec

_SEGMENTS = 3
_TIMINGS = 3


@click.group()
def backbones() -> None:
    """List and check the networks that can be trained."""


@backbones.command("list")
@click.argument("pattern", default="*")
@common_options
@click.pass_context
def list_names(ctx: click.Context, pattern: str) -> None:
    """List names that match PATTERN, such as "resnet*" or "timm/convnext*"."""
    from slipdetect.backbones import list_backbones

    console = ctx.ensure_object(Console)
    names = list_backbones(pattern)
    console.text("".join(f"{name}\n" for name in names))
    if not names:
        console.note(f"no backbone matches {pattern!r}")


@backbones.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@common_options
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Build networks and run a picture through each."""
    console = ctx.ensure_object(Console)
    code = 0
    for name in names:
        try:
            console.text(_checked(name))
        except SlipdetectError as error:
            code = error.exit_code
            console.text(f"{one_line(name)}  unavailable\n")
            console.error(str(error))
    ctx.exit(code)


def _checked(name: str) -> str:
    """Return the facts about a backbone after running it.

    Raises:
        BackboneUnavailable: It does not load, build or run, or contradicts its facts.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from slipdetect.backbones import backbone_info, create_backbone
    from slipdetect.errors import BackboneUnavailable

    network: Any = create_backbone(name)
    info = backbone_info(name)
    spec = network.spec
    size = spec.input_size
    picture = torch.zeros(1, 3, size, size)
    try:
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            output = network.eval()(picture)
        with torch.inference_mode():
            seconds = min(_seconds(network, picture) for _ in range(_TIMINGS))
    except RuntimeError as error:
        raise BackboneUnavailable(
            f"backbone {name!r} fails on a picture of {size} x {size}: {error}"
        ) from error
    if tuple(output.shape) != (1, spec.feature_dim):
        raise BackboneUnavailable(
            f"backbone {name!r} returns {tuple(output.shape)}, its spec says {spec.feature_dim} "
            "features; tell its maker"
        )
    parameters = sum(parameter.numel() for parameter in network.parameters())
    cost = {
        "parameters": f"{parameters / 1e6:.2f} M",
        "work": f"{counter.get_total_flops() / 1e9:.2f} GFLOP a picture",
        "latency": f"{seconds * 1e3:.0f} ms a picture, measured now on {torch.get_num_threads()} "
        "CPU threads",
    }
    return _page(spec, info.distribution, cost)


def _seconds(network: Any, picture: Any) -> float:
    start = time.perf_counter()
    network(picture)
    return time.perf_counter() - start


def _shapes(size: int) -> dict[str, str]:
    """Return what TSN takes with three segments, by modality (Table 4 of the seed report)."""
    from slipdetect.modalities.modality import MODALITIES, get_modality

    rows = {}
    for name in MODALITIES:
        modality = get_modality(name)
        stored, seen = modality.stored_channels, modality.network_channels
        differenced = ", differenced" if name == "rgbdiff" else ""
        rows[f"TSN {name}"] = (
            f"[N, {_SEGMENTS * stored}, {size}, {size}] = {_SEGMENTS} snippets of {stored}"
            f"{differenced}; the first layer sees {seen}"
        )
    return rows


def _page(spec: BackboneSpec, distribution: str, cost: dict[str, str]) -> str:
    rows = {
        "features": str(spec.feature_dim),
        **cost,
        "input": f"{spec.input_size} x {spec.input_size} px, at least {spec.min_input_size}",
        "colours": f"{spec.colour}, 0 to {spec.value_range:g}",
        **_shapes(spec.input_size),
        "first layer": spec.first_conv,
        "licence": spec.licence,
        "from": spec.source or distribution,
        "registered by": distribution,
        "paper": spec.paper or "-",
    }
    lines = "".join(f"  {title:<13}  {one_line(text)}\n" for title, text in rows.items())
    return f"{one_line(spec.name)}  works\n{lines}"
