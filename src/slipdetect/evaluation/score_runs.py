"""Runs to compare: scores files found, named and put on the same clips.

In: scores files, or folders with scores-test.npz and scores-val.npz. Out: ``StreamSet``s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from slipdetect.errors import DataError
from slipdetect.evaluation.scores import ClipScores, read_scores

TEST, VALIDATION = "scores-test.npz", "scores-val.npz"


@dataclass(frozen=True)
class ScoredRun:
    """Scores that one run left.

    Attributes:
        place: Where it was read from, as the user named it.
        name: Of its model, or else of its folder or file.
        backbone: Backbone of all its streams; several are joined by ``+``; empty if not known.
        test: Scores to compare by.
        validation: Scores to fit and choose by, if there are any.
    """

    place: str
    name: str
    backbone: str
    test: ClipScores
    validation: ClipScores | None


@dataclass(frozen=True)
class StreamSet:
    """Streams that can be fused: one backbone's, of one run or of several.

    Attributes:
        name: The backbone, or the run where that would not tell sets apart.
        test: Scores of all its streams.
        validation: The same of the validation clips, if every stream has them.
        protocols: How the clips were looked at, where runs say.
    """

    name: str
    test: ClipScores
    validation: ClipScores | None
    protocols: tuple[str, ...] = ()


def load_run(path: Path, *, validation: bool = True) -> ScoredRun:
    """Read a run: a folder, or a scores file.

    A folder has scores-test.npz and, where validation clips were scored, scores-val.npz. A file
    named ``...-test.npz`` has its validation scores in ``...-val.npz`` beside it.

    Raises:
        DataError: There are no scores, or they cannot be read.
    """
    test = path / TEST if path.is_dir() else path
    if path.is_dir() and not test.is_file():
        raise DataError(
            f"{str(path)!r} has no {TEST}; make it with slipdetect evaluate --scores {test}"
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

    Runs of one backbone whose streams are all different become one set. If any two of them have
    the same stream, each run stays a set of its own, since nobody says which belong together.

    Args:
        runs: What to compare; at least one.
        common: Compare on the clips that all runs have, instead of insisting on the same.

    Raises:
        DataError: Runs have other clips, labels or truths, or were fitted on what tests them.
    """
    tests = _aligned(runs, [run.test for run in runs], common, "test")
    validating = [run for run in runs if run.validation is not None]
    found = [run.validation for run in validating if run.validation is not None]
    aligned = dict(
        zip(
            (id(run) for run in validating),
            _aligned(validating, found, common, "validation"),
            strict=True,
        )
    )
    ready = [
        replace(run, test=test, validation=aligned.get(id(run)))
        for run, test in zip(runs, tests, strict=True)
    ]
    _require_apart(ready)
    groups: dict[str, list[ScoredRun]] = {}
    for run in ready:
        # without a backbone nobody knows which streams belong together
        groups.setdefault(run.backbone or f"/{run.place}", []).append(run)
    sets = [made for members in groups.values() for made in _sets(members)]
    return _told_apart(sets)


def _sets(runs: Sequence[ScoredRun]) -> list[tuple[StreamSet, ScoredRun]]:
    streams = [stream for run in runs for stream in run.test.logits]
    if len(set(streams)) == len(streams):
        return [(_joined(runs[0].backbone or runs[0].name, runs), runs[0])]
    return [(_joined(f"{run.backbone} {run.name}", [run]), run) for run in runs]


def _told_apart(found: Sequence[tuple[StreamSet, ScoredRun]]) -> list[StreamSet]:
    """Return sets whose names all differ; where they do not, they get their run's place."""
    counts = Counter(each.name for each, _ in found)
    named = [
        replace(each, name=f"{each.name} ({run.place})") if counts[each.name] > 1 else each
        for each, run in found
    ]
    if len({each.name for each in named}) < len(named):
        raise DataError("a run is named twice; name every run once")
    return named


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


def _aligned(
    runs: Sequence[ScoredRun], scores: Sequence[ClipScores], common: bool, what: str
) -> list[ClipScores]:
    """Return the scores with the clips in the order of the first, and its labels."""
    if not scores:
        return []
    shared = set(scores[0].clips).intersection(*(part.clips for part in scores[1:]))
    if common:
        if not shared:
            raise DataError(f"the runs have no {what} clip in common; evaluate them on one list")
    else:
        for run, part in zip(runs[1:], scores[1:], strict=True):
            _require_same_clips(runs[0].place, scores[0], run.place, part, what)
    order = [clip for clip in scores[0].clips if clip in shared]
    made = [
        _reordered(part, order, scores[0], run.place)
        for run, part in zip(runs, scores, strict=True)
    ]
    for run, part in zip(runs[1:], made[1:], strict=True):
        wrong = np.flatnonzero(part.truth != made[0].truth)
        if len(wrong):
            raise DataError(
                f"{runs[0].place!r} and {run.place!r} disagree on the label of {len(wrong)} {what} "
                f"clips, such as {order[int(wrong[0])]!r}; evaluate both with one annotation file"
            )
    return made


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
        sources=tuple(scores.sources[row] for row in rows),
        truth=np.array([columns.index(i) for i in scores.truth[rows].tolist()], np.int64),
        logits={name: x[rows][:, columns] for name, x in scores.logits.items()},
        facts=scores.facts,
    )


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
