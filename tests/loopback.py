"""An HTTP server on this machine that behaves well, badly and worse.

In: files by path. Out: answers, with a fault by the first folder of the path.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import numpy as np

DATA = np.random.default_rng(0).integers(0, 256, 1_000_003, np.uint8).tobytes()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Server:
    """Files by path, faults by the first folder of the path, and what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.count = itertools.count()

    def add(self, path: str, data: bytes = DATA) -> str:
        self.files[path] = data
        return f"{self.address}{path}#sha256={sha(data)}"

    def start(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        kind = parts.path.split("/")[1]
        asked = handler.headers.get("Range")
        self.asked.append((handler.path, asked))
        if kind == "to":  # /to?ADDRESS redirects there
            handler.send_response(302)
            handler.send_header("Location", parts.query)
            handler.end_headers()
            return
        data = self.files.get(parts.path, self.files.get(unquote(parts.path)))
        if data is None or (kind == "gone" and asked):
            handler.send_error(404)
            return
        if kind == "busy" and next(self.count) == 1:
            handler.send_error(503)
            return
        start = int(asked[6:-1]) if asked and kind != "whole" else 0
        handler.send_response(206 if start else 200)
        if kind == "shifted" and start:
            handler.send_header("Content-Range", f"bytes {start - 1}-/*")
        elif start and kind != "unsaid":
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if kind != "unknown":
            handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        breaks = kind in ("drop", "gone", "shifted", "unsaid", "busy", "stuck")
        piece = 400_000 if breaks or (kind == "whole" and not asked) else len(data)
        handler.wfile.write(data[start : start + (0 if kind == "stuck" and start else piece)])
