"""Who is hidden over the time of a video: between looks, where nobody is found, in all sizes.

In: pictures of noise, and an estimator that finds who it is told to. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from people_seen import HEIGHT, WIDTH, Numbered, at_numbers, moments, noise, person_at
from slipdetect.people.hiding import region
from slipdetect.people.privacy import Privacy
from slipdetect.types.person import Person
from slipdetect.video import Frame, Moment, View, open_video, show

LEFT, RIGHT = person_at(20, 40, 40, 90), person_at(110, 40, 130, 90)
RATE = 10.0  # a look at every picture


def still(count: int) -> list[np.ndarray]:
    return [noise(number) for number in range(count)]


def restless(count: int) -> list[np.ndarray]:
    """Pictures that change everywhere."""
    return [noise(number, seed=number + 1) for number in range(count)]


def written(
    pictures: Sequence[np.ndarray],
    found: Callable[[int], Sequence[Person]],
    rate: float = RATE,
    mode: str = "blur",
    wanted: range | None = None,
) -> tuple[list[np.ndarray], Privacy, Numbered]:
    """Return what views would be given, in order."""
    estimator = Numbered(found)
    privacy = Privacy(mode, estimator)
    wanted = range(len(pictures)) if wanted is None else wanted
    shown = [
        moment.at(None).image
        for number, moment in enumerate(privacy(moments(pictures, rate)))
        if number in wanted
    ]
    return shown, privacy, estimator


def share_hidden(before: np.ndarray, after: np.ndarray, person: Person) -> float:
    part = region(person, HEIGHT, WIDTH)
    return float((before[part] != after[part]).any(axis=2).mean())


def untouched(before: np.ndarray, after: np.ndarray, *people: Person) -> bool:
    """Return whether nothing but the regions of people differs."""
    differs = (before != after).any(axis=2)
    for person in people:
        differs[region(person, HEIGHT, WIDTH)] = False
    return not differs.any()


def test_who_is_found_is_hidden_and_nothing_else() -> None:
    pictures = still(5)
    shown, privacy, _ = written(pictures, lambda number: [LEFT])
    for before, after in zip(pictures, shown, strict=True):
        assert share_hidden(before, after, LEFT) > 0.95
        assert untouched(before, after, LEFT)
    assert privacy.pop_warnings() == []


@pytest.mark.parametrize(("score", "hidden"), [(0.05, False), (0.07, True)])
def test_whoever_may_be_a_person_is_hidden_but_not_drawn(score: float, hidden: bool) -> None:
    unsure = person_at(20, 40, 40, 90, score)
    pictures = still(3)
    shown, _, _ = written(pictures, lambda number: [unsure], mode="skeleton")
    assert (share_hidden(pictures[1], shown[1], unsure) > 0.95) == hidden
    blurred_only, _, _ = written(pictures, lambda number: [unsure], mode="silhouette")
    np.testing.assert_array_equal(shown[1], blurred_only[1])


def test_who_is_missed_stays_hidden_for_half_a_second() -> None:
    """Also before they are found first; everything changes, so nobody can be known to stay."""
    pictures = restless(30)
    # the other one is found all the time, so that the picture is never blurred whole
    shown, _, _ = written(pictures, lambda n: [RIGHT, LEFT] if 10 <= n < 15 else [RIGHT])
    hidden = [share_hidden(*pair, LEFT) > 0.95 for pair in zip(pictures, shown, strict=True)]
    # the looks 0.1 s and 0.2 s later, and 0.1 s to 0.5 s earlier
    assert hidden == [8 - 1 <= n < 15 + 5 for n in range(30)]


def test_who_lies_still_stays_hidden_however_long_they_are_missed() -> None:
    pictures = [*still(60), *restless(30)]
    for number, picture in enumerate(pictures):
        picture[0, 0] = number
    shown, _, _ = written(pictures, lambda n: [LEFT, RIGHT] if n == 5 or n > 60 else ())
    hidden = [share_hidden(*pair, LEFT) > 0.95 for pair in zip(pictures, shown, strict=True)]
    assert not any(hidden[:2])
    assert all(hidden[5:])


def test_the_place_is_seen_again_once_it_looks_otherwise() -> None:
    pictures = still(40)
    for picture in pictures[20:]:
        picture[25:100, 10:50] = 255  # they went away, and it is another sight
    shown, _, _ = written(pictures, lambda n: [LEFT, RIGHT] if n == 5 else [RIGHT])
    hidden = [share_hidden(*pair, LEFT) > 0.5 for pair in zip(pictures, shown, strict=True)]
    assert hidden[5:20] == [True] * 15
    assert not any(hidden[20:])


def test_between_two_looks_people_are_hidden_where_they_are_in_both() -> None:
    """At 40 pictures a second one in four is looked at."""
    pictures = still(41)
    # 16 px a second to the right and as many again in between
    found = {n: [person_at(20 + 4 * n / 4, 40, 40 + 4 * n / 4, 90)] for n in range(0, 44, 4)}
    shown, _, estimator = written(pictures, at_numbers(found), rate=40.0)
    assert estimator.asked == list(range(0, 41, 4))
    for n in range(40):
        one, two = found[n // 4 * 4][0], found[n // 4 * 4 + 4][0]
        assert share_hidden(pictures[n], shown[n], one) > 0.9
        assert share_hidden(pictures[n], shown[n], two) > 0.9


def test_a_skeleton_moves_in_a_straight_line_between_looks() -> None:
    pictures = [np.full_like(picture, 90) for picture in still(9)]
    for number, picture in enumerate(pictures):
        picture[0, 0] = number
    found = {n: [person_at(20 + 2 * n, 40, 40 + 2 * n, 90)] for n in (0, 4, 8)}
    shown, _, _ = written(pictures, at_numbers(found), rate=40.0, mode="skeleton")
    for n in (1, 2, 3, 6):
        # nose of the person n pictures later than at 20
        column = np.flatnonzero((shown[n][45] != 90).any(axis=1)).mean()
        assert column == pytest.approx(30 + 2 * n, abs=0.6)


def test_where_nobody_is_found_but_something_moves_the_whole_picture_is_blurred() -> None:
    pictures = [*still(10), *restless(10)]
    for number, picture in enumerate(pictures):
        picture[0, 0] = number
    shown, privacy, _ = written(pictures, lambda n: ())
    whole = [
        bool((before != after).any(axis=2).mean() > 0.95)
        for before, after in zip(pictures, shown, strict=True)
    ]
    # two looks ahead and the next one see it move
    assert whole == [n >= 7 for n in range(20)]
    assert privacy.pop_warnings() == [
        "--privacy: nobody was found in 13 of 13 pictures where something moves; those are "
        "blurred whole"
    ]
    assert privacy.pop_warnings() == []


def test_somebody_unsure_elsewhere_does_not_stand_for_what_moves() -> None:
    pictures = still(10)
    for number, picture in enumerate(pictures):
        picture[30:100, 100:140] = noise(number, seed=50 + number)[30:100, 100:140]
    chair = person_at(20, 40, 40, 90, 0.08)
    shown, privacy, _ = written(pictures, lambda n: [chair])
    assert not untouched(pictures[5], shown[5], chair)
    assert privacy.pop_warnings()
    # but who is surely somebody is who was meant, and the rest a curtain
    shown, privacy, _ = written(pictures, lambda n: [LEFT])
    assert untouched(pictures[5], shown[5], LEFT)
    assert privacy.pop_warnings() == []


def test_where_there_may_be_more_people_the_whole_picture_is_blurred() -> None:
    pictures = still(9)
    six = [person_at(10 + 25 * i, 40, 20 + 25 * i, 90) for i in range(6)]
    shown, privacy, _ = written(pictures, lambda n: six if n == 4 else six[:5])
    assert (pictures[4][100:] != shown[4][100:]).any(axis=2).mean() > 0.95
    assert (pictures[0][100:] == shown[0][100:]).all()
    assert privacy.pop_warnings() == [
        "--privacy: 8 pictures show 6 people or more, of whom not all can be found; those are "
        "blurred whole"
    ]


def test_nobody_is_looked_for_in_what_is_not_written() -> None:
    pictures = still(100)
    _, _, estimator = written(pictures, lambda n: [LEFT], wanted=range(50, 53))
    assert estimator.asked == [50, 51, 52, 53, 54, 55]
    # a quarter of a second ahead, and the picture after it


def test_slow_pictures_have_the_ones_beside_them() -> None:
    """One a second: each is hidden for who is found in the one before and the one after."""
    pictures = restless(5)
    shown, _, _ = written(pictures, lambda n: [RIGHT, LEFT] if n == 2 else [RIGHT], rate=1.0)
    hidden = [share_hidden(*pair, LEFT) > 0.95 for pair in zip(pictures, shown, strict=True)]
    assert hidden == [False, True, True, True, False]


class Kept(View):
    def __init__(self, short_side: int | None) -> None:
        self.short_side, self.frames = short_side, []

    def take(self, frame: Frame) -> None:
        self.frames.append(frame)


def test_all_sizes_of_a_video_are_hidden_by_the_same_looks(tmp_path: Path) -> None:
    from slipdetect.video import write_video

    picture = cv2.GaussianBlur(noise(0), (0, 0), 3)  # what the codec leaves as it is
    write_video(tmp_path / "in.mp4", [picture] * 20, 10.0, quality=5)
    asked = []

    class Anywhere(Numbered):
        def people(self, image: np.ndarray) -> list[Person]:
            asked.append(image.shape)
            return [LEFT.scaled(image.shape[1] / WIDTH, image.shape[0] / HEIGHT)]

    views = [Kept(60), Kept(None)]
    show(str(tmp_path / "in.mp4"), views, Privacy("blur", Anywhere(lambda n: ())))
    assert len(asked) == 20
    for view in views:
        plain = Kept(view.short_side)
        show(str(tmp_path / "in.mp4"), [plain])
        assert [frame.time for frame in view.frames] == [frame.time for frame in plain.frames]
        height, width = view.frames[0].image.shape[:2]
        part = region(LEFT.scaled(width / WIDTH, height / HEIGHT), height, width)
        for frame, before in zip(view.frames, plain.frames, strict=True):
            differs = (frame.image != before.image).any(axis=2)
            assert differs[part].mean() > 0.9
            differs[part] = False
            assert not differs.any()


CLIPS = (
    ("urfd/fall-07-cam0.mp4", 1.0, 4.0),
    ("urfd/fall-22-cam0.mp4", 0.0, 1.8),
    ("upfall/subject1_activity05_trial1_cam1.mp4", 0.2, 3.0),
    ("gmdcsa24/subject4_fall_01.mp4", 0.5, 3.5),
    ("gmdcsa24/subject1_adl_16.mp4", 0.0, 3.0),
)


@pytest.mark.clips
@pytest.mark.parametrize(("path", "start", "end"), CLIPS)
def test_faces_of_real_people_lose_what_tells_them(
    clips: Path, path: str, start: float, end: float
) -> None:
    """Edges about the nose, found in pictures as they are, are gone; the skeleton is there."""
    from slipdetect.people.hiding import INK
    from slipdetect.people.movenet import MoveNet

    network = MoveNet()
    with open_video(clips / path) as video:
        plain = [f for f in video.frames(rate=5.0) if start <= f.time <= end]

    def pictures() -> list[Moment]:
        return [Moment(frame.time, lambda size, frame=frame: frame) for frame in plain]

    blurred = [m.at(None).image for m in Privacy("blur", network)(iter(pictures()))]
    drawn = [m.at(None).image for m in Privacy("skeleton", network)(iter(pictures()))]
    left = []
    for frame, without, with_skeleton in zip(plain, blurred, drawn, strict=True):
        best = max(network.people(frame.image), key=lambda each: each.score, default=None)
        if best is None or best.score < 0.3 or best.keypoints[0, 2] < 0.3:
            continue
        x, y = best.keypoints[0, :2].round().astype(int)
        reach = max(4, round(float(best.box[3] - best.box[1]) / 16))
        part = (slice(max(y - reach, 0), y + reach), slice(max(x - reach, 0), x + reach))
        # of smoothed pictures, as rounding to whole levels makes edges too
        smooth = [cv2.GaussianBlur(np.float32(each), (0, 0), 1) for each in (frame.image, without)]
        edges = [np.abs(cv2.Laplacian(each, -1)[part]).mean() for each in smooth]
        left.append(edges[1] / edges[0])
        assert (np.abs(with_skeleton[part].astype(int) - INK).max(axis=2) < 60).any()
    assert len(left) >= 3
    # where two regions meet there is an edge, of no face
    assert np.median(left) < 0.1
    assert max(left) < 0.5
