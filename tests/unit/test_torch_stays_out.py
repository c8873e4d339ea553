"""Detecting with a model that carries graphs loads no torch, from the command line and in Python.

In: four seconds of the rendered example, in which somebody is looked at. Out: nothing but
assertions about a new process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"
HEAVY = (
    *("torch", "torchvision", "timm", "numba", "matplotlib", "sklearn", "scipy", "onnx"),
    "numpy.ma",  # a seventh of the time that imports take
)
COMMAND = f"""
import sys
from slipdetect.cli.main import cli
code = cli(['detect', {str(EXAMPLE)!r}, '--max-duration', '4', '--format', 'json',
            '--windows'], standalone_mode=False)
"""
LIVE = """
import sys
from slipdetect.cli.main import cli
cli(['watch', '-', '--max-duration', '4'], standalone_mode=False)
"""
PYTHON = f"""
import sys
from slipdetect import Detector
detector = Detector.load()
print(detector.engine, len(detector.detect({str(EXAMPLE)!r}, max_duration=4.0).windows))
"""


@pytest.mark.parametrize("code", [COMMAND, LIVE, PYTHON], ids=["detect", "watch", "python"])
def test_nothing_heavy_is_loaded(code: str) -> None:
    told = f"\nprint(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    with EXAMPLE.open("rb") as video:
        done = subprocess.run(
            [sys.executable, "-c", code + told], capture_output=True, text=True, stdin=video
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"
    assert any(word in done.stdout for word in ('"probability"', '"summary"', "onnx "))
