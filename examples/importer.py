"""An importer of data sets to start from: videos whose names begin with their class and person.

In: ``FOLDER/fall_anna_1.mp4``, ``FOLDER/walking_ben_2.mp4``. Out: a row a video.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slipdetect.cli.typed_options import option
from slipdetect.lab.prepare.importer import Importer, ImportJob, videos_of
from slipdetect.lab.prepare.rows import LeftOut, Prepared, Row


@dataclass(frozen=True, kw_only=True)
class Named(Importer):
    """Import videos that are named CLASS_PERSON_NUMBER."""

    val, test = 0.15, 0.2

    separator: str = option(default="_", show_default=True, help="Between parts of a name.")

    def read(self, source: Path, job: ImportJob) -> Prepared:
        left_out = LeftOut()
        words = {video: video.stem.split(self.separator) for video in videos_of(source, left_out)}
        labels = job.classes.labels(sorted({first for first, *_ in words.values()}), str(source))
        rows = [
            Row(video, labels[action], group="".join(rest[:1]), dataset="named", action=action)
            for video, (action, *rest) in words.items()
        ]
        return Prepared(rows, left_out)
