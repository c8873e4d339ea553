"""How patient a live source is, as data.

In: numbers. Out: ``LiveSettings``, checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect._settings import check_settings, setting
from slipdetect.video.reader import DEFAULT_MAX_PIXELS


@dataclass(frozen=True)
class LiveSettings:
    """Time-outs, tries and bounds of a live source."""

    retries: int = setting(10, "tries in a row to connect before giving up", least=0)
    stall: float = setting(3.0, "without data the connection is given up", "s", least=0.05)
    open_timeout: float = setting(10.0, "for connecting", "s", least=0.05)
    first_wait: float = setting(1.0, "before the first try, then twice as long", "s", least=0.0)
    longest_wait: float = setting(30.0, "before any try", "s", least=0.0)
    jitter: float = setting(0.2, "share of a wait that chance adds", least=0.0)
    max_lag: float = setting(5.0, "of sampled frames that may wait", "s", least=0.2)
    stream: int | None = setting(None, "video stream, from 0", least=0)
    max_pixels: int = setting(DEFAULT_MAX_PIXELS, "refuse larger frames", "px", least=1)
    max_duration: float | None = setting(None, "end after so much video", "s", least=0.001)

    def __post_init__(self) -> None:
        check_settings(self)
