"""Looking at what a store holds of a video.

In: a manifest or shards. Out: which shards are damaged, and why.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slipdetect._io import file_sha256
from slipdetect.store.manifest import Shard


def damaged_shards(folder: Path, shards: Iterable[Shard], *, hashes: bool) -> dict[int, str]:
    """Return the shards whose files are not as recorded: index -> what is wrong with one of them.

    Args:
        folder: The store.
        shards: What was recorded.
        hashes: Compare contents; otherwise only sizes, which takes no reading.
    """
    found = {}
    for shard in shards:
        problem = _problem(folder, shard, hashes=hashes)
        if problem is not None:
            found[shard.index] = problem
    return found


def _problem(folder: Path, shard: Shard, *, hashes: bool) -> str | None:
    for name, (size, sha256) in shard.files.items():
        path = folder / name
        try:
            found = path.stat().st_size
            if found != size:
                return f"{str(path)!r} has {found} bytes instead of {size}"
            if hashes and file_sha256(path) != sha256:
                return f"{str(path)!r} has other content than was written"
        except FileNotFoundError:
            return f"{str(path)!r} is missing"
        except OSError as error:
            return f"{str(path)!r} cannot be read: {error.strerror}"
    return None
