"""Which clips ``--confirm-down`` alarms: people who stay down, and people who get up again.

In: a model that looks at people, the real clips of SLIPDETECT_TEST_DATA. Out: a table on stdout,
the figures as JSON.

    python benchmarks/confirm_down.py --model default --write benchmarks/results/confirm_down.json

Real clips end too soon to tell, so each is prolonged by its last frame under fresh noise. In
rendered clips somebody slips, trips or faints, lies for a moment and gets up the way they fell, at
half the speed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect import Detector
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.types import DetectionResult
from slipdetect.video import open_video, write_video

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples"))

PROLONGED = 8.0  # seconds
NOISE = 2.0  # gray levels of 255
LIES = 0.6  # seconds on the floor
RATE = 20  # of rendered clips, frames a second
FALLS = ("slip", "trip", "faint")
_WANTED = {True: "all", False: "none", None: "who stays down"}

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Kind:
    """Clips of which the same is wanted.

    Attributes:
        name: What they show.
        alarmed: Whether the people in them stay down; None where some do.
        clips: Make a clip in a folder each, and return it.
    """

    name: str
    alarmed: bool | None
    clips: list[Callable[[Path], Path]]


@dataclass(frozen=True)
class Row:
    """What was found in the clips of a kind.

    Attributes:
        name: Of the kind.
        wanted: Whether alarms are wanted; None where that depends on the clip.
        clips: How many there are.
        without: Clips with an event without ``--confirm-down``.
        confirmed: Clips with one with it.
        up_again: Clips in which the person of an event was seen to be up again.
    """

    name: str
    wanted: bool | None
    clips: int
    without: int
    confirmed: int
    up_again: int


def prolonged(clip: Path) -> Callable[[Path], Path]:
    """Return what writes a clip that goes on for ``PROLONGED`` seconds with its last frame."""

    def make(folder: Path) -> Path:
        target = folder / f"{clip.parent.name}-{clip.stem}.mp4"
        with open_video(clip) as video:
            rate = video.info.frame_rate or 25.0
            shown = [frame.image for frame in video.frames()]
        rng = np.random.default_rng(0)
        noise = rng.normal(0, NOISE, (16, *shown[-1].shape)).astype(np.float32)
        more = (
            np.clip(shown[-1] + noise[rng.integers(16)], 0, 255).astype(np.uint8)
            for _ in range(round(PROLONGED * rate))
        )
        write_video(target, [*shown, *more], rate)
        return target

    return make


def falls_and_gets_up(seed: int) -> Callable[[Path], Path]:
    """Return what renders somebody who falls and gets up at once."""

    def make(folder: Path) -> Path:
        from rendering.clip import Clip as Rendered
        from rendering.clip import motion_of, random_scene

        action = FALLS[seed % len(FALLS)]
        scene = random_scene(seed, action, width=426, height=240, frame_rate=RATE, duration=6.0)
        motion = motion_of(scene)
        (_, end), *_ = motion.events
        steps = round((end + LIES) * len(motion.joints) / scene.duration)
        there = motion.joints[:steps]
        joints = np.concatenate([there, np.repeat(there[::-1], 2, axis=0)])
        seconds = scene.duration * len(joints) / len(motion.joints)
        longer = replace(scene, duration=seconds)
        target = folder / f"{action}-{seed}.mp4"
        clip = Rendered(longer, replace(motion, joints=joints))
        write_video(target, clip.frames(), float(RATE))
        return target

    return make


def kinds(data: Path, rendered: int) -> Iterator[Kind]:
    """Yield what is looked at."""
    clips = [clip for clip in read_annotations(data / "clips.csv", data)]
    front = [clip for clip in clips if clip.dataset == "urfd" and "cam0" in clip.path.name]
    falls = [prolonged(clip.path) for clip in front if clip.positive]
    yield Kind("urfd: falls, prolonged lying", True, falls)
    yield Kind(
        "rendered: falls, up at once", False, [falls_and_gets_up(i) for i in range(rendered)]
    )
    risen = [prolonged(clip.path) for clip in front if _gets_up(clip)]
    # most of them end before the person is up again
    yield Kind("urfd: lies down, gets up", None, risen)
    others = [clip for clip in front if not clip.positive and not _gets_up(clip)]
    # some end on a bed, a sofa or the floor, where their last frame keeps them
    yield Kind("urfd: other daily living", None, [prolonged(clip.path) for clip in others])
    home = [clip for clip in clips if clip.dataset == "gmdcsa24" and not clip.positive]
    yield Kind("gmdcsa24: daily living", None, [prolonged(clip.path) for clip in home])


def _gets_up(clip: Clip) -> bool:
    return "get up from floor" in clip.columns.get("action", "")


def look(kind: Kind, detector: Detector, folder: Path) -> Iterator[DetectionResult]:
    """Yield what is found in each clip of a kind."""
    for make in kind.clips:
        path = make(folder)
        yield detector.detect(path)
        path.unlink()


def table(rows: list[Row], seconds: float) -> str:
    """Return the rows as Markdown."""
    lines = [
        f"| clips | | any event | with `--confirm-down {seconds:g}` | seen up again | wanted |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.name} | {row.clips} | {row.without} | {row.confirmed} | {row.up_again} "
        f"| {_WANTED[row.wanted]} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    """Look at all clips and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default", help="a model that looks at people")
    parser.add_argument("--seconds", type=float, default=5.0, help="of --confirm-down")
    parser.add_argument("--onset", type=float, help="of events; the model's own by default")
    parser.add_argument("--rendered", type=int, default=12, help="rendered clips")
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--write", type=Path, help="the figures, as JSON")
    chosen = parser.parse_args()
    data = Path(os.environ.get("SLIPDETECT_TEST_DATA", ROOT.parent / "shared" / "data"))
    events = {"confirm_down": chosen.seconds, "onset": chosen.onset}
    detector = Detector.load(chosen.model, events=events)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for kind in kinds(data, chosen.rendered):
            if chosen.only not in kind.name:
                continue
            without = confirmed = up_again = 0
            for result in look(kind, detector, Path(scratch)):
                every = result.at(confirm_down=0.0).events
                without += bool(every)
                confirmed += bool(result.events)
                up_again += any(event.recovered_at is not None for event in every)
                if bool(result.events) != bool(kind.alarmed):
                    print(f"to be looked at: {result}", file=sys.stderr)
            count = len(kind.clips)
            rows.append(Row(kind.name, kind.alarmed, count, without, confirmed, up_again))
    print(table(rows, chosen.seconds))
    if chosen.write is not None:
        facts = {
            "model": detector.scorer.name,
            "weights": dict(detector.scorer.weights),
            "events": detector.event_config.to_json(),
            "rows": [vars(row) for row in rows],
        }
        chosen.write.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
