"""Render one fall from several camera places, and tell how sure the bundled model is of each.

In: camera places. Out: clips, a table on stdout, and a picture with a row for each place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from rendering.clip import Clip, motion_of, random_scene
from rendering.places import Place, parse_place, seen_from
from rendering.save import save_clip

from slipdetect import Detector

PLACES = ("60", "120", "180", "270", "0:0.5", "0:-1")
WIDTH, HEIGHT, RATE = 320, 240, 10
SHRUNK = 2  # the picture's copies of frames are so much smaller
_CELL = 1.8  # inches
_NAMES = 0.65  # of a cell

Row = tuple[str, float, str, list[npt.NDArray[np.uint8]]]


def main(arguments: list[str] | None = None) -> int:
    """Render what is missing, judge every clip, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the clips and places.png")
    parser.add_argument("--seed", type=int, default=0, help="0: as in slip.mp4")
    parser.add_argument(
        "--places", type=parse_place, nargs="+", metavar="DEGREES[:METERS]",
        default=[parse_place(text) for text in PLACES],
        help="so far around the person, so much higher, beside the first place",
    )  # fmt: skip
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    scene = random_scene(chosen.seed, "slip", width=WIDTH, height=HEIGHT, frame_rate=RATE)
    detector = Detector.load("default", device="cpu", exact=True)
    rows: list[Row] = []
    for place in dict.fromkeys([Place(), *chosen.places]):
        target = chosen.out / f"{chosen.seed}-{place}.mp4"
        if not target.with_suffix(".json").exists():
            save_clip(Clip(seen_from(scene, place)), target)
        found = detector.detect(target)
        sure = max(window.probability for window in found.windows)
        events = ", ".join(f"{event.start:.1f}-{event.end:.1f}" for event in found.events)
        ((start, end),) = motion_of(scene).events
        seen = frames_at(target, [start, (start + end) / 2, end, end + 1])
        rows.append((_name(place), sure, events or "-", seen))
        print(f"{_name(place):28}{sure:.4f}  {events or '-'}", flush=True)
    draw(rows, chosen.out / "places.png")
    return 0


def _name(place: Place) -> str:
    if place.first:
        return "first place"
    around = f"{place.azimuth:g}° around" if place.azimuth else ""
    higher = f"{abs(place.rise):g} m {'higher' if place.rise > 0 else 'lower'}"
    return ", ".join(filter(None, (around, higher if place.rise else "")))


def frames_at(path: Path, times: Sequence[float]) -> list[npt.NDArray[np.uint8]]:
    """Return the first frame at or after each time in seconds, shrunk."""
    found: list[npt.NDArray[np.uint8]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if len(found) == len(times):
                break
            if frame.time >= times[len(found)]:
                size = frame.width // SHRUNK, frame.height // SHRUNK
                found.append(frame.to_ndarray(format="rgb24", width=size[0], height=size[1]))
    return found


def draw(rows: Sequence[Row], target: Path) -> None:
    """Write the picture: a row for each place, a column for each moment."""
    columns = len(rows[0][3])
    size = (_CELL * (columns + _NAMES), 0.75 * _CELL * len(rows))
    figure = Figure(size, dpi=90, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    widths = [_NAMES, *[1] * columns]
    grid = figure.subplots(len(rows), columns + 1, squeeze=False, width_ratios=widths)
    for axes, (name, sure, _, pictures) in zip(grid, rows, strict=True):
        axes[0].text(0, 0.5, f"{name}\n{sure:.4f}", va="center", fontsize=11)
        for cell, picture in zip(axes[1:], pictures, strict=True):
            cell.imshow(picture, interpolation="none")
        for cell in axes:
            cell.axis("off")
    canvas.draw()
    # few colors make a third of the bytes
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    picture.quantize(128, Image.Quantize.MAXCOVERAGE, kmeans=2).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
