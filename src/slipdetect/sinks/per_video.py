"""Sinks that write a file for every video beside its results.

In: what an option names, and the sources. Out: files, checked before any work begins.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from slipdetect._io import check_writable, output_files
from slipdetect.errors import UsageError
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.sink import ResultSink, Setup


class PerVideoSink(ResultSink):
    """A file for each video that has a result.

    Args:
        targets: The file of each source, in the order in which they come.
        overwrite: Replace files that exist.

    Attributes:
        noun: What such a file is.
        ending: Of the files in a folder, behind the stem of the video; its suffix is that of a
            file named for a single video.
    """

    noun: ClassVar[str]
    ending: ClassVar[str]

    def __init__(self, targets: Sequence[Path], *, overwrite: bool) -> None:
        super().__init__(targets)
        self.overwrite = overwrite
        self.left = iter(targets)

    @classmethod
    def chosen(cls, setup: Setup) -> Self | None:
        """Return the sink if its option is given, with the file of each source."""
        given = setup.options[cls.option.removeprefix("--").replace("-", "_")]
        if given is None:
            return None
        return cls(cls.files(given, setup), overwrite=setup.overwrite)

    @classmethod
    def files(cls, given: str, setup: Setup) -> list[Path]:
        """Return the file of each source.

        Args:
            given: The option's value: a file for one video, or a folder.
            setup: What the run was asked for.

        Raises:
            UsageError: It has another suffix, or is one file for several videos.
            OutputError: A file exists or cannot be written.
        """
        target, sources, suffix = Path(given), setup.sources, Path(cls.ending).suffix
        if is_folder(given, cls.option) or not target.suffix:
            names = [stem + cls.ending for stem in file_stems(sources)]
            return output_files(target, names, overwrite=setup.overwrite)
        if target.suffix.lower() != suffix:
            raise UsageError(
                f"{cls.option} {given!r} is neither a {suffix} nor a folder; name one of them"
            )
        if len(sources) > 1:
            raise UsageError(
                f"{cls.option} {given!r} is one {cls.noun}, and here are {len(sources)} videos; "
                f"pass {cls.option} FOLDER/ for a {cls.noun} each"
            )
        check_writable(target, overwrite=setup.overwrite)
        return [target]

    def failure(self, source: str, error: str) -> None:
        """Write nothing: an empty file would look as if nothing had been found."""
        next(self.left)


def is_folder(given: str, option: str) -> bool:
    """Return whether a path names a folder: one that is there, or by the slash behind it.

    Raises:
        UsageError: It is empty.
    """
    if not given:
        raise UsageError(f"{option} is empty; give a file or a folder")
    return given.endswith(("/", os.sep)) or os.path.isdir(given)  # noqa: PTH112 - takes any name
