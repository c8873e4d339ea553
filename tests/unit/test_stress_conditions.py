"""What every disturbance does, on arrays small enough to work it out by hand.

In: tiny pictures and frames. Out: the answers, computed here in plain numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.lab.stress.command import NAMES
from slipdetect.lab.stress.conditions import CONDITIONS, UNDISTURBED, Case, make_cases
from slipdetect.lab.stress.disturbances import slowed
from slipdetect.video import Frame

GRAY = 128


def rgb(levels: list[list[int]]) -> np.ndarray:
    """Return a picture whose three colors are all ``levels``."""
    return np.repeat(np.array(levels, np.uint8)[..., np.newaxis], 3, axis=2)


def seen(name: str, strength: float | None, *images: np.ndarray, seed: int = 0) -> list[Frame]:
    """Return what a condition makes of pictures a tenth of a second apart, the second damaged."""
    frames = [Frame(0.1 * k, image, k == 1) for k, image in enumerate(images)]
    view = CONDITIONS[name].case(strength).view(seed)
    assert view is not None
    return list(view(iter(frames)))


def levels(name: str, strength: float | None, image: np.ndarray) -> list[list[int]]:
    """Return the first color of what a condition makes of a picture."""
    (frame,) = seen(name, strength, image)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    np.testing.assert_array_equal(frame.image[..., 0], frame.image[..., 2])
    found: list[list[int]] = frame.image[..., 0].tolist()
    return found


def test_dark_multiplies_every_level() -> None:
    # 20% of 255, 100, 13, 2 is 51, 20, 2.6, 0.4
    assert levels("dark", 20, rgb([[255, 100], [13, 2]])) == [[51, 20], [3, 0]]
    assert levels("dark", 100, rgb([[255, 7]])) == [[255, 7]]
    assert levels("dark", 0, rgb([[255, 7]])) == [[0, 0]]


def test_noise_has_its_deviation_no_bias_and_is_new_in_every_picture() -> None:
    image = np.full((60, 80, 3), 100, np.uint8)
    first, second = (frame.image.astype(float) - 100 for frame in seen("noise", 10, image, image))
    for noise in (first, second):
        # of 14400 draws the mean is within 4 standard errors, 10 / 120
        assert abs(noise.mean()) < 4 * 10 / 120
        assert noise.std() == pytest.approx(10, rel=0.04)
    assert abs((first * second).mean()) < 4 * 100 / 120
    assert abs((first[..., 0] * first[..., 1]).mean()) < 4 * 100 / 69


def test_noise_is_clipped_and_repeats_by_its_seed() -> None:
    image = rgb([[0, 255] * 20] * 30)
    one, same, other = (seen("noise", 50, image, image, seed=seed) for seed in (3, 3, 4))
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a.image, b.image)
        assert (a.image != c.image).any()
    # half of the noise on black is below 0 and half of that on white beyond 255
    assert (one[0].image[:, ::2] == 0).mean() == pytest.approx(0.5, abs=0.06)
    assert (one[0].image[:, 1::2] == 255).mean() == pytest.approx(0.5, abs=0.06)


def test_blur_spreads_an_edge_as_far_as_its_share_of_the_short_side() -> None:
    image = rgb([[0] * 50 + [200] * 50] * 40)
    (row, *_) = levels("blur", 5, image)
    # 5% of 40 rows are 2 px; a step smoothed by a Gaussian is its distribution function
    inside = row[50:56]
    expected = [200 * 0.5 * (1 + math.erf((k + 0.5) / 2 / 2**0.5)) for k in range(6)]
    assert inside == pytest.approx(expected, abs=2)
    assert row[:40] == [0] * 40
    assert row[60:] == [200] * 40


def test_compression_is_that_of_the_video_room() -> None:
    texture = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).repeat(8, 0).repeat(8, 1)
    image = texture.astype(np.uint8)
    mild, hard = seen("compression", 20, image, image), seen("compression", 51, image, image)
    errors = [np.abs(found[0].image.astype(float) - image).mean() for found in (mild, hard)]
    assert errors[0] < errors[1]
    assert [frame.time for frame in hard] == [0.0, 0.1]


@pytest.mark.parametrize(
    ("rate", "times", "kept"),
    [
        (10, [k / 30 for k in range(10)], [0, 3, 6, 9]),
        (10, [k / 25 for k in range(11)], [0, 3, 5, 8, 10]),  # 0, .12, .2, .32, .4
        (5, [0.0, 0.1, 0.2, 0.25, 0.7, 0.75, 1.3], [0, 2, 4, 6]),
        (30, [k / 30 for k in range(40)], list(range(40))),
        (8, [0.0, 0.2, 0.4], [0, 1, 2]),
        (0.5, [0.0, 1.9, 2.0, 3.0], [0, 2]),
    ],
)
def test_rate_leaves_the_first_frame_of_every_slot_at_its_own_time(
    rate: float, times: list[float], kept: list[int]
) -> None:
    image = rgb([[1]])
    view = CONDITIONS["rate"].case(rate).view()
    assert view is not None
    found = list(view(Frame(time, image) for time in times))
    assert [frame.time for frame in found] == [times[k] for k in kept]


@given(
    gaps=st.lists(st.floats(0.001, 1.0), max_size=60),
    rate=st.floats(0.2, 60.0),
)
def test_rate_leaves_one_frame_a_slot_and_none_of_them_empty(
    gaps: list[float], rate: float
) -> None:
    times = [0.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    kept = [frame.time for frame in slowed((Frame(time, rgb([[1]])) for time in times), rate)]
    slots = [math.floor(time * rate + 1e-6) for time in times]
    assert [math.floor(time * rate + 1e-6) for time in kept] == sorted(set(slots))
    assert all(
        times[slots.index(slot)] == time
        for slot, time in zip(sorted(set(slots)), kept, strict=True)
    )


def test_edges_are_cut_off_on_all_sides() -> None:
    image = rgb([[10 * row + column for column in range(10)] for row in range(5)])
    # 20% of 5 rows is one, of 10 columns two
    assert levels("edges", 20, image) == [
        [10 * row + column for column in range(2, 8)] for row in range(1, 4)
    ]
    assert levels("edges", 45, rgb([[1, 2]])) == [[1, 2]]
    assert levels("edges", 45, rgb([[1, 2, 3]] * 3)) == [[2]]


def test_cover_hides_the_lowest_rows_and_leaves_the_frame_alone() -> None:
    image = rgb([[1, 2], [3, 4], [5, 6], [7, 8]])
    assert levels("cover", 50, image) == [[1, 2], [3, 4], [GRAY] * 2, [GRAY] * 2]
    assert levels("cover", 0, image) == [[1, 2], [3, 4], [5, 6], [7, 8]]
    assert image[3, 0, 0] == 7


def test_mirror_exchanges_left_and_right() -> None:
    assert levels("mirror", None, rgb([[1, 2, 3], [4, 5, 6]])) == [[3, 2, 1], [6, 5, 4]]


def test_tilt_turns_counterclockwise_inside_the_frame() -> None:
    image = rgb([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert levels("tilt", 90, image) == [[3, 6, 9], [2, 5, 8], [1, 4, 7]]
    assert levels("tilt", 0, image) == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    # of a wide picture turned upright only the middle is left, with gray beside it
    wide = levels("tilt", 90, rgb([[9] * 7] * 3))
    assert wide == [[GRAY, GRAY, 9, 9, 9, GRAY, GRAY]] * 3
    corners = np.array(levels("tilt", 20, rgb([[50] * 40] * 30)))
    assert corners[0, 0] == corners[0, -1] == corners[-1, 0] == corners[-1, -1] == GRAY
    assert corners[15, 20] == 50


def test_turn_goes_by_quarters_and_exchanges_the_sides() -> None:
    image = rgb([[1, 2, 3], [4, 5, 6]])
    assert levels("turn", 90, image) == [[3, 6], [2, 5], [1, 4]]
    assert levels("turn", 180, image) == [[6, 5, 4], [3, 2, 1]]
    assert levels("turn", 270, image) == [[4, 1], [5, 2], [6, 3]]
    with pytest.raises(UsageError, match="quarter turns are 90, 180 or 270 degrees, not 45"):
        CONDITIONS["turn"].case(45)


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name not in ("rate", "viewpoint")])
def test_times_and_damage_stay_and_frames_stream(name: str) -> None:
    strength = CONDITIONS[name].strengths[-1]
    image = rgb([[10 * row + column for column in range(16)] for row in range(16)])
    found = seen(name, strength, image, image, image)
    assert [frame.time for frame in found] == [0.0, 0.1, 0.2]
    assert [frame.corrupt for frame in found] == [False, True, False]
    view = CONDITIONS[name].case(strength).view()
    assert view is not None
    taken = []

    def endless() -> Iterator[Frame]:
        for k in range(10_000):
            taken.append(k)
            yield Frame(k / 10, image)

    assert len(list(islice(view(endless()), 3))) == 3
    assert len(taken) < 10


def labels(cases: list[Case]) -> list[str]:
    return [case.label for case in cases]


def test_all_conditions_follow_the_undisturbed_one() -> None:
    cases = make_cases()
    assert cases[0].condition is UNDISTURBED
    assert cases[0].view() is None
    assert labels(cases) == [
        "undisturbed",
        *("dark 50%", "dark 20%", "dark 10%"),
        *("noise 10 levels", "noise 25 levels", "noise 50 levels"),
        *("blur 1%", "blur 2%", "blur 4%"),
        *("compression 32 CRF", "compression 38 CRF", "compression 44 CRF"),
        *("rate 8 fps", "rate 5 fps", "rate 3 fps"),
        *("edges 10%", "edges 20%", "edges 30%"),
        *("cover 15%", "cover 30%", "cover 45%"),
        "mirror",
        *("tilt 5°", "tilt 10°", "tilt 20°"),
        *("turn 90°", "turn 180°"),
    ]
    keys = [case.key for case in cases]
    assert len(set(keys)) == len(keys)
    assert keys[:3] == ["undisturbed", "dark-50", "dark-20"]
    assert NAMES.split(", ") == list(CONDITIONS)


def test_conditions_and_strengths_are_chosen() -> None:
    cases = make_cases(["noise", "mirror", "noise"], {"noise": [12.5, 3, 12.5]})
    assert labels(cases) == ["undisturbed", "noise 12.5 levels", "noise 3 levels", "mirror"]
    assert cases[1].key == "noise-12.5"


@pytest.mark.parametrize(
    ("names", "strengths", "message"),
    [
        (["fog"], {}, "no condition 'fog', only dark, noise, blur"),
        (["undisturbed"], {}, "no condition 'undisturbed'"),
        ([], {"fog": [1]}, "no condition 'fog'"),
        (["dark"], {"noise": [1]}, "not among --conditions"),
        (["dark"], {"dark": [101]}, "must be 0 to 100 % of the brightness, not 101"),
        (["blur"], {"blur": [0]}, "must be 0.01 to 50"),
        (["mirror"], {"mirror": [1]}, "mirror has no strengths"),
    ],
)
def test_what_makes_no_sense_is_refused(
    names: list[str], strengths: dict[str, list[float]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_cases(names, strengths)


def test_no_strength_where_one_is_needed() -> None:
    with pytest.raises(UsageError, match="strength of noise must be"):
        CONDITIONS["noise"].case(None)
