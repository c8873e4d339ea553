"""Render many clips of falls and of what looks like them, from many views: data to train on.

In: how many, and a seed. Out: H.264 clips and a ``clips.csv`` that ``slipdetect train`` takes.

A run that was stopped goes on where it stopped; clips depend on the seed and their number alone,
and on the camera places where several are asked for.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rendering.clip import (
    Clip,
    Scene,
    camera_of,
    motion_of,
    placed,
    random_scene,
    support_of,
)
from rendering.furniture import BACK, LEFT, RIGHT
from rendering.motion import ACTIONS, FALLS, UNSEEN
from rendering.places import HIGHEST, LOWEST, WIDEST, Place, moments, parse_place, seen_from
from rendering.save import FIELDS, PLACE_FIELDS, save_clip, save_list

# How often what is no fall is drawn; what looks like a fall outweighs walking.
OTHERS = {
    "walk": 2, "sit": 2, "crouch": 2, "lie": 2, "sit-fast": 4, "stand-up": 2, "lie-bed": 3,
    "lie-fast": 4, "pick-up": 3, "squat": 2, "sit-floor": 3, "kneel": 3, "jump": 2, "get-up": 2,
}  # fmt: skip
# What is drawn unless --actions says otherwise: these falls alike, the others by weight.
USUAL = (
    "slip", "trip", "faint", "slide", "tumble", "collapse", "backward", "sideways", "knees",
    "off-chair", "rising", *OTHERS,
)  # fmt: skip
SHAKEN, DARK = 0.2, 0.1
TRIES = 3000  # views drawn before it is given up that one suits all camera places


def draw_scene(
    seed: int,
    number: int,
    falls: float,
    places: Sequence[Place] = (Place(),),
    actions: Sequence[str] = USUAL,
) -> Scene:
    """Return scene ``number``: one of ``actions``, a room and a view drawn from ``(seed, number)``.

    The view is the first one drawn in which the action is seen from all ``places``.
    """
    rng = np.random.default_rng([seed, number, 5])
    fallen = [action for action in actions if action in FALLS]
    others = [action for action in actions if action not in FALLS]
    drawn = rng.uniform() < falls
    if fallen and (drawn or not others):
        action = str(rng.choice(fallen))
    else:
        weights = np.array([OTHERS.get(action, 2) for action in others], float)
        action = str(rng.choice(others, p=weights / weights.sum()))
    who, seconds = int(rng.integers(1 << 30)), float(rng.uniform(5.0, 7.0))
    for _ in range(TRIES):
        scene = _any_view(who, action, seconds, rng)
        if all(in_view(seen_from(scene, place)) for place in places) and (
            len(places) == 1 or all(stands(seen_from(scene, place)) for place in places)
        ):
            return scene
    raise SystemExit(
        f"no view of {action!r} in scene {number} shows it from all --places; ask for fewer places "
        "or for another --seed"
    )


def _any_view(seed: int, action: str, seconds: float, rng: np.random.Generator) -> Scene:
    above, far = rng.uniform(1.3, 2.65), rng.uniform(2.7, 4.9)
    # the camera looks at the middle of the person, more or less
    down = math.degrees(math.atan2(above - 0.75, far)) + rng.uniform(-5, 5)
    heading, dark = float(rng.uniform(0, 360)), rng.uniform() < DARK
    shake = float(rng.uniform(0.2, 1.0)) if rng.uniform() < SHAKEN else 0.0
    gain = rng.uniform(math.log(0.35), math.log(1.4))
    if dark:
        gain = rng.uniform(math.log(0.03), math.log(0.12))
    if action in ("sit-fast", "stand-up", "lie-bed", "lie-fast", "get-up", "sit-hard", "nap"):
        # seats are square to the room, and seldom show the camera their back
        turn = float(rng.choice([0.0, 90.0, 90.0, 180.0, 180.0, 360.0, 270.0]))
        heading = turn + float(rng.uniform(-12, 12))
    portrait = rng.uniform() < 0.15
    width, height = (240, 426) if portrait else (426, 240) if rng.uniform() < 0.6 else (320, 240)
    return random_scene(
        seed,
        action,
        width=width,
        height=height,
        frame_rate=10,
        duration=seconds,
        spot=(float(rng.uniform(-0.9, 0.9)), float(far)),
        heading=heading,
        above=float(above),
        down=float(down),
        side=float(rng.uniform(-8, 8)),
        focal=float(rng.uniform(0.55, 1.0)) * (1.6 if portrait else 1.0),
        shutter=float(rng.choice([0.1, 0.2, 0.33, 0.5])),
        noise=float(rng.uniform(1.0, 5.0)),
        gain=float(np.exp(gain)),
        shake=shake,
    )


def in_view(scene: Scene) -> bool:
    """Whether most of the person is seen while the action happens, and stays inside the room."""
    motion = motion_of(scene)
    start, end = moments(scene)
    camera = camera_of(scene)
    for time in (start, (start + end) / 2, end, end + 0.6):
        joints = placed(scene, motion.at(time))
        right, down, ahead = camera.axes @ (joints - camera.position).T
        size = scene.width * scene.focal / np.maximum(ahead, 1e-3)
        inside = (abs(right * size) < scene.width / 2) & (abs(down * size) < scene.height / 2)
        if (inside & (ahead > 0.5)).mean() < 0.8 or joints[:, 1].max() > BACK:
            return False
    return all(
        box.low[0] > LEFT and box.high[0] < RIGHT and box.low[1] > 0.9 and box.high[1] < BACK
        for box in support_of(scene)
    )


def stands(scene: Scene) -> bool:
    """Whether a camera may be where that of ``scene`` is, and the action is clear of the walls."""
    joints = np.concatenate([placed(scene, motion_of(scene).at(t)) for t in moments(scene)])
    inside = joints[:, 0].min() > LEFT and joints[:, 0].max() < RIGHT
    lens = scene.focal * scene.width / max(scene.width, scene.height)
    return inside and LOWEST <= scene.above <= HIGHEST and lens >= WIDEST


def main(arguments: list[str] | None = None) -> int:
    """Render what is missing, then write the annotation file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the clips and clips.csv")
    parser.add_argument("--count", type=int, default=200, help="clips, or scenes with --places")
    parser.add_argument("--falls", type=float, default=0.45, help="share of clips with a fall")
    parser.add_argument("--seed", type=int, default=0, help="of every draw")
    shown = [action for action in ACTIONS if action not in UNSEEN]
    parser.add_argument(
        "--actions", nargs="+", choices=shown, default=USUAL, metavar="ACTION",
        help="what clips may show, by default the older ones of: " + ", ".join(shown),
    )  # fmt: skip
    parser.add_argument(
        "--places", type=parse_place, nargs="+", metavar="DEGREES[:METERS]", default=[],
        help="show every scene from more camera places: so far around the person, so much higher",
    )  # fmt: skip
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    places = list(dict.fromkeys([Place(), *chosen.places]))
    rows: list[tuple[object, ...]] = []
    for number in range(chosen.count):
        scene = draw_scene(chosen.seed, number, chosen.falls, places, chosen.actions)
        for place in places:
            row = _clip(chosen.out, f"{chosen.seed}-{number:04d}", scene, place, places)
            rows.append(row)
    save_list(chosen.out, rows, (*FIELDS, *PLACE_FIELDS) if len(places) > 1 else FIELDS)
    return 0


def _clip(
    folder: Path, known_as: str, scene: Scene, place: Place, places: Sequence[Place]
) -> tuple[object, ...]:
    """Render a scene from a place, if that is not done, and return its row of the list."""
    group = f"rendered-{known_as}"
    several = len(places) > 1
    name = f"{known_as}-{scene.action}" + (f"-{place}.mp4" if several else ".mp4")
    target = folder / name
    truth = target.with_suffix(".json")
    seen = {"places": [str(each) for each in places]} if several else {}
    if not truth.exists():
        save_clip(Clip(seen_from(scene, place)), target, quality=23, more=seen)
        sys.stderr.write(f"{name}\n")
    known = json.loads(truth.read_text())
    if known.get("places") != seen.get("places"):
        raise SystemExit(f"{str(target)!r} is of a run with other --places; choose another folder")
    start, end = next(((e["start"], e["end"]) for e in known["events"]), ("", ""))
    label = "fall" if known["events"] else "other"
    row = (name, "rendered", "Apache-2.0", label, scene.action, start, end, group)
    return (*row, group, f"{place.azimuth:g}", f"{place.rise:g}") if several else row


if __name__ == "__main__":
    sys.exit(main())
