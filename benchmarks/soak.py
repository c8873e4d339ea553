"""Many cameras in one process for an hour: frames, lag, memory, fairness, and whether each event
that files give is told once.

Cameras are real clips of people, one behind the other in a loop of a minute and a half, 640 x 480
at 15 frames a second, by HTTP on loopback; somebody is in the picture nearly all the time. The
clips' falls are told by ``slipdetect detect`` of each loop played twice. The server is a process
of its own on the same CPUs.

    python benchmarks/soak.py --run                        # one, 8 and 16 cameras: 1 h 40 min
    python benchmarks/soak.py --run --part many --seconds 600
    python benchmarks/soak.py --report

The parts: ``one`` camera at a time for ten minutes, each of those of ``many`` in turn, whose memory
and whose lag of each onset are what others are compared with;
``many``, 8 cameras for an hour; ``faults``, 8 cameras for ten minutes, one of which breaks off,
stalls or sends random bytes every 20 seconds, while the broker of alerts restarts and the disk of
clips is full now and then; ``over``, 16 cameras for ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from machine import processor_name
from soak_around import Around
from soak_report import report
from soak_streams import free_port, join, length, make_footage, serve, wait_for

RESULT = Path(__file__).parent / "results" / "soak.json"
DATA = Path(os.environ.get("SLIPDETECT_TEST_DATA", "../shared/data"))
# cameras, seconds, seconds between two faults
PARTS = {
    "one": (1, 600.0, 0.0),
    "many": (8, 3600.0, 0.0),
    "faults": (8, 600.0, 20.0),
    "over": (16, 600.0, 0.0),
}
TURNS = 8  # cameras that are watched alone
LOOP = 90.0  # seconds that the clips of a loop begin before
_SETTLED = 3.0  # seconds at both ends of a connection whose events are not asked for


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored (default)")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seconds", type=float, help="of each part, instead of its own")
    parser.add_argument("--data", type=Path, default=DATA, help="labeled clips (%(default)s)")
    parser.add_argument("--folder", type=Path, help="keep footage here for the next run")
    parser.add_argument(
        "--serve", nargs=4, metavar=("PORT", "FOLDER", "N", "EVERY"), help=argparse.SUPPRESS
    )
    args = parser.parse_args()
    if args.serve:
        port, folder, number, every = args.serve
        videos = [Path(folder) / f"{each}.mp4" for each in range(int(number))]
        serve(int(port), videos, Path(folder) / "faults.jsonl", float(every))
    elif args.run:
        with tempfile.TemporaryDirectory() as temporary:
            folder = args.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            for part in args.part:
                measured = run(part, args.seconds, args.data, folder)
                found = stored()
                found[part] = measured
                RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(report({part: measured, **({"one": found["one"]} if "one" in found else {})}))
    else:
        print(report(stored()))


def stored() -> dict[str, Any]:
    """Return what was measured before."""
    return json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}


def run(part: str, seconds: float | None, data: Path, folder: Path) -> dict[str, Any]:
    """Measure one part.

    Args:
        part: One of ``PARTS``.
        seconds: How long, or None for the part's own.
        data: Labeled clips.
        folder: For footage; what is there is used again.
    """
    cameras, usual, every = PARTS[part]
    seconds = usual if seconds is None else seconds
    if part != "one":
        return watched(list(range(cameras)), seconds, every, data, folder)
    alone = [watched([number], seconds / TURNS, every, data, folder) for number in range(TURNS)]
    return {
        **alone[0],
        "seconds": seconds,
        "cpu_seconds": sum(each["cpu_seconds"] for each in alone),
        "memory": max((each["memory"] for each in alone), key=lambda memory: memory["peak"]),
        "each": [camera for each in alone for camera in each["each"]],
    }


def watched(
    numbers: list[int], seconds: float, every: float, data: Path, folder: Path
) -> dict[str, Any]:
    """Watch the cameras of these numbers at the same time, and return what was measured."""
    truth = [expected(data, folder, number) for number in numbers]
    (folder / "faults.jsonl").write_text("", encoding="utf-8")
    port, served = free_port(), str(max(numbers) + 1)
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(port), str(folder), served, str(every)]
    )
    around = Around(folder, every) if every else None
    try:
        wait_for(port)
        run = Watched(port, numbers, seconds, folder, around)
        run.run()
    finally:
        server.kill()
        server.wait()
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "processor": processor_name()},
        "cameras": len(numbers),
        "seconds": seconds,
        "faults": len((folder / "faults.jsonl").read_text(encoding="utf-8").splitlines()),
        **run.figures(truth),
        **({"around": around.end(run.events())} if around else {}),
    }


def expected(data: Path, folder: Path, number: int) -> dict[str, Any]:
    """Return the length of a camera's loop, and the events of its first and of later rounds."""
    video, found = folder / f"{number}.mp4", folder / f"{number}.json"
    if not video.exists():
        make_footage(data, video, number, LOOP)
    if not found.exists():
        double = folder / "twice.mp4"
        join(video, double)
        output = subprocess.run(
            [sys.executable, "-m", "slipdetect", "detect", str(double), "--format", "json", "-q"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        result = json.loads(output)
        found.write_text(
            json.dumps(
                {
                    "loop": length(video),
                    "events": [[each["start"], each["end"]] for each in result["events"]],
                }
            ),
            encoding="utf-8",
        )
    return json.loads(found.read_text(encoding="utf-8"))


class Watched:
    """One run of ``slipdetect watch``, looked at from outside.

    Args:
        port: Of the server.
        numbers: Of the cameras.
        seconds: How long.
        folder: For the file of cameras and the log.
        around: What else fails, if anything.
    """

    def __init__(
        self, port: int, numbers: list[int], seconds: float, folder: Path, around: Around | None
    ) -> None:
        self._names = [f"camera {number}" for number in numbers]
        tables = [
            f'[camera."{name}"]\nsource = "http://127.0.0.1:{port}/{number}"\n'
            for number, name in zip(numbers, self._names, strict=True)
        ]
        self._file = folder / "cameras.toml"
        self._file.write_text("".join(tables), encoding="utf-8")
        self._log = folder / "watch.log"
        self._seconds, self._around = seconds, around
        # when they came, by a clock that is never set, seconds
        self._lines: list[tuple[float, dict[str, Any]]] = []
        self._zeros: dict[str, float] = {}  # when cameras began, by that clock
        self._memory: list[tuple[float, int]] = []  # seconds since the start, bytes
        self._cpu = 0.0

    def run(self) -> None:
        """Watch for as long as asked for."""
        began = time.monotonic()
        command = [sys.executable, "-m", "slipdetect", "watch", str(self._file)]
        command += self._around.options if self._around else []
        # by a pipe, which a full disk does not end
        keep = subprocess.Popen(
            ["tee", str(self._log)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        with keep:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=keep.stdin, text=True
            )
            reader = threading.Thread(target=self._read, args=(process,))
            reader.start()
            if self._around:
                self._around.fail(process.pid)
            while time.monotonic() - began < self._seconds and process.poll() is None:
                time.sleep(1.0)
                self._memory.append((time.monotonic() - began, resident(process.pid)))
                self._cpu = cpu_seconds(process.pid)
            process.send_signal(signal.SIGTERM)
            reader.join()
            process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            now, told = time.monotonic(), json.loads(line)
            if told["type"] == "started":
                began = datetime.fromisoformat(told["time"]).timestamp()
                self._zeros[told["camera"]] = now - (time.time() - began)
            self._lines.append((now, told))

    def events(self) -> list[tuple[str, float]]:
        """Return camera and start of each event that was told."""
        return [
            (line["camera"], line["event"]["start"])
            for _, line in self._lines
            if line["type"] == "event"
        ]

    def figures(self, truth: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what was measured."""
        each = [self._camera(name, facts) for name, facts in zip(self._names, truth, strict=True)]
        shares = [
            camera["sampled"] / max(camera["sampled"] + camera["dropped"], 1) for camera in each
        ]
        steady = [bytes_ for moment, bytes_ in self._memory if moment > 30]
        quarter = len(steady) // 4
        return {
            "cpu_seconds": self._cpu,
            "memory": {
                "peak": max((bytes_ for _, bytes_ in self._memory), default=0),
                "second_quarter": statistics.mean(steady[quarter : 2 * quarter]) if quarter else 0,
                "last_quarter": statistics.mean(steady[3 * quarter :]) if quarter else 0,
            },
            "worst_share": min(shares) / statistics.mean(shares),
            "says": [
                line
                for line in self._log.read_text(encoding="utf-8").splitlines()
                if "too slow" in line
            ][-1:],
            "each": each,
        }

    def _camera(self, name: str, facts: dict[str, Any]) -> dict[str, Any]:
        mine = [(at, line) for at, line in self._lines if line["camera"] == name]
        summary = next((line for _, line in mine if line["type"] == "summary"), {})
        zero = self._zeros.get(name, 0.0)
        onsets = [
            (round(line["start"], 2), round(at - zero - line["start"], 3))
            for at, line in mine
            if line["type"] == "onset"
        ]
        wanted = events_due([line for _, line in mine], facts, summary.get("seconds", 0.0))
        told = [
            (line["event"]["start"], line["event"]["end"])
            for _, line in mine
            if line["type"] == "event"
        ]
        matches = [sum(start < b and a < end for a, b in told) for start, end in wanted]
        strange = [
            (a, b)
            for a, b in told
            if not any(
                start < b and a < end
                for start, end in events_all(
                    [line for _, line in mine], facts, summary.get("seconds", 0.0)
                )
            )
        ]
        return {
            "frames": summary.get("frames_seen", 0),
            "sampled": summary.get("sampled", 0),
            "dropped": summary.get("dropped", 0),
            "longest_lag": summary.get("longest_lag"),
            "reconnects": summary.get("reconnects", 0),
            "due": len(wanted),
            "told_once": sum(count == 1 for count in matches),
            "told_twice": sum(count > 1 for count in matches),
            "missed": sum(count == 0 for count in matches),
            "told": len(told),
            "not_in_files": len(strange),
            "loop": facts["loop"],
            "onsets": onsets,  # when, and how late it was told, seconds
        }


def connections(lines: list[dict[str, Any]], end: float) -> list[tuple[float, float]]:
    """Return when connections of a camera began and ended, seconds of its own time."""
    found, begin = [], 0.0
    for line in lines:
        if line["type"] == "reconnecting":
            found.append((begin, line["at"]))
        elif line["type"] == "reconnected":
            begin = line["at"]
    found.append((begin, end))
    return found


def events_all(
    lines: list[dict[str, Any]], facts: dict[str, Any], end: float
) -> list[tuple[float, float]]:
    """Return when files say there are events, over all connections."""
    loop, found = facts["loop"], []
    for begin, until in connections(lines, end):
        rounds = int((until - begin) / loop) + 1
        for turn in range(rounds):
            # the first round differs by what is before it; later ones are the file's second
            first, last = (0.0, loop) if turn == 0 else (loop, 2 * loop)
            shift = begin + (0.0 if turn == 0 else (turn - 1) * loop)
            found += [
                (start + shift, stop + shift)
                for start, stop in facts["events"]
                if first <= start < last and stop + shift <= until
            ]
    return found


def events_due(
    lines: list[dict[str, Any]], facts: dict[str, Any], end: float
) -> list[tuple[float, float]]:
    """Return those that lie well within a connection and touch nothing that was skipped."""
    gaps = [(line["start"], line["end"]) for line in lines if line["type"] == "skipped"]
    whole = connections(lines, end)
    return [
        (start, stop)
        for start, stop in events_all(lines, facts, end)
        if any(a + _SETTLED <= start and stop <= b - _SETTLED for a, b in whole)
        and not any(a - _SETTLED < stop and start < b + _SETTLED for a, b in gaps)
    ]


def resident(pid: int) -> int:
    """Return the memory that a process holds, bytes."""
    fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
