"""A page about live cameras: ``--page``; how they are doing, what was found, and marks on that.

In: what happens to cameras and in them. Out: answers to requests; a review of clips.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from slipdetect._lazy import require
from slipdetect.errors import OutputError, UsageError
from slipdetect.sinks.live_clips import LiveClips, clip_stem
from slipdetect.sinks.sink import Alert, Setup, Sink

if TYPE_CHECKING:
    from concurrent.futures import Future

    from slipdetect.detection import Detector
    from slipdetect.detection.cameras import Cameras, CameraState
    from slipdetect.detection.live import LiveEvent
    from slipdetect.video import Frame
    from slipdetect.video.live.live_video import Keep
    from slipdetect.video.live.picture_memory import PictureMemory
    from slipdetect.web.board import Board
    from slipdetect.web.pictures import Pictures

logger = logging.getLogger(__name__)

REVIEW = "review.csv"  # in the folder of clips
_LIBRARIES = ("starlette", "uvicorn", "prometheus_client")
_LEAST_TOKEN = 16  # characters
_ROOM = 4 * 2**20  # bytes of pictures of a camera, for its events
_RATE = 4.0  # of those, 1/s
_SHORT_SIDE = 256


class LivePage(Sink):
    """Serves the page from when cameras are there until all else has ended.

    Args:
        address: ``HOST:PORT``.
        token_env: The variable that holds the token; None: none is demanded.
        setup: What the run was asked for; its sinks may be made later.

    Raises:
        UsageError: The address makes no sense, or demands a token that is missing.
        LibraryError: Libraries of the extra ``watch`` are not installed.
    """

    option = "--page"
    metavar = "HOST:PORT"
    completed = None
    help = "A page of cameras and events, /healthz and /metrics, such as 127.0.0.1:8080."
    settings = ("page_token_env", "privacy")
    for_files = False
    for_live = True

    def __init__(self, address: str, token_env: str | None, setup: Setup) -> None:
        for library in _LIBRARIES:
            require(library, "watch")
        from slipdetect.web.place import Place

        super().__init__()
        self._place = Place.parse(address)
        self._token = None if token_env is None else _token(token_env)
        if self._token is None and not self._place.loopback:
            raise UsageError(
                f"--page {address!r} may be reached from other machines, so it needs a token; "
                "set a variable to one and name it by --page-token-env"
            )
        self._setup = setup
        self._cameras: Cameras | None = None
        self._memories: dict[str, PictureMemory] = {}
        self._began: dict[str, datetime] = {}
        self._ending = ExitStack()
        self._board: Board | None = None
        self._pictures: Pictures | None = None

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        return cls(given, setup.page_token_env, setup)

    def open(self, detector: Detector | None) -> None:
        """Take the port.

        Raises:
            OutputError: It cannot be had.
            DataError: There is a review already that is none.
        """
        super().open(detector)
        from slipdetect.web.board import Board
        from slipdetect.web.pictures import Pictures
        from slipdetect.web.review import Review

        clips = self._clips
        spans: Mapping[Path, tuple[float, float]] = {} if clips is None else clips.spans
        review = None if clips is None else Review(clips.folder / REVIEW)
        self._board = Board(self._states, spans.get, review)
        self._pictures = Pictures(self._newest, self._memory, self._setup.privacy is not None)
        self._ending.callback(self._pictures.end)
        self._listening = self._ending.enter_context(self._place.listen())

    def watching(self, cameras: Cameras) -> None:
        from slipdetect.web.app import Application
        from slipdetect.web.guard import Guard
        from slipdetect.web.metrics import CameraMetrics, registry_of
        from slipdetect.web.server import Server

        if self._board is None or self._pictures is None:
            raise RuntimeError("a page that was not opened")
        self._cameras = cameras
        registry = registry_of(CameraMetrics(self._states, self._alerts))
        app = Application(self._board, self._pictures, registry).routes()
        server = Server(Guard(app, self._place, self._token), self._listening)
        server.start()
        self._ending.callback(server.stop)
        logger.info("page: %s", self._place.shown)

    def keep(self, source: str) -> Keep | None:
        """Return what remembers pictures for those of events, unless clips have them anyway."""
        self._memories.pop(source, None)  # a camera that begins anew has other times
        return None if self._clips is not None else self._memory(source).watch

    def live_event(self, source: str, event: LiveEvent, now: datetime) -> None:
        from slipdetect.video.live import Started

        if isinstance(event, Started):
            self._began[source] = now

    def event(self, alert: Alert) -> None:
        from slipdetect.web.board import Found

        if self._board is None or self._pictures is None:
            return
        source, clips = alert.source, self._clips
        clip = None if clips is None else clips.path(source, alert.event)
        began = self._began.get(source, datetime.now(UTC))
        self._board.add(Found(alert.id, source, alert.event, began, clip, clip_stem(source)))
        made = self._pictures.event(source, alert.event)
        made.add_done_callback(partial(self._show, alert.id))

    def aftermath(self, alert: Alert) -> None:
        if self._board is not None and alert.of is not None:
            self._board.update(alert.of, alert.event)

    def __exit__(self, *raised: object) -> None:
        """End the server, and write verdicts whose clips were made last."""
        self._ending.close()
        if self._board is not None and self._cameras is not None:
            lacking = self._board.close()
            if self._board.trouble:
                self.missing.append(OutputError(f"page: verdicts are lost: {self._board.trouble}"))
            if lacking:
                self.remarks.append(
                    f"page: {lacking} verdict{' is' if lacking == 1 else 's are'} not in "
                    f"{REVIEW}: without a clip, or with another event in it that was not judged"
                )
        if self._setup.privacy is not None:
            self.remarks += self._setup.privacy.pop_warnings()

    @property
    def _clips(self) -> LiveClips | None:
        return next((each for each in self._setup.sinks if isinstance(each, LiveClips)), None)

    def _states(self) -> list[CameraState]:
        return [] if self._cameras is None else self._cameras.states()

    def _newest(self, camera: str) -> Frame | None:
        return next((each.newest for each in self._states() if each.name == camera), None)

    def _memory(self, camera: str) -> PictureMemory:
        if self._clips is not None:
            return self._clips.memory(camera)
        if camera not in self._memories:
            from slipdetect.video.live.picture_memory import PictureMemory

            self._memories[camera] = PictureMemory(
                _ROOM, _RATE, _SHORT_SIDE, change=self._setup.privacy
            )
        return self._memories[camera]

    def _show(self, id: str, made: Future[bytes | None]) -> None:
        if self._board is None or made.cancelled():
            return
        if made.exception() is not None:
            logger.warning("page: no picture of an event: %s", type(made.exception()).__name__)
            return
        self._board.show(id, made.result())

    def _alerts(self) -> dict[str, Mapping[str, int]]:
        return {each.option.lstrip("-"): each.counts for each in self._setup.sinks if each.counts}


def _token(variable: str) -> str:
    """Return the token in a variable.

    Raises:
        UsageError: There is none, or one that is easily guessed or cannot be sent.
    """
    token = os.environ.get(variable, "")
    if not token:
        raise UsageError(
            f"--page-token-env: there is no variable {variable}, or it is empty; set it"
        )
    if len(token) < _LEAST_TOKEN or not (
        token.isascii() and token.isprintable() and " " not in token
    ):
        raise UsageError(
            f"--page-token-env: the token in {variable} must be at least {_LEAST_TOKEN} letters, "
            "digits or signs; make one by: openssl rand -hex 16"
        )
    return token
