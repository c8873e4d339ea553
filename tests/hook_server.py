"""A web server on this machine that takes alerts, or answers badly.

In: what to answer, in order. Out: what was posted to it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Posted:
    """Requests of one run; ``answers`` are used up, the last one for ever."""

    answers: list[int | str]
    port: int = 0
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        number = min(len(self.bodies), len(self.answers) - 1)
        self.paths.append(handler.path)
        self.headers.append(dict(handler.headers))
        self.bodies.append(handler.rfile.read(int(handler.headers["Content-Length"])))
        answer = self.answers[number]
        if answer == "hang":
            self.leave.wait(30)
            return
        if answer == "drop":
            handler.connection.close()
            return
        handler.send_response(int(answer))
        handler.send_header("Location", f"http://{self.place}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()


@contextmanager
def hook_server(*answers: int | str) -> Iterator[Posted]:
    """Serve while the block runs; an answer is a status, ``"hang"`` or ``"drop"``."""
    posted = Posted(list(answers) or [204])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.answer(self)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    posted.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield posted
    finally:
        posted.leave.set()
        server.shutdown()
        server.server_close()
