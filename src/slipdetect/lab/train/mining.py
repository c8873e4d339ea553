"""Hard negatives: what a model takes for a fall in footage in which nobody falls.

In: a detector and videos. Out: short clips on disk, which training draws from.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import make_folder
from slipdetect.detection import Detector
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.data.window_pool import MINED
from slipdetect.lab.prepare.cut_plan import PlannedClip
from slipdetect.lab.prepare.cutting import cut_video
from slipdetect.lab.prepare.rows import OTHER, Row
from slipdetect.lab.prepare.write import write_rows
from slipdetect.types import Window

logger = logging.getLogger(__name__)

LIST = "mined.csv"
# of x264: else compression would tell these clips from the rest, and they are all negatives
_LOSSLESS = 0


@dataclass(frozen=True)
class MiningRule:
    """What is worth learning from.

    Attributes:
        above: Windows of at least this probability are mined.
        most: Clips at most, of the surest false alarms.
        margin: Seconds of footage kept before and after such a window.
    """

    above: float = 0.2
    most: int = 200
    margin: float = 0.5


@dataclass(frozen=True)
class FalseAlarm:
    """A stretch of a video that looked like a fall.

    Attributes:
        start: Seconds; ``end`` too.
        end: See ``start``.
        score: Probability of its surest window.
    """

    start: float
    end: float
    score: float


def false_alarms(windows: Sequence[Window], duration: float, rule: MiningRule) -> list[FalseAlarm]:
    """Return stretches around the surest windows, none of which overlaps another, by time.

    Args:
        windows: Of one video.
        duration: Of the video, seconds.
        rule: What is worth learning from.
    """
    kept: list[FalseAlarm] = []
    for window in sorted(windows, key=lambda window: (-window.probability, window.start)):
        if window.probability < rule.above or len(kept) == rule.most:
            break
        start, end = max(window.start - rule.margin, 0.0), min(window.end + rule.margin, duration)
        if all(end <= other.start or start >= other.end for other in kept):
            kept.append(FalseAlarm(start, end, window.probability))
    return sorted(kept, key=lambda alarm: alarm.start)


def mine(
    detector: Detector,
    videos: Sequence[Path],
    folder: Path,
    rule: MiningRule | None = None,
    on_video: Callable[[int, int], None] = lambda done, total: None,
) -> list[Clip]:
    """Cut the false alarms of ``detector`` out of footage and list them in ``folder/mined.csv``.

    Args:
        detector: The model to learn from the mistakes of.
        videos: In which nobody falls; one that cannot be read is warned of and left out.
        folder: For the clips, which lose nothing but roundings of colors.
        rule: What is worth learning from.
        on_video: Called with videos done and videos in all.

    Returns:
        The clips, all for training; none where the detector was never fooled.

    Raises:
        DataError: None of the videos can be read.
        OutputError: The folder cannot be written.
    """
    rule = MiningRule() if rule is None else rule
    found: dict[Path, list[FalseAlarm]] = {}
    for index, video in enumerate(videos):
        try:
            result = detector.detect(video)
            found[video] = false_alarms(result.windows, result.duration, rule)
        except VideoError as error:
            logger.warning("left out: %s", error)
        on_video(index + 1, len(videos))
    if not found:
        raise DataError("none of the footage can be read; check the folder given with --normal")
    surest = _surest(found, rule.most)
    if not surest:
        return []
    make_folder(folder)
    rows = [row for video, alarms in surest.items() for row in _cut(video, alarms, folder)]
    write_rows(rows, folder / LIST, overwrite=True)
    return read_annotations(folder / LIST)


def _surest(found: Mapping[Path, Sequence[FalseAlarm]], most: int) -> dict[Path, list[FalseAlarm]]:
    """Return the surest false alarms of all videos, by video and time."""
    ranked = sorted(
        ((video, alarm) for video, alarms in found.items() for alarm in alarms),
        key=lambda item: -item[1].score,
    )
    kept: dict[Path, list[FalseAlarm]] = {}
    for video, alarm in ranked[:most]:
        kept.setdefault(video, []).append(alarm)
    return {
        video: sorted(kept[video], key=lambda alarm: alarm.start)
        for video in found
        if video in kept
    }


def _cut(video: Path, alarms: Sequence[FalseAlarm], folder: Path) -> list[Row]:
    """Write the clips of one video, in order of time; return their rows."""
    # two cameras may call their recordings alike
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
