"""Where ``detect`` writes results: standard output, one file for all videos, or a file for each.

In: ``--out`` and ``--format``. Out: a ``Destination``, checked before any work begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import check_writable, output_files
from slipdetect.errors import UsageError
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.per_video import is_folder
from slipdetect.sinks.registry import FORMATS
from slipdetect.sinks.sink import ResultSink
from slipdetect.sinks.text import FilePerVideo, Write

_BY_SUFFIX = {suffix: name for name, kind in FORMATS.items() for suffix in kind.suffixes}


@dataclass(frozen=True)
class Destination:
    """Where results go and how they are written.

    Attributes:
        kind: One of ``FORMATS``.
        sources: All that will be looked at.
        out: The file for all videos; None for standard output, or with ``each``.
        each: The file of each source, in order; empty when they share one.
    """

    kind: str
    sources: Sequence[str]
    out: Path | None = None
    each: tuple[Path, ...] = ()

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files that will be written."""
        return self.each if self.out is None else (self.out,)

    def sink(
        self, write: Write, *, windows: bool, width: int | None, overwrite: bool
    ) -> ResultSink:
        """Return what writes results.

        Args:
            write: Takes the text, where the videos share one place.
            windows: Report the probability of every window too, where the format can.
            width: Columns of the terminal, or None.
            overwrite: Files of ``each`` that exist may be replaced.
        """
        kind = FORMATS[self.kind]
        if self.each:
            return FilePerVideo(kind, self.sources, self.each, windows=windows, overwrite=overwrite)
        return kind(write, self.sources, windows=windows, width=width)


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
        found = Destination(kind or "table", sources)
        _refuse_several(found.kind, sources)
        return found
    one_video = kind is not None and FORMATS[kind].one_video
    if is_folder(out, "--out") or (one_video and not Path(out).suffix):
        kind = kind or "json"
        names = [stem + FORMATS[kind].ending for stem in file_stems(sources)]
        each = output_files(Path(out), names, overwrite=overwrite)
        return Destination(kind, sources, each=tuple(each))
    target = Path(out)
    kind = kind or _BY_SUFFIX.get(target.suffix.lower()) or "table"
    _refuse_several(kind, sources)
    check_writable(target, overwrite=overwrite)
    if FORMATS[kind].one_video:
        return Destination(kind, sources, each=(target,))
    return Destination(kind, sources, target)


def _refuse_several(kind: str, sources: Sequence[str]) -> None:
    if FORMATS[kind].one_video and len(sources) > 1:
        raise UsageError(
            f"{kind} holds the cues of one video, and here are {len(sources)}; "
            "pass --out FOLDER/ for a file each"
        )
