"""Looking at videos as the seed report's programs did: ``detect --preset``.

In: a detector and options. Out: the function that looks at one source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slipdetect.cli.batch import Detect, Progress
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts
    from slipdetect.detection import DetectionResult, Detector


def seed_look(
    detector: Detector,
    options: Mapping[str, Any],
    alerts: Alerts | None,
    reading: Mapping[str, Any],
) -> Detect:
    """Return the function that looks at one source by ``--preset`` and tells of its events.

    Raises:
        UsageError: Another option has no meaning there.
        ModelError: The model has other streams than those programs.
    """
    from slipdetect.lab.course2020.seed_detection import seed_detector
    from slipdetect.lab.course2020.seed_windows import seed_windows

    if options["store"] is not None:
        raise UsageError(
            "--store holds flow at the model's rate, and --preset looks at every frame"
        )
    replayed = seed_detector(detector, seed_windows(options["preset"]))

    def look(source: str, on_progress: Progress) -> DetectionResult:
        about = None if alerts is None else alerts.about(source, replayed.scorer.name)
        return replayed.detect(source, on_progress=on_progress, on_event=about, **reading)

    return look
