"""``watch`` of RTSP that stalls and comes back; skipped where GStreamer's server is not installed.

In: a server in a process of its own. Out: nothing but assertions.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from live_driver import kinds, lines

SYSTEM_PYTHON = "/usr/bin/python3"
RTSP = Path(__file__).parents[1] / "rtsp_server.py"


@contextlib.contextmanager
def rtsp_server(stall_at: float, stall: float) -> Iterator[int]:
    """Serve RTSP by GStreamer while the block runs; skip where it is not installed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if not Path(SYSTEM_PYTHON).exists():
        pytest.skip(f"no {SYSTEM_PYTHON} with GStreamer's bindings")
    command = [SYSTEM_PYTHON, str(RTSP), str(port), str(stall_at), str(stall)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if process.stdout is None or process.stdout.readline() != b"listens\n":
            pytest.skip(
                "no GStreamer RTSP server: install python3-gi, gir1.2-gst-rtsp-server-1.0 and "
                "gstreamer1.0-plugins-good and -ugly"
            )
        yield port
    finally:
        process.kill()
        process.wait()


def test_L02_L03_rtsp_stalls_and_comes_back(run, model: Path) -> None:
    # bright from 1.0 to 1.8 s of every 3 s, by the clock of the server, which the run joins later
    with rtsp_server(stall_at=2.3, stall=0.9) as port:
        address = f"rtsp://admin:s3cr3t@127.0.0.1:{port}/camera"
        quick = ("--read-timeout", "0.5", "--max-duration", "5.2")
        result = run("watch", address, "--model", model, *quick)
    assert result.exit_code == 0, result.output
    told = kinds(result.stdout)
    assert told.count("reconnecting") == told.count("reconnected") == 1
    first, second = (each["event"] for each in lines(result.stdout) if each["type"] == "event")
    assert abs(second["start"] - first["start"] - 3.0) < 0.6
    for event in (first, second):
        assert abs(event["end"] - event["start"] - 0.8) < 0.6
        assert "interrupted" not in event
    assert "s3cr3t" not in result.output
