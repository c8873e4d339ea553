"""Sinks that write text: what each format says of itself, and a file for each video.

In: results as they come. Out: text to write at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from slipdetect._io import text_file
from slipdetect.sinks.sink import PerVideoSink, Sink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

Write = Callable[[str], None]


class TextSink(Sink):
    """A format of ``--format``.

    Args:
        write: Takes the text.
        sources: Everything that will be reported.
        windows: Report the probability of every window too, where the format can.
        width: Columns of the terminal, or None.

    Attributes:
        name: Of the format.
        ending: Of a video's own file, after the video's name.
        suffixes: Of files that are in this format unless another one is asked for.
        one_video: A file of it is about one video.
        in_pieces: It may be about a recording in several files.
    """

    name: ClassVar[str]
    ending: ClassVar[str]
    one_video: ClassVar[bool] = False
    in_pieces: ClassVar[bool] = True

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

    @classmethod
    def shows_windows(cls, sources: Sequence[str]) -> bool:
        """Return whether a file about these sources has room for the windows."""
        return False


class FilePerVideo(PerVideoSink):
    """Gives each video a file of one format; none where nothing is to be said.

    Args:
        kind: The format.
        windows: As for ``TextSink``.
        targets: The file of each source, in the order in which they come.
        overwrite: Replace files that exist.
    """

    def __init__(
        self, kind: type[TextSink], windows: bool, targets: Sequence[Path], *, overwrite: bool
    ) -> None:
        super().__init__(targets, overwrite=overwrite)
        self._kind = kind
        self._windows = windows

    def result(self, result: DetectionResult) -> None:
        sink, parts = self._begin(result.source)
        sink.result(result)
        sink.close()
        self._save(parts)

    def failure(self, source: str, error: str) -> None:
        """Write why there is no result, in a format that can say so."""
        sink, parts = self._begin(source)
        parts.clear()
        sink.failure(source, error)
        if parts:
            self._save(parts)
        else:
            super().failure(source, error)

    def _begin(self, source: str) -> tuple[TextSink, list[str]]:
        parts: list[str] = []
        sink = self._kind(parts.append, [source], windows=self._windows)
        sink.open(self.detector)
        return sink, parts

    def _save(self, parts: Sequence[str]) -> None:
        target = next(self.left)
        with text_file(target, overwrite=self.overwrite) as write:
            write("".join(parts))
        self.written.append(target)
