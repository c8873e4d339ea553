"""Archives as the 2020 course report's author packed them: frames and flow of clips, as JPEG files.

In: names of clips. Out: the files of an archive, made by OpenCV as his program made them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

Files = dict[str, bytes]

# cv2's type stubs leave the contrib modules out
_cv2 = cast("Any", cv2)


def names(slips: int, others: int) -> list[str]:
    """Return names of clips, four of each group."""
    kinds = [("Slipping", slips), ("NotSlipping", others)]
    return [
        f"v_{kind}_g{i // 4 + 1:02d}_c{i % 4 + 1:02d}"
        for kind, count in kinds
        for i in range(count)
    ]


def jpeg(picture: np.ndarray) -> bytes:
    """Return what ``cv2.imwrite`` writes."""
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return data.tobytes()


def pictures(seed: int, count: int, size: tuple[int, int]) -> list[np.ndarray]:
    """Draw a block that falls, of another brightness for every seed."""
    width, height = size
    made = []
    for index in range(count):
        image = np.full((height, width, 3), 30 + seed * 7 % 60, np.uint8)
        top = (seed + index * 2) % (height - 8)
        image[top : top + 8, seed % 8 + 4 : seed % 8 + 16] = (200, 90 + seed % 100, 60)
        made.append(image)
    return made


def frames(name: str, seed: int, count: int, size: tuple[int, int] = (32, 24)) -> Files:
    """Return the frames of a clip."""
    return {
        f"{name}/frame_{index + 1:06d}.jpg": jpeg(image)
        for index, image in enumerate(pictures(seed, count, size))
    }


def flat_flow(name: str, count: int, size: tuple[int, int] = (32, 24)) -> Files:
    """Return flow that says that nothing moves, for tests that do not look at it."""
    still = jpeg(np.full((size[1], size[0]), 128, np.uint8))
    return {f"{name}_{part}/{i + 1:06d}.jpg": still for part in "uv" for i in range(count - 1)}


def author_flow(name: str, of: Mapping[str, bytes]) -> Files:
    """Return the flow of decoded frames as the listing of the 2020 report, 2.2, computes it."""
    grays = [
        cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2GRAY)
        for data in of.values()
    ]
    files: Files = {}
    for index in range(len(grays) - 1):
        solver = _cv2.optflow.DualTVL1OpticalFlow_create()
        flow = solver.calc(grays[index], grays[index + 1], None)
        levels = np.round((flow + 15) * (255.0 / 30)).astype(int)
        levels[levels >= 255] = 255
        levels[levels <= 0] = 0
        for channel, part in enumerate("uv"):
            data = jpeg(levels[..., channel].astype(np.uint8))
            files[f"{name}_{part}/{index + 1:06d}.jpg"] = data
    return files


def archive(path: Path, files: Mapping[str, bytes], top: str = "") -> Path:
    """Pack files as the author did, all below the folder ``top``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as zipped:
        for name, data in files.items():
            zipped.writestr(f"{top}{name}", data)
    return path


def clips(named: Iterable[str], count: int = 3) -> tuple[Files, Files]:
    """Return frames and still flow of many clips."""
    pairs = [(frames(n, i, count), flat_flow(n, count)) for i, n in enumerate(named)]
    images = {name: data for of_frames, _ in pairs for name, data in of_frames.items()}
    return images, {name: data for _, of_flow in pairs for name, data in of_flow.items()}
