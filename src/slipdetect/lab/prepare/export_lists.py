"""``slipdetect prepare export-lists``: the annotation file as lists, for code that reads those.

In: clips with splits, and a way to count frames. Out: text files, perhaps a pickle.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect._io import atomic_write, output_files, write_text
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FOLDER, PATH, option, with_settings
from slipdetect.errors import DataError
from slipdetect.lab.course2020.lists import CLASSES
from slipdetect.lab.data.annotations import Clip, read_annotations
from slipdetect.lab.prepare.command import test_every_option
from slipdetect.lab.prepare.rows import OTHER, SLIP, SPLITS, Row
from slipdetect.lab.prepare.splitting import CUTS_GROUPS, split_by_position
from slipdetect.lab.prepare.summary import warn_of_rows

if TYPE_CHECKING:
    from slipdetect.store.reader import StoredVideo

PICKLE = "frame_count.pickle"


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """The options of ``prepare export-lists``."""

    style: str = option(
        "--format",
        type=click.Choice(("course2020", "ucf")),
        default="course2020",
        help="course2020: second generation, with frames; ucf: first generation, UCF101's form.",
    )
    out: Path = option(type=FOLDER, required=True, help="Folder of the lists; made if new.")
    root: Path | None = option(
        type=FOLDER, help="Folder of the videos.  [default: that of the CSV]"
    )
    store: Path | None = option(
        type=FOLDER, help="Count frames in this store or folder of frame folders instead."
    )
    frames: bool = option(
        is_flag=True, beside=("style=ucf",), help="With ucf: also write frame_count.pickle."
    )
    overwrite: bool = option(is_flag=True, help="Replace lists that exist.")


@click.command()
@click.argument("data", metavar="CLIPS.csv", type=PATH)
@with_settings(ExportSettings)
@test_every_option
@common_options
@click.pass_context
def export_lists(
    ctx: click.Context, /, data: Path, settings: ExportSettings, test_every: int | None
) -> None:
    """Write lists for code that reads those.

    Lists of the second generation need the number of frames: every video is decoded, unless
    --store says where its frames lie. frame_count.pickle is a pickle, as that code wants it.

    \b
    slipdetect prepare export-lists clips.csv --out lists/
    slipdetect prepare export-lists clips.csv --format ucf --frames --out lists/
    """
    console, store = ctx.ensure_object(Console), settings.store
    clips = read_annotations(data, settings.root)
    if test_every is not None:
        console.warn(CUTS_GROUPS)
        sides = split_by_position([Row(clip.path, "") for clip in clips], test_every)
        clips = [replace(c, split=row.split) for c, row in zip(clips, sides, strict=True)]
    counter: FrameCounter = DecodedFrames() if store is None else StoredFrames(store, settings.root)
    if settings.style == "course2020":
        written = write_course_lists(clips, settings.out, counter, overwrite=settings.overwrite)
    else:
        counted = counter if settings.frames or store is not None else None
        written = write_ucf_lists(clips, settings.out, counted, overwrite=settings.overwrite)
    console.text("".join(f"{path}\n" for path in written))
    elsewhere = misplaced(clips)
    if elsewhere and store is None:
        console.note(
            f"{elsewhere} of {len(clips)} clips do not lie in a folder Slipping/ or NotSlipping/,"
            " as the lists say; put them there for code that opens the videos"
        )
    labels = {True: SLIP, False: OTHER}
    warn_of_rows(console, [Row(c.path, labels[c.positive], c.group, split=c.split) for c in clips])


class DecodedFrames:
    """Counts by decoding, because headers are often wrong; names are those of ``extract``."""

    def name(self, path: Path) -> str:
        """Return the file's stem, as far as a folder can have it."""
        from slipdetect.store.names import safe_stem

        return safe_stem(path)

    def frames(self, path: Path) -> int:
        """Return how many frames can be decoded.

        Raises:
            VideoError: None can.
        """
        from slipdetect.video import open_video

        with open_video(path) as video:
            return sum(1 for _ in video.frames())


