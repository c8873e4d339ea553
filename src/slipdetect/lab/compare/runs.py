"""Runs to compare: files of scores, or folders of them, named and put on the same clips.

In: scores files, or folders with scores-test.npz and scores-val.npz. Out: ``StreamSet``s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.scores import ClipScores, read_scores

TEST, VALIDATION = "scores-test.npz", "scores-val.npz"


@dataclass(frozen=True)
class ScoredRun:
    """Scores that one run left."""

    place: str  # where it was read from, as the user named it
    name: str  # of its model, or else of its folder or file
    backbone: str  # backbone of all its streams; several are joined by ``+``; empty if not known
    test: ClipScores  # scores to compare by
    validation: ClipScores | None  # scores to fit and choose by, if there are any


@dataclass(frozen=True)
class StreamSet:
    """Streams that can be fused: one backbone's, of one run or of several."""

    name: str  # the backbone, or the run where that would not tell sets apart
    test: ClipScores  # scores of all its streams
    validation: ClipScores | None  # the same of the validation clips, if every stream has them
    protocols: tuple[str, ...] = ()  # how the clips were scored, where runs say


def load_run(path: Path, *, validation: bool = True) -> ScoredRun:
    """Read a run: a folder, or a scores file.

    A folder has scores-test.npz and, where validation clips were scored, scores-val.npz. A file
    named ``...-test.npz`` has its validation scores in ``...-val.npz`` in the same folder.

    Raises:
        DataError: There are no scores, or they cannot be read.
    """
    test = path / TEST if path.is_dir() else path
    if path.is_dir() and not test.is_file():
        raise DataError(
            f"{str(path)!r} has no {TEST}; make it with slipdetect evaluate clips --scores {test}"
        )
    beside = test.with_name(test.name.removesuffix("-test.npz") + "-val.npz")
    wanted = validation and test.name.endswith("-test.npz") and beside.is_file()
    scores = read_scores(test)
    facts = scores.facts
    own = path.resolve().name if path.is_dir() else path.stem.removesuffix("-test")
    name = next((facts[key] for key in ("name", "model") if _is_name(facts.get(key))), own)
    return ScoredRun(
        place=str(path),
        name=name,
        backbone=_backbone(facts.get("backbones"), scores.logits),
        test=scores,
        validation=read_scores(beside) if wanted else None,
    )


def join_runs(runs: Sequence[ScoredRun], *, common: bool = False) -> list[StreamSet]:
    """Put all runs on the same clips and join the streams of a backbone.

    Runs of one backbone whose streams are all different become one set; if not all are, those of
    one seed do, where runs say theirs. If still two have the same stream, each run stays a set of
    its own, since nobody says which belong together.

    Raises:
        DataError: Runs have other clips, labels or truths, or were fitted on what tests them.
    """
    places = [run.place for run in runs]
    if len(set(places)) < len(places):
        raise DataError("a run is named twice; name every run once")
    tests = align_scores(places, [run.test for run in runs], common=common, what="test")
    known = {run.place: run.validation for run in runs if run.validation is not None}
    validations = align_scores(list(known), list(known.values()), common=common, what="validation")
    validation = dict(zip(known, validations, strict=True))
    ready = [
        replace(run, test=test, validation=validation.get(run.place))
        for run, test in zip(runs, tests, strict=True)
    ]
    _require_apart(ready)
    groups: dict[str, list[ScoredRun]] = {}
    for run in ready:
        # without a backbone nobody knows which streams belong together
        groups.setdefault(run.backbone or f"/{run.place}", []).append(run)
    sets = [made for members in groups.values() for made in _by_seed(members)]
    return _told_apart(sets)


def _by_seed(runs: Sequence[ScoredRun]) -> list[tuple[StreamSet, ScoredRun]]:
    if _all_differ(runs):
        return [(_joined(runs[0].backbone or runs[0].name, runs), runs[0])]
    seeds: dict[Any, list[ScoredRun]] = {}
    for run in runs:
        seed = run.test.facts.get("seed")
        seeds.setdefault(seed if isinstance(seed, int) else None, []).append(run)
    found = []
    for seed, members in seeds.items():
        if seed is not None and _all_differ(members):
            found.append((_joined(f"{runs[0].backbone} seed {seed}", members), members[0]))
        else:
            found += [(_joined(f"{run.backbone} {run.name}", [run]), run) for run in members]
    return found


def _all_differ(runs: Sequence[ScoredRun]) -> bool:
    streams = [stream for run in runs for stream in run.test.logits]
    return len(set(streams)) == len(streams)


def _told_apart(found: Sequence[tuple[StreamSet, ScoredRun]]) -> list[StreamSet]:
    """Return sets whose names all differ; where they do not, they get their run's place."""
    counts = Counter(each.name for each, _ in found)
    return [
        replace(each, name=f"{each.name} ({run.place})") if counts[each.name] > 1 else each
        for each, run in found
    ]


