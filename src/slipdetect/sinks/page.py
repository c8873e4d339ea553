"""One page about all videos: ``--html``; filled as they are done, written at the end."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from slipdetect._io import check_writable, write_text
from slipdetect._version import __version__
from slipdetect.errors import UsageError
from slipdetect.sinks.names import file_stems
from slipdetect.sinks.overlay import OverlaySink
from slipdetect.sinks.sink import Setup, Sink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult
    from slipdetect.reports.page import About, EventPicture, Section, ZonesPicture
    from slipdetect.video import Recording, View

logger = logging.getLogger(__name__)


class Page(Sink):
    """Shows every video with its timeline and events, or why it failed.

    Args:
        target: The page.
        setup: What the run was asked for; the page plays its overlays where there are any.
    """

    option = "--html"
    suffixes = (".html", ".htm")
    metavar = "FILE"
    settings = ("privacy",)
    sees_frames = True
    help = "A page to review and correct: every video with its timeline and events."

    def __init__(self, target: Path, setup: Setup) -> None:
        super().__init__([target])
        self._target = target
        self._setup = setup
        self._root = common_folder(setup.sources)
        self._overlay = next((s for s in setup.sinks if isinstance(s, OverlaySink)), None)
        folder = target.with_name(target.stem + "_files")
        self._copies = iter([folder / f"{stem}.mp4" for stem in file_stems(setup.sources)])
        self._sections: list[Section] = []
        self._weights: dict[str, str] = {}
        self._pictures: Sequence[EventPicture] = ()
        self._zones: ZonesPicture | None = None
        self._copy: Recording | None = None

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        target = Path(given)
        if target.suffix.lower() not in cls.suffixes:
            raise UsageError(
                f"--html {given!r} is not an .html file; name one, such as report.html"
            )
        check_writable(target, overwrite=setup.overwrite)
        return cls(target, setup)

    def views(self, result: DetectionResult) -> Sequence[View]:
        """Return what takes pictures of events, and copies what the page cannot play as it is."""
        from slipdetect.reports.page import (
            ZonesPicture,
            browser_copy,
            event_pictures,
            plays_in_browsers,
        )

        target, self._copy = next(self._copies), None
        self._pictures = event_pictures(result.events, result.zones)
        self._zones = ZonesPicture(result) if result.zones else None
        views: list[View] = [*self._pictures, *(() if self._zones is None else (self._zones,))]
        if self._overlay is not None:
            self._copy = self._overlay.copy
        elif self._setup.privacy is not None or not plays_in_browsers(result.info):
            self._copy = browser_copy(target, overwrite=self._setup.overwrite)
            views.append(self._copy)
        return views

    def result(self, result: DetectionResult) -> None:
        from slipdetect.reports.page import video_section

        pictures = {each.event: each.jpeg for each in self._pictures if each.jpeg is not None}
        shown = self._shown(result)
        address = video_address(shown, self._target) if shown else ""
        # no list can name a recording that is in several files
        path = "" if result.report.pieces else path_below(result.source, self._root)
        self._weights = dict(result.weights)
        # a copy has pictures alone and begins with the first of them; of the file itself browsers
        # show the stamps, unless they are negative
        info = result.info
        begins = -max(info.zero, 0.0) if shown == result.source else info.start
        zones = None if self._zones is None else self._zones.jpeg
        section = video_section(result, self.events, pictures, address, path, begins, zones)
        self._sections.append(section)

    def _shown(self, result: DetectionResult) -> str:
        """Return the file that the page plays: the video or a copy, empty where neither may be."""
        from slipdetect.reports.page import plays_in_browsers

        if self._copy is None:
            return result.source
        if self._copy.error is None:
            if self._overlay is None:
                self.written.append(self._copy.target)
            return str(self._copy.target)
        if self._setup.privacy is not None:
            logger.warning("the page has no player, as there is no copy: %s", self._copy.error)
            return ""
        if not plays_in_browsers(result.info):
            logger.warning("no copy that browsers play: %s", self._copy.error)
        return result.source

    def failure(self, source: str, error: str) -> None:
        from slipdetect.reports.page import failed_section

        next(self._copies)
        self._sections.append(failed_section(source, error))

    def close(self) -> None:
        from slipdetect.reports.page import html_page

        text = html_page(self._sections, self._about())
        write_text(self._target, text, overwrite=self._setup.overwrite)
        self.written.append(self._target)

    def _about(self) -> About:
        from slipdetect.reports.page import About

        made = datetime.now(UTC).isoformat(timespec="seconds")
        if self.detector is None:
            return About("none", {}, None, "", __version__, made, str(self._root))
        return About(
            model=self.detector.scorer.name,
            weights=self._weights,
            events=self.detector.event_config,
            card=_card(self._setup.model),
            version=__version__,
            created=made,
            root=str(self._root),
        )


def _card(model: str) -> str:
    """Return the text of a model's card, empty without one."""
    from slipdetect.detection import model_folder
    from slipdetect.models.package import CARD_FILE

    path = model_folder(model) / CARD_FILE
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def common_folder(sources: Sequence[str]) -> Path:
    """Return the deepest folder that holds all files among ``sources``."""
    files = [os.path.abspath(source) for source in sources if "\0" not in source]  # noqa: PTH100 - takes any name
    try:
        return Path(os.path.commonpath([os.path.dirname(file) for file in files]))  # noqa: PTH120
    except ValueError:  # nothing in common, as on two drives
        return Path.cwd()


def path_below(source: str, root: Path) -> str:
    """Return the path of a file below ``root`` as a list names it; empty where it cannot be."""
    try:
        path = Path(os.path.abspath(source)).relative_to(root).as_posix()  # noqa: PTH100
        path.encode("utf-8")
    except (ValueError, UnicodeEncodeError):
        return ""
    return path


def video_address(source: str, page: Path) -> str:
    """Return the URL of a file relative to the page, so that both can be moved together."""
    try:
        relative = os.path.relpath(source, page.parent)
    except ValueError:  # another drive
        return Path(source).absolute().as_uri()
    address = quote(os.fsencode(relative.replace(os.sep, "/")))
    # a name with a colon in front would be taken for a protocol
    return address if address.startswith(("../", "/")) else f"./{address}"
