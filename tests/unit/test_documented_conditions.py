"""The table of docs/stress.md is that of the code, and its Python runs.

In: the page. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

from slipdetect.lab.stress.conditions import CONDITIONS

PAGE = (Path(__file__).parents[2] / "docs" / "stress.md").read_text(encoding="utf-8")


def test_every_condition_is_described_with_its_strengths() -> None:
    table = PAGE.partition("\n## Another camera place\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    expected = []
    for found in CONDITIONS.values():
        numbers = ", ".join(f"{number:g}" for number in found.strengths if number is not None)
        numbers = numbers or ("" if found.strengths else "as in the file,")
        expected.append([f"`{found.name}`", found.meaning, f"{numbers} {found.unit}".strip()])
    assert [row[:3] for row in rows] == expected


def test_the_folder_and_the_view_are_named_as_they_are() -> None:
    assert "(`noise-25.jsonl`)" in PAGE
    assert CONDITIONS["noise"].case(25).key == "noise-25"
    assert CONDITIONS["dark"].case(20).view() is not None
    assert 'CONDITIONS["dark"].case(20).view()' in PAGE
