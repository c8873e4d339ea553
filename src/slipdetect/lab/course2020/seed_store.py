"""Pictures of the 2020 report's archives as videos of a store, with the recipe of their flow.

In: files that lie in their places, and what is known of them. Out: manifests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2

from slipdetect.errors import DataError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.registry import complete_parameters
from slipdetect.lab.course2020.seed_clips import Facts, Verdict
from slipdetect.lab.course2020.seed_files import FLOW_U, FLOW_V, FRAMES, Picture
from slipdetect.lab.course2020.seed_gathering import Fact
from slipdetect.lab.prepare.jpeg import jpeg_size
from slipdetect.store.layout import TsnLayout, Unit, frames_per_unit
from slipdetect.store.manifest import ExtractionRecipe, Manifest, Shard, digest, manifest_path
from slipdetect.store.source import SourceIdentity

METHOD, BOUND = "tvl1-opencv", 15.0


def author_flow() -> dict[str, Any]:
    """Return the recipe of the archives' flow.

    The 2020 report, 2.2: DualTVL1 of OpenCV's contrib modules with its defaults on gray frames,
    ``round((flow + 15) * 255 / 30)`` cut to 0..255, JPEG. Of OpenCV's version nothing is known.
    """
    return {
        "method": METHOD,
        "bound": BOUND,
        "parameters": complete_parameters(METHOD, {}),
        "rounding": "half to even",
        "codec": "jpeg",
        "origin": "2020 course report, 2.2; by its author",
    }


def compute_flow(
    folder: Path, verdict: Verdict
) -> tuple[dict[str, dict[int, Fact]], FlowExtractor]:
    """Write the flow that a clip lacks, made as its author made that of the others.

    Returns:
        Facts of u and v by number, and what made them.
    """
    extractor = FlowExtractor(METHOD, "cpu", bound=BOUND)
    fields = extractor.iter(_frames(folder, verdict))
    made: dict[str, dict[int, Fact]] = {FLOW_U: {}, FLOW_V: {}}
    for kind in made:
        (folder / f"{verdict.name}{kind}").mkdir(exist_ok=True)
        for path in (folder / f"{verdict.name}{kind}").iterdir():
            path.unlink()
    for index, field in enumerate(fields):
        unit = Unit(0, index, flows=[extractor.quantize(field)])
        for name, data in TsnLayout().encode(verdict.name, unit, rgb=False).items():
            (folder / name).write_bytes(data)
            picture = Picture.of(name)
            if picture is not None:
                fact = Fact(len(data), digest(data), jpeg_size(data), folder)
                made[picture.kind][picture.number] = fact
    return made, extractor


def write_manifest(
    folder: Path,
    verdict: Verdict,
    clip: Mapping[str, Facts],
    flow: Mapping[str, Any] | None,
    fps: float,
) -> None:
    """Write the manifest of a clip whose pictures lie in their places.

    Args:
        folder: The store.
        verdict: Of a clip that is not broken.
        clip: Its pictures by kind and number.
        flow: Recipe of its flow, or None where it has none that can be used.
        fps: Frames a second; the pictures do not say it.
    """
    width, height = verdict.size
    manifest = Manifest(
        key=verdict.name,
        path_key=verdict.name,
        source=_identity(verdict.name, clip[FRAMES]),
        recipe=ExtractionRecipe(layout="tsn", flow=flow),
        frames=verdict.frames,
        flows=0 if flow is None else verdict.frames - 1,
        width=width,
        height=height,
        decoding={"frames": verdict.frames, "failures": 0, "truncated": False, "warnings": []},
        times=tuple(index / fps for index in range(verdict.frames)),
        shards=tuple(_shards(verdict, clip, flow is not None)),
    )
    manifest_path(folder, verdict.name).write_bytes(manifest.to_bytes())


def _frames(folder: Path, verdict: Verdict) -> Iterator[Any]:
    for number in range(1, verdict.frames + 1):
        picture = Picture(verdict.name, FRAMES, number, "")
        image = cv2.imread(str(folder / picture.target), cv2.IMREAD_COLOR)
        if image is None:
            raise DataError(f"{picture.target!r} cannot be decoded; take its clip out")
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _identity(name: str, frames: Facts) -> SourceIdentity:
    """Return what the frames are recognized by, wherever they came from."""
    content = "".join(frames[number].sha256 for number in sorted(frames))
    whole = hashlib.sha256(content.encode("ascii")).hexdigest()
    return SourceIdentity(name, sum(fact.bytes for fact in frames.values()), 0, whole)


def _shards(verdict: Verdict, clip: Mapping[str, Facts], flow: bool) -> Iterator[Shard]:
    width, height = verdict.size
    size = frames_per_unit(height, width)
    for index, first in enumerate(range(0, verdict.frames, size)):
        numbers = range(first + 1, min(first + size, verdict.frames) + 1)
        led = [number for number in numbers if number < verdict.frames] if flow else []
        wanted = [(FRAMES, number) for number in numbers]
        wanted += [(kind, number) for number in led for kind in (FLOW_U, FLOW_V)]
        files = {}
        for kind, number in wanted:
            fact = clip[kind][number]
            files[Picture(verdict.name, kind, number, "").target] = (fact.bytes, fact.sha256)
        yield Shard(index, first, len(numbers), len(led), files)
