"""Who may ask for what: names, tokens and origins are checked before anything is looked at.

In: requests. Out: those that may go on; the others are refused. Every answer says that browsers
may load nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slipdetect.web.place import Place

LOGIN = "/login"
_OPEN = frozenset({LOGIN, "/watch.css", "/healthz"})  # they tell nothing of cameras without a token
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """An ASGI application around another one.

    Args:
        app: What answers requests that may pass.
        place: Where both are served.
        token: What whoever asks must know; None: nothing.

    Attributes:
        cookie: Name of the cookie that stands for the token; browsers do not tell ports apart.
    """

    def __init__(self, app: ASGIApp, place: Place, token: str | None) -> None:
        self._app = app
        self._token = token
        own = socket.gethostname().lower()
        self._names = {"localhost", place.host.lower(), own, f"{own}.local"}
        self.cookie = f"slipdetect-{place.port}"

    @property
    def asks(self) -> bool:
        """Whether a token is demanded."""
        return self._token is not None

    def right(self, token: str) -> bool:
        """Return whether this is the token, in a time that tells nothing of it."""
        return self._token is None or _same(token, self._token)

    def pass_of(self, token: str) -> str:
        """Return what the cookie holds: from it nobody learns the token."""
        return hmac.new(token.encode(), b"slipdetect page", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                given = list(message["headers"])
                if not any(name == b"cache-control" for name, _ in given):
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": [*given, *headers]}
            await send(message)

        request = Request(scope)
        request.state.guard = self
        request.state.known = self._knows(request)
        answer: ASGIApp = self._refusal(request) or self._app
        await answer(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        if not self._names_us(request.headers.get("host", "")):
            return PlainTextResponse(
                "This page is not served under that name; ask for it by its address.\n", 421
            )
        path = request.scope["path"]
        if not request.state.known and path not in _OPEN:
            if path == "/":
                return RedirectResponse(LOGIN, 303)
            return PlainTextResponse(
                "A token is needed: Authorization: Bearer TOKEN\n",
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        if request.method not in ("GET", "HEAD") and not self._from_here(request):
            return PlainTextResponse("Only the page itself may do that.\n", 403)
        return None

    def _names_us(self, host: str) -> bool:
        """Return whether a request names us, and not a domain that was pointed at us."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # no domain stands for a number

    def _knows(self, request: Request) -> bool:
        if self._token is None or self._bears(request):
            return True
        return _same(request.cookies.get(self.cookie, ""), self.pass_of(self._token))

    def _bears(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and self._token is not None and _same(token, self._token)

    def _from_here(self, request: Request) -> bool:
        """Return whether our own page asks, or a program that knows the token."""
        if self._bears(request):
            return True
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        origin = urlsplit(request.headers.get("origin", ""))
        return bool(origin.netloc) and origin.netloc == request.headers["host"]


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())
