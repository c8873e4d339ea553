"""What a detector said of annotated clips, kept as JSON lines so that tables need no second run.

In: a detector and clips. Out: ``ClipPrediction`` rows; a file of them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from slipdetect._io import atomic_write
from slipdetect.datasets import Clip
from slipdetect.detection import Detector
from slipdetect.errors import DataError, VideoError

logger = logging.getLogger(__name__)

Interval = tuple[float, float]


@dataclass(frozen=True)
class ClipPrediction:
    """One clip: what is true and what was found.

    Attributes:
        clip: Name of the clip, relative to the data folder if it lies there.
        source: Its data set.
        positive: Whether somebody falls in it.
        truth: True events, ``(start, end)`` seconds; empty if none or unknown.
        seconds: Length of the clip.
        score: Largest window probability.
        events: Found events, ``(start, end, score)``.
        action: What happens in it, where the annotation file has that column.
    """

    clip: str
    source: str
    positive: bool
    truth: tuple[Interval, ...]
    seconds: float
    score: float
    events: tuple[tuple[float, float, float], ...]
    action: str = ""


def predict(
    detector: Detector,
    clips: Sequence[Clip],
    root: Path,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[ClipPrediction]:
    """Run ``detector`` over ``clips``; a clip that cannot be read is reported and left out."""
    for index, clip in enumerate(clips):
        try:
            found = detector.detect(clip.path)
        except VideoError as error:
            logger.warning("left out: %s", error)
        else:
            yield ClipPrediction(
                clip=_name(clip.path, root),
                source=clip.source,
                positive=clip.positive,
                truth=clip.events,
                seconds=round(found.duration, 3),
                score=round(max(window.probability for window in found.windows), 4),
                events=tuple(
                    (round(event.start, 3), round(event.end, 3), round(event.score, 4))
                    for event in found.events
                ),
                action=clip.columns.get("action", ""),
            )
        on_clip(index + 1, len(clips))


def _name(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def write_predictions(predictions: Iterable[ClipPrediction], target: Path) -> None:
    """Write one JSON object a line, replacing ``target``."""
    with atomic_write(target, overwrite=True) as temporary:
        lines = (json.dumps(asdict(item), allow_nan=False) + "\n" for item in predictions)
        temporary.write_text("".join(lines), encoding="utf-8")


def read_predictions(file: Path) -> list[ClipPrediction]:
    """Read what ``write_predictions`` wrote.

    Raises:
        DataError: The file is missing or malformed.
    """
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [
            ClipPrediction(
                **{
                    **row,
                    "truth": tuple((float(a), float(b)) for a, b in row["truth"]),
                    "events": tuple((float(a), float(b), float(p)) for a, b, p in row["events"]),
                }
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"cannot read predictions {str(file)!r}: {error}") from error
