"""Render a person who walks through a room and slips: a test clip that needs no real footage.

In: an action and a seed. Out: an H.264 clip and, beside it, its true events as JSON.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rendering.clip import render_clip
from rendering.motion import ACTIONS
from rendering.save import save_clip

HERE = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Render one clip; without options, regenerate ``examples/slip.mp4``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--action", choices=ACTIONS, default="slip", help="what the person does")
    parser.add_argument("--seed", type=int, default=0, help="of room, clothes, gait and noise")
    parser.add_argument("--out", type=Path, default=HERE / "slip.mp4", help="clip to write")
    parser.add_argument("--duration", type=float, default=10.0, help="seconds")
    parser.add_argument("--size", default="640x480", help="WIDTHxHEIGHT in pixels, even numbers")
    chosen = parser.parse_args(arguments)
    width, height = (int(part) for part in chosen.size.split("x"))
    clip = render_clip(
        chosen.seed, chosen.action, duration=chosen.duration, width=width, height=height
    )
    save_clip(clip, chosen.out)
    for start, end in clip.events:
        sys.stderr.write(f"{chosen.out}: falls from {start:.2f} s to {end:.2f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
