"""The annotation file as the 2020 course report's lists, for code that reads those.

In: clips with splits, and a way to count frames. Out: text files, perhaps a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from slipdetect._io import atomic_write, check_writable, make_folder
from slipdetect.errors import DataError
from slipdetect.lab.course2020.lists import CLASSES
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.prepare.counting import FrameCounter
from slipdetect.lab.prepare.frame_counts import write_frame_counts
from slipdetect.lab.prepare.rows import SPLITS

PICKLE = "frame_count.pickle"


def write_course_lists(
    clips: Sequence[Clip], out: Path, counter: FrameCounter, *, overwrite: bool = False
) -> list[Path]:
    """Write ``rgb_SPLIT.txt`` and ``flow_SPLIT.txt``: ``Class/video  frames  label`` (0 slips).

    Lists of flow carry one frame less. The 2020 course report's code takes frames from the folder
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
    _check_targets(out, targets, overwrite)
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
    _check_targets(out, [*texts, *([] if counter is None else [PICKLE])], overwrite)
    counts = {} if counter is None else {c.path.name: counter.frames(c.path) for c in clips}
    written = [_write(out / name, lines, overwrite) for name, lines in texts.items()]
    if counter is not None:
        write_frame_counts(counts, out / PICKLE, overwrite=overwrite)
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


def _check_targets(out: Path, names: Sequence[str], overwrite: bool) -> None:
    make_folder(out)
    for name in names:
        check_writable(out / name, overwrite=overwrite)


def _write(file: Path, lines: Sequence[str], overwrite: bool) -> Path:
    with atomic_write(file, overwrite=overwrite) as temporary:
        text = "".join(f"{line}\n" for line in lines)
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return file
