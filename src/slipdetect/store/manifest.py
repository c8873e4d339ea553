"""The manifest of a stored video: what was made from what, how, and every file's hash.

In: facts about an extraction. Out: one JSON file, the same bytes for the same facts.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from slipdetect.errors import DataError, UsageError
from slipdetect.flow.recipe import difference, opencv_difference, recipe_differences
from slipdetect.store.source import SourceIdentity

LAYOUTS = ("npz", "tsn")
JPEG_QUALITY = 95

_FORMAT, _VERSION = "slipdetect extraction", 1
_PLAIN = ("layout", "sample_fps", "size", "rgb", "max_frames")


@dataclass(frozen=True)
class ExtractionRecipe:
    """Everything that decides what is written of a video.

    Attributes:
        layout: ``"npz"`` (lossless shards) or ``"tsn"`` (folders of JPEG files).
        sample_fps: Frames a second on a regular grid; None keeps every frame.
        size: Size mode as text, such as ``"native"`` or ``"short:256"``.
        rgb: Frames are stored.
        flow: Recipe of ``FlowExtractor``, or None where no flow is stored.
        max_frames: Frames after which a video is cut off; None is never.
        versions: Versions of the libraries at work, by name.
        stream: Which video stream was read, from 0.
    """

    layout: str = "npz"
    sample_fps: float | None = None
    size: str = "native"
    rgb: bool = True
    flow: Mapping[str, Any] | None = None
    max_frames: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    stream: int = 0

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise UsageError(f"unknown layout {self.layout!r}; choose from {', '.join(LAYOUTS)}")
        rate = self.sample_fps
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise UsageError(f"frames per second must be a positive number, not {rate!r}")
        if self.max_frames is not None and self.max_frames < 1:
            raise UsageError(f"max_frames must be 1 or more, not {self.max_frames}")
        if not self.rgb and self.flow is None:
            raise UsageError("neither frames nor flow are wanted; store one of them")

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain JSON values."""
        flow = None if self.flow is None else dict(self.flow)
        plain: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        if self.layout == "tsn":
            plain["jpeg_quality"] = JPEG_QUALITY
        if self.stream:  # manifests of before there was a choice have none
            plain["stream"] = self.stream
        return {**plain, "flow": flow, "versions": dict(self.versions)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            DataError: It is not a recipe, or one of a newer version.
        """
        try:
            values = {name: content[name] for name in (*_PLAIN, "flow", "versions")}
            return cls(**values, stream=content.get("stream", 0))
        except (KeyError, TypeError, UsageError) as error:
            raise DataError(f"not an extraction recipe ({error}); extract again") from error

    def differences(self, want: ExtractionRecipe) -> list[str]:
        """Return how this recipe differs from ``want``, one text a key; see ``recipe_differences``.

        Versions of libraries do not count but for the first number of OpenCV's.
        """
        found = [
            difference(name, getattr(self, name), getattr(want, name))
            for name in (*_PLAIN, "stream")
        ]
        if self.flow is not None and want.flow is not None:
            found += recipe_differences(self.flow, want.flow)
        else:
            found.append(difference("flow", _method(self.flow), _method(want.flow)))
        found.append(opencv_difference(self.versions.get("opencv"), want.versions.get("opencv")))
        return list(dict.fromkeys(text for text in found if text))


@dataclass(frozen=True)
class Shard:
    """A run of frames that is written, checked and repaired as a whole.

    Attributes:
        index: Number of the shard, from 0.
        first: Number of its first frame, from 0.
        frames: Frames in it.
        flows: Flows in it; flow i leads from frame i to frame i + 1.
        files: Path relative to the store -> (bytes, SHA-256 in hex).
    """

    index: int
    first: int
    frames: int
    flows: int
    files: Mapping[str, tuple[int, str]]

    @classmethod
    def from_json(cls, content: Mapping[str, Any], key: str) -> Self:
        """Read what JSON made of the fields.

        Raises:
            DataError: It is something else, or names a file outside the folders of ``key``.
        """
        inside = re.compile(re.escape(key) + r"(_u|_v)?/[a-z0-9_]+\.(npz|jpg)")
        try:
            index, first = int(content["index"]), int(content["first"])
            frames, flows = int(content["frames"]), int(content["flows"])
            files = {name: (int(size), str(sha)) for name, (size, sha) in content["files"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"not a shard ({error})") from error
        if min(index, first, frames, flows) < 0 or not all(map(inside.fullmatch, files)):
            raise DataError("a shard names files outside its folder")
        return cls(index, first, frames, flows, files)


@dataclass(frozen=True)
class Manifest:
    """A finished extraction.

    Attributes:
        key: Name of the video in the store.
        path_key: Its name by ``store_key``, unlike that of others of the same plain name.
        source: The file it was made from.
        recipe: How it was made.
        frames: Frames extracted.
        flows: Flows extracted, one less than frames, or 0 where none were wanted.
        width: Pixels per row.
        height: Rows.
        decoding: ``frames`` decoded, ``failures``, ``truncated`` and ``warnings``.
        times: Seconds of every frame.
        shards: Files, in order of time.
    """

    key: str
    path_key: str
    source: SourceIdentity
    recipe: ExtractionRecipe
    frames: int
    flows: int
    width: int
    height: int
    decoding: Mapping[str, Any]
    times: tuple[float, ...]
    shards: tuple[Shard, ...]

    def to_bytes(self) -> bytes:
        """Return the JSON text, a line per fact and per shard."""
        facts: dict[str, Any] = {
            "format": _FORMAT,
            "version": _VERSION,
            "key": self.key,
            **({} if self.path_key == self.key else {"path_key": self.path_key}),
            "source": asdict(self.source),
            "recipe": self.recipe.to_json(),
            "frames": self.frames,
            "flows": self.flows,
            "width": self.width,
            "height": self.height,
            "decoding": dict(self.decoding),
            "times": list(self.times),
        }
        lines = [f"{json.dumps(name)}: {_compact(value)}" for name, value in facts.items()]
        shards = ",\n".join(_compact(asdict(shard)) for shard in self.shards)
        return ("{\n" + ",\n".join(lines) + f',\n"shards": [\n{shards}\n]\n}}\n').encode()

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Self:
        """Read what ``to_bytes`` wrote.

        Args:
            data: Content of the file.
            name: What to call it in errors.

        Raises:
            DataError: It is damaged, something else, or of a newer version.
        """
        try:
            facts = json.loads(data)
            if facts["format"] != _FORMAT:
                raise DataError("another kind of file")
            if facts["version"] > _VERSION:
                raise DataError(f"format {facts['version']}; this slipdetect reads {_VERSION}")
            return cls._from_facts(facts)
        except (KeyError, TypeError, ValueError, AttributeError, DataError) as error:
            first_line = str(error).partition("\n")[0]
            raise DataError(
                f"manifest {name!r} cannot be used ({first_line}); run extract --repair"
            ) from error

    @classmethod
    def _from_facts(cls, facts: Mapping[str, Any]) -> Self:
        numbers = {name: int(facts[name]) for name in ("frames", "flows", "width", "height")}
        manifest = cls(
            key=str(facts["key"]),
            path_key=str(facts.get("path_key", facts["key"])),
            source=SourceIdentity(**facts["source"]),
            recipe=ExtractionRecipe.from_json(facts["recipe"]),
            decoding=dict(facts["decoding"]),
            times=tuple(float(time) for time in facts["times"]),
            shards=tuple(Shard.from_json(shard, facts["key"]) for shard in facts["shards"]),
            **numbers,
        )
        manifest._check_counts()
        return manifest

    def _check_counts(self) -> None:
        """Raise ``DataError`` unless the counts of frames, flows, times and shards agree."""
        flows = max(self.frames - 1, 0) if self.recipe.flow is not None else 0
        next_frame = 0
        for index, shard in enumerate(self.shards):
            if (shard.index, shard.first) != (index, next_frame):
                raise DataError("shards are missing or out of order")
            next_frame += shard.frames
        agree = (
            self.flows == flows == sum(shard.flows for shard in self.shards)
            and self.frames == next_frame == len(self.times)
            and min(self.width, self.height, self.frames) > 0
        )
        if not agree:
            raise DataError("the counts of frames and flows do not agree")


def manifest_path(folder: Path, key: str) -> Path:
    """Return where the manifest of a video is."""
    return folder / f"{key}.json"


def read_manifest(folder: Path, key: str) -> Manifest | None:
    """Return the manifest of a video, or None when it has none.

    Raises:
        DataError: It cannot be read or is damaged.
    """
    path = manifest_path(folder, key)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"cannot read manifest {str(path)!r}: {error.strerror}") from error
    manifest = Manifest.from_bytes(data, str(path))
    if manifest.key != key:
        raise DataError(f"manifest {str(path)!r} belongs to {manifest.key!r}; rename it back")
    return manifest


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def digest(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hex."""
    return hashlib.sha256(data).hexdigest()


def _method(flow: Mapping[str, Any] | None) -> str | None:
    return None if flow is None else str(flow.get("method"))
