"""What is around cameras and fails now and then: a broker that restarts, and a disk that is full.

In: when. Out: what the broker was told, and the clips that were written.
"""

from __future__ import annotations

import getpass
import json
import resource
import shutil
import signal
import subprocess
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from soak_streams import free_port, wait_for

_AWAY = 10.0  # seconds that the broker is gone, or the disk full
_FULL = 1000  # bytes that no file may grow beyond: a write fails halfway, as on a full disk


class Around:
    """A broker of mosquitto with somebody who listens, and a folder for clips.

    Args:
        folder: For all of its files.
        every: Seconds from one fault to the next, in turn.
    """

    def __init__(self, folder: Path, every: float) -> None:
        if not all(map(shutil.which, ("mosquitto", "mosquitto_sub"))):
            raise SystemExit("the faults need mosquitto (Debian: mosquitto, mosquitto-clients)")
        self._folder, self._every = folder, every
        self._clips = folder / "clips"
        shutil.rmtree(self._clips, ignore_errors=True)
        self._port = free_port()
        lines = [f"listener {self._port} 127.0.0.1", "allow_anonymous true", "persistence true"]
        lines += [f"persistence_location {folder}/", f"user {getpass.getuser()}"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "mosquitto.db").unlink(missing_ok=True)
        self._heard: list[str] = []
        self._counts: Counter[str] = Counter()
        self._ended = threading.Event()
        self._broker = self._start()
        wait_for(self._port)  # who listens does not try again
        where = ("-h", "127.0.0.1", "-p", str(self._port))
        session = ("-q", "1", "-c", "-i", "soak", "-t", "slipdetect/+/event", "-F", "%p")
        self._listener = subprocess.Popen(
            ["mosquitto_sub", *where, *session], stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def options(self) -> list[str]:
        """What ``watch`` is told of it."""
        return ["--mqtt", f"mqtt://127.0.0.1:{self._port}", "--clips", str(self._clips)]

    def fail(self, pid: int) -> None:
        """Let things fail until the end, for the process ``pid``."""
        threading.Thread(target=self._fail, args=(pid,), daemon=True).start()

    def end(self, told: list[tuple[str, float]]) -> dict[str, Any]:
        """Stop everything; return what came of it.

        Args:
            told: Camera and start of each event on standard output.
        """
        self._ended.set()
        self._ended.wait(2.0)
        self._listener.terminate()
        self._broker.terminate()
        self._broker.wait()
        heard = map(json.loads, self._heard)
        by_broker = Counter(
            (each["source"]["name"], each["event"]["start"])
            for each in heard
            if each["type"] == "event"
        )
        clips = sorted(self._clips.glob("**/*.mp4"))
        return {
            **self._counts,
            "told": len(told),
            "told_once_by_broker": sum(by_broker[each] == 1 for each in told),
            "told_again_by_broker": sum(by_broker[each] > 1 for each in told),
            "clips": len(clips),
            "broken_clips": sum(not _whole(clip) for clip in clips),
        }

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._folder / "mosquitto.log").open("ab") as log:
            config = str(self._folder / "mosquitto.conf")
            return subprocess.Popen(["mosquitto", "-c", config], stdout=log, stderr=log)

    def _listen(self) -> None:
        assert self._listener.stdout is not None
        for line in self._listener.stdout:
            self._heard.append(line)

    def _fail(self, pid: int) -> None:
        usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        with suppress(ProcessLookupError):  # it has ended
            while not self._ended.wait(self._every):
                self._broker.send_signal(signal.SIGTERM)
                self._broker.wait()
                self._ended.wait(_AWAY)
                self._broker = self._start()
                self._counts["restarts"] += 1
                self._ended.wait(self._every)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL, usual[1]))
                self._ended.wait(_AWAY)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
                self._counts["full"] += 1


def _whole(clip: Path) -> bool:
    """Return whether a clip can be decoded to its end."""
    try:
        with av.open(str(clip)) as container:
            return sum(1 for _ in container.decode(video=0)) > 0
    except av.FFmpegError:
        return False
