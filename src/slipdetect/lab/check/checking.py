"""Everything that can be wrong with a data set before a network sees it.

In: clips. Out: a ``DataCheck``: leaks, copies, confounds, and what cannot be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipdetect.errors import VideoError
from slipdetect.lab.check.clip_stats import ClipStats, measure_clip
from slipdetect.lab.check.confounds import ConfoundReport, find_confounds
from slipdetect.lab.check.near_duplicates import Fingerprint, NearDuplicates, near_duplicates
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.splits import Leaks, find_leaks, same_files
from slipdetect.video.reader import check_source

SPLITS = ("train", "val", "test", "")

OnClip = Callable[[int, Clip], None]


@dataclass(frozen=True)
class Count:
    """Clips of one label in one data set on one side.

    Attributes:
        split: train, val, test or empty.
        label: slip or other.
        dataset: Data set, empty where none is named.
        clips: Number of clips.
        groups: Groups they belong to.
        seconds: How long the clips are that could be read; None if none was.
        events: Events with times.
    """

    split: str
    label: str
    dataset: str
    clips: int
    groups: int
    seconds: float | None
    events: int


@dataclass(frozen=True)
class DataCheck:
    """What was found about a data set.

    Attributes:
        clips: All of it.
        counts: Clips by side, label and data set.
        unreadable: Why, by path.
        leaks: What is on two sides of the split.
        copies: Sets of files with the same bytes, wherever they are.
        near: Clips that look alike; None if no video was decoded.
        confounds: What alone tells the label; None without decoding or with one label only.
        alike_groups: Sets of groups whose names differ in case or punctuation only.
        warnings: What was odd about readable videos, by path.
    """

    clips: tuple[Clip, ...]
    counts: tuple[Count, ...]
    unreadable: dict[Path, str]
    leaks: Leaks
    copies: tuple[tuple[Clip, ...], ...]
    near: NearDuplicates | None = None
    confounds: ConfoundReport | None = None
    alike_groups: tuple[tuple[str, ...], ...] = ()
    warnings: dict[Path, tuple[str, ...]] = field(default_factory=dict)

    @property
    def has_split(self) -> bool:
        """Whether any clip says on which side it is."""
        return any(clip.split for clip in self.clips)


def check_clips(
    clips: Sequence[Clip],
    *,
    decode: bool = True,
    seed: int = 0,
    on_clip: OnClip = lambda index, clip: None,
) -> DataCheck:
    """Look at every clip once; a video that cannot be read is noted and stops nothing.

    Args:
        clips: Annotated clips.
        decode: Look into the videos; otherwise only at groups and bytes.
        seed: Of the folds and draws in which confounds are judged.
        on_clip: Called before each clip with its number from 0.
    """
    stats, unreadable = _measure(clips, decode, on_clip)
    readable = [clip for clip in clips if clip.path in stats]
    near = confounds = None
    if decode:
        prints = [Fingerprint.of(stats[clip.path].stills) for clip in readable]
        near = near_duplicates(readable, prints)
        confounds = find_confounds([(clip, stats[clip.path]) for clip in readable], seed)
    lengths = {path: facts.seconds for path, facts in stats.items()}
    return DataCheck(
        clips=tuple(clips),
        counts=tuple(count_clips(clips, lengths)),
        unreadable=unreadable,
        leaks=find_leaks(clips, near.pairs if near is not None else ()),
        copies=tuple(same_files(clips)),
        near=near,
        confounds=confounds,
        alike_groups=tuple(alike_groups(clips)),
        warnings={path: facts.warnings for path, facts in stats.items() if facts.warnings},
    )


def _measure(
    clips: Sequence[Clip], decode: bool, on_clip: OnClip
) -> tuple[dict[Path, ClipStats], dict[Path, str]]:
    """Return what was measured of clips that can be read, and why the others cannot."""
    stats: dict[Path, ClipStats] = {}
    unreadable: dict[Path, str] = {}
    for index, clip in enumerate(clips):
        on_clip(index, clip)
        try:
            if decode:
                stats[clip.path] = measure_clip(clip.path)
            else:
                check_source(clip.path)
        except VideoError as error:
            unreadable[clip.path] = str(error)
    return stats, unreadable


def alike_groups(clips: Sequence[Clip]) -> list[tuple[str, ...]]:
    """Return sets of groups that are probably one: equal but for case and punctuation."""
    found: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        plain = "".join(char for char in clip.group.casefold() if char.isalnum())
        if plain and clip.group != str(clip.path):
            found[plain].add(clip.group)
    return [tuple(sorted(names)) for _, names in sorted(found.items()) if len(names) > 1]


def count_clips(clips: Sequence[Clip], seconds: Mapping[Path, float]) -> list[Count]:
    """Return a row per side, label and data set that has clips, in that order."""
    found = []
    for split in SPLITS:
        for positive in (True, False):
            there = [c for c in clips if (c.split, c.positive) == (split, positive)]
            for dataset in sorted({clip.dataset for clip in there}):
                some = [clip for clip in there if clip.dataset == dataset]
                known = [seconds[clip.path] for clip in some if clip.path in seconds]
                found.append(
                    Count(
                        split=split,
                        label="slip" if positive else "other",
                        dataset=dataset,
                        clips=len(some),
                        groups=len({clip.group for clip in some}),
                        seconds=sum(known) if known else None,
                        events=sum(len(clip.events) for clip in some),
                    )
                )
    return found
