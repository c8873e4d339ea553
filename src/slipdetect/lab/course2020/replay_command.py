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
    from slipdetect.lab.course2020.seed_detection import detect_as_seed, require_seed_streams
    from slipdetect.lab.course2020.seed_windows import seed_windows

    if options["store"] is not None:
        raise UsageError(
            "--store holds flow at the model's rate, and --preset looks at every frame"
        )
    schedule = seed_windows(options["preset"])
    require_seed_streams(detector, schedule.name)

    def look(source: str, on_progress: Progress) -> DetectionResult:
        result = detect_as_seed(detector, source, schedule, on_progress, **reading)
        if alerts is not None:
            about = alerts.about(source, detector.config.name)
            for event in result.events:
                about(event)
        return result

    return look
