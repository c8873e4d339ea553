"""All sinks, in the order in which they are given a result: a new one is a file and a line here.

In: options and sources. Out: where results go, and the other sinks, every target checked before
any work begins.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from slipdetect._io import check_writable, output_files
from slipdetect.errors import UsageError
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.sink import Setup, Sink, is_folder
from slipdetect.sinks.text import FilePerVideo, TextSink, Write
from slipdetect.video.playlist import is_playlist

Kinds = Sequence[type[Sink]]

# file:class
_ALL = (
    "table:Table",
    "json:Json",
    "csv:Csv",
    "subtitles:Vtt",
    "subtitles:Srt",
    "activitynet:ActivityNet",
    "boris:Boris",
    "elan:Elan",
    "label_studio:LabelStudio",
    "timeline:Timeline",
    "overlay:OverlaySink",
    "page:Page",
    "clips:ClipFolder",
    "live_page:LivePage",
    "live_clips:LiveClips",
    "command:Command",
    "webhook:Webhook",
    "mqtt:Mqtt",
    "notify:Notify",
)


def _kind(entry: str) -> type[Sink]:
    file, _, name = entry.partition(":")
    found: type[Sink] = getattr(import_module(f"slipdetect.sinks.{file}"), name)
    return found


_KINDS: Kinds = tuple(map(_kind, _ALL))

SINKS: Kinds = tuple(kind for kind in _KINDS if kind.for_files)
LIVE_SINKS: Kinds = tuple(kind for kind in _KINDS if kind.for_live)

FORMATS = {kind.name: kind for kind in SINKS if issubclass(kind, TextSink)}
LIVE_FORMATS = {name: kind for name, kind in FORMATS.items() if kind.for_live}
_BY_SUFFIX = {suffix: name for name, kind in FORMATS.items() for suffix in kind.suffixes}


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

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files that will be written."""
        return self.each if self.out is None else (self.out,)

    def sink(self, write: Write, setup: Setup, width: int | None = None) -> Sink:
        """Return what writes results.

        Args:
            write: Takes the text, where the videos share one place.
            setup: What the run was asked for.
            width: Columns of the terminal, or None.
        """
        kind, windows = FORMATS[self.kind], setup.windows
        if not self.each:
            return kind(write, setup.sources, windows=windows, width=width)
        return FilePerVideo(kind, windows, self.each, overwrite=setup.overwrite)


def choose_destination(
    out: str | None,
    kind: str | None,
    sources: Sequence[str],
    *,
    overwrite: bool,
    pieces: Collection[str] = (),
) -> Destination:
    """Return where results go; folders are made, files that may not be replaced refused.

    Args:
        out: ``--out``; None or ``-`` for standard output, a folder for a file per video.
        kind: ``--format``; None for what the suffix of ``out`` says.
        sources: All that will be looked at.
        overwrite: Files that exist may be replaced.
        pieces: Those of the sources that are recordings in several files.

    Raises:
        UsageError: One file would have to be about several videos or files, or is of a kind that
            another option writes.
        OutputError: A file exists or cannot be written.
    """
    if out is None or out == "-":
        found = Destination(kind or "table")
        _refuse_several(found.kind, sources, pieces)
        return found
    one_video = kind is not None and FORMATS[kind].one_video
    if is_folder(out, "--out") or (one_video and not Path(out).suffix):
        kind = kind or "json"
        _refuse_pieces(kind, sources, pieces)
        names = [stem + FORMATS[kind].ending for stem in file_stems(sources)]
        each = output_files(Path(out), names, overwrite=overwrite)
        return Destination(kind, each=tuple(each))
    target = Path(out)
    if kind is None:
        _refuse_other_kinds(target)
    kind = kind or _BY_SUFFIX.get(target.suffix.lower()) or "table"
    _refuse_several(kind, sources, pieces)
    check_writable(target, overwrite=overwrite)
    if FORMATS[kind].one_video:
        return Destination(kind, each=(target,))
    return Destination(kind, target)


def _refuse_other_kinds(target: Path) -> None:
    suffix = target.suffix.lower()
    makers = [kind.option for kind in SINKS if kind.option and suffix in kind.suffixes]
    if makers:
        raise UsageError(
            f"--out {str(target)!r} would be text; for a {target.suffix} give {' or '.join(makers)}"
        )


def _refuse_several(kind: str, sources: Sequence[str], pieces: Collection[str]) -> None:
    _refuse_pieces(kind, sources, pieces)
    if FORMATS[kind].one_video and len(sources) > 1:
        raise UsageError(
            f"{kind} is about one video, and here are {len(sources)}; "
            "pass --out FOLDER/ for a file each"
        )


def _refuse_pieces(kind: str, sources: Sequence[str], pieces: Collection[str]) -> None:
    several = [each for each in sources if each in pieces or is_playlist(each)]
    if several and not FORMATS[kind].in_pieces:
        raise UsageError(
            f"{kind} is about one file, and {several[0]!r} is in several; name the files without"
            " --join, or take another format"
        )


def choose_sinks(setup: Setup, kinds: Kinds = SINKS, results: Sequence[Path] = ()) -> list[Sink]:
    """Return the sinks that the options ask for, beside the results.

    Args:
        setup: What the run was asked for; its ``sinks`` become those returned.
        kinds: Those that the command has.
        results: Where the results go, which no other file may take.

    Raises:
        UsageError: A target makes no sense, is named twice, or is one of the videos; or a setting
            was given that means something to other sinks only.
        OutputError: A file exists or cannot be written.
    """
    asked = [kind for kind in kinds if kind.option in setup.targets]
    for kind in kinds:
        for name in kind.settings:
            if getattr(setup, name) is not None and not any(
                name in each.settings for each in asked
            ):
                wanted = [each.option for each in kinds if name in each.settings]
                more = "give it too" if len(wanted) == 1 else "give one of them"
                those = " and ".join(filter(None, [", ".join(wanted[:-1]), wanted[-1]]))
                raise UsageError(f"--{name.replace('_', '-')} is for {those}; {more}")
    taken = {_real(source) for source in setup.sources}
    _take(results, taken)
    for kind in asked:
        sink = kind.make(setup.targets[kind.option], setup)
        _take(sink.targets, taken)
        setup.sinks.append(sink)
    return setup.sinks


def _take(targets: Sequence[Path], taken: set[str]) -> None:
    for path in targets:
        if _real(str(path)) in taken:
            raise UsageError(
                f"{str(path)!r} is one of the videos, or would be written twice; name another file"
            )
        taken.add(_real(str(path)))


def _real(path: str) -> str:
    return path if "\0" in path else os.path.realpath(path)
