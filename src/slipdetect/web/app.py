"""What answers requests: the page and its data, pictures, clips, marks, health, metrics.

In: a ``Board`` and what makes pictures. Out: an ASGI application.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from typing import Any
from urllib.parse import parse_qs

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from slipdetect._html import render, verbatim
from slipdetect._version import __version__
from slipdetect.errors import SlipdetectError, UsageError
from slipdetect.types.export import json_text
from slipdetect.web.board import Board, health
from slipdetect.web.guard import LOGIN, Guard
from slipdetect.web.pictures import Pictures

logger = logging.getLogger(__name__)

_MOST_BYTES = 4096  # of what is sent to us
_FRESH = 0.5  # seconds
_AFTER_A_WRONG_TOKEN = 1.0  # seconds
_MONTH = 30 * 24 * 3600


class Application:
    """The handlers of requests."""

    def __init__(self, board: Board, pictures: Pictures, registry: CollectorRegistry) -> None:
        self._board = board
        self._pictures = pictures
        self._registry = registry
        self._made = -math.inf
        self._state = self._state_text()
        style = str(verbatim("base.css") + verbatim("watch.css"))
        self._files = {
            "/watch.css": (style, "text/css"),
            "/watch.js": (str(verbatim("watch.js")), "text/javascript"),
        }

    def routes(self) -> Starlette:
        """Return the application."""
        app = Starlette(
            routes=[
                Route("/", self.page),
                Route(LOGIN, self.login_page),
                Route(LOGIN, self.login, methods=["POST"]),
                Route("/logout", self.logout, methods=["POST"]),
                Route("/watch.css", self.file),
                Route("/watch.js", self.file),
                Route("/state.json", self.state),
                Route("/frame.jpg", self.frame),
                Route("/event.jpg", self.event_picture),
                Route("/clips/{name}", self.clip),
                Route("/mark", self.mark, methods=["POST"]),
                Route("/healthz", self.healthz),
                Route("/metrics", self.metrics),
            ],
            exception_handlers={Exception: _internal},
        )
        app.router.redirect_slashes = False
        return app

    async def page(self, request: Request) -> Response:
        """Return the page; its data comes by ``state``."""
        guard: Guard = request.state.guard
        text = render("watch.html", version=__version__, asks=guard.asks)
        return Response(text, media_type="text/html")

    async def login_page(self, request: Request) -> Response:
        """Return the form for the token."""
        return Response(render("login.html", wrong=False), media_type="text/html")

    async def login(self, request: Request) -> Response:
        """Take the token and give a cookie for it."""
        guard: Guard = request.state.guard
        form = parse_qs((await _body(request)).decode("utf-8", "replace"))
        token = form.get("token", [""])[0]
        if not guard.right(token):
            await asyncio.sleep(_AFTER_A_WRONG_TOKEN)
            return Response(render("login.html", wrong=True), 401, media_type="text/html")
        answer = RedirectResponse("/", 303)
        if guard.asks:
            answer.set_cookie(
                guard.cookie, guard.pass_of(token), _MONTH, httponly=True, samesite="strict"
            )
        return answer

    async def logout(self, request: Request) -> Response:
        """Take the cookie back."""
        answer = RedirectResponse(LOGIN, 303)
        answer.delete_cookie(request.state.guard.cookie, httponly=True, samesite="strict")
        return answer

    async def file(self, request: Request) -> Response:
        """Return the style sheet or the script."""
        text, kind = self._files[request.url.path]
        return Response(text, media_type=kind)

    async def state(self, request: Request) -> Response:
        """Return all that the page shows, made once for all who ask at about the same time."""
        if time.monotonic() - self._made > _FRESH:
            self._made = time.monotonic()
            self._state = await run_in_threadpool(self._state_text)
        return Response(self._state, media_type="application/json")

    def _state_text(self) -> str:
        return json_text(self._board.state())

    async def frame(self, request: Request) -> Response:
        """Return the newest picture of a camera."""
        name = request.query_params.get("camera", "")
        if name not in {each.name for each in self._board.states()}:
            raise HTTPException(404, "there is no such camera")
        return _jpeg(await asyncio.wrap_future(self._pictures.frame(name)))

    async def event_picture(self, request: Request) -> Response:
        """Return the picture of an event."""
        return _jpeg(self._board.picture(request.query_params.get("id", "")))

    async def clip(self, request: Request) -> Response:
        """Return the clip of an event."""
        name = request.path_params["name"]
        path = await run_in_threadpool(self._board.clip, name)
        if path is None:
            raise HTTPException(404, "there is no such clip")
        return FileResponse(path, media_type="video/mp4")

    async def mark(self, request: Request) -> Response:
        """Take what somebody says of an event: ``{"id": ..., "verdict": "wrong"}``."""
        try:
            data = json.loads(await _body(request))
        except (ValueError, RecursionError):
            raise HTTPException(400, "this is no JSON") from None
        if not _is_mark(data):
            raise HTTPException(400, 'give "id", and "seen" (true, false) or "verdict"')
        given = data["id"], data.get("seen"), data.get("verdict")
        try:
            return _json(await run_in_threadpool(self._board.mark, *given))
        except KeyError:
            raise HTTPException(404, "there is no such event any more") from None
        except UsageError as error:
            raise HTTPException(400, str(error)) from None
        except SlipdetectError as error:
            raise HTTPException(507, str(error)) from None
        finally:
            self._made = -math.inf  # whoever has marked sees it at once

    async def healthz(self, request: Request) -> Response:
        """Say whether anything is watched; which cameras there are only to whom may know."""
        well, cameras = health(self._board.states())
        data: dict[str, Any] = {"status": "ok" if well else "no camera is watched"}
        if request.state.known:
            data["cameras"] = dict(cameras)
        return _json(data, 200 if well else 503)

    async def metrics(self, request: Request) -> Response:
        """Return numbers for Prometheus."""
        text = await run_in_threadpool(generate_latest, self._registry)
        return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


def _is_mark(data: Any) -> bool:
    return (
        isinstance(data, dict)
        and isinstance(data.get("id"), str)
        and isinstance(data.get("seen"), bool | None)
        and isinstance(data.get("verdict"), str | None)
        and (data.get("seen") is not None or data.get("verdict") is not None)
    )


async def _body(request: Request) -> bytes:
    """Return what was sent, of which more than a little is not even read."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > _MOST_BYTES:
            raise HTTPException(413, "that is too much")
    return found


def _json(data: dict[str, Any], status: int = 200) -> Response:
    return Response(json_text(data), status, media_type="application/json")


def _jpeg(data: bytes | None) -> Response:
    if data is None:
        raise HTTPException(404, "there is no picture")
    return Response(data, media_type="image/jpeg")


async def _internal(request: Request, error: Exception) -> Response:
    logger.warning("page: %s: internal error: %s", request.url.path, type(error).__name__)
    return PlainTextResponse("internal error\n", 500)
