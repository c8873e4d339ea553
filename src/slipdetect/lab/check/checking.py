"""Everything that can be wrong with a data set before a network sees it.

In: clips. Out: a ``DataCheck``: leaks, copies, confounds, and what cannot be read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipdetect.errors import VideoError
from slipdetect.lab.check.class_counts import Count, count_clips
from slipdetect.lab.check.confounds import ConfoundReport, find_confounds
from slipdetect.lab.check.fingerprints import Fingerprint
from slipdetect.lab.check.near_duplicates import NearDuplicates, near_duplicates
from slipdetect.lab.check.survey import Survey, survey
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.splits import Leaks, find_leaks, same_files
from slipdetect.video.reader import check_source

OnClip = Callable[[int, Clip], None]


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
    surveys, unreadable = _look(clips, decode, on_clip)
    readable = [clip for clip in clips if clip.path in surveys]
    near = confounds = None
    if decode:
        prints = [Fingerprint.of(surveys[clip.path].stills) for clip in readable]
        near = near_duplicates(readable, prints)
        confounds = find_confounds([(clip, surveys[clip.path]) for clip in readable], seed)
    lengths = {path: facts.seconds for path, facts in surveys.items()}
    return DataCheck(
        clips=tuple(clips),
        counts=tuple(count_clips(clips, lengths)),
        unreadable=unreadable,
        leaks=find_leaks(clips, near.pairs if near is not None else ()),
        copies=tuple(same_files(clips)),
        near=near,
        confounds=confounds,
        alike_groups=tuple(alike_groups(clips)),
        warnings={path: facts.warnings for path, facts in surveys.items() if facts.warnings},
    )


def _look(
    clips: Sequence[Clip], decode: bool, on_clip: OnClip
) -> tuple[dict[Path, Survey], dict[Path, str]]:
    """Return the surveys of what can be read, and why the rest cannot."""
    surveys: dict[Path, Survey] = {}
    unreadable: dict[Path, str] = {}
    for index, clip in enumerate(clips):
        on_clip(index, clip)
        try:
            if decode:
                surveys[clip.path] = survey(clip.path)
            else:
                check_source(clip.path)
        except VideoError as error:
            unreadable[clip.path] = str(error)
    return surveys, unreadable


def alike_groups(clips: Sequence[Clip]) -> list[tuple[str, ...]]:
    """Return sets of groups that are probably one: equal but for case and punctuation."""
    found: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        plain = "".join(char for char in clip.group.casefold() if char.isalnum())
        if plain and clip.group != str(clip.path):
            found[plain].add(clip.group)
    return [tuple(sorted(names)) for _, names in sorted(found.items()) if len(names) > 1]
