"""What an importer of data sets is, and what importers have in common.

In: a data set as it comes. Out: ``Prepared``, which ``slipdetect prepare NAME`` splits and writes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from slipdetect.errors import DataError
from slipdetect.lab.prepare.mapping import ClassMapping
from slipdetect.lab.prepare.rows import LeftOut, Prepared, listable
from slipdetect.lab.prepare.splitting import SplitRequest
from slipdetect.video.finding import search_folder

NO_VIDEO = "file that is no video that can be read"
NO_LIST = "name that no list can hold (line breaks, space at the end, not UTF-8)"
SKIPPED = "class left out by the mapping"


@dataclass(frozen=True)
class ImportJob:
    """What the command was asked for, beyond the options of the importer.

    Attributes:
        out: The CSV that will be written.
        classes: What classes of the data set count as.
        split: The split that will be made of rows that have none.
        root: Folder that paths in the CSV count from; None: the folder of the CSV.
        overwrite: Files that exist may be replaced.
        note: Tells the user something.
        progress: Shows how much is done, 0 to 1, and of what.
    """

    out: Path = Path("clips.csv")
    classes: ClassMapping = field(default_factory=ClassMapping)
    split: SplitRequest = field(default_factory=SplitRequest)
    root: Path | None = None
    overwrite: bool = False
    note: Callable[[str], None] = lambda text: None
    progress: Callable[[float, str], None] = lambda done, what: None


@dataclass(frozen=True, kw_only=True)
class Importer(ABC):
    """A form in which data sets come.

    A subclass is a frozen dataclass of keywords only. Its docstring is the help page of its
    command; its fields, each made by ``option``, are the options that no other importer has.

    Attributes:
        source: How the help page calls what is read: ``FOLDER``, or a file such as ``TIMES.csv``;
            ``FILE...`` for several, which ``read_all`` gets.
        has_classes: The data set has classes, so that ``--positive``, ``--negative`` and ``--map``
            say what they count as; otherwise ``read`` knows the labels.
        slip_classes: Classes that show a slip unless those options say otherwise.
        own_split: The data set says which clips are its test clips.
        val: Share of the clips for validation where no option says so.
        test: Share of the clips for the test where no option says so.
    """

    source: ClassVar[str] = "FOLDER"
    has_classes: ClassVar[bool] = True
    slip_classes: ClassVar[tuple[str, ...]] = ()
    own_split: ClassVar[bool] = False
    val: ClassVar[float] = 0.0
    test: ClassVar[float] = 0.0

    @abstractmethod
    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row per clip, or per event of a clip; those labeled ``"skip"`` are left out.

        Raises:
            DataError: The data set is not of this form.
            UsageError: The options do not fit it.
        """

    def read_all(self, sources: Sequence[Path], job: ImportJob) -> Prepared:
        """Return the rows of all that was named; see ``read``."""
        return self.read(sources[0], job)


def class_folders(folder: Path) -> dict[str, Path]:
    """Return the folders in ``folder`` that hold videos, by name; links are followed.

    Raises:
        DataError: ``folder`` is none, or cannot be read.
    """
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"cannot read the folder {str(folder)!r}: {error.strerror}; check the path"
        ) from error
    folders = [path for path in inside if path.is_dir() and not path.name.startswith(".")]
    return {path.name: path for path in folders if search_folder(path).videos}


def videos_of(folder: Path, left_out: LeftOut) -> list[Path]:
    """Return the videos below ``folder``, sorted; those that cannot be listed are left out."""
    found = search_folder(folder)
    videos = found.videos
    left_out.add(NO_VIDEO, [str(path) for path in found.unknown])
    left_out.add(NO_LIST, [str(path) for path in videos if not listable(path)])
    return [path for path in videos if listable(path)]
