"""Files that ``detect`` writes beside its results, one a video: which file each video gets.

In: what an option names, and the sources. Out: files, checked before any work begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import check_writable
from slipdetect.cli.destination import is_folder
from slipdetect.cli.output import output_files
from slipdetect.cli.video_names import file_stems
from slipdetect.errors import UsageError


@dataclass(frozen=True)
class Beside:
    """A kind of file beside the results.

    Attributes:
        option: Its option.
        noun: What it is.
        suffix: Of a file named for a single video.
        ending: Of the files in a folder, behind the stem of the video.
    """

    option: str
    noun: str
    suffix: str
    ending: str

    def files(self, given: str | None, sources: Sequence[str], *, overwrite: bool) -> list[Path]:
        """Return the file of each source, none when none were asked for.

        Args:
            given: The option's value: a file for one video, or a folder.
            sources: All that will be looked at.
            overwrite: Files that exist may be replaced.

        Raises:
            UsageError: It has another suffix, or is one file for several videos.
            OutputError: A file exists or cannot be written.
        """
        if given is None:
            return []
        target = Path(given)
        if is_folder(given, self.option) or not target.suffix:
            names = [stem + self.ending for stem in file_stems(sources)]
            return output_files(target, names, overwrite=overwrite)
        if target.suffix.lower() != self.suffix:
            raise UsageError(
                f"{self.option} {given!r} is neither a {self.suffix} nor a folder; name one of them"
            )
        if len(sources) > 1:
            raise UsageError(
                f"{self.option} {given!r} is one {self.noun}, and here are {len(sources)} videos; "
                f"pass {self.option} FOLDER/ for a {self.noun} each"
            )
        check_writable(target, overwrite=overwrite)
        return [target]


TIMELINE = Beside("--timeline", "picture", ".png", ".timeline.png")
OVERLAY = Beside("--overlay", "video", ".mp4", ".overlay.mp4")
