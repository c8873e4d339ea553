"""Memory and disk of commands on one long row of an annotation file, ten minutes against an hour.

The video is `examples/slip.mp4`, made smaller once and repeated packet by packet. Commands run as a
user's do, with the default recipe but for one short epoch, and two snippets a step where pictures
are trained on: the memory that a network learns in grows with these, and would hide that of the
clips. `recipe` has a step of the recipe's own. Memory is what a command and its children hold at
once (resident, mapped files included), looked at twenty times a second. The commands share a cache,
so what one of them has decoded the next ones read.

    python benchmarks/long_rows.py --run
    python benchmarks/long_rows.py --report
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "slip.mp4"
RESULT = Path(__file__).parent / "results" / "long_rows.json"
RATE, SECONDS, EVENT = 25, 10, (3.7, 6.5)  # of the example
FEW = ["--epochs", "1", "--set", "validation=0", "--device", "cpu"]
SMALL = ["--batch-size", "2", "--set", "windows_per_epoch=16", "--set", "num_segments=1"]
COMMANDS = {
    "rgb": ["train", "--modality", "rgb", *SMALL, *FEW],
    "rgbdiff": ["train", "--modality", "rgbdiff", *SMALL, *FEW],
    "flow": ["train", "--modality", "flow", *SMALL, *FEW],
    "recipe": ["train", "--modality", "rgbdiff", "--set", "windows_per_epoch=32", *FEW],
    "pose": ["train", "pose", "--set", "steps=5", *FEW[:4]],
    "evaluate": ["evaluate", "clips", "default", "--device", "cpu"],
    "segments": ["evaluate", "clips", "default", "--protocol", "25x10", "--device", "cpu"],
    "extract": ["extract", "--fps", "10", "--flow", "dis-fast", "--jobs", "1"],
}
MOST_BYTES, MOST_RATIO = 1.5e9, 1.2


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="measure and store")
    parser.add_argument("--report", action="store_true", help="print what was stored")
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60], help="lengths of rows")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
    parser.add_argument("--side", type=int, default=120, help="shorter side, px (default: 120)")
    parser.add_argument("--folder", type=Path, help="where all of it is kept meanwhile")
    parser.add_argument("--result", type=Path, default=RESULT, help="where figures are stored")
    arguments = parser.parse_args()
    if not (arguments.run or arguments.report):
        parser.error("say --run or --report")
    if arguments.run:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            for minutes in arguments.minutes:
                video = repeated(Path(name) / str(minutes) / "long.mp4", minutes, arguments.side)
                for what in arguments.only:
                    store(arguments.result, measure(what, video, minutes, arguments.side))
                shutil.rmtree(video.parent)
    if arguments.report:
        print("\n".join(report(json.loads(arguments.result.read_text(encoding="utf-8")))))


def repeated(target: Path, minutes: int, side: int) -> Path:
    """Write the example over and over."""
    import av

    from slipdetect.video import open_video

    target.parent.mkdir()
    with open_video(EXAMPLE) as video:
        images = [frame.image for frame in video.frames(short_side=side)]
    # one packet a picture in the order of time, so that repeating only moves stamps
    plain = {"bf": "0", "g": str(RATE)}
    with av.open(str(target), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options=plain)
        stream.height, stream.width = images[0].shape[:2]
        packets = [
            (bytes(packet), packet.is_keyframe)
            for image in [*map(av.VideoFrame.from_ndarray, images), None]
            for packet in stream.encode(image)
        ]
        count = minutes * 60 * RATE
        for index in range(count):
            data, is_key = packets[index % len(packets)]
            packet = av.Packet(data)
            packet.stream, packet.is_keyframe = stream, is_key
            packet.pts = packet.dts = index
            packet.time_base = Fraction(1, RATE)
            container.mux(packet)
    return target


def rows(folder: Path, video: Path, minutes: int, what: str) -> Path:
    """Write an annotation file of one row for each event of the video.

    The pose stream needs clips of both labels: there the long row is one without a fall, all of
    whose windows count, beside the example.
    """
    path = folder / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "start", "end", "group"])
        if what == "pose":
            example = folder / "example.mp4"
            example.write_bytes(EXAMPLE.read_bytes())
            table.writerow([example.name, "fall", *EVENT, "example"])
            table.writerow([video.name, "other", "", "", "long"])
            return path
        for begin in range(0, minutes * 60, SECONDS):
            start, end = (f"{begin + seconds:.1f}" for seconds in EVENT)
            table.writerow([video.name, "fall", start, end, "long"])
    return path


def measure(what: str, video: Path, minutes: int, side: int) -> dict[str, Any]:
    """Run a command on the video and return what it took."""
    folder, cache = video.parent, video.parent / "cache"
    words, before = list(COMMANDS[what]), taken(cache)
    if words[0] == "extract":
        words[1:1] = [str(video), "--out", str(cache)]
    else:
        data = rows(folder, video, minutes, what)
        given = ["--data", str(data), "--out", str(folder / what)]
        words += [*(given if words[0] == "train" else [str(data)]), "--cache", str(cache)]
    log = folder / "log"
    with log.open("wb") as stream:
        started = subprocess.Popen(
            [sys.executable, "-m", "slipdetect", *words], stdout=stream, stderr=stream
        )
        with Peak(started.pid) as peak:
            code = started.wait()
    text = log.read_text(encoding="utf-8", errors="replace")
    if code:
        raise SystemExit(f"{' '.join(words)} ended with {code}:\n{text}")
    said = next((line for line in text.splitlines() if line.startswith("decoded clips")), "")
    return {
        "what": what,
        "minutes": minutes,
        "side": side,
        "peak": peak.bytes,
        "disk": taken(cache) - before,
        "said": said.partition(" in ")[0],
        "machine": machine(),
    }


def taken(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Peak:
    """The most memory that a process and its children hold at once, while the block runs."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid, self._ended = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            self.bytes = max(self.bytes, sum(map(resident, family(self._pid))))


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in family(int(child)))]


