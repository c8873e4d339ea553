"""The ``slipdetect`` command.

In: the command line. Out: an exit code; see ``slipdetect --help`` for all of them.
"""

from __future__ import annotations

import logging

import click

from slipdetect._version import __version__
from slipdetect.cli.errors import Application
from slipdetect.cli.options import common_options

_VERBS = {
    "detect": "slipdetect.cli.detect:detect",
    "watch": "slipdetect.cli.watch:watch",
    "extract": "slipdetect.lab.extract.command:extract",
    "prepare": "slipdetect.lab.prepare.command:prepare",
    "train": "slipdetect.lab.train.command:train",
    "evaluate": "slipdetect.lab.evaluate.command:evaluate",
    "stress": "slipdetect.lab.stress.command:stress",
    "calibrate": "slipdetect.lab.calibrate.command:calibrate",
    "reproduce": "slipdetect.lab.course2020.reproduce_command:reproduce",
    "replay": "slipdetect.lab.course2020.replay_command:replay",
    "compare": "slipdetect.lab.compare.command:compare",
    "convert-scores": "slipdetect.lab.course2020.scores_command:convert_scores",
    "plot": "slipdetect.lab.train.plot_command:plot",
    "models": "slipdetect.lab.models.models_command:models",
    "backbones": "slipdetect.lab.models.backbones_command:backbones",
    "doctor": "slipdetect.cli.doctor:doctor",
    "describe": "slipdetect.lab.models.describe_command:describe",
}

_EPILOG = """\b
Exit codes: 0 done, also when no slip was found; 1 internal error; 2 wrong
usage; 3 input unreadable; 4 model or backbone unusable; 5 some inputs failed,
the rest are done; 6 output not writable; 7 no machine to work on, or none left;
10 event found (--fail-on-event); 130 interrupted; 141 output pipe closed.

Every option can be set by an environment variable named after its verb, such
as SLIPDETECT_DETECT_MODEL for the --model of detect, and by a file (--config or
SLIPDETECT_CONFIG).
SLIPDETECT_DEBUG=1 shows tracebacks.
"""


@click.group(
    cls=Application,
    lazy=_VERBS,
    epilog=_EPILOG,
    context_settings={
        "auto_envvar_prefix": "SLIPDETECT",
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "show_default": True,
    },
)
@click.version_option(__version__, prog_name="slipdetect")
@common_options
def cli() -> None:
    """Find people slipping and falling in video: when, for how long, how surely."""


def run() -> None:
    """Run the command line; the entry point of the installed command."""
    # libraries below warn about themselves, which is no business of the user's
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").addHandler(logging.NullHandler())
    cli()


if __name__ == "__main__":
    run()
