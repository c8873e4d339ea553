"""Hard negatives: what a model takes for a fall in footage in which nobody falls.

In: a detector and videos. Out: short clips on disk, which training draws from.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import make_folder
from slipdetect.cli.console import Console
from slipdetect.cli.sources import footage
from slipdetect.detection import Detector
from slipdetect.errors import DataError, UsageError, VideoError
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.data.windows import MINED
from slipdetect.lab.prepare.cut_plan import PlannedClip
from slipdetect.lab.prepare.cutting import cut_video
from slipdetect.lab.prepare.rows import OTHER, Row, write_rows
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.options import TrainOptions
from slipdetect.lab.train.records import refuse_earlier_run
from slipdetect.types import Window

logger = logging.getLogger(__name__)

LIST = "mined.csv"
MOST = 200  # clips
_MARGIN = 0.5  # seconds of footage kept before and after a window
# of x264: else compression would tell these clips from the rest, and they are all negatives
_LOSSLESS = 0


@dataclass(frozen=True)
class FalseAlarm:
    """A stretch of a video, seconds, that looked like a fall, and its highest probability."""

    start: float
    end: float
    score: float


def with_mined(
    console: Console,
    clips: Sequence[Clip],
    configs: Mapping[str, TrainConfig],
    options: TrainOptions,
) -> list[Clip]:
    """Return ``clips`` and what the model to start from takes for falls in the footage.

    Raises:
        UsageError: The run starts from no model, trains on whole clips, or has many processes.
        OutputError: ``options.out`` holds an earlier run.
    """
    config = next(iter(configs.values()))
    if any(config.init_from is None for config in configs.values()):
        raise UsageError(
            "--negatives learns from the false alarms of a model: name it with --init-from, "
            "such as --init-from default"
        )
    if any(config.sampling != "windows" for config in configs.values()):
        raise UsageError("--negatives gives windows to learn from; --set sampling=windows")
    refuse_earlier_run(options.out, overwrite=options.overwrite, resume=options.resume)
    folder = options.out / "mined"
    if options.resume and (folder / LIST).is_file():
        mined = read_annotations(folder / LIST)
        console.note(
            f"going on with the {len(mined)} false alarms that were mined before; the footage is "
            "not searched again"
        )
    else:
        mined = _mine(console, folder, str(config.init_from), options)
    return [*clips, *mined]


def _mine(console: Console, folder: Path, model: str, options: TrainOptions) -> list[Clip]:
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError(
            "footage is searched in one process: begin the run there with --negatives, stop it, "
            "and go on with many processes and --resume"
        )
    videos = footage(options.negatives)
    if (folder / LIST).exists():
        shutil.rmtree(folder)
    detector = Detector.load(model, options.device)
    with console.bar(len(videos)) as bar:

        def show(done: int, total: int) -> None:
            bar.show(done, f"looking for false alarms {done}/{total}", now=done == total)

        mined = mine(detector, videos, folder, options.mine_above, show)
    if mined:
        console.note(
            f"{len(mined)} false alarms of {model!r} to learn from, listed in "
            f"{str(folder / LIST)!r}; if somebody falls in one, take it out of the footage"
        )
    else:
        console.warn(
            f"{model!r} takes nothing in the footage for a fall with a probability of "
            f"{options.mine_above:g}; nothing is added (--mine-above)"
        )
    return mined


def false_alarms(
    windows: Sequence[Window], duration: float, above: float, most: int = MOST
) -> list[FalseAlarm]:
    """Return stretches around the most probable windows of a video, in seconds and by time.

    None overlaps another, none ends after ``duration`` seconds, and the windows have a probability
    of ``above`` at least.
    """
    kept: list[FalseAlarm] = []
    for window in sorted(windows, key=lambda window: (-window.probability, window.start)):
        if window.probability < above or len(kept) == most:
            break
        start, end = max(window.start - _MARGIN, 0.0), min(window.end + _MARGIN, duration)
        if all(end <= other.start or start >= other.end for other in kept):
            kept.append(FalseAlarm(start, end, window.probability))
    return sorted(kept, key=lambda alarm: alarm.start)


def mine(
    detector: Detector,
    videos: Sequence[Path],
    folder: Path,
    above: float,
    on_video: Callable[[int, int], None] = lambda done, total: None,
    most: int = MOST,
) -> list[Clip]:
    """Cut the false alarms of ``detector`` out of footage and list them in ``folder/mined.csv``.

    A video that cannot be read is warned of and left out. Of windows of a probability of ``above``
    or more the ``most`` surest become clips, which lose nothing but roundings of colors.
    ``on_video`` is called with videos done and videos in all.

    Returns:
        The clips, all for training; none where the detector was never fooled.

    Raises:
        DataError: None of the videos can be read.
        OutputError: The folder cannot be written.
    """
    alarms: list[tuple[Path, FalseAlarm]] = []
    unread = 0
    for index, video in enumerate(videos):
        try:
            result = detector.detect(video)
            found = false_alarms(result.windows, result.duration, above, most)
            alarms += [(video, alarm) for alarm in found]
        except VideoError as error:
            logger.warning("left out: %s", error)
            unread += 1
        on_video(index + 1, len(videos))
    if unread == len(videos):
        raise DataError("none of the footage can be read; check the folder given with --negatives")
    if not alarms:
        return []
    make_folder(folder)
    kept = sorted(alarms, key=lambda item: -item[1].score)[:most]
    rows: list[Row] = []
    for video in videos:
        own = [alarm for source, alarm in kept if source == video]
        if own:
            rows += _cut(video, sorted(own, key=lambda alarm: alarm.start), folder)
    write_rows(rows, folder / LIST, overwrite=True)
    return read_annotations(folder / LIST)


def _cut(video: Path, alarms: Sequence[FalseAlarm], folder: Path) -> list[Row]:
    """Write the clips of one video, in order of time; return their rows."""
    # two cameras may call their recordings the same
    name = f"{video.stem[:40]}-{hashlib.sha256(str(video).encode()).hexdigest()[:6]}"
    plan = [
        (PlannedClip(alarm.start, alarm.end), folder / f"{name}-{1000 * alarm.start:08.0f}.mp4")
        for alarm in alarms
    ]
    cut_video(video, plan, overwrite=True, quality=_LOSSLESS)
    return [
        Row(
            path=path,
            label=OTHER,
            group=f"{MINED} {name}",
            dataset=MINED,
            split="train",
            more={
                "video": video.name,
                "from_s": f"{alarm.start:.2f}",
                "score": f"{alarm.score:.4f}",
            },
        )
        for (_, path), alarm in zip(plan, alarms, strict=True)
    ]