def resident(pid: int) -> int:
    """Return the memory that a process holds, bytes; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def machine() -> str:
    """Say what was measured on."""
    import torch
    from machine import machine_name

    return f"{machine_name()}, torch {torch.__version__}"


def store(path: Path, row: dict[str, Any]) -> None:
    """Put a row among those that are stored, in place of an older one of the same run."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    same = ("what", "minutes", "side")
    kept = [each for each in before if [each[k] for k in same] != [row[k] for k in same]]
    path.write_text(json.dumps([*kept, row], indent=1) + "\n", encoding="utf-8")
    print(line(row), file=sys.stderr, flush=True)


def line(row: dict[str, Any]) -> str:
    """Return a row as a line."""
    return (
        f"{row['what']:<9} {row['side']:>4} px {row['minutes']:>3} min: peak "
        f"{row['peak'] / 1e6:>6,.0f} MB, disk {row['disk'] / 1e9:5.2f} GB"
    )


def report(found: list[dict[str, Any]]) -> list[str]:
    """Return the figures as lines, each of a longer row with its ratio to the shortest."""
    lines = sorted({row["machine"] for row in found})
    for what in COMMANDS:
        for side in sorted({row["side"] for row in found}):
            mine = [row for row in found if (row["what"], row["side"]) == (what, side)]
            mine.sort(key=lambda row: row["minutes"])
            for row in mine:
                ratio = row["peak"] / mine[0]["peak"]
                text = line(row)
                if row is not mine[0]:
                    passed = ratio <= MOST_RATIO and row["peak"] < MOST_BYTES
                    text += f", {ratio:.2f} times the peak of {mine[0]['minutes']} min"
                    text += f" (bar: {MOST_RATIO}, {MOST_BYTES / 1e6:,.0f} MB: "
                    text += f"{'kept' if passed else 'missed'})"
                lines.append(text)
    return lines


if __name__ == "__main__":
    main()
