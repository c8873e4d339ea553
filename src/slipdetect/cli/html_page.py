"""The page of ``detect --html``: filled as videos are done, written at the end.

In: ``--html``, results and failures. Out: one HTML file.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from slipdetect import __version__
from slipdetect._io import atomic_write, check_writable, make_folder
from slipdetect.cli.formats import Format
from slipdetect.cli.video_names import file_stems
from slipdetect.errors import SlipdetectError, UsageError

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector
    from slipdetect.reports.page import About, Section

logger = logging.getLogger(__name__)

_SUFFIXES = (".html", ".htm")


def page_file(given: str | None, *, overwrite: bool) -> Path | None:
    """Return the file of ``--html``, None when none was asked for.

    Raises:
        UsageError: It is no .html.
        OutputError: It exists or cannot be written.
    """
    if given is None:
        return None
    target = Path(given)
    if target.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"--html {given!r} is no .html file; name one, such as report.html")
    check_writable(target, overwrite=overwrite)
    return target


class WithPage:
    """A format as it is, and a page about all videos that is written when the last one is done.

    Args:
        form: The format.
        target: The page.
        detector: The model that looked, None where nothing could be looked at.
        model: Its folder, or "default".
        sources: All videos of the run.
        reading: How videos are opened.
        written: Takes the file once it is there.
        overlays: Painted copies of the sources, which the page then plays; or none.
        overwrite: Replace the file if it exists.
    """

    def __init__(
        self,
        form: Format,
        target: Path,
        detector: Detector | None,
        model: str,
        sources: Sequence[str],
        reading: Mapping[str, Any],
        written: list[Path],
        *,
        overlays: Sequence[Path] = (),
        overwrite: bool,
    ) -> None:
        self._form = form
        self._target = target
        self._detector = detector
        self._model = model
        self._root = common_folder(sources)
        self._reading = reading
        self._written = written
        self._overwrite = overwrite
        self._sections: list[Section] = []
        self._weights: dict[str, str] = {}
        folder = target.with_name(target.stem + "_files")
        copies = [folder / f"{stem}.mp4" for stem in file_stems(sources)]
        self._copies = iter(overlays or copies)

    def opening(self) -> str:
        return self._form.opening()

    def result(self, result: DetectionResult) -> str:
        from slipdetect.reports.page import event_pictures, video_section

        if self._detector is None:
            raise RuntimeError("a result without a detector")
        # the results first: they must not be lost to a page that cannot be made
        text = self._form.result(result)
        pictures = event_pictures(result.source, result.events, **self._reading)
        shown = self._shown(result, next(self._copies))
        address = video_address(shown, self._target)
        path = path_below(result.source, self._root)
        self._weights = dict(result.weights)
        self._sections.append(video_section(result, self._detector.events, pictures, address, path))
        return text

    def _shown(self, result: DetectionResult, copy: Path) -> str:
        """Return the file that the page plays: the video, or a copy in a format browsers know."""
        from slipdetect.reports.page import plays_in_browsers, write_copy

        if copy.exists() and copy in self._written:  # an overlay
            return str(copy)
        if plays_in_browsers(result.info):
            return result.source
        try:
            make_folder(copy.parent)
            write_copy(result.source, copy, overwrite=self._overwrite, **self._reading)
        except SlipdetectError as error:
            logger.warning("no copy that browsers play: %s", error)
            return result.source
        self._written.append(copy)
        return str(copy)

    def failure(self, source: str, error: str) -> str:
        from slipdetect.reports.page import failed_section

        next(self._copies)
        self._sections.append(failed_section(source, error))
        return self._form.failure(source, error)

    def closing(self) -> str:
        from slipdetect.reports.page import html_page

        text = html_page(self._sections, self._about())
        with atomic_write(self._target, overwrite=self._overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
        self._written.append(self._target)
        return self._form.closing()

    def _about(self) -> About:
        from slipdetect.reports.page import About

        made = datetime.now(UTC).isoformat(timespec="seconds")
        if self._detector is None:
            return About("none", {}, None, "", __version__, made, str(self._root))
        return About(
            model=self._detector.config.name,
            weights=self._weights,
            events=self._detector.events,
            card=_card(self._model),
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
