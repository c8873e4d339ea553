"""Scenes from several camera places: which clip stands for which, and what is refused.

In: clips that need not exist, named by scene and place. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data import Clip
from slipdetect.lab.stress.conditions import CONDITIONS, Place, make_cases
from slipdetect.lab.stress.viewpoints import around, read_viewpoints

ROOT = Path("/data")


def seen(scene: str, azimuth: str, rise: str = "", **more: object) -> Clip:
    """A clip of a scene with a fall, called after both."""
    columns = {"scene": scene, "camera_azimuth": azimuth, "camera_rise": rise}
    path = ROOT / f"{scene}{azimuth}{rise}.mp4"
    return replace(Clip(path, True, ((1.0, 2.0),), group=scene, columns=columns), **more)


A, A_RIGHT, A_HIGH = seen("a", "0"), seen("a", "90"), seen("a", "0", "0.5")
B, B_RIGHT, B_HIGH = seen("b", "360"), seen("b", "90.0"), seen("b", "0", "+.5")
ALL = [A_RIGHT, A, A_HIGH, B, B_HIGH, B_RIGHT]


def names(clips: list[Clip]) -> list[str]:
    return [clip.path.stem for clip in clips]


def test_every_case_looks_at_its_own_clips_of_the_same_scenes() -> None:
    found = read_viewpoints(ALL)
    assert names(found.reference) == ["a0", "b360"]
    assert found.places == [Place(90, 0), Place(0, 0.5)]
    cases = make_cases(["mirror", "viewpoint"], places=found.places)
    assert [case.label for case in cases] == [
        "undisturbed",
        "mirror",
        "viewpoint 90°",
        "viewpoint +0.5 m",
    ]
    assert [case.key for case in cases[2:]] == ["viewpoint-90", "viewpoint-0+0.5m"]
    assert [case.view() for case in cases[2:]] == [None, None]
    looked = [names(found.seen(case, found.reference[::-1])) for case in cases]
    assert looked == [["b360", "a0"], ["b360", "a0"], ["b90.0", "a90"], ["b0+.5", "a00.5"]]
    assert names(found.every([A])) == ["a0", "a90", "a00.5"]
    assert found.same(ROOT) == {
        "a90.mp4": "a0.mp4",
        "a00.5.mp4": "a0.mp4",
        "b90.0.mp4": "b360.mp4",
        "b0+.5.mp4": "b360.mp4",
    }


def test_places_are_in_order_of_their_distance() -> None:
    there = [
        ("0", ""),
        ("180", ""),
        ("45", ""),
        ("-45", ""),
        ("0", "1"),
        ("0", "-0.5"),
        ("45", "1"),
    ]
    found = read_viewpoints([seen("a", *place) for place in there])
    assert [place.text for place in found.places] == [
        *("-45°", "45°", "180°", "-0.5 m", "+1 m", "45° +1 m"),
    ]


def test_azimuths_are_chosen_as_strengths() -> None:
    places = [Place(45, 0), Place(-90, 0), Place(0, 0.5), Place(45, 0.5)]
    cases = make_cases(["viewpoint"], {"viewpoint": [45, 405]}, places)
    assert [case.label for case in cases[1:]] == ["viewpoint 45°", "viewpoint 45° +0.5 m"]
    # the same place by another number
    assert [case.label for case in make_cases(["viewpoint"], {"viewpoint": [270]}, places)[1:]] == [
        "viewpoint -90°"
    ]
    assert make_cases(["viewpoint"], {"viewpoint": [0]}, places)[1].place == Place(0, 0.5)
    with pytest.raises(UsageError, match=r"no clip is from 30° around the person, only from -90, "):
        make_cases(["viewpoint"], {"viewpoint": [30]}, places)


@pytest.mark.parametrize(
    ("given", "found"),
    [(0, 0), (90, 90), (180, 180), (-180, 180), (181, -179), (270, -90), (360, 0), (-450, -90)],
)
def test_angles_go_around_once(given: float, found: float) -> None:
    assert around(given) == found


def test_without_places_all_clips_are_taken_and_viewpoint_is_not() -> None:
    known = [Clip(ROOT / "a.mp4", True), Clip(ROOT / "b.mp4", False, columns={"scene": "x"})]
    found = read_viewpoints(known)
    assert found.reference == known
    assert found.places == []
    assert found.every(known) == known
    assert "viewpoint" not in {case.condition.name for case in make_cases()}
    assert make_cases(places=[Place(90, 0)])[-1].label == "viewpoint 90°"
    for names_, strengths in ((["viewpoint"], {}), ([], {"viewpoint": [90.0]})):
        with pytest.raises(UsageError, match="columns scene and camera_azimuth, and none does"):
            make_cases(names_, strengths)


def test_no_view_of_frames_makes_another_place() -> None:
    with pytest.raises(UsageError, match="viewpoint is another clip"):
        CONDITIONS["viewpoint"].case(90)


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([A, seen("b", "")], "'b.mp4' has no 'camera_azimuth', though other clips say"),
        ([A, Clip(ROOT / "c.mp4", True)], "'c.mp4' has no 'scene', though other clips say"),
        ([A, seen("", "90")], "'90.mp4' has no 'scene'"),
        ([A, seen("a", "left")], "camera_azimuth 'left' and camera_rise '' are not degrees"),
        ([A, seen("a", "nan")], "camera_azimuth 'nan'"),
        ([A, seen("a", "90", "inf")], "camera_rise 'inf' are not degrees and meters"),
        ([A, A_RIGHT, seen("a", "450")], "'a90.mp4' and 'a450.mp4' are both scene 'a' from 90°"),
        ([A, seen("a", "360")], "both scene 'a' from the reference place"),
        ([A, A_RIGHT, B_RIGHT], "scene 'b' has no clip from the reference place"),
        ([A, B], "scene 'a' is seen from one camera place only"),
        ([A, A_RIGHT, B], "scene 'b' is seen from one camera place only"),
        ([A, A_RIGHT, A_HIGH, B, B_RIGHT], r"scene 'b' has no clip from \+0.5 m, which others"),
        ([A, A_RIGHT, B, B_HIGH], "scene 'b' has no clip from 90°, which others have"),
        ([A, replace(A_RIGHT, positive=False, events=())], "are scene 'a' but have other labels"),
        ([A, replace(A_RIGHT, events=((1, 2), (3, 4)))], "numbers of events or groups"),
        ([A, replace(A_RIGHT, group="z")], "'a0.mp4' and 'a90.mp4' are scene 'a' but"),
    ],
)
def test_scenes_that_cannot_be_compared_are_refused(clips: list[Clip], message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        read_viewpoints(clips)
    assert "\n" not in str(error.value)
