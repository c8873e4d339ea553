"""Where ``detect`` writes: standard output, one file for all videos, or a file for each.

In: ``--out`` and ``--format``. Out: a ``Destination``, checked before any work begins.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import check_writable
from slipdetect.cli.formats import ONE_VIDEO
from slipdetect.cli.output import output_files
from slipdetect.cli.video_names import file_stems
from slipdetect.errors import UsageError

_KINDS = {".json": "json", ".jsonl": "json", ".csv": "csv", ".vtt": "vtt", ".srt": "srt"}
# subtitles lie beside their video under its very name, so that players find them
_ENDINGS = {
    "table": ".events.txt",
    "json": ".events.json",
    "csv": ".events.csv",
    "vtt": ".vtt",
    "srt": ".srt",
    "activitynet": ".activitynet.json",
}


@dataclass(frozen=True)
class Destination:
    """Where results go and how they are written.

    Attributes:
        kind: One of ``FORMATS``.
        out: The file for all videos; None for standard output, or with ``each``.
        each: The file of each source, in order; empty when they share one.
    """

    kind: str
    out: Path | None = None
    each: tuple[Path, ...] = ()


def choose_destination(
    out: str | None, kind: str | None, sources: Sequence[str], *, overwrite: bool
) -> Destination:
    """Return where results go; folders are made, files that may not be replaced refused.

    Args:
        out: ``--out``; None or ``-`` for standard output, a folder for a file per video.
        kind: ``--format``; None for what the suffix of ``out`` says.
        sources: All that will be looked at.
        overwrite: Files that exist may be replaced.

    Raises:
        UsageError: One file would have to hold the cues of several videos.
        OutputError: A file exists or cannot be written.
    """
    if out is None or out == "-":
        found = Destination(kind or "table")
        _refuse_several(found.kind, sources)
        return found
    if is_folder(out, "--out") or (kind in ONE_VIDEO and not Path(out).suffix):
        kind = kind or "json"
        names = [stem + _ENDINGS[kind] for stem in file_stems(sources)]
        return Destination(kind, each=tuple(output_files(Path(out), names, overwrite=overwrite)))
    target = Path(out)
    kind = kind or _KINDS.get(target.suffix.lower()) or "table"
    _refuse_several(kind, sources)
    check_writable(target, overwrite=overwrite)
    return Destination(kind, each=(target,)) if kind in ONE_VIDEO else Destination(kind, target)


def is_folder(given: str, option: str) -> bool:
    """Return whether a path names a folder: one that is there, or by the slash behind it.

    Raises:
        UsageError: It is empty.
    """
    if not given:
        raise UsageError(f"{option} is empty; give a file or a folder")
    return given.endswith(("/", os.sep)) or os.path.isdir(given)  # noqa: PTH112 - takes any name


def _refuse_several(kind: str, sources: Sequence[str]) -> None:
    if kind in ONE_VIDEO and len(sources) > 1:
        raise UsageError(
            f"{kind} holds the cues of one video, and here are {len(sources)}; "
            "pass --out FOLDER/ for a file each"
        )
