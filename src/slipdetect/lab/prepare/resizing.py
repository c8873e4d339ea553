"""Videos in another size, every frame at its time.

In: a video and a ``SizeMode``. Out: an MP4.
"""

from __future__ import annotations

from pathlib import Path

from slipdetect.lab.prepare.rewriting import OnProgress, Rewritten, no_progress, rewrite
from slipdetect.video import Frame
from slipdetect.video.size_modes import SizeMode


def resize(
    source: Path,
    target: Path,
    size: SizeMode,
    *,
    overwrite: bool = False,
    on_progress: OnProgress = no_progress,
) -> Rewritten:
    """Write ``source`` in the size of ``size`` (Fig. 4 of the 2020 report: mode ``course2020``).

    Raises:
        VideoError: ``source`` cannot be read.
        OutputError: ``target`` cannot be written, or is ``source``.
    """
    return rewrite(
        source,
        target,
        lambda frames: (
            Frame(frame.time, size.apply(frame.image), frame.corrupt) for frame in frames
        ),
        overwrite=overwrite,
        on_progress=on_progress,
    )
