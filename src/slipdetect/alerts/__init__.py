"""Telling of events as they are found: commands, webhooks, clips.

In: events. Out: processes, requests and files, none of which can stop detection.
"""

from __future__ import annotations

from slipdetect.alerts.alert import Alert, Sink
from slipdetect.alerts.clips import Clips, ClipView, clip_path, clip_views, write_clips
from slipdetect.alerts.command import PLACEHOLDERS, Command
from slipdetect.alerts.delivery import Counts
from slipdetect.alerts.dispatch import Alerts
from slipdetect.alerts.webhook import Webhook

__all__ = [
    "PLACEHOLDERS",
    "Alert",
    "Alerts",
    "ClipView",
    "Clips",
    "Command",
    "Counts",
    "Sink",
    "Webhook",
    "clip_path",
    "clip_views",
    "write_clips",
]
