"""Commands whose options stand under headings in ``--help``.

In: options with a heading. Out: a click command with a short page and a whole one (``--help-all``).
"""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import click

from slipdetect.cli.options import Decorator

_OTHER = "Other options"
_MOST_COLUMNS = 28  # of an option's name; the text of longer ones begins on a line of its own
_ALL = "slipdetect.cli.help_all"


def section(title: str, *options: Decorator, more: bool = False) -> Decorator:
    """Return a decorator that adds options to a command, under a heading of its help page.

    Options that are added without it stand under "Other options", at the end. A heading may be
    used several times.

    Args:
        title: The heading.
        options: Decorators of ``click.option``, in the order of the page.
        more: Only ``--help-all`` shows them.
    """

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
            made = isinstance(command, click.Command)
            given = command.params if made else command.__click_params__
            vars(given[-1]).update(section=title, more=more)
        return command

    return decorate


class GroupedCommand(click.Command):
    """A command that shows its options by ``section``.

    Where some of them are for ``--help-all`` alone, it takes that option too.
    """

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        if any(map(_is_more, self.params)):
            self.params.append(
                click.Option(
                    ["--help-all"],
                    is_flag=True,
                    is_eager=True,
                    expose_value=False,
                    allow_from_autoenv=False,
                    callback=_print_all,
                    help="Show this page with all options and exit.",
                )
            )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those of each heading together."""
        sections: dict[str, list[tuple[str, str]]] = {}
        left_out: list[str] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None or not isinstance(param, click.Option):
                continue
            if _is_more(param) and not ctx.meta.get(_ALL):
                left_out.append(param.opts[-1])
            else:
                sections.setdefault(vars(param).get("section", _OTHER), []).append(record)
        if _OTHER in sections:
            sections[_OTHER] = sections.pop(_OTHER)
        names = [name for records in sections.values() for name, _ in records]
        width = max((len(name) for name in names if len(name) <= _MOST_COLUMNS), default=0)
        for title, records in sections.items():
            with formatter.section(title):
                # as wide everywhere, so that all texts begin in one column
                formatter.write_dl([(f"{name:<{width}}", text) for name, text in records], width)
        if left_out:
            with formatter.section("More options, which --help-all explains"):
                lines = wrap(" ".join(left_out), formatter.width - 4, break_on_hyphens=False)
                formatter.write("".join(f"    {line}\n" for line in lines))


def _is_more(param: click.Parameter) -> bool:
    return bool(vars(param).get("more"))


def _print_all(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        ctx.meta[_ALL] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
