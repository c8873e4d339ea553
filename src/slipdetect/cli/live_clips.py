"""``--clips`` of a live source: made from options, and told of at the end.

In: options and a source's name. Out: ``LiveClips`` and its memory, or None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._io import make_folder
from slipdetect.cli.console import Console
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.sink import refuse

if TYPE_CHECKING:
    from slipdetect.alerts.live_clips import LiveClips
    from slipdetect.video.live.picture_memory import PictureMemory

_ODD = re.compile(r"[^\w.]+")


def make_live_clips(
    options: Mapping[str, Any], name: str
) -> tuple[LiveClips, PictureMemory] | None:
    """Return what ``--clips`` asks for, or None; the folder is made.

    Args:
        options: Of the command line.
        name: What may be shown of the source.

    Raises:
        OutputError: The folder cannot be made.
        UsageError: There are no clips to which another option applies.
    """
    if options["clips"] is None:
        refuse(options, ("clip_margin",), "--clips; give it too")
        return None
    from slipdetect.alerts.live_clips import LiveClips
    from slipdetect.video.live.picture_memory import PictureMemory

    folder = Path(options["clips"])
    make_folder(folder)
    margin = MARGIN if options["clip_margin"] is None else options["clip_margin"]
    memory = PictureMemory()
    base = folder / clip_stem(name)
    return LiveClips(memory, base, margin, options["overwrite"]), memory


def clip_stem(name: str) -> str:
    """Return the beginning of the names of a source's clips: ``rtsp-camera.example-554``."""
    file = name if "://" in name else Path(name).stem
    return _ODD.sub("-", file.removesuffix("/...")).strip("-.")[:100] or "live"


@contextmanager
def close_live_clips(console: Console, clips: LiveClips | None) -> Iterator[None]:
    """Wait for the clips when the block ends, and say what became of them."""
    try:
        yield
    finally:
        if clips is not None:
            clips.close()
            for error in clips.errors:
                console.warn(str(error))
            count = len(clips.written)
            if count:
                many = f"{count} clip{'' if count == 1 else 's'}"
                console.note(f"wrote {many} in {str(clips.written[0].parent)!r}")
