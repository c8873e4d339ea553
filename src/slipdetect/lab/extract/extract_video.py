"""Extracting one video into a store, or going on where that was interrupted.

In: a video and ``Tools``. Out: its files in the store, the manifest last, and an ``Outcome``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from slipdetect.errors import UsageError
from slipdetect.lab.extract.check import damaged_shards
from slipdetect.lab.extract.folders import check_unused, prepare_folders, remove_folders
from slipdetect.lab.extract.journal import Journal, journal_path
from slipdetect.lab.extract.plan import Task
from slipdetect.lab.extract.shards import ShardWriter
from slipdetect.lab.extract.space import check_space
from slipdetect.lab.extract.tools import GO_ON, Interrupted, Outcome, Progress, Tools
from slipdetect.lab.extract.video_units import VideoUnits
from slipdetect.store.files import sync_folders, write_files
from slipdetect.store.manifest import Manifest, manifest_path, read_manifest
from slipdetect.store.source import SourceIdentity


def extract_video(task: Task, tools: Tools, on_progress: Progress) -> Outcome:
    """Extract a video; shards that an interrupted run left whole are kept.

    Args:
        task: Which video, its name, and whether what is there under that is thrown away.
        tools: What to work with.
        on_progress: See ``VideoUnits``.

    Raises:
        VideoError: The video cannot be read.
        UsageError: Its pictures are too small for flow.
        OutputError: The store cannot be written, or holds something else under this name.
        Interrupted: It was asked to stop.
    """
    path, key = task.path, task.key
    source = SourceIdentity.of(path)
    if not task.anew:
        made = read_manifest(tools.folder, key)
        begun = journal_path(tools.folder, key).exists()
        if made is not None and not begun and (made.source, made.recipe) == (source, tools.recipe):
            # another process finished it and ended before it could say so
            return _outcome(made)
        check_unused(tools.folder, key, plain=task.is_plain)
    with VideoUnits(path, tools, on_progress) as video, Journal(tools.folder, key) as journal:
        header: dict[str, Any] = {"source": source.to_json(), "recipe": tools.recipe.to_json()}
        if task.is_plain:
            header["path_key"] = task.path_key
        if task.anew or journal.header != header:
            journal.start(header)
            manifest_path(tools.folder, key).unlink(missing_ok=True)
        try:
            _write_missing(video, key, tools, journal)
        except UsageError:
            # pictures that the flow method cannot take leave nothing behind
            remove_folders(tools.folder, key)
            journal.remove()
            raise
        manifest = _manifest(task, source, tools, video, journal)
        write_files(tools.folder, {manifest_path(Path(), key).name: manifest.to_bytes()})
        journal.remove()
        sync_folders([tools.folder])
    return _outcome(manifest)


def _outcome(manifest: Manifest) -> Outcome:
    return Outcome(manifest.frames, manifest.flows, tuple(manifest.decoding["warnings"]))


def _write_missing(video: VideoUnits, key: str, tools: Tools, journal: Journal) -> None:
    """Write the shards that the journal does not have, or has damaged."""
    damaged = damaged_shards(tools.folder, journal.shards.values(), hashes=True)
    done = {index: shard for index, shard in journal.shards.items() if index not in damaged}
    prepare_folders(tools, key, {name for shard in done.values() for name in shard.files})
    there = sum(size for shard in done.values() for size, _ in shard.files.values())
    check_space(tools.folder, video.info, tools.recipe, video.height, video.width, there)
    with ShardWriter(tools, key, journal) as writer:
        for unit in video.units(done.keys()):
            writer.write(unit)
            if tools.stopping() != GO_ON:
                break
        else:
            return
    raise Interrupted


def _manifest(
    task: Task,
    source: SourceIdentity,
    tools: Tools,
    video: VideoUnits,
    journal: Journal,
) -> Manifest:
    if not source.same_stat(task.path):
        video.report.warn("the file changed while it was read")
    shards = tuple(journal.shards[index] for index in sorted(journal.shards))
    return Manifest(
        key=task.key,
        path_key=task.path_key,
        source=source,
        recipe=tools.recipe,
        request=tools.request,
        frames=len(video.times),
        flows=sum(shard.flows for shard in shards),
        width=video.width,
        height=video.height,
        decoding=asdict(video.report),
        times=tuple(video.times),
        shards=shards,
    )
