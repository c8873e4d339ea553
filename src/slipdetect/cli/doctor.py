"""``slipdetect doctor``: whether everything that slipdetect needs works here.

In: this machine. Out: a report as text or JSON, exit code 1 when something needed is missing.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from slipdetect.cli.checks import Check, all_checks
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options

_SIGNS = {True: "ok", False: "FAIL", None: "-"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--quick", is_flag=True, help="Look only at what loads fast; torch is not loaded.")
@common_options
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, quick: bool) -> None:
    """Check what slipdetect needs, and say what to do about what is wrong."""
    console = ctx.ensure_object(Console)
    checks = all_checks(quick=quick)
    healthy = all(check.ok is not False for check in checks)
    if as_json:
        data = {"version": 1, "ok": healthy, "checks": [asdict(check) for check in checks]}
        console.data(json.dumps(data, indent=2) + "\n")
    else:
        console.text(_page(checks))
        console.note("everything needed works" if healthy else "something needed does not work")
    ctx.exit(0 if healthy else 1)


def _page(checks: list[Check]) -> str:
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{_SIGNS[check.ok]:<4}  {check.name:<{width}}  {check.found}")
        if check.advice:
            lines.append(f"{'':<4}  {'':<{width}}  -> {check.advice}")
    return "\n".join(lines) + "\n"
