"""Show every component of the 2020 course report at work: one table, a row each.

In: ``mission_rows.toml``, which names the tests and commands of each row. Out: a table on stdout;
exit code 1 where a row does not work.

Tests of all rows run in one pytest, commands one after the other, as a user would type them.

    python benchmarks/mission_rows.py
    python benchmarks/mission_rows.py S15 S36
    python benchmarks/mission_rows.py --markdown      # for docs/reproducing.md
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
WORKS, FAILS, ABSENT = "works", "FAILS", "not here"


@dataclass(frozen=True)
class Row:
    """A component and what shows it.

    Attributes:
        id: Such as ``"S01"``.
        what: The component.
        tests: pytest's node ids below ``tests/``.
        commands: Arguments of slipdetect, and a text that its output must hold.
        absent: What cannot be had everywhere, and what stands for it.
    """

    id: str
    what: str
    tests: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]
    absent: str


@dataclass
class Shown:
    """What became of a row: how many of what ran, and why something did not work."""

    passed: int = 0
    skipped: int = 0
    commands: int = 0
    troubles: list[str] = field(default_factory=list)
    reasons: set[str] = field(default_factory=set)

    @property
    def verdict(self) -> str:
        """Return whether the row works; skipped tests alone show nothing."""
        if self.troubles:
            return FAILS
        return WORKS if self.passed or self.commands else ABSENT

    @property
    def ran(self) -> str:
        """Return what ran, in words."""
        parts = [(self.passed, "test"), (self.commands, "command"), (self.skipped, "skipped")]
        words = [
            f"{count} {name}{'s' if count > 1 and name != 'skipped' else ''}"
            for count, name in parts
            if count
        ]
        return ", ".join(words) or "nothing"


def read_rows(file: Path = HERE / "mission_rows.toml") -> list[Row]:
    """Return the rows in their order."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return [
        Row(
            key,
            row["what"],
            tuple(row.get("tests", ())),
            tuple((command, text) for command, text in row.get("commands", ())),
            row.get("absent", ""),
        )
        for key, row in content.items()
    ]


def outcomes(tests: Iterable[str]) -> list[tuple[str, str, str]]:
    """Run tests; return the node id, ``passed``, ``failed`` or ``skipped``, and a reason of each.

    Raises:
        SystemExit: pytest could not run them, as where a node id leads nowhere.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        names = [f"tests/{name}" for name in dict.fromkeys(tests)]
        flags = [
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={report}",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *flags, *names],
            cwd=REPOSITORY,
            env={**os.environ, "SLIPDETECT_SLOW": "1"},
            stdout=sys.stderr,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(f"pytest ended with {done.returncode}; a test may have another name")
        cases = ElementTree.parse(report).iter("testcase")
        return [_outcome(case) for case in cases]


def _outcome(case: ElementTree.Element) -> tuple[str, str, str]:
    # the file of an inherited test is its parent's, so module and class come from the class's name
    parts = str(case.get("classname")).split(".")[1:]
    module = next(k for k, part in enumerate(parts, 1) if part.startswith("test_"))
    file = "/".join(parts[:module]) + ".py"
    node = "::".join([file, *parts[module:], str(case.get("name"))])
    for word, name in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        found = case.find(word)
        if found is not None:
            return node, name, " ".join(str(found.get("message")).split())[:90]
    return node, "passed", ""


def run_command(command: str, text: str) -> str:
    """Run slipdetect; return what is wrong with it, or an empty string."""
    arguments = shlex.split(command.format(examples=REPOSITORY / "examples"))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "slipdetect", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return f"'slipdetect {command}' ended with {done.returncode}: {last[:90]}"
    return "" if text in done.stdout else f"'slipdetect {command}' does not print {text!r}"


def show(rows: Sequence[Row]) -> dict[str, Shown]:
    """Run what shows the rows."""
    found = {row.id: Shown() for row in rows}
    results = outcomes(test for row in rows for test in row.tests)
    for row in rows:
        shown = found[row.id]
        for test in row.tests:
            own = [item for item in results if _is_of(item[0], test)]
            shown.passed += sum(outcome == "passed" for _, outcome, _ in own)
            shown.skipped += sum(outcome == "skipped" for _, outcome, _ in own)
            shown.reasons |= {reason for _, outcome, reason in own if outcome == "skipped"}
            shown.troubles += [f"{n}: {why}" for n, outcome, why in own if outcome == "failed"]
            if not own:
                shown.troubles.append(f"{test} did not run")
        for command, text in row.commands:
            print(f"slipdetect {command}", file=sys.stderr)
            shown.commands += 1
            trouble = run_command(command, text)
            shown.troubles += [trouble] if trouble else []
    return found


def _is_of(node: str, test: str) -> bool:
    return node == test or node.startswith((f"{test}::", f"{test}["))


def table(rows: Sequence[Row], found: dict[str, Shown]) -> str:
    """Return the table for a terminal."""
    width = max(len(row.what) for row in rows)
    lines = []
    for row in rows:
        shown = found[row.id]
        lines.append(f"{row.id}  {row.what:<{width}}  {shown.verdict:<8}  {shown.ran}")
        lines += [f"     {trouble}" for trouble in shown.troubles]
        lines += [f"     skipped: {reason}" for reason in sorted(shown.reasons)]
        if row.absent:
            lines.append(f"     not here: {row.absent}")
    return "\n".join(lines)


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows and what shows each, for the documentation."""
    lines = [
        "| row | component | shown by | not at hand: what stands for it |",
        "| --- | --- | --- | --- |",
    ]
    for row in rows:
        names = [f"`{name}`" for name in row.tests]
        names += [f"`slipdetect {command}`" for command, _ in row.commands]
        lines.append(f"| {row.id} | {row.what} | {'<br>'.join(names)} | {row.absent} |")
    return "\n".join(lines)


def main() -> None:
    """Run the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help="Rows; all when none is named.")
    parser.add_argument("--markdown", action="store_true", help="Print the rows, run nothing.")
    options = parser.parse_args()
    known = read_rows()
    strange = sorted(set(options.ids) - {row.id for row in known})
    if strange:
        parser.error(f"there is no row {strange[0]!r}; they are {known[0].id} to {known[-1].id}")
    rows = [row for row in known if not options.ids or row.id in options.ids]
    if options.markdown:
        print(markdown(rows))
        return
    began = time.monotonic()
    found = show(rows)
    works = sum(shown.verdict == WORKS for shown in found.values())
    print(table(rows, found))
    print(f"\n{works} of {len(rows)} work, in {time.monotonic() - began:.0f} s")
    raise SystemExit(works < len(rows))


if __name__ == "__main__":
    main()
