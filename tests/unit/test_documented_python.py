"""docs/python.md and docs/graphs.md: every example does what the page says.

In: the pages, the bundled model and the example clip. Out: nothing but assertions.
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from slipdetect import Detector

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL
)
_TABLE = "to_dataframe"


def check(blocks: list[str], names: dict[str, Any]) -> int:
    """Run blocks one after the other with shared names; return how many examples there were."""
    parser, runner = (
        doctest.DocTestParser(),
        doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS),
    )
    for number, block in enumerate(blocks):
        test = parser.get_doctest(block, names, f"python.md block {number}", None, None)
        said: list[str] = []
        runner.run(test, out=said.append, clear_globs=False)
        names = test.globs
        assert not said, "".join(said)
    return runner.tries


def test_the_examples_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert check([block for block in BLOCKS if _TABLE not in block], {}) > 15


def test_a_graph_gives_the_probability_of_detect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "graphs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(block.splitlines()) <= 25
    exec(block, {})
    printed = float(capsys.readouterr().out)
    detected = Detector.load("default", "cpu", exact=True).detect("examples/slip.mp4")
    (window,) = [each for each in detected.windows if (each.start, each.end) == (0.0, 2.4)]
    assert printed == pytest.approx(window.probability, abs=1e-6)


def test_the_tables_of_the_page() -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    from results import FALL, make_result
    from slipdetect.detection import Window

    windows = (Window(0.0, 1.0, 0.5, {"rgbdiff": 0.5, "flow": 0.5}),)
    weights = {"rgbdiff": "a", "flow": "b", "pose": "c"}
    result = make_result("slip.mp4", FALL, weights=weights, windows=windows)
    assert check([block for block in BLOCKS if _TABLE in block], {"result": result}) == 2
