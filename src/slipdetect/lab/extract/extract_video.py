"""Extracting one video into a store, going on where that was interrupted, or repairing it.

In: a ``Task`` and an ``ExtractionContext``. Out: files in the store, the manifest last.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.extract.context import ExtractionContext, ExtractionResult, OnProgress
from slipdetect.lab.extract.files import (
    StoreUnwritable,
    check_unused,
    prepare_folders,
    sync_folders,
    write_files,
)
from slipdetect.lab.extract.journal import Journal, journal_path, open_journal
from slipdetect.lab.extract.plan import Task, damaged_shards
from slipdetect.lab.extract.units import VideoUnits, open_units
from slipdetect.store.layout import Unit
from slipdetect.store.manifest import Manifest, Shard, digest, manifest_path, read_manifest
from slipdetect.store.source import SourceIdentity
from slipdetect.workers import GO_ON, Interrupted

# bytes per pixel of a frame and of a flow; plain scenes need less than rich ones, so these are low
_BYTES_PER_PIXEL = {"npz": (0.6, 0.05), "tsn": (0.06, 0.04)}


def do_task(task: Task, context: ExtractionContext, on_progress: OnProgress) -> ExtractionResult:
    """Extract or repair a video; shards that an interrupted run left whole are kept.

    Raises:
        VideoError: The video cannot be read.
        UsageError: Its pictures are too small for flow.
        OutputError: The store cannot be written, or holds something else under this name.
        Interrupted: It was asked to stop.
    """
    if task.damaged:
        return _repair(task, context, on_progress)
    folder, key = context.folder, task.key
    source = SourceIdentity.of(task.path)
    if not task.from_scratch and not journal_path(folder, key).exists():
        made = read_manifest(folder, key)
        if made is not None and (made.source, made.recipe) == (source, context.recipe):
            # another process finished it and ended before it could say so
            return _result(made)
        check_unused(folder, key, plain=task.is_plain)
    header: dict[str, Any] = {"source": asdict(source), "recipe": context.recipe.to_json()}
    if task.is_plain:
        header["path_key"] = task.path_key
    with (
        open_units(task.path, context, on_progress) as video,
        open_journal(folder, key) as journal,
    ):
        if task.from_scratch or journal.header != header:
            journal.start(header)
            manifest_path(folder, key).unlink(missing_ok=True)
        try:
            _write_missing(video, key, context, journal)
        except UsageError:
            # pictures that the flow method cannot take leave nothing behind
            with suppress(OutputError):
                prepare_folders(folder, key, (), keep=())
            journal.remove()
            raise
        if not source.same_stat(task.path):
            video.report.warn("the file changed while it was read")
        shards = tuple(journal.shards[index] for index in sorted(journal.shards))
        manifest = Manifest(
            key=key,
            path_key=task.path_key,
            source=source,
            recipe=context.recipe,
            frames=len(video.times),
            flows=sum(shard.flows for shard in shards),
            width=video.width,
            height=video.height,
            decoding=asdict(video.report),
            times=tuple(video.times),
            shards=shards,
        )
        write_files(folder, {manifest_path(Path(), key).name: manifest.to_bytes()})
        journal.remove()
        sync_folders([folder])
    return _result(manifest)


def check_space(video: VideoUnits, context: ExtractionContext, there: int) -> None:
    """Compare the free space with a low estimate of what a video will take.

    Args:
        video: The video; nothing is needed where its header promises nothing.
        context: How it is extracted.
        there: Bytes of it that are written already.

    Raises:
        StoreUnwritable: It cannot fit.
    """
    info, recipe = video.info, context.recipe
    rate = info.frame_rate if recipe.sample_fps is None else recipe.sample_fps
    if info.duration is None or rate is None:
        return
    frames = info.duration * rate
    if recipe.max_frames is not None:
        frames = min(frames, recipe.max_frames)
    per_frame, per_flow = _BYTES_PER_PIXEL[recipe.layout]
    per_pixel = per_frame * recipe.rgb + per_flow * (recipe.flow is not None)
    needed = int(frames * video.height * video.width * per_pixel) - there
    free = shutil.disk_usage(context.folder).free
    if needed > free:
        raise StoreUnwritable(
            f"{info.source!r} takes about {needed / 1e9:.2g} GB and {free / 1e9:.2g} GB are free in"
            f" {str(context.folder)!r}; free some space and run the same again: it resumes"
        )


def _repair(task: Task, context: ExtractionContext, on_progress: OnProgress) -> ExtractionResult:
    """Write damaged shards again; intact files are not touched."""
    manifest = read_manifest(context.folder, task.key)
    if manifest is None:
        raise DataError(f"the manifest of {task.key!r} is gone; run extract again")
    _prepare(context, task.key, manifest.shards)
    left = set(task.damaged)
    done = {shard.index for shard in manifest.shards} - left
    with open_units(task.path, context, on_progress) as video:
        for unit in video.cut(done):
            shard, files = _encoded(context, task.key, unit)
            if unit.index not in left or shard != manifest.shards[unit.index]:
                break
            write_files(context.folder, files)
            left.remove(unit.index)
            if not left:
                return ExtractionResult(manifest.frames, manifest.flows)
            if context.stopping() != GO_ON:
                raise Interrupted
    raise OutputError(
        f"{str(task.path)!r} gives other bytes now than when it was extracted, as other library"
        " versions do; pass --overwrite to extract it again"
    )


def _write_missing(
    video: VideoUnits, key: str, context: ExtractionContext, journal: Journal
) -> None:
    """Write the shards that the journal does not have, or has damaged.

    A shard is written while the next one is computed.
    """
    damaged = damaged_shards(context.folder, journal.shards.values(), hashes=True)
    done = {index: shard for index, shard in journal.shards.items() if index not in damaged}
    _prepare(context, key, done.values())
    check_space(video, context, sum(size for s in done.values() for size, _ in s.files.values()))

    def write(unit: Unit) -> None:
        shard, files = _encoded(context, key, unit)
        write_files(context.folder, files)
        journal.add(shard)

    stopped = False
    with ThreadPoolExecutor(1, "shards") as pool:
        last: Future[None] | None = None
        for unit in video.cut(done.keys()):
            if last is not None:
                last.result()
            last = pool.submit(write, unit)
            stopped = context.stopping() != GO_ON
            if stopped:
                break
        if last is not None:
            last.result()
    if stopped:
        raise Interrupted


def _prepare(context: ExtractionContext, key: str, shards: Iterable[Shard]) -> None:
    recipe = context.recipe
    wanted = context.layout.folders(key, rgb=recipe.rgb, flow=recipe.flow is not None)
    keep = {name for shard in shards for name in shard.files}
    prepare_folders(context.folder, key, wanted, keep)


def _encoded(context: ExtractionContext, key: str, unit: Unit) -> tuple[Shard, dict[str, bytes]]:
    """Return what is recorded of a unit, and its files."""
    files = context.layout.encode(key, unit, rgb=context.recipe.rgb)
    facts = {name: (len(data), digest(data)) for name, data in files.items()}
    return Shard(unit.index, unit.first, len(unit.images), len(unit.flows), facts), files


def _result(manifest: Manifest) -> ExtractionResult:
    return ExtractionResult(manifest.frames, manifest.flows, tuple(manifest.decoding["warnings"]))
