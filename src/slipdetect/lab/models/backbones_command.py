"""``slipdetect backbones``: which networks there are and whether they work here.

In: a pattern or names. Out: lines on stdout.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console, one_line
from slipdetect.cli.options import common_options
from slipdetect.errors import BackboneUnavailable, SlipdetectError
from slipdetect.reports.text_table import text_fields, text_table

if TYPE_CHECKING:
    from slipdetect.backbones import BackboneSpec
    from slipdetect.lab.models.measure import Cost

_SEGMENTS = 3
_LABELS = 2


@dataclass(frozen=True)
class Row:
    """One backbone that works here."""

    spec: BackboneSpec
    cost: Cost


# what --sort takes: the value to sort by
COLUMNS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.spec.name,
    "parameters": lambda row: row.cost.parameters,
    "gflop": lambda row: row.cost.flops,
    "ms": lambda row: row.cost.seconds,
}


@click.group()
@common_options
def backbones() -> None:
    """List and check the networks that can be trained."""


@backbones.command("list")
@click.argument("pattern", default="*")
@click.option(
    "--details", is_flag=True, help="Build and run each, and show size, work and time in a table."
)
@click.option(
    "--sort",
    "column",
    type=click.Choice(list(COLUMNS)),
    help="What the table is sorted by; turns --details on.  [default: name]",
)
@common_options
@click.pass_context
def list_names(ctx: click.Context, pattern: str, details: bool, column: str | None) -> None:
    """List names that match PATTERN, such as "resnet*" or "timm/convnext*".

    \b
    slipdetect backbones list --sort parameters
    """
    from slipdetect.backbones import list_backbones

    console = ctx.ensure_object(Console)
    names = list_backbones(pattern)
    if not names:
        console.note(f"no backbone matches {pattern!r}")
    elif details or column is not None:
        _list_details(console, names, "name" if column is None else column)
    else:
        console.text("".join(f"{name}\n" for name in names))


def _list_details(console: Console, names: list[str], column: str) -> None:
    """Measure every backbone and print a table; those that do not work here come last."""
    rows, failures = [], []
    with console.bar(len(names)) as bar:
        for index, name in enumerate(names):
            bar.show(index, f"measuring {name}", now=True)
            try:
                spec, _, cost = _measured(name)
                rows.append(Row(spec, cost))
            except SlipdetectError as error:
                failures.append(str(error))
    console.text(backbone_table(rows, column))
    for failure in failures:
        console.error(failure)


def backbone_table(rows: Sequence[Row], column: str) -> str:
    """Return a row per backbone, sorted by ``column``, and below what was measured how."""
    heads = ("name", "features", "input", "parameters", "GFLOP", "CPU ms", "license")
    cells = [
        (
            one_line(row.spec.name),
            str(row.spec.feature_dim),
            f"{row.spec.input_size} px",
            f"{row.cost.parameters / 1e6:.2f} M",
            f"{row.cost.flops / 1e9:.2f}",
            f"{row.cost.seconds * 1e3:.0f}",
            one_line(row.spec.license),
        )
        for row in sorted(rows, key=lambda row: (COLUMNS[column](row), row.spec.name))
    ]
    lines = text_table(heads, cells, left=(0, len(heads) - 1))
    if rows:
        lines += [
            "",
            "One picture of the input size, without classifier; a multiply-add is two FLOP.",
            f"Times are measured now, on {rows[0].cost.where}.",
        ]
    return "\n".join(lines) + "\n"


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
            console.text(backbone_page(name))
        except SlipdetectError as error:
            code = error.exit_code
            console.text(f"{one_line(name)}  unavailable\n")
            console.error(str(error))
    ctx.exit(code)


def _measured(name: str) -> tuple[BackboneSpec, str, Cost]:
    """Return the facts about a backbone, its distribution and its cost for one picture.

    Raises:
        BackboneUnavailable: It does not load, build or run, or contradicts its facts.
    """
    import torch

    from slipdetect.backbones import backbone_info, create_backbone
    from slipdetect.lab.models.measure import cause, measure

    network: Any = create_backbone(name)
    spec = network.spec
    size = spec.input_size
    try:
        cost = measure(network, torch.zeros(1, 3, size, size))
    except Exception as error:  # of a plugin, which may raise anything
        raise BackboneUnavailable(
            f"backbone {name!r} fails on a picture of {size} x {size}: {cause(error)}"
        ) from error
    if cost.output != (1, spec.feature_dim):
        raise BackboneUnavailable(
            f"backbone {name!r} returns {cost.output}, its spec says {spec.feature_dim} "
            "features; tell its maker"
        )
    return spec, backbone_info(name).distribution, cost


def backbone_page(name: str) -> str:
    """Return the facts about a backbone after running it.

    Raises:
        BackboneUnavailable: It does not load, build or run, or contradicts its facts.
        UsageError: There is none of this name.
    """
    from slipdetect.backbones import backbone_options

    spec, distribution, cost = _measured(name)
    options = backbone_options(spec.name)
    # timm's defaults are those of a class, not of the network that is made of it
    told = "" if spec.source == "timm" else " = {!r}"
    rows = {
        "features": str(spec.feature_dim),
        "parameters": f"{cost.parameters / 1e6:.2f} M",
        "work": f"{cost.flops / 1e9:.2f} GFLOP a picture",
        "latency": f"{cost.seconds * 1e3:.0f} ms a picture, measured now on {cost.where}",
        "input": f"{spec.input_size} x {spec.input_size} px, {spec.takes}",
        "colors": f"{spec.color}, 0 to {spec.value_range:g}",
        **_shapes(spec.input_size),
        "first layer": spec.first_conv,
        "options": ", ".join(key + told.format(value) for key, value in options.items()) or "none",
        "license": spec.license,
        "from": spec.source or distribution,
        "registered by": distribution,
        "paper": spec.paper or "-",
    }
    lines = text_fields([(title, one_line(text)) for title, text in rows.items()], width=13)
    return "\n".join([f"{one_line(spec.name)}  works", *lines]) + "\n"


def _shapes(size: int) -> dict[str, str]:
    """Return what TSN takes and gives with three segments (Table 4 of the 2020 course report)."""
    from slipdetect.modalities.snippet import MODALITIES, get_modality

    rows = {}
    for name in MODALITIES:
        modality = get_modality(name)
        stored, seen = modality.stored_channels, modality.network_channels
        differenced = ", differenced" if name == "rgbdiff" else ""
        rows[f"TSN {name}"] = (
            f"[N, {_SEGMENTS * stored}, {size}, {size}] = {_SEGMENTS} snippets of {stored}"
            f"{differenced}; the first layer sees {seen}; out come [N, {_LABELS}]"
        )
    return rows
