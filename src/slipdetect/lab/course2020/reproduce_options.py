"""The options of ``slipdetect reproduce``.

In: nothing. Out: ``REPRODUCE_OPTIONS``, and which of them a smoke run decides itself.
"""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)

# what --quick decides itself
DECIDED_BY_QUICK = ("weights", "protocol", "epochs", "seeds")

_DATA = (
    click.option(
        "--data",
        required=True,
        metavar="CSV",
        type=click.Path(path_type=Path),
        help="Annotated clips, as for train; its column split is obeyed.",
    ),
    click.option(
        "--allow-leaks",
        is_flag=True,
        help="Run although the split leaks; every table then says so.",
    ),
    click.option("--root", type=_FOLDER, help="Folder of the videos.  [default: that of the CSV]"),
    click.option(
        "--out",
        type=_FOLDER,
        help="Folder of all runs.  [default: runs/reproduce, or runs/reproduce-quick]",
    ),
    click.option(
        "--cache", type=_FOLDER, help="Folder for decoded frames.  [default: frame-cache in OUT]"
    ),
    click.option(
        "--store", type=_FOLDER, help="Folder of slipdetect extract to take frames and flow from."
    ),
)

_RUNS = (
    click.option(
        "--only", metavar="PATTERN", help='Run the trials of such names only, such as "*-rgb".'
    ),
    click.option(
        "--seeds",
        type=click.IntRange(min=1),
        help="Runs of each trial, seeds 0, 1, ...  [default: 1]",
    ),
    click.option(
        "--weights",
        metavar="WORD|FILE",
        help="Starting weights: imagenet, none, or a file; {backbone} in it stands for the "
        "network's name.  [default: imagenet]",
    ),
    click.option(
        "--protocol",
        help="Segments and crops that clips are scored by; the reference has 25x10.  "
        "[default: 25x1]",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        help="Passes over the clips.  [default: the recipe's]",
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Processes that cut clips; 0: the training process does.",
    ),
    click.option(
        "--accumulate",
        type=click.IntRange(min=1),
        help="Parts that a step is computed in, to save memory.  [default: 1]",
    ),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
    ),
)

_SHOW = (
    click.option("--list", "listing", is_flag=True, help="Show the trials and what is done; end."),
    click.option(
        "--quick",
        is_flag=True,
        help="Only show that everything runs: few clips, three steps, random weights.",
    ),
    click.option(
        "--with-report",
        is_flag=True,
        help="Put the 2020 course report's own figures below the table.",
    ),
)

REPRODUCE_OPTIONS = (*_DATA, *_RUNS, *_SHOW)
