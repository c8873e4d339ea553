"""The server in a thread of its own; what it does or fails in never ends the run.

In: a socket that listens, an ASGI application. Out: answers until it is ended.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger(__name__)

_MOST_CLIENTS = 64  # connections; more are told to come later
_LONGEST_HEADER = 16384  # bytes
_SECONDS_TO_ASK = 10.0
_SECONDS_TO_STOP = 2


class _Connection(H11Protocol):
    """A connection that is closed when no request comes, so that nobody takes all of them."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(_SECONDS_TO_ASK, self._give_up)

    def _give_up(self) -> None:
        if self.cycle is None:  # which comes with the first whole request
            self.transport.close()


class Server:
    """Serves from ``start`` on."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        self._listening = listening
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=_Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_MOST_CLIENTS,
                h11_max_incomplete_event_size=_LONGEST_HEADER,
                timeout_graceful_shutdown=_SECONDS_TO_STOP,
            )
        )
        self._thread = threading.Thread(target=self._work, name="slipdetect-page", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; who downloads a clip loses it after two seconds."""
        self._server.should_exit = True
        self._thread.join(2 * _SECONDS_TO_STOP)

    def _work(self) -> None:
        try:
            self._server.run(sockets=[self._listening])
        except Exception as error:
            logger.warning("page: not served any more: internal error: %s", type(error).__name__)
