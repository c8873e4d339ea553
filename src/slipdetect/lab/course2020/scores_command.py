"""``slipdetect convert-scores``: scores of clips between older programs and this one.

In: files of scores. Out: one ``.npz`` that ``evaluate`` and ``compare`` read, or pickles.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect._io import check_writable
from slipdetect.cli.console import Console
from slipdetect.cli.options import Beside, common_options
from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.options import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipdetect.lab.data import Clip

_NAMED = re.compile(r"[\w-]+=")


@click.command("convert-scores")
@click.argument("files", metavar="[MODALITY=]FILE...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The .npz to write; or a folder, for MODALITY.pickle as the two-stream code reads them.",
)
@click.option(
    "--data",
    metavar="CSV",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The tested clips, for their names and groups; pickles need it.",
)
@click.option(
    "--split",
    metavar="NAME",
    cls=Beside,
    beside=("data",),
    help="Rows of CSV that were tested.  [default: all]",
)
@click.option(
    "--root",
    cls=Beside,
    beside=("data",),
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the videos.  [default: that of CSV]",
)
@click.option(
    "--labels",
    default="slip,other",
    metavar="A,B",
    help="Names of the classes in order.",
)
@click.option(
    "--frames",
    type=click.IntRange(min=1),
    default=1,
    help="Frames whose scores were summed, 19 in the two-stream code.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@common_options
@click.pass_context
def convert_scores(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    out: Path,
    data: Path | None,
    split: str | None,
    root: Path | None,
    labels: str,
    frames: int,
    overwrite: bool,
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
    from slipdetect.lab.evaluate.scores import read_scores, write_scores

    console = ctx.ensure_object(Console)
    if out.suffix.lower() != ".npz":
        if len(files) > 1:
            raise UsageError("pickles are made of one .npz of slipdetect; name it alone")
        refuse(ctx, ("data", "labels", "frames"), "the .npz that pickles are made of has it")
        written = write_pickles(read_scores(Path(files[0])), out, overwrite=overwrite)
        console.note(f"wrote {', '.join(repr(str(path)) for path in written)}")
        return
    check_writable(out, overwrite=overwrite)
    clips = [] if data is None else _clips(data, split, root)
    names = [label.strip() for label in labels.split(",")]
    given = {"data": data and data.name, "split": split, "frames": frames}
    streams = []
    for text in files:
        modality, _, name = text.partition("=") if _NAMED.match(text) else ("scores", "", text)
        streams.append(
            read_old_scores(
                Path(name),
                clips,
                modality=modality,
                labels=names,
                frames=frames,
                root=root or (data and data.parent),
            )
        )
    scores = joined_scores(streams)
    facts = {"imported": ", ".join(files), **{k: v for k, v in given.items() if v is not None}}
    scores = replace(scores, facts={"model": out.stem, **facts})
    write_scores(scores, out, overwrite=overwrite)
    console.note(f"wrote {str(out)!r}: {', '.join(scores.logits)} of {len(scores.clips)} clips")


def _clips(data: Path, split: str | None, root: Path | None) -> Sequence[Clip]:
    from slipdetect.lab.data import read_annotations

    clips = read_annotations(data, root)
    chosen = [clip for clip in clips if split in (None, clip.split)]
    if not chosen:
        raise UsageError(f"{str(data)!r} has no clips of the split {split!r}; leave --split out")
    return chosen
