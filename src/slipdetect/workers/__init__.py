"""One task a video, done by processes of this machine or by those of many machines."""

from __future__ import annotations

from slipdetect.workers.backend import Backend
from slipdetect.workers.crew import Answer, Crew, in_order
from slipdetect.workers.registry import open_backend
from slipdetect.workers.task import AT_ONCE, GO_ON, SOON, Interrupted, Link, Make, Paced
from slipdetect.workers.words import Done, Failed, Told

__all__ = [
    "AT_ONCE",
    "GO_ON",
    "SOON",
    "Answer",
    "Backend",
    "Crew",
    "Done",
    "Failed",
    "Interrupted",
    "Link",
    "Make",
    "Paced",
    "Told",
    "in_order",
    "open_backend",
]
