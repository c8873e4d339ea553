"""The 2020 course report's two-stream tables, trained once through their commands on real clips.

In: annotated clips. Out: what ``slipdetect reproduce TABLE --quick`` printed, how long it took.

    python benchmarks/reproduce_quick.py --run --data ../shared/data/clips.csv
    python benchmarks/reproduce_quick.py --report

Every table trains its networks itself, in a folder of its own. Few clips, three steps and random
weights show that the commands come to their end, and say nothing of how good the networks are.
Clips that may not train anything (column ``terms``) are left out.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from same_events_store import build

RESULT = Path(__file__).parent / "results" / "reproduce_quick.json"
TABLES = ("table1", "table2", "table3")
NOT_FOR_TRAINING = "thresholds only"
_NO_MATTER = ("version", "commit")  # the history of the file of results has it


def main() -> None:
    """Run or report, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="train and store")
    parser.add_argument("--report", action="store_true", help="print what was stored (default)")
    parser.add_argument("--data", type=Path, metavar="CSV", help="annotated clips")
    parser.add_argument("--tables", default=",".join(TABLES), help="default: %(default)s")
    arguments = parser.parse_args()
    if arguments.run:
        if arguments.data is None:
            parser.error("--run needs --data CSV")
        found = read() if RESULT.exists() else {}
        for table in arguments.tables.split(","):
            found[table] = run(table, arguments.data)
            text = json.dumps(dict(sorted(found.items())), indent=1)
            RESULT.write_text(text + "\n", encoding="utf-8")
    if arguments.report or not arguments.run:
        print("\n".join(report(read())))


def read() -> dict[str, Any]:
    """Return what was stored."""
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return found


def run(table: str, data: Path) -> dict[str, Any]:
    """Run a table's command to its end; return what it printed and every circumstance."""
    with tempfile.TemporaryDirectory() as folder:
        usable = Path(folder) / "clips.csv"
        sources = leave_out(data, usable)
        words = ["slipdetect", "reproduce", table, "--data", "clips.csv", "--quick"]
        command = [sys.executable, "-m", *words, "--root", str(data.parent.resolve())]
        began, date = time.monotonic(), datetime.now(UTC)
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
    return {
        "command": " ".join(words),
        "date": f"{date:%Y-%m-%d}",
        "machine": {key: value for key, value in build().items() if key not in _NO_MATTER},
        "clips": sources,
        "seconds": round(seconds),
        "exit": done.returncode,
        "printed": done.stdout.splitlines(),
        "told": done.stderr.splitlines(),
    }


def leave_out(data: Path, usable: Path) -> dict[str, int]:
    """Copy the rows of clips that may train; return their number by data set."""
    with data.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("terms") != NOT_FOR_TRAINING]
    with usable.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return dict(Counter(row.get("dataset", "") for row in rows))


def report(found: dict[str, Any]) -> Iterator[str]:
    """Yield the table of docs/reproducing.md, and then what every command printed."""
    yield "| command | runs | clips to choose from | exit code | took | on |"
    yield "| --- | ---: | ---: | ---: | ---: | --- |"
    for row in found.values():
        runs = sum(" done after " in line for line in row["told"])
        took = f"{row['seconds'] // 60} min {row['seconds'] % 60} s"
        yield (
            f"| `{row['command']}` | {runs} | {sum(row['clips'].values())} | {row['exit']} | "
            f"{took} | {row['date']}, {row['machine']['machine']} |"
        )
    for row in found.values():
        yield from ("", f"$ {row['command']}", "", *row["printed"])


if __name__ == "__main__":
    main()
