"""What the scripts of benchmarks import of the package, also within functions, is there.

In: the scripts' text. Out: assertions.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_it_imports_of_the_package_is_there(script: Path) -> None:
    missing = []
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if (
            not isinstance(node, ast.ImportFrom)
            or (node.module or "").split(".")[0] != "slipdetect"
        ):
            continue
        module = importlib.import_module(str(node.module))
        for name in (alias.name for alias in node.names):
            if not hasattr(module, name):
                try:
                    importlib.import_module(f"{node.module}.{name}")
                except ImportError:
                    missing.append(f"{node.module}.{name}")
    assert missing == []
