"""Simulated skeletons: joints, cameras and the pose estimator's noise, without a picture.

In: small scenes. Out: places in pictures worked out here in plain loops; files that come out again.
"""

from __future__ import annotations

import csv
import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from slipdetect.people.skeletons import Skeletons
from slipdetect.types.person import KEYPOINTS, Person

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``examples/simulate_skeletons.py`` as a module, with its neighbors importable meanwhile."""
    path = EXAMPLES / "simulate_skeletons.py"
    spec = importlib.util.spec_from_file_location("simulate_skeletons", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLES))
    try:
        sys.modules["simulate_skeletons"] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module


def part(name: str) -> ModuleType:
    return sys.modules[f"rendering.{name}"]


def standing(heading: float = 0.0) -> np.ndarray:
    skeleton = part("skeleton")
    joints: np.ndarray = skeleton.joints_of(skeleton.pose(), np.array([0.0, 0.0, 0.92]), heading)
    return joints


@pytest.mark.parametrize("roll", [0.0, 30.0, -170.0])
def test_a_camera_sees_points_where_a_pinhole_puts_them(script: ModuleType, roll: float) -> None:
    viewpoints = part("viewpoints")
    position, forward = [0.5, -3.0, 2.0], [0.3, 2.5, -1.1]
    view = viewpoints.Viewpoint(
        np.array(position), viewpoints.axes_of(np.array(forward), roll), 200.0, 320, 240
    )
    points = np.random.default_rng(0).uniform((-1, 0, 0), (1, 1, 1.8), (20, 3))
    pixels, ahead = view.see(points)
    length = math.hypot(*forward)
    f = [value / length for value in forward]
    level = math.hypot(f[0], f[1])
    right = [f[1] / level, -f[0] / level, 0.0]  # level, to the right of the way it looks
    up = [-f[0] * f[2] / level, -f[1] * f[2] / level, level]
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    for index, point in enumerate(points.tolist()):
        way = [point[k] - position[k] for k in range(3)]
        x, y, z = (sum(axis[k] * way[k] for k in range(3)) for axis in (right, up, f))
        turned = cos * x - sin * y, -cos * y - sin * x
        expected = 160 + 200 * turned[0] / z, 120 + 200 * turned[1] / z
        assert pixels[index] == pytest.approx(expected)
        assert ahead[index] == pytest.approx(z)


def test_cameras_are_drawn_as_high_as_they_should_and_look_at_the_target(
    script: ModuleType,
) -> None:
    rng = np.random.default_rng(5)
    target = np.array([1.0, -2.0, 0.6])
    views = [part("viewpoints").draw_viewpoint(target, rng) for _ in range(400)]
    above = np.array([view.position[2] for view in views])
    far = np.array([math.dist(view.position[:2], target[:2]) for view in views])
    steep = far <= 1.6
    assert 0.10 < steep.mean() < 0.20
    assert (above[steep] >= 2.4).all()
    assert 0.36 < (above[~steep] > 1.7).mean() < 0.50  # 45 of 60 have 94% of theirs there
    assert far[~steep].min() >= 2.0
    assert len({(view.width, view.height) for view in views}) == 3
    for view in views:
        x, y = view.see(target)[0]
        # off by an angle of about 0.15 m at the target's distance
        off = math.hypot(x - view.width / 2, y - view.height / 2) / view.focal
        assert off < 0.7 / math.dist(view.position, target)


@pytest.mark.parametrize("heading", [0.0, 90.0, 210.0])
def test_keypoints_of_who_stands_upright(script: ModuleType, heading: float) -> None:
    joints = standing(heading)
    keypoints, crown, ahead = part("keypoints").keypoints_of(joints)
    at = dict(zip(KEYPOINTS, keypoints, strict=True))
    cos, sin = math.cos(math.radians(heading)), math.sin(math.radians(heading))
    assert ahead == pytest.approx([cos, sin, 0.0], abs=1e-6)
    head = joints[2]
    for name, forward, left, up in (
        ("nose", 0.10, 0.0, -0.01), ("left_eye", 0.08, 0.03, 0.03),
        ("right_eye", 0.08, -0.03, 0.03), ("left_ear", 0.0, 0.075, 0.0),
        ("right_ear", 0.0, -0.075, 0.0),
    ):  # fmt: skip
        away = [forward * cos - left * sin, forward * sin + left * cos, up]
        assert at[name] - head == pytest.approx(away, abs=1e-6), name
    assert crown - head == pytest.approx([0.0, 0.0, 0.13], abs=1e-6)
    for side, name in enumerate(("left", "right")):
        for index, limb in ((3, "shoulder"), (5, "elbow"), (7, "wrist"), (9, "hip"), (11, "knee"),
                            (13, "ankle")):  # fmt: skip
            assert np.array_equal(at[f"{name}_{limb}"], joints[index + side])


def test_a_face_nods_with_its_head(script: ModuleType) -> None:
    skeleton = part("skeleton")
    joints = skeleton.joints_of(skeleton.pose(nod=40), np.array([0.0, 0.0, 0.9]), 0.0)
    _, _, ahead = part("keypoints").keypoints_of(joints)
    down = math.radians(40)
    assert ahead == pytest.approx([math.cos(down), 0.0, -math.sin(down)], abs=1e-6)


def still(script: ModuleType, frames: int) -> tuple[object, object]:
    """Somebody who stands before a camera, filling most of the picture, as a track and a view."""
    keypoints, crown, ahead = part("keypoints").keypoints_of(np.stack([standing(-90.0)] * frames))
    viewpoints = part("viewpoints")
    axes = viewpoints.axes_of(np.array([0.0, 1.0, 0.0]), 0.0)
    view = viewpoints.Viewpoint(np.array([0.0, -3.0, 0.9]), axes, 300.0, 320, 240)
    return part("detector").Track3(keypoints, crown, ahead), view


def test_who_stands_still_is_found_about_where_they_are(script: ModuleType) -> None:
    track, view = still(script, 40)
    true = view.see(track.keypoints)[0]  # type: ignore[attr-defined]
    size = true[0, :, 1].max() - true[0, :, 1].min()
    middle, seen, surest = [], 0, 0.0
    for seed in range(12):
        found = part("detector").found_in(track, view, 5.0, np.random.default_rng(seed))
        assert len(found) == 40
        people = [person for person in found if person is not None]
        seen += len(people)
        for person in people:
            off = np.linalg.norm(person.keypoints[:, :2] - true[0], axis=1) / size
            middle.append(float(np.median(off)))
            surest = max(surest, float(person.keypoints[:, 2].max()))
            left, top, right, bottom = person.box
            assert left < right
            assert top < bottom
            assert abs(bottom - true[0, :, 1].max()) < 0.25 * size
            assert person.score < person.keypoints[:, 2].max()
    assert seen > 0.9 * 12 * 40
    assert 0.003 < float(np.median(middle)) < 0.05
    assert 0.5 < surest <= 0.95


def test_who_moves_fast_is_seen_less_surely_and_less_exactly(script: ModuleType) -> None:
    detector = part("detector")
    rng = np.random.default_rng(3)
    slow, fast = np.zeros((200, 17)), np.full((200, 17), 4.0)
    depth, looks = np.full((200, 17), 4.0), np.full(200, -1.0)
    sizes = [
        detector._errors(speed, 5.0, np.random.default_rng(1)).mean() for speed in (slow, fast)
    ]
    assert sizes[1] == pytest.approx(3 * sizes[0])
    scores = [
        np.mean([detector._scores(speed, looks, depth, 5.0, rng) for _ in range(20)])
        for speed in (slow, fast)
    ]
    assert scores[1] == pytest.approx(math.exp(-0.48) * scores[0], rel=0.1)


def test_slow_noise_is_as_large_as_white_noise_and_neighbors_are_alike(script: ModuleType) -> None:
    noise = part("detector").slow_noise((20000, 2), 10.0, np.random.default_rng(0))
    assert noise.shape == (20000, 2)
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(noise[:-1, 0], noise[1:, 0])[0, 1] == pytest.approx(0.8, abs=0.03)
    assert abs(np.corrcoef(noise[:-5, 0], noise[5:, 0])[0, 1]) < 0.05


def test_left_and_right_are_swapped_as_their_names_say(script: ModuleType) -> None:
    mirrored = part("detector")._MIRRORED
    for index, name in enumerate(KEYPOINTS):
        other = name
        if name.startswith("left_"):
            other = "right_" + name[5:]
        elif name.startswith("right_"):
            other = "left_" + name[6:]
        assert KEYPOINTS[mirrored[index]] == other


def test_nobody_is_found_behind_the_camera(script: ModuleType) -> None:
    track, view = still(script, 10)
    viewpoints = part("viewpoints")
    axes = viewpoints.axes_of(np.array([0.0, -1.0, 0.0]), 0.0)
    away = viewpoints.Viewpoint(view.position, axes, 300.0, 320, 240)  # type: ignore[attr-defined]
    found = part("detector").found_in(track, away, 5.0, np.random.default_rng(0))
    assert found == [None] * 10


def test_who_fell_is_found_before_and_lies_still_after(script: ModuleType) -> None:
    takes = part("takes")
    take = takes.make_take(1, 2, "slip")
    ((start, end),) = take.events
    assert take.seconds >= end + 1.5
    (actor,) = take.actors
    last = [actor.at(take.seconds - back) for back in (0.0, 0.7, 1.45)]
    assert np.array_equal(last[0], last[1])
    assert np.array_equal(last[0], last[2])
    assert last[0][:3, 2].max() < 0.4
    skeletons, ((begin, _),) = takes.see_take(take, 1, 2, 0)
    assert 0 <= start - begin < 0.2  # of the frames' phase
    assert np.diff(skeletons.times) == pytest.approx(0.2)
    assert skeletons.times[-1] <= take.seconds
    near = [
        found for time, found in zip(skeletons.times, skeletons.people, strict=True)
        if begin - 0.4 < time < begin + end - start + 0.6
    ]  # fmt: skip
    assert np.mean([len(found) for found in near]) >= 0.5


def test_some_fall_among_others_and_are_found_with_them(script: ModuleType) -> None:
    takes = part("takes")
    take = takes.make_take(8, 1, "crowd-fall")
    assert len(take.events) == 1
    assert 2 <= len(take.actors) <= 4
    for other in take.actors[1:]:
        assert 0.7 <= np.linalg.norm(np.array(other.place)) <= 3.5
        assert other.motion.events == ()
    most = []
    for view in range(4):
        skeletons, events = takes.see_take(take, 8, 1, view)
        assert len(events) == 1
        most.append(max(len(found) for found in skeletons.people))
    assert 1 < max(most) <= len(take.actors)
    assert takes.make_take(8, 5, "crowd").events == ()


def test_who_stands_behind_somebody_is_covered(script: ModuleType) -> None:
    track, view = still(script, 3)
    back = np.array([0.0, 1.0, 0.0])
    moved = track.keypoints + back  # type: ignore[attr-defined]
    behind = part("detector").Track3(moved, track.crown + back, track.ahead)  # type: ignore[attr-defined]
    covered = part("detector").covered_by(behind, [track], view)
    points = view.see(moved[0])[0]  # type: ignore[attr-defined]
    front = view.see(track.keypoints[0])[0]  # type: ignore[attr-defined]
    crown = view.see(track.crown[0])[0]  # type: ignore[attr-defined]
    body = [front[k] for k in (0, 1, 2, 3, 4, 5, 6, 11, 12)] + [crown]
    for index in range(17):
        expected = all(
            min(point[axis] for point in body) < points[index][axis]
            and points[index][axis] < max(point[axis] for point in body)
            for axis in (0, 1)
        )
        assert covered[0, index] == expected, KEYPOINTS[index]
    assert covered[0].any()
    assert not covered[0].all()
    assert not part("detector").covered_by(track, [behind], view).any()


def same(one: Person, other: Person) -> bool:
    return np.array_equal(one.keypoints, other.keypoints) and np.array_equal(one.box, other.box)


def test_a_view_depends_on_seed_scene_and_view_alone(script: ModuleType) -> None:
    takes = part("takes")

    def seen(seed: int, number: int, view: int) -> list[Person]:
        skeletons, _ = takes.see_take(takes.make_take(seed, number, "sit"), seed, number, view)
        return [person for found in skeletons.people for person in found]

    once, again = seen(4, 1, 1), seen(4, 1, 1)
    assert len(once) == len(again) > 5
    assert all(map(same, once, again))
    for other in (seen(4, 1, 0), seen(4, 2, 1), seen(5, 1, 1)):
        assert not same(once[0], other[0])


def test_falls_are_as_often_as_asked_for_and_of_every_kind(script: ModuleType) -> None:
    takes = part("takes")
    drawn = [takes.draw_action(0, number, 0.42) for number in range(1200)]
    falls = [action for action in drawn if action in (*takes.FALLS, "crowd-fall")]
    assert len(falls) / 1200 == pytest.approx(0.42, abs=0.04)
    for kind in takes.FALLS:
        assert falls.count(kind) / len(drawn) == pytest.approx(0.42 / 20, abs=0.015)
    assert falls.count("crowd-fall") / len(drawn) == pytest.approx(3 * 0.42 / 20, abs=0.025)
    low = set(part("exercises").EXERCISES) | set(part("living").LIVING) - {"idle"}
    low |= {"nap", "sit-floor", "lie", "get-up", "kneel"}
    assert sum(action in low for action in drawn) / 1200 == pytest.approx(0.42, abs=0.05)
    assert set(drawn) == set(takes.TAKES)


def test_only_the_actions_asked_for_are_drawn(script: ModuleType) -> None:
    takes = part("takes")
    chosen = ["slip", "yoga", "mat"]
    drawn = [takes.draw_action(0, number, 0.5, chosen) for number in range(300)]
    assert set(drawn) == set(chosen)
    assert drawn.count("slip") / 300 == pytest.approx(0.5, abs=0.1)
    assert drawn.count("yoga") > drawn.count("mat")
    assert {takes.draw_action(0, number, 0.1, ["ice"]) for number in range(20)} == {"ice"}
    assert {takes.draw_action(0, number, 0.9, ["mat"]) for number in range(20)} == {"mat"}


def test_a_stopped_run_goes_on_where_it_stopped(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "draw_action", lambda *_: "walk")
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert script.main([str(whole), "--count", "2", "--views", "2", "--seed", "3"]) == 0
    assert script.main([str(stopped), "--count", "1", "--views", "1", "--seed", "3"]) == 0
    (stopped / "3-00000-1.npz").write_bytes(b"half a file whose truth was never written")
    first = (stopped / "3-00000-0.npz").stat()
    assert script.main([str(stopped), "--count", "2", "--views", "2", "--seed", "3"]) == 0
    assert (stopped / "3-00000-0.npz").stat().st_mtime_ns == first.st_mtime_ns
    names = sorted(path.name for path in whole.iterdir())
    assert names == sorted(path.name for path in stopped.iterdir())
    for name in names:
        assert (whole / name).read_bytes() == (stopped / name).read_bytes(), name
    with pytest.raises(SystemExit, match="of a run with other --falls; choose another"):
        script.main([str(stopped), "--count", "1", "--falls", "0.5", "--seed", "3"])
    with pytest.raises(SystemExit, match="of a run with other --actions; choose another"):
        script.main([str(stopped), "--count", "1", "--actions", "walk", "--seed", "3"])


def test_a_scene_that_cannot_be_made_is_skipped_and_counted(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = script.make_take

    def make(seed: int, number: int, action: str) -> object:
        if number == 0:
            raise ValueError("it came out with joints that are no numbers")
        return made(seed, number, "slip")

    monkeypatch.setattr(script, "make_take", make)
    monkeypatch.setattr(script, "draw_action", lambda *_: "slip")
    assert script.main([str(tmp_path), "--count", "2", "--views", "1"]) == 0
    output = capsys.readouterr()
    assert output.out == "1 views of 1 scenes; 1 scenes skipped\n"
    assert output.err == "skipped: scene 0, slip: it came out with joints that are no numbers\n"
    with (tmp_path / "clips.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert list(row) == ["path", "label", "start", "end", "group", "dataset", "action"]
    assert (row["label"], row["dataset"], row["action"]) == ("fall", "simulated", "slip")
    skeletons = Skeletons.load(tmp_path / row["path"])
    assert 0 < float(row["start"]) < float(row["end"]) < skeletons.times[-1]


@pytest.mark.parametrize("option", [["--views", "0"], ["--count", "0"], ["--falls", "1.2"]])
def test_numbers_that_make_no_sense_end_in_a_line(
    script: ModuleType, tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        script.main([str(tmp_path / "out"), *option])
    assert "must be at least 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
