"""``slipdetect convert-scores``: scores of clips between older programs and this one.

In: files of scores. Out: one ``.npz`` that ``evaluate`` and ``compare`` read, or pickles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect._io import check_writable
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FILE, FOLDER, PATH, option, with_settings
from slipdetect.errors import UsageError
from slipdetect.lab.data.choose_clips import ALL, choose_split
from slipdetect.lab.evaluate.options import overwrite_option, refuse

if TYPE_CHECKING:
    from slipdetect.lab.data import Clip

_NAMED = re.compile(r"[\w-]+=")


@dataclass(frozen=True, kw_only=True)
class ConvertSettings:
    """Options of ``convert-scores``."""

    out: Path = option(
        type=PATH,
        required=True,
        help="The .npz to write; or a folder, for MODALITY.pickle as the two-stream code reads "
        "them.",
    )
    data: Path | None = option(
        metavar="CSV",
        type=FILE,
        help="The tested clips, for their names and groups; pickles need it.",
    )
    split: str | None = option(
        metavar="NAME", beside=("data",), help="Rows of CSV that were tested.  [default: all]"
    )
    root: Path | None = option(
        beside=("data",), type=FOLDER, help="Folder of the videos.  [default: that of CSV]"
    )
    labels: str = option(default="slip,other", metavar="A,B", help="Names of the classes in order.")
    frames: int = option(
        type=click.IntRange(min=1),
        default=1,
        help="Frames whose scores were summed, 19 in the two-stream code.",
    )
    overwrite: bool = overwrite_option()


@click.command("convert-scores")
@click.argument("files", metavar="[MODALITY=]FILE...", nargs=-1, required=True)
@with_settings(ConvertSettings)
@common_options
@click.pass_context
def convert_scores(
    ctx: click.Context, /, files: tuple[str, ...], settings: ConvertSettings
) -> None:
    """Convert scores of clips from and to older programs.

    FILE is the .npz of tsn-pytorch or a pickle of the two-stream code, of the stream MODALITY (rgb,
    flow, ...); streams of the same clips become one file. Nothing in a FILE is run. 'evaluate' and
    'compare' read the result.

    \b
    slipdetect convert-scores flow=scores.npz --data clips.csv --out flow.npz
    slipdetect convert-scores rgb=spatial.pickle flow=motion.pickle --frames 19 \\
        --data clips.csv --out scores.npz
    slipdetect convert-scores scores.npz --out preds/
    """
    from slipdetect.lab.course2020.old_scores import read_old_scores, write_pickles
    from slipdetect.lab.course2020.results import joined_scores
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.evaluate.scores import read_scores, write_scores

    console, out, data = ctx.ensure_object(Console), settings.out, settings.data
    if out.suffix.lower() != ".npz":
        if len(files) > 1:
            raise UsageError("pickles are made of one .npz of slipdetect; name it alone")
        refuse(ctx, ("data", "labels", "frames"), "the .npz that pickles are made of has it")
        written = write_pickles(read_scores(Path(files[0])), out, overwrite=settings.overwrite)
        console.note(f"wrote {', '.join(repr(str(path)) for path in written)}")
        return
    check_writable(out, overwrite=settings.overwrite)
    clips: list[Clip] = []
    if data is not None:
        clips, _ = choose_split(read_annotations(data, settings.root), settings.split or ALL)
    names = [label.strip() for label in settings.labels.split(",")]
    given = {"data": data and data.name, "split": settings.split, "frames": settings.frames}
    streams = []
    for text in files:
        modality, _, name = text.partition("=") if _NAMED.match(text) else ("scores", "", text)
        streams.append(
            read_old_scores(
                Path(name),
                clips,
                modality=modality,
                labels=names,
                frames=settings.frames,
                root=settings.root or (data and data.parent),
            )
        )
    scores = joined_scores(streams)
    facts = {"imported": ", ".join(files), **{k: v for k, v in given.items() if v is not None}}
    scores = replace(scores, facts={"model": out.stem, **facts})
    write_scores(scores, out, overwrite=settings.overwrite)
    console.note(f"wrote {str(out)!r}: {', '.join(scores.logits)} of {len(scores.clips)} clips")
