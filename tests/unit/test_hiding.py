"""People taken out of one picture: what is blurred, how much, and what is drawn there.

In: pictures and people made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
import pytest

from people_seen import HEIGHT, WIDTH, noise, person_at
from slipdetect.people.hiding import blurred, draw_skeleton, hide, region
from slipdetect.types.person import PrivacyMode

MODES = get_args(PrivacyMode)
SOMEBODY = person_at(60, 40, 80, 90)


def outside(person=SOMEBODY) -> np.ndarray:
    mask = np.ones((HEIGHT, WIDTH), bool)
    mask[region(person, HEIGHT, WIDTH)] = False
    return mask


def test_a_region_is_more_than_the_box_and_most_of_all_above_it() -> None:
    rows, columns = region(SOMEBODY, HEIGHT, WIDTH)
    # a box 50 px high: 7.5 px on every side, and 5 more for the head
    assert (rows.start, rows.stop, columns.start, columns.stop) == (27, 98, 52, 88)


def test_keypoints_beside_the_box_are_in_the_region() -> None:
    points = SOMEBODY.keypoints.copy()
    points[9, :2] = 120, 60
    _, columns = region(type(SOMEBODY)(points, SOMEBODY.box, 0.5), HEIGHT, WIDTH)
    assert columns.start < 60
    assert 120 < columns.stop < WIDTH


@pytest.mark.parametrize(
    "box", [(-30, -20, 10, 20), (150, 100, 190, 140), (0, 0, WIDTH, HEIGHT), (10, 10, 12, 18)]
)
@pytest.mark.parametrize("mode", MODES)
def test_people_at_edges_of_a_few_pixels_and_all_over_the_picture(mode, box) -> None:
    somebody, picture = person_at(*box), noise(0)
    done = hide(picture, [somebody], [somebody], mode)
    assert (done.shape, done.dtype) == (picture.shape, picture.dtype)
    part = region(somebody, HEIGHT, WIDTH)
    assert (done[part] != picture[part]).any(axis=2).mean() > 0.95


@pytest.mark.parametrize("box", [(200, 10, 220, 60), (-50, -50, -30, -10), (50, 50, 50, 50)])
def test_nobody_in_the_picture_changes_nothing_far_away(box) -> None:
    picture = noise(0)
    done = hide(picture, [person_at(*box)], [], "blur")
    np.testing.assert_array_equal(done[:40, :40], picture[:40, :40])


@pytest.mark.parametrize("mode", MODES)
def test_outside_of_the_region_nothing_changes(mode: PrivacyMode) -> None:
    picture = noise(0)
    before = picture.copy()
    done = hide(picture, [SOMEBODY], [SOMEBODY], mode)
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(done[outside()], picture[outside()])
    assert (done[~outside()] != picture[~outside()]).any(axis=1).mean() > 0.95


@pytest.mark.parametrize("mode", MODES)
def test_a_face_of_200_px_is_gone(mode: PrivacyMode) -> None:
    """Eyes, nose and mouth, a sixth of a face wide, lose their contrast."""
    height, width = 900, 800
    picture = np.full((height, width, 3), 128, np.uint8)
    squares = np.indices((200, 200)) // 33
    face = np.where(squares.sum(axis=0) % 2, 208, 48).astype(np.uint8)
    picture[120:320, 300:500] = face[..., None]
    # head and shoulders, so that the box is small beside the face
    somebody = person_at(200, 100, 600, 700)
    done = hide(picture, [somebody], [], mode)
    inner = done[130:310, 310:490].astype(float)
    # a plane may stay: how bright the head is from side to side
    smooth = cv2.GaussianBlur(inner, (0, 0), 40)
    assert picture[130:310, 310:490].std() > 75
    assert (inner - smooth).std() < 0.1 * 80


def test_a_silhouette_is_of_one_color_where_the_body_is() -> None:
    somebody = person_at(60, 20, 100, 110)
    done = hide(noise(0), [somebody], [somebody], "silhouette")
    colors, counts = np.unique(done.reshape(-1, 3), axis=0, return_counts=True)
    ink = colors[counts.argmax()]
    for index in (0, 5, 6, 7, 11, 12, 13, 15):
        x, y = somebody.keypoints[index, :2].round().astype(int)
        np.testing.assert_array_equal(done[y, x], ink)
    x, y = somebody.keypoints[[5, 6, 11, 12], :2].mean(axis=0).round().astype(int)
    np.testing.assert_array_equal(done[y, x], ink)
    # a body and no box
    assert 0.1 < (done == ink).all(axis=2)[region(somebody, HEIGHT, WIDTH)].mean() < 0.6


def test_a_skeleton_joins_what_is_seen_and_nothing_else() -> None:
    ink = (1, 2, 3)
    blank = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    points = SOMEBODY.keypoints.copy()
    points[15, 2] = 0.01  # the left ankle
    draw_skeleton(blank, type(SOMEBODY)(points, SOMEBODY.box, 0.5), ink)
    drawn = blank.any(axis=2)
    for one, two, there in ((5, 6, True), (12, 14, True), (14, 16, True), (13, 15, False)):
        x, y = points[[one, two], :2].mean(axis=0).round().astype(int)
        assert drawn[y - 1 : y + 2, x - 1 : x + 2].any() == there
    x, y = points[15, :2].round().astype(int)
    assert not drawn[y - 1 : y + 2, x - 1 : x + 2].any()


def test_a_picture_blurred_whole_keeps_its_size_and_brightness() -> None:
    picture = noise(0)
    done = blurred(picture)
    assert done.shape == picture.shape
    assert done.std() < 0.15 * picture.std()
    assert abs(done.mean() - picture.mean()) < 2
