"""Clips of the same scenes from several camera places: which clip is which scene from where.

In: clips whose columns say so. Out: the clips from the reference place, and those of the same
scenes from each other place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.scores import clip_name
from slipdetect.lab.stress.conditions import Case, Place, around

SCENE, AZIMUTH, RISE = "scene", "camera_azimuth", "camera_rise"  # columns
REFERENCE = Place(0.0, 0.0)


@dataclass(frozen=True)
class Viewpoints:
    """Scenes and the places that they are seen from."""

    # the clips from the reference place; all of them where nothing is known of places
    reference: list[Clip]
    # for each other place, the clip of the same scene by the path of the reference clip
    others: Mapping[Place, Mapping[Path, Clip]] = field(default_factory=dict)

    @property
    def places(self) -> list[Place]:
        """The other places: around the person first, then higher and lower; the nearest first."""
        return sorted(
            self.others,
            key=lambda at: (at.rise != 0, abs(at.azimuth), at.azimuth, abs(at.rise), at.rise),
        )

    def seen(self, case: Case, clips: Iterable[Clip]) -> list[Clip]:
        """Return the clips that a case is of for reference ``clips``, in their order."""
        if case.place is None:
            return list(clips)
        return [self.others[case.place][clip.path] for clip in clips]

    def every(self, clips: Iterable[Clip]) -> list[Clip]:
        """Return reference ``clips`` and the same scenes from every other place."""
        known = list(clips)
        return known + [self.others[place][clip.path] for place in self.places for clip in known]

    def same(self, root: Path) -> dict[str, str]:
        """Return the name of the reference clip by that of every other clip of its scene."""
        return {
            clip_name(clip.path, root): clip_name(path, root)
            for known in self.others.values()
            for path, clip in known.items()
        }


def read_viewpoints(clips: Sequence[Clip]) -> Viewpoints:
    """Return what the columns of clips say of scenes and camera places.

    Args:
        clips: With ``scene``, ``camera_azimuth`` (degrees around the person, counterclockwise from
            above; 0 is the reference) and, if the camera is higher or lower, ``camera_rise``
            (meters); without any of it where nothing is known of places.

    Raises:
        DataError: Only some clips say it, or a scene lacks a place, or is not the same everywhere.
    """
    if not any(clip.columns.get(AZIMUTH, "").strip() for clip in clips):
        return Viewpoints(list(clips))
    scenes: dict[str, dict[Place, Clip]] = {}
    for clip in clips:
        name, place = _place(clip)
        known = scenes.setdefault(name, {})
        if place in known:
            raise DataError(
                f"{known[place].path.name!r} and {clip.path.name!r} are both scene {name!r} from "
                f"{place.text or 'the reference place'}; take one of them out, or name two scenes"
            )
        known[place] = clip
    _check(scenes)
    places = {place for known in scenes.values() for place in known} - {REFERENCE}
    others = {
        place: {known[REFERENCE].path: known[place] for known in scenes.values()}
        for place in places
    }
    return Viewpoints([known[REFERENCE] for known in scenes.values()], others)


def _place(clip: Clip) -> tuple[str, Place]:
    name = clip.columns.get(SCENE, "").strip()
    azimuth, rise = (clip.columns.get(column, "").strip() for column in (AZIMUTH, RISE))
    for column, value in ((SCENE, name), (AZIMUTH, azimuth)):
        if not value:
            raise DataError(
                f"{clip.path.name!r} has no {column!r}, though other clips say where their camera "
                "is; fill it in, or leave such clips out (--dataset, --exclude)"
            )
    try:
        found = Place(around(float(azimuth)), float(rise or 0))
    except ValueError:
        found = Place(math.nan, math.nan)
    if not math.isfinite(found.azimuth + found.rise):
        raise DataError(
            f"{clip.path.name!r}: {AZIMUTH} {azimuth!r} and {RISE} {rise!r} are not degrees and "
            "meters, such as 90 and 0.5"
        )
    return name, found


def _check(scenes: Mapping[str, Mapping[Place, Clip]]) -> None:
    """Check that every scene has every place, among them the reference, and is one scene.

    Raises:
        DataError: Naming the first scene of which that is not so.
    """
    fullest = max(scenes.values(), key=len)
    for name, known in scenes.items():
        if REFERENCE not in known:
            raise DataError(
                f"scene {name!r} has no clip from the reference place ({AZIMUTH} 0 and {RISE} 0); "
                "add it or leave the scene out"
            )
        if len(known) == 1:
            raise DataError(
                f"scene {name!r} is seen from one camera place only; add another one or leave the "
                "scene out"
            )
        lacking = next((place for place in fullest if place not in known), None)
        if lacking is not None:
            raise DataError(
                f"scene {name!r} has no clip from {lacking.text}, which others have; add it or "
                "leave the scene out"
            )
        first = known[REFERENCE]
        for clip in known.values():
            if (clip.positive, len(clip.events), clip.group) != (
                first.positive,
                len(first.events),
                first.group,
            ):
                raise DataError(
                    f"{first.path.name!r} and {clip.path.name!r} are scene {name!r} but have other "
                    "labels, numbers of events or groups; a scene has the same from every place"
                )