def _joined(name: str, runs: Sequence[ScoredRun]) -> StreamSet:
    validation = [run.validation for run in runs if run.validation is not None]
    complete = len(validation) == len(runs)
    protocols = dict.fromkeys(run.test.facts.get("protocol") for run in runs)
    return StreamSet(
        name,
        _merged([run.test for run in runs]),
        _merged(validation) if complete else None,
        tuple(str(each) for each in protocols if each is not None),
    )


def _merged(scores: Sequence[ClipScores]) -> ClipScores:
    return replace(scores[0], logits={k: v for part in scores for k, v in part.logits.items()})


def _require_apart(runs: Sequence[ScoredRun]) -> None:
    """Refuse to fit weights on clips that also test them."""
    tested = set(runs[0].test.clips)
    for run in runs:
        leaked = [] if run.validation is None else [c for c in run.validation.clips if c in tested]
        if leaked:
            raise DataError(
                f"{run.place!r} has {len(leaked)} clips in validation and in test, such as "
                f"{leaked[0]!r}; split again, or pass --no-validation"
            )


def _backbone(facts: Any, streams: Mapping[str, Any]) -> str:
    if not isinstance(facts, Mapping):
        return ""
    found = [facts.get(stream) for stream in streams]
    if not all(_is_name(name) for name in found):
        return ""
    return "+".join(dict.fromkeys(map(str, found)))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def align_scores(
    places: Sequence[str], scores: Sequence[ClipScores], *, common: bool, what: str
) -> list[ClipScores]:
    """Return the scores with the clips in the order of the first, and its labels.

    Raises:
        DataError: Clips, labels, truths or groups differ.
    """
    if not scores:
        return []
    shared = set(scores[0].clips).intersection(*(part.clips for part in scores[1:]))
    if common and not shared:
        raise DataError(f"the runs have no {what} clip in common; evaluate them on one list")
    if not common:
        for place, part in zip(places[1:], scores[1:], strict=True):
            _require_same_clips(places[0], scores[0], place, part, what)
    order = [clip for clip in scores[0].clips if clip in shared]
    made = [
        _reordered(part, order, scores[0], place)
        for place, part in zip(places, scores, strict=True)
    ]
    for place, part in zip(places[1:], made[1:], strict=True):
        wrong = np.flatnonzero(part.truth != made[0].truth)
        if len(wrong):
            raise DataError(
                f"{places[0]!r} and {place!r} disagree on the label of {len(wrong)} {what} "
                f"clips, such as {order[int(wrong[0])]!r}; evaluate both with one annotation file"
            )
        apart = np.flatnonzero(_first_of_group(part) != _first_of_group(made[0]))
        if len(apart):
            raise DataError(
                f"{places[0]!r} and {place!r} disagree on the groups of {len(apart)} {what} "
                f"clips, such as {order[int(apart[0])]!r}, over which intervals are computed; "
                "evaluate both with one annotation file"
            )
    return made


def _first_of_group(scores: ClipScores) -> npt.NDArray[np.int64]:
    """Return the index of the first clip of every clip's group, whatever the groups are called."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, i) for i, name in enumerate(scores.groups)], np.int64)


def _require_same_clips(
    first: str, mine: ClipScores, second: str, other: ClipScores, what: str
) -> None:
    apart = sorted(set(mine.clips) ^ set(other.clips))
    if not apart:
        return
    shared = len(set(mine.clips) & set(other.clips))
    raise DataError(
        f"{len(apart)} {what} clips are in only one of {first!r} ({len(mine.clips)} clips) and "
        f"{second!r} ({len(other.clips)}), such as {apart[0]!r}; evaluate both on one list, "
        f"or pass --common to compare on the {shared} that they share"
    )


def _reordered(
    scores: ClipScores, clips: Sequence[str], first: ClipScores, place: str
) -> ClipScores:
    if sorted(scores.labels) != sorted(first.labels) or scores.positive != first.positive:
        raise DataError(
            f"{place!r} has the labels {', '.join(scores.labels)}, not "
            f"{', '.join(first.labels)}; compare models of the same labels"
        )
    where = {clip: index for index, clip in enumerate(scores.clips)}
    rows = [where[clip] for clip in clips]
    columns = [scores.labels.index(label) for label in first.labels]
    return ClipScores(
        labels=first.labels,
        positive=first.positive,
        clips=tuple(clips),
        groups=tuple(scores.groups[row] for row in rows),
        datasets=tuple(scores.datasets[row] for row in rows),
        truth=np.array([columns.index(i) for i in scores.truth[rows].tolist()], np.int64),
        logits={name: x[rows][:, columns] for name, x in scores.logits.items()},
        facts=scores.facts,
    )
