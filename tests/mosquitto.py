"""A broker of Debian's mosquitto on this machine, and a witness of what it was told.

In: lines of its configuration. Out: a broker that can be stopped and started; messages.
"""

from __future__ import annotations

import getpass
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

needs_mosquitto = pytest.mark.skipif(
    not all(map(shutil.which, ("mosquitto", "mosquitto_sub", "mosquitto_pub"))),
    reason="mosquitto is not installed (Debian: mosquitto, mosquitto-clients)",
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def eventually(true: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something is true; fail where it does not become so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


@dataclass
class Broker:
    """A broker that remembers sessions and retained messages when it is stopped in order."""

    folder: Path
    port: int
    lines: tuple[str, ...] = ("allow_anonymous true",)
    remembers: bool = True
    process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        listener = "" if any("listener" in line for line in self.lines) else "listener {} 127.0.0.1"
        text = "\n".join(
            (
                *(listener.format(self.port), *self.lines, f"user {getpass.getuser()}"),
                f"persistence {'true' if self.remembers else 'false'}",
                f"persistence_location {self.folder}/",
            )
        )
        config = self.folder / "mosquitto.conf"
        config.write_text(text + "\n")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(["mosquitto", "-c", config], stderr=log, stdout=log)
        eventually(self._listens)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Witness:
    """Everything that was published while it listened, by a program that is not ours.

    Its session outlives the broker, so it misses nothing that is published with an acknowledgment.
    """

    def __init__(self, broker: Broker, *options: str) -> None:
        self.told: list[dict[str, Any]] = []
        where = ("-h", "127.0.0.1", "-p", str(broker.port), *options)
        session = ("-q", "1", "-c", "-i", f"witness-{broker.port}", "-F", "%j")
        words = ["mosquitto_sub", *where, *session, "-t", "#"]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        threading.Thread(target=self._listen, daemon=True).start()
        # what is retained comes after the subscription
        publish(broker, "ready", "yes", *options, "-r")
        eventually(lambda: self.of("ready"))

    def of(self, end: str) -> list[str]:
        """Return the payloads of topics that end so, in order."""
        return [each["payload"] for each in list(self.told) if each["topic"].endswith(end)]

    def close(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(json.loads(line))


def publish(broker: Broker, topic: str, payload: str, *options: str) -> None:
    where = ("-h", "127.0.0.1", "-p", str(broker.port), *options)
    words = ["mosquitto_pub", *where, "-t", topic, "-m", payload, "-q", "1"]
    subprocess.run(words, check=True, timeout=20)


@contextmanager
def mosquitto(folder: Path, *lines: str, **more: Any) -> Iterator[Broker]:
    """Run a broker while the block runs."""
    broker = Broker(folder, free_port(), **({"lines": lines} if lines else {}), **more)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@contextmanager
def witness(broker: Broker, *options: str) -> Iterator[Witness]:
    """Listen while the block runs."""
    seen = Witness(broker, *options)
    try:
        yield seen
    finally:
        seen.close()
