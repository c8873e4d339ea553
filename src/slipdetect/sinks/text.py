"""Sinks that write text: what each format says of itself, and a file for each video.

In: results as they come. Out: text to write at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from slipdetect._io import text_file
from slipdetect.sinks.sink import ResultSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

Write = Callable[[str], None]


class TextSink(ResultSink):
    """A format of ``--format``.

    Args:
        write: Takes the text.
        sources: Everything that will be reported.
        windows: Report the probability of every window too, where the format can.
        width: Columns of the terminal, or None.

    Attributes:
        name: Of the format.
        ending: Of a video's own file, behind the video's name.
        suffixes: Of files that are in this format unless another one is asked for.
        one_video: A file of it is about one video.
    """

    name: ClassVar[str]
    ending: ClassVar[str]
    suffixes: ClassVar[Sequence[str]] = ()
    one_video: ClassVar[bool] = False

    def __init__(
        self,
        write: Write,
        sources: Sequence[str],
        *,
        windows: bool = False,
        width: int | None = None,
    ) -> None:
        super().__init__()
        self.write = write
        self.sources = sources
        self.windows = windows
        self.width = width


class FilePerVideo(ResultSink):
    """Gives each video a file of one format; none where nothing is to be said.

    Args:
        kind: The format.
        sources: All sources, in the order in which they come.
        targets: The file of each.
        windows: As for ``TextSink``.
        overwrite: Replace files that exist.
    """

    def __init__(
        self,
        kind: type[TextSink],
        sources: Sequence[str],
        targets: Sequence[Path],
        *,
        windows: bool,
        overwrite: bool,
    ) -> None:
        super().__init__(targets)
        self._kind = kind
        self._windows = windows
        self._overwrite = overwrite
        self._left = zip(sources, targets, strict=True)

    def result(self, result: DetectionResult) -> None:
        """Write the file of a video."""
        target, sink, parts = self._next()
        sink.result(result)
        sink.close()
        self._save(target, parts)

    def failure(self, source: str, error: str) -> None:
        """Write why there is no result, in a format that can say so."""
        target, sink, parts = self._next()
        parts.clear()
        sink.failure(source, error)
        # an empty file would look as if nothing had been found
        if parts:
            self._save(target, parts)

    def _next(self) -> tuple[Path, TextSink, list[str]]:
        source, target = next(self._left)
        parts: list[str] = []
        sink = self._kind(parts.append, [source], windows=self._windows)
        sink.open(self.detector)
        return target, sink, parts

    def _save(self, target: Path, parts: Sequence[str]) -> None:
        with text_file(target, overwrite=self._overwrite) as write:
            write("".join(parts))
        self.written.append(target)
