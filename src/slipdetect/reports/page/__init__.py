"""The HTML report: one file with videos, clickable timelines, events and their review.

In: ``DetectionResult``s as they come. Out: text of a page that needs nothing beside it.
"""

from __future__ import annotations

from slipdetect.reports.page.document import About, html_page
from slipdetect.reports.page.section import Section, failed_section, video_section
from slipdetect.reports.page.views import (
    EventPicture,
    browser_copy,
    event_pictures,
    plays_in_browsers,
)

__all__ = [
    "About",
    "EventPicture",
    "Section",
    "browser_copy",
    "event_pictures",
    "failed_section",
    "html_page",
    "plays_in_browsers",
    "video_section",
]
