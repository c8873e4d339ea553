"""The manifest of a stored video: what was made from what, how, and every file's hash.

In: facts about an extraction. Out: one JSON file, the same bytes for the same facts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from slipdetect.errors import DataError
from slipdetect.store.recipe import ExtractionRecipe
from slipdetect.store.source import SourceIdentity

FORMAT_VERSION = 1
_FORMAT = "slipdetect extraction"


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

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any], key: str) -> Self:
        """Read what ``to_json`` wrote.

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
        if (
            not all(inside.fullmatch(name) for name in files)
            or min(index, first, frames, flows) < 0
        ):
            raise DataError("a shard names files outside its folder")
        return cls(index, first, frames, flows, files)


@dataclass(frozen=True)
class Manifest:
    """A finished extraction.

    Attributes:
        key: Name of the video in the store.
        path_key: Its name by ``store_key``, which tells it from others of the same plain name.
        source: The file it was made from.
        recipe: How it was made.
        request: Digest of what was asked for, see ``ExtractionRequest.digest``.
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
    request: str | None
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
            "version": FORMAT_VERSION,
            "key": self.key,
            **({} if self.path_key == self.key else {"path_key": self.path_key}),
            "source": self.source.to_json(),
            "recipe": self.recipe.to_json(),
            "request": self.request,
            "frames": self.frames,
            "flows": self.flows,
            "width": self.width,
            "height": self.height,
            "decoding": dict(self.decoding),
            "times": list(self.times),
        }
        lines = [f"{json.dumps(name)}: {_compact(value)}" for name, value in facts.items()]
        shards = ",\n".join(_compact(shard.to_json()) for shard in self.shards)
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
            if facts["version"] > FORMAT_VERSION:
                raise DataError(f"format {facts['version']}; this slipdetect reads 1")
            return cls._from_facts(facts)
        except (KeyError, TypeError, ValueError, AttributeError, DataError) as error:
            raise DataError(
                f"manifest {name!r} cannot be used ({_first_line(error)}); run extract --repair"
            ) from error

    @classmethod
    def _from_facts(cls, facts: Mapping[str, Any]) -> Self:
        numbers = {name: int(facts[name]) for name in ("frames", "flows", "width", "height")}
        manifest = cls(
            key=str(facts["key"]),
            path_key=str(facts.get("path_key", facts["key"])),
            source=SourceIdentity.from_json(facts["source"]),
            recipe=ExtractionRecipe.from_json(facts["recipe"]),
            request=facts["request"],
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


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
