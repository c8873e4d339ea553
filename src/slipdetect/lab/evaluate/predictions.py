"""What a detector found in annotated clips, kept so that tables need no second run.

In: a detector and clips. Out: ``ClipPrediction`` rows; a file of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect._io import atomic_write
from slipdetect.detection import Detector
from slipdetect.errors import DataError, UsageError, VideoError
from slipdetect.lab.data import Clip
from slipdetect.lab.evaluate.each_clip import each_clip
from slipdetect.lab.evaluate.scores import clip_name
from slipdetect.modalities.snippet import motion_extent, motion_profile, thumbnail
from slipdetect.types import Event, EventConfig, View, Window, find_events
from slipdetect.types.events import stream_names
from slipdetect.video import open_video

Interval = tuple[float, float]

# of the frames in which the size of what moves is measured
_RATE = 10.0  # a second
_SIDE = 120  # pixels on the shorter side; motion is judged on thumbnails of 60 rows


@dataclass(frozen=True)
class ClipPrediction:
    """One clip: what is true and what was found."""

    clip: str  # name of the clip, relative to the data folder if it lies there
    dataset: str  # the data set it belongs to
    positive: bool  # whether somebody falls in it
    truth: tuple[Interval, ...]  # true events, ``(start, end)`` seconds; empty if none or unknown
    seconds: float  # length of the clip
    score: float  # largest window probability
    events: tuple[tuple[float, float, float], ...]  # found events, ``(start, end, score)``
    action: str = ""  # what happens in it, where the annotation file has that column
    group: str = ""  # person, scene or film that the clip is from
    # ``(start, end, probability)`` of every window, so that events at other thresholds need no
    # second run; empty in files of version 0.1
    windows: tuple[tuple[float, float, float], ...] = ()
    # probability of every window by each modality alone, before calibration; None where a modality
    # did not look at it
    streams: dict[str, tuple[float | None, ...]] = field(default_factory=dict, hash=False)
    # of what moves, as a share of the picture's height: at the first true event, or around the top
    # window where none is known; None if nothing moved or it was not measured
    size: float | None = None
    # the settings of ``EventConfig`` that made ``events``; empty in older files
    thresholds: dict[str, float] = field(default_factory=dict, hash=False)
    lookalikes: tuple[Interval, ...] = ()  # ``(start, end)`` seconds of what only looks like a fall
    # ``(start, end, class)`` of true events and lookalikes that have a class
    classes: tuple[tuple[float, float, str], ...] = ()
    view: View = "level"  # how the camera was said to look at people

    @property
    def config(self) -> EventConfig | None:
        """The settings that made ``events``, None where they were not kept."""
        return EventConfig(**self.thresholds) if self.thresholds else None

    @property
    def timed(self) -> bool:
        """Whether it is known when somebody falls, or that nobody does."""
        return bool(self.truth) or not self.positive

    @property
    def top_window(self) -> tuple[float, float, float]:
        """The window with the largest probability; ``(0, seconds, score)`` if none was kept."""
        whole = (0.0, self.seconds, self.score)
        return max(self.windows, key=lambda window: window[2], default=whole)

    def at(self, config: EventConfig) -> ClipPrediction:
        """Return the prediction with the events that ``config`` makes of its windows.

        Raises:
            DataError: The windows were not kept, or ``config`` asks who stays down.
        """
        if config.confirm_down:
            raise DataError(
                f"what is kept of {self.clip!r} knows of no people, so that confirm_down cannot be "
                "applied again; run the model once more, or leave it out"
            )
        if not self.windows:
            raise DataError(
                f"the windows of {self.clip!r} were not kept, so its events cannot be found again; "
                "run the model once more"
            )
        found = find_events((Window(*window) for window in self.windows), config)
        return replace(self, events=_rounded(found), thresholds=config.to_json())


def predict(
    detector: Detector,
    clips: Sequence[Clip],
    root: Path,
    on_clip: Callable[[int, int], None] = lambda done, total: None,
    *,
    sizes: bool = True,
) -> list[ClipPrediction]:
    """Run ``detector`` over ``clips``; a clip that cannot be read is reported and left out.

    Names of clips begin at ``root``; ``on_clip`` is called with (clips done, clips in all);
    ``sizes`` measures what moves too, which reads every clip once more as far as that.
    """
    found = each_clip(clips, lambda clip: predict_one(detector, clip, root, sizes=sizes), on_clip)
    return [item for item in found if item is not None]


def predict_one(
    detector: Detector, clip: Clip, root: Path, *, sizes: bool = True
) -> ClipPrediction:
    """Run ``detector`` over a clip; the arguments are those of ``predict``.

    Raises:
        VideoError: It cannot be read.
    """
    found = detector.detect(clip.path)
    item = ClipPrediction(
        clip=clip_name(clip.path, root),
        dataset=clip.dataset,
        positive=clip.positive,
        truth=clip.events,
        seconds=round(found.watched, 3),
        score=round(max(window.probability for window in found.windows), 4),
        events=_rounded(found.events),
        action=clip.columns.get("action", ""),
        group=clip.group,
        windows=tuple(
            (round(window.start, 3), round(window.end, 3), round(window.probability, 5))
            for window in found.windows
        ),
        streams=_streams(found.windows),
        thresholds=detector.event_config.to_json(),
        lookalikes=clip.lookalikes,
        classes=clip.classes,
        view=found.view,
    )
    if not sizes:
        return item
    start, end = item.truth[0] if item.truth else item.top_window[:2]
    return replace(item, size=moving_size(clip.path, start, end))


def _rounded(events: Iterable[Event]) -> tuple[tuple[float, float, float], ...]:
    return tuple(
        (round(event.start, 3), round(event.end, 3), round(event.score, 4)) for event in events
    )


def _streams(windows: Sequence[Window]) -> dict[str, tuple[float | None, ...]]:
    names = stream_names(windows)
    return {
        name: tuple(
            round(window.streams[name], 5) if name in window.streams else None for window in windows
        )
        for name in sorted(names)
    }


def moving_size(path: Path, start: float, end: float) -> float | None:
    """Return how large what moves is, as a share of the picture's height.

    Of every two neighboring frames the extent of their difference, its height or its width,
    whichever is more, for who lies is as long as who stands is tall; of these the upper quartile,
    for between two steps only a hand may move. Where the camera moves, it is all of the picture.
    The video is read once more as far as that, small, which costs little beside the network.

    Returns:
        The share, to 3 digits; None if nothing moves or the video cannot be read again.
    """
    extents: list[float | None] = []
    before: npt.NDArray[np.float32] | None = None
    try:
        with open_video(path) as video:
            for frame in video.frames(_RATE, _SIDE):
                if frame.time > end + 1e-6 and extents:
                    break
                if frame.time >= start - 1e-6:
                    small = thumbnail(frame.image)
                    if before is not None:
                        extents.append(motion_extent(motion_profile(before, small)))
                    before = small
    except VideoError:
        return None
    known = [extent for extent in extents if extent is not None]
    return round(float(np.quantile(known, 0.75)), 3) if known else None


def write_predictions(
    predictions: Iterable[ClipPrediction], target: Path, *, overwrite: bool = True
) -> None:
    """Write one JSON object a line.

    Raises:
        OutputError: The file is there and may not be replaced, or cannot be written.
    """
    with atomic_write(target, overwrite=overwrite) as temporary:
        lines = (json.dumps(asdict(item), allow_nan=False) + "\n" for item in predictions)
        temporary.write_text("".join(lines), encoding="utf-8")


def read_predictions(file: Path) -> list[ClipPrediction]:
    """Read what ``write_predictions`` wrote.

    Raises:
        DataError: The file is missing or malformed.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line, parse_constant=_refuse) for line in lines]
        found = [_read(row) for row in rows]
        for item in found:
            _ = item.config  # impossible thresholds are found here, not far away
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise DataError(f"cannot read predictions {str(file)!r}: {error}") from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _read(row: Mapping[str, Any]) -> ClipPrediction:
    if not isinstance(row["positive"], bool):
        raise TypeError(f"positive is true or false, not {row['positive']!r}")
    # what a clip belongs to was called its source before
    facts = {"dataset" if name == "source" else name: value for name, value in row.items()}
    return ClipPrediction(
        **{
            **facts,
            "seconds": float(row["seconds"]),
            "score": float(row["score"]),
            "truth": tuple((float(a), float(b)) for a, b in row["truth"]),
            "events": _triples(row["events"]),
            "windows": _triples(row.get("windows", ())),
            "streams": {
                name: tuple(None if value is None else float(value) for value in values)
                for name, values in row.get("streams", {}).items()
            },
            "size": None if row.get("size") is None else float(row["size"]),
            "lookalikes": tuple((float(a), float(b)) for a, b in row.get("lookalikes", ())),
            "classes": tuple((float(a), float(b), str(c)) for a, b, c in row.get("classes", ())),
        }
    )


def _triples(rows: Iterable[Sequence[float]]) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(a), float(b), float(p)) for a, b, p in rows)
