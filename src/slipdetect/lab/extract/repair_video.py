"""Writing the damaged shards of a stored video again, and nothing else.

In: a video, its manifest and which shards. Out: the files as the manifest describes them.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from slipdetect.errors import OutputError
from slipdetect.lab.extract.folders import prepare_folders
from slipdetect.lab.extract.shards import encode_shard
from slipdetect.lab.extract.tools import GO_ON, Interrupted, Outcome, Progress, Tools
from slipdetect.lab.extract.video_units import VideoUnits
from slipdetect.store.files import write_files
from slipdetect.store.manifest import Manifest


def repair_video(
    path: Path, manifest: Manifest, damaged: Collection[int], tools: Tools, on_progress: Progress
) -> Outcome:
    """Make ``damaged`` shards anew; files that are as they were written are not touched.

    Raises:
        VideoError: The video cannot be read.
        OutputError: What comes out is not what was recorded, or cannot be written.
        Interrupted: It was asked to stop.
    """
    key = manifest.key
    prepare_folders(tools, key, {name for shard in manifest.shards for name in shard.files})
    left = set(damaged)
    done = {shard.index for shard in manifest.shards} - left
    with VideoUnits(path, tools, on_progress) as video:
        for unit in video.units(done):
            shard, files = encode_shard(tools, key, unit)
            if unit.index not in left or shard != manifest.shards[unit.index]:
                break
            write_files(tools.folder, files)
            left.remove(unit.index)
            if not left:
                return Outcome(manifest.frames, manifest.flows)
            if tools.stopping() != GO_ON:
                raise Interrupted
    raise OutputError(
        f"{str(path)!r} gives other bytes now than when it was extracted, as other library"
        " versions do; pass --overwrite to extract it anew"
    )
