"""What ``detect`` writes for every video by itself: a file of results, a picture.

In: results as they come. Out: files beside what is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect.cli.formats import Format

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

Save = Callable[[Path, str], None]
Draw = Callable[["DetectionResult", Path], None]


class FilePerVideo:
    """A format that prints nothing and gives each video a file; none where nothing is to be said.

    Args:
        make: Returns the format of one source's file.
        sources: All sources, in the order in which they come.
        targets: The file of each.
        save: Writes text to a file.
    """

    def __init__(
        self,
        make: Callable[[str], Format],
        sources: Sequence[str],
        targets: Sequence[Path],
        save: Save,
    ) -> None:
        self._make = make
        self._left = iter(list(zip(sources, targets, strict=True)))
        self._save = save

    def opening(self) -> str:
        return ""

    def result(self, result: DetectionResult) -> str:
        source, target = next(self._left)
        form = self._make(source)
        self._save(target, form.opening() + form.result(result) + form.closing())
        return ""

    def failure(self, source: str, error: str) -> str:
        # an empty file would look as if nothing had been found
        source, target = next(self._left)
        text = self._make(source).failure(source, error)
        if text:
            self._save(target, text)
        return ""

    def closing(self) -> str:
        return ""


class WithPictures:
    """A format as it is, and a picture of each video that was looked at.

    Args:
        form: The format.
        targets: The picture of each source, in the order in which they come.
        draw: Writes a picture.
    """

    def __init__(self, form: Format, targets: Sequence[Path], draw: Draw) -> None:
        self._form = form
        self._left = iter(targets)
        self._draw = draw

    def opening(self) -> str:
        return self._form.opening()

    def result(self, result: DetectionResult) -> str:
        # the results first: they must not be lost to a picture that cannot be written
        text = self._form.result(result)
        self._draw(result, next(self._left))
        return text

    def failure(self, source: str, error: str) -> str:
        next(self._left)
        return self._form.failure(source, error)

    def closing(self) -> str:
        return self._form.closing()
