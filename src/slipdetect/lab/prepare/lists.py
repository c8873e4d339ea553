"""The 2020 course report's lists, and others of their form, to rows.

In: ``Class/video  frames  label``, ``Class/video.mp4 label`` or ``Class/video.mp4``. Out: rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import exists
from slipdetect.cli.typed_options import FILE, option
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.course2020.lists import read_course_lists
from slipdetect.lab.prepare.importer import Importer, ImportJob
from slipdetect.lab.prepare.rows import SPLITS, Prepared

_MOST_BYTES = 16 << 20  # of a frame_count.pickle
_MOST_FRAMES = 10**9


@dataclass(frozen=True, kw_only=True)
class Lists(Importer):
    """Import lists of videos, as programs for UCF101 and the 2020 course report read them.

    A line is "Class/video  frames  label" with label 0 for a slip (second generation), or
    "Class/video.mp4 label" with 1 for a slip, or "Class/video.mp4" (first generation). --classes
    says what the numbers mean, in each of these forms; of labels that begin with 0 where it begins
    with 1, each is one less. Entries count from FOLDER; suffix and class folder may be missing.

    \b
    slipdetect prepare lists videos/ --list train=rgb_train.txt --list test=rgb_test.txt --out a.csv
    slipdetect prepare lists videos/ --list all.txt --test-every 5 --out videos/clips.csv
    """

    has_classes = False

    lists: tuple[str, ...] = option(
        "--list",
        multiple=True,
        required=True,
        metavar="[SPLIT=]FILE",
        help="A list, and what it is for: train, val or test; repeatable.",
    )
    classes: Path | None = option(type=FILE, help="classInd.txt.  [default: see above]")
    frame_count: Path | None = option(type=FILE, help="frame_count.pickle; nothing in it is run.")
    dataset: str = option(metavar="NAME", default="course2020", help="Its name.")

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row for every video that a list names and that is there.

        Raises:
            DataError: A list is malformed, leads out of ``source`` or contradicts itself.
            UsageError: A list is for no split that there is, or it and an option make the split.
        """
        lists = [split_file(text, "--list ") for text in self.lists]
        job.split.check(has_split=any(split for split, _ in lists))
        counts = None if self.frame_count is None else read_frame_counts(self.frame_count)
        return read_course_lists(
            lists, source, classes=self.classes, frame_counts=counts, dataset=self.dataset
        )


def split_file(text: str, option: str = "") -> tuple[str, Path]:
    """Return the split and the file of ``SPLIT=FILE``, or none where a file has the whole name.

    Args:
        text: What the user gave.
        option: What it was given to, for messages.

    Raises:
        UsageError: There is no such split.
    """
    split, equals, file = text.partition("=")
    if not equals or exists(text):
        return "", Path(text)
    if split not in SPLITS:
        raise UsageError(f"{option}{text!r} is for no split; write train=, val= or test= before it")
    return split, Path(file)


def read_frame_counts(file: Path) -> dict[str, int]:
    """Return the frames of each video of a ``frame_count.pickle``, which is read as data.

    Raises:
        DataError: It cannot be read, is not a dict of names and numbers, or could run code.
    """
    where = repr(str(file))
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"{where} is larger than {_MOST_BYTES >> 20} MiB, so no list of frames")
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {where}: {error.strerror}; check the path") from error
    return parse_frame_counts(data, where)


def parse_frame_counts(data: bytes, where: str) -> dict[str, int]:
    """Return what the bytes of a ``frame_count.pickle`` say; see ``read_frame_counts``."""
    from slipdetect.lab.course2020.plain_pickle import read_pickle

    counts = read_pickle(data, where)
    if not isinstance(counts, dict) or not all(map(_plausible, counts, counts.values())):
        raise DataError(f"{where} is not a dict of names and numbers of frames; leave it out")
    return counts


def _plausible(name: object, frames: object) -> bool:
    if not isinstance(name, str) or not isinstance(frames, int) or isinstance(frames, bool):
        return False
    return 0 < frames <= _MOST_FRAMES
