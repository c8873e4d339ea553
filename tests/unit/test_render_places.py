"""One rendered scene from several camera places: the same person, elsewhere in the picture.

In: scenes and places. Out: where points of the room appear, worked out here; a small set on disk.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from slipdetect import Detector
from slipdetect.lab.data import read_annotations
from slipdetect.lab.stress.viewpoints import read_viewpoints

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name: str) -> ModuleType:
    """Return an example as a module, with its neighbors importable meanwhile."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLES))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EXAMPLES))
    return module


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``examples/render_set.py`` as a module."""
    return load("render_set")


def seen_at(script: ModuleType, scene: object, point: list[float]) -> tuple[float, float, float]:
    """Return where a camera sees a point: right of and below the middle, px, and meters ahead."""
    camera = script.camera_of(scene)
    right, down, ahead = (
        sum(float(axis[k]) * (point[k] - float(camera.position[k])) for k in range(3))
        for axis in camera.axes
    )
    size = camera.width * camera.focal / ahead
    return right * size, down * size, ahead


def trunk(script: ModuleType, scene: object, time: float) -> np.ndarray:
    return script.placed(scene, script.motion_of(scene).at(time))[0]


@pytest.mark.parametrize("place", ["60", "90", "180", "270", "0:0.4", "0:-0.9", "135:0.3"])
def test_who_acts_is_in_the_middle_and_as_large(script: ModuleType, place: str) -> None:
    places = sys.modules["rendering.places"]
    scene = sys.modules["rendering.clip"].random_scene(0, "crouch", duration=2.0)
    there = places.parse_place(place)
    view = places.seen_from(scene, there)
    event = 0.7, 1.0  # a third and a half of two seconds, where no event is known
    middle = [sum(trunk(script, scene, t)[k] for t in event) / 2 for k in (0, 1)]
    x, y, _ = seen_at(script, view, [*middle, 0.6])
    assert (x, y) == pytest.approx((0, 0), abs=1e-3)
    # a centimeter across, seen from either place at its own distance, has as many pixels
    before = [*middle, 0.6]
    far = math.dist(before, (0, 0, scene.above))
    near = math.dist(before, (*view.stand, view.above))
    assert view.focal / near == pytest.approx(scene.focal / far)
    assert near < far * 1.1 + abs(there.rise)
    assert view.above == pytest.approx(scene.above + there.rise)
    assert -3.3 < view.stand[0] < 3.3
    assert -1.0 < view.stand[1] < 6.2
    # counterclockwise from above, against the direction from the person to the first camera
    first = math.degrees(math.atan2(-middle[1], -middle[0]))
    turned = math.degrees(math.atan2(view.stand[1] - middle[1], view.stand[0] - middle[0]))
    assert (turned - first - there.azimuth + 180) % 360 == pytest.approx(180, abs=1e-6)


def test_the_first_place_is_the_scene_itself(script: ModuleType) -> None:
    places = sys.modules["rendering.places"]
    scene = sys.modules["rendering.clip"].random_scene(1, "walk")
    assert places.seen_from(scene, places.parse_place("360")) is scene


@pytest.mark.parametrize("text", ["left", "nan", "90:", "90:x", "0:5", "inf", "90:nan", ""])
def test_what_is_no_place_is_refused(script: ModuleType, text: str) -> None:
    places = sys.modules["rendering.places"]
    if text == "90:":
        assert places.parse_place(text) == places.Place(90.0, 0.0)
        return
    with pytest.raises(argparse.ArgumentTypeError, match="is no camera place such as 90"):
        places.parse_place(text)


def test_every_scene_of_a_set_is_seen_from_all_places(script: ModuleType) -> None:
    places = [sys.modules["rendering.places"].parse_place(t) for t in ("0", "90", "180", "0:0.6")]
    for number in range(2):
        scene = script.draw_scene(7, number, 0.0, places)
        event = 0.35 * scene.duration, 0.5 * scene.duration
        for place in places:
            view = sys.modules["rendering.places"].seen_from(scene, place)
            for time in event:
                x, y, ahead = seen_at(script, view, trunk(script, view, time).tolist())
                assert abs(x) < view.width / 2
                assert abs(y) < view.height / 2
                assert ahead > 0.5
            assert 0.3 <= view.above <= 2.65


def test_a_set_is_what_stress_takes_and_keeps_its_places(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def save(clip: object, path: Path, quality: int, more: dict) -> None:
        drawn.append((path.name, clip.scene.stand))  # type: ignore[attr-defined]
        truth = {"events": [{"start": 2.0, "end": 3.0}], **more}
        path.with_suffix(".json").write_text(json.dumps(truth))

    monkeypatch.setattr(script, "save_clip", save)
    monkeypatch.setattr(script, "Clip", lambda scene: argparse.Namespace(scene=scene))
    args = [str(tmp_path), "--count", "1", "--falls", "0"]
    assert script.main([*args, "--places", "90", "0:0.5", "450"]) == 0
    assert len(drawn) == 3
    assert drawn[0][1] == (0, 0)
    assert drawn[2][1] == pytest.approx((0, 0), abs=1e-9)
    assert drawn[1][1] != pytest.approx((0, 0))
    found = read_viewpoints(read_annotations(tmp_path / "clips.csv"))
    assert [place.text for place in found.places] == ["90°", "+0.5 m"]
    assert len(found.reference) == 1
    assert {clip.path.name for clip in found.every(found.reference)} == {name for name, _ in drawn}
    assert script.main([*args, "--places", "90", "0:0.5"]) == 0
    assert len(drawn) == 3
    with pytest.raises(SystemExit, match="is of a run with other --places"):
        script.main([*args, "--places", "90"])


def test_only_the_actions_asked_for_are_rendered(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def save(clip: object, path: Path, quality: int, more: dict) -> None:
        drawn.append(clip.action)  # type: ignore[attr-defined]
        path.with_suffix(".json").write_text(json.dumps({"events": [], **more}))

    monkeypatch.setattr(script, "save_clip", save)
    monkeypatch.setattr(script, "Clip", lambda scene: scene)
    monkeypatch.setattr(script, "in_view", lambda scene: True)
    args = [str(tmp_path), "--count", "6", "--falls", "0.9"]
    assert script.main([*args, "--actions", "bows", "mat"]) == 0
    assert set(drawn) == {"bows", "mat"}
    with pytest.raises(SystemExit):  # a bicycle is not drawn
        script.main([*args, "--actions", "bicycle"])


def test_places_that_no_view_suits_end_in_a_line(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "TRIES", 5)
    with pytest.raises(SystemExit, match="ask for fewer places"):
        script.main([str(tmp_path), "--count", "1", "--falls", "0", "--places", "0:2.3", "0:-2.3"])


def test_without_places_the_list_is_the_old_one(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(clip: object, path: Path, quality: int, more: dict) -> None:
        path.with_suffix(".json").write_text(json.dumps({"events": [], **more}))

    monkeypatch.setattr(script, "save_clip", save)
    monkeypatch.setattr(script, "Clip", lambda scene: scene)
    assert script.main([str(tmp_path), "--count", "1", "--falls", "0"]) == 0
    header, row = (tmp_path / "clips.csv").read_text().splitlines()
    assert header == "path,dataset,license,label,action,event_start,event_end,group"
    assert row.split(",")[0].startswith("0-0000-")
    assert "az" not in row


@pytest.mark.slow
def test_one_fall_is_judged_and_drawn_from_every_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = load("render_places")
    monkeypatch.setattr(example, "WIDTH", 128)
    monkeypatch.setattr(example, "HEIGHT", 96)
    assert example.main([str(tmp_path), "--places", "90", "0:0.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:28].rstrip() for line in lines] == ["first place", "90° around", "0.5 m higher"]
    detector = Detector.load("default", device="cpu", exact=True)
    for line, name in zip(lines, ("az0", "az90", "az0-up0.5"), strict=True):
        windows = detector.detect(tmp_path / f"0-{name}.mp4").windows
        assert line[28:34] == f"{max(window.probability for window in windows):.4f}"
    assert (tmp_path / "places.png").read_bytes().startswith(b"\x89PNG")
