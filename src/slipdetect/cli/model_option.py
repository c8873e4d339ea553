"""The model that the options of ``detect`` name, loaded.

In: options. Out: a ``Detector``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from slipdetect.cli.detect_options import event_settings

if TYPE_CHECKING:
    from slipdetect.detection import Detector

logger = logging.getLogger(__name__)


def load_detector(options: dict[str, Any]) -> Detector:
    """Load the model that the options name."""
    from slipdetect.detection import Detector

    detector = Detector.load(
        options["model"],
        options["device"],
        event_settings(options),
        sensitivity=options["sensitivity"],
        # a preset promises the numbers of other programs
        exact=options["exact"] or options["preset"] is not None,
    )
    logger.info("model %s on %s", detector.config.name, detector.device)
    return detector