class StoredFrames:
    """Counts what ``slipdetect extract`` stored, or pictures in folders named as the videos.

    Args:
        folder: The store, or the folder of folders.
        root: The ``--root`` of the extraction.

    Raises:
        DataError: There is no such folder.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        from slipdetect.store.reader import VideoStore

        self._store = VideoStore(folder, root)
        self._extracted = bool(self._store.keys())
        self._videos: dict[Path, StoredVideo] = {}

    def name(self, path: Path) -> str:
        """Return the name of the folder of a video's frames.

        Raises:
            DataError: The store does not have it.
        """
        return self._stored(path).manifest.key if self._extracted else path.stem

    def frames(self, path: Path) -> int:
        """Return how many frames are stored.

        Raises:
            DataError: None are.
        """
        if self._extracted:
            return self._stored(path).manifest.frames
        from slipdetect.lab.prepare.frame_folders import PICTURES

        folder = self._store.folder / path.stem
        try:
            count = sum(file.suffix.lower() in PICTURES for file in folder.iterdir())
        except OSError as error:
            raise DataError(
                f"cannot count frames in {str(folder)!r}: {error.strerror}; extract them first"
            ) from error
        if count == 0:
            raise DataError(f"{str(folder)!r} holds no pictures; extract the frames first")
        return count

    def _stored(self, path: Path) -> StoredVideo:
        if path not in self._videos:
            found = self._store.find(path)
            if found is None:
                raise DataError(
                    f"{str(path)!r} is not in the store {str(self._store.folder)!r}; extract it"
                )
            self._videos[path] = found
        return self._videos[path]


FrameCounter = DecodedFrames | StoredFrames


def write_course_lists(
    clips: Sequence[Clip], out: Path, counter: FrameCounter, *, overwrite: bool = False
) -> list[Path]:
    """Write ``rgb_SPLIT.txt`` and ``flow_SPLIT.txt``: ``Class/video  frames  label`` (0 slips).

    Lists of flow carry one frame less. The 2020 report's code takes frames from the folder
    ``video``, whatever the class, so that names must differ.

    Raises:
        DataError: A clip has no split, its name holds space or is that of another, or its frames
            cannot be counted.
        OutputError: A file exists or cannot be written.
    """
    sides = _sides(clips)
    names = {clip.path: counter.name(clip.path) for clip in clips}
    _check_names(names)
    targets = [f"{kind}_{split}.txt" for kind in ("rgb", "flow") for split in sides]
    output_files(out, targets, overwrite=overwrite)
    frames = {clip.path: counter.frames(clip.path) for clip in clips}
    texts: dict[str, list[str]] = {target: [] for target in targets}
    for split, side in sides.items():
        for clip in side:
            label, entry = int(not clip.positive), f"{_class(clip)}/{names[clip.path]}"
            for kind, count in (("rgb", frames[clip.path]), ("flow", frames[clip.path] - 1)):
                texts[f"{kind}_{split}.txt"].append(f"{entry}\t\t{count}\t{label}")
    return [_write(out / name, lines, overwrite) for name, lines in texts.items()]


def write_ucf_lists(
    clips: Sequence[Clip], out: Path, counter: FrameCounter | None, *, overwrite: bool = False
) -> list[Path]:
    """Write ``classInd.txt``, ``trainlist01.txt`` with labels (1 slips), others without.

    Clips for validation go to ``vallist01.txt``, those of the test to ``testlist01.txt``. With a
    ``counter`` the frames of all videos go to ``frame_count.pickle`` by file name.

    Raises:
        DataError: A clip has no split, its name holds space or is that of another, or its frames
            cannot be counted.
        OutputError: A file exists or cannot be written.
    """
    sides = _sides(clips)
    _check_names({clip.path: clip.path.name for clip in clips})
    texts = {"classInd.txt": [f"{number} {name}" for number, name in CLASSES.items()]}
    for split, side in sides.items():
        entries = [f"{_class(clip)}/{clip.path.name}" for clip in side]
        labels = [f" {1 if clip.positive else 2}" if split == "train" else "" for clip in side]
        lines = [entry + label for entry, label in zip(entries, labels, strict=True)]
        texts[f"{split}list01.txt"] = lines
    output_files(out, [*texts, *([] if counter is None else [PICKLE])], overwrite=overwrite)
    counts = {} if counter is None else {c.path.name: counter.frames(c.path) for c in clips}
    written = [_write(out / name, lines, overwrite) for name, lines in texts.items()]
    if counter is not None:
        with atomic_write(out / PICKLE, overwrite=overwrite) as temporary:
            temporary.write_bytes(pickle.dumps(counts, protocol=2))  # any Python loads it
        written.append(out / PICKLE)
    return written


def misplaced(clips: Sequence[Clip]) -> int:
    """Return how many clips do not lie in a folder of the name that lists give their class."""
    return sum(clip.path.parent.name != _class(clip) for clip in clips)


def _class(clip: Clip) -> str:
    return CLASSES[1 if clip.positive else 2]


def _sides(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    without = [clip for clip in clips if not clip.split]
    if without:
        raise DataError(
            f"{len(without)} of {len(clips)} clips have no split, first {str(without[0].path)!r};"
            " fill the column split, or pass --test-every"
        )
    sides = {split: [clip for clip in clips if clip.split == split] for split in SPLITS}
    return {split: side for split, side in sides.items() if side}


def _check_names(names: Mapping[Path, str]) -> None:
    """Refuse names that these lists cannot tell apart."""
    taken: dict[str, Path] = {}
    for path, name in names.items():
        if len(name.split()) != 1:
            raise DataError(
                f"{str(path)!r} has space in its name, where these lists are split; rename it"
            )
        if name in taken:
            raise DataError(
                f"{str(path)!r} and {str(taken[name])!r} would both be {name!r} in these lists;"
                " rename one"
            )
        taken[name] = path


def _write(file: Path, lines: Sequence[str], overwrite: bool) -> Path:
    write_text(file, "".join(f"{line}\n" for line in lines), overwrite=overwrite)
    return file
