"""A clip of every event: ``--clips``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipdetect._io import make_folder
from slipdetect.errors import OutputError
from slipdetect.sinks.names import target_names
from slipdetect.sinks.sink import Setup, Sink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult
    from slipdetect.sinks.clip_views import ClipView

MARGIN = 3.0  # seconds before and after an event
_CLIP = re.compile(r"(.+)-\d{2,}-\d\d-\d\d\.\d{3}\.mp4")


class ClipFolder(Sink):
    """Writes the clips of every result into one folder.

    Args:
        folder: Where to; folders of sources are kept below it.
        sources: All videos of the run, so that no two of them meet.
        margin: Seconds before and after an event.
        overwrite: Replace clips of earlier runs.
    """

    option = "--clips"
    suffixes = (".mp4",)
    metavar = "DIR"
    completed = "dir"
    help = "A clip (.mp4) of every event, or of several at once."
    settings = ("clip_margin", "privacy")
    sees_frames = True

    def __init__(
        self, folder: Path, sources: Sequence[str], margin: float, overwrite: bool
    ) -> None:
        super().__init__()
        files = [source for source in dict.fromkeys(sources) if "://" not in source]
        names = target_names([Path(source) for source in files], folder)
        self._bases = {
            source: name.with_suffix("") for source, name in zip(files, names, strict=True)
        }
        self._sources = {Path(source).resolve() for source in files}
        self._margin = margin
        self._overwrite = overwrite
        self._made: set[Path] = set()
        self._shown: Sequence[ClipView] = ()

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        folder = Path(given)
        make_folder(folder)
        margin = MARGIN if setup.clip_margin is None else setup.clip_margin
        clips = cls(folder, setup.readable, margin, setup.overwrite)
        clips.check()
        return clips

    def check(self) -> None:
        """Fail before the work if clips of one of the videos are there.

        Raises:
            OutputError: They are, and must not be replaced.
        """
        if self._overwrite:
            return
        bases = set(self._bases.values())
        for parent in {base.parent for base in bases}:
            for path in sorted(parent.glob("*.mp4")):
                match = _CLIP.fullmatch(path.name)
                if match and parent / match[1] in bases:
                    raise OutputError(
                        f"{str(path)!r} exists already; pass --overwrite or choose another --clips"
                    )

    def views(self, result: DetectionResult) -> Sequence[ClipView]:
        from slipdetect.sinks.clip_views import clip_views

        base = self._bases.get(result.source)
        self._shown = (
            () if base is None else clip_views(result.events, base, self._margin, self._may_replace)
        )
        return self._shown

    def result(self, result: DetectionResult) -> None:
        """Note what failed; clips that are there are not told of one by one."""
        for view in self._shown:
            if view.error is None:
                self._made.add(view.target)
            else:
                self.missing.append(view.error)

    def _may_replace(self, path: Path) -> bool:
        # a video named twice has its clips written twice, but one of the videos is never replaced
        return path in self._made or (self._overwrite and path.resolve() not in self._sources)
