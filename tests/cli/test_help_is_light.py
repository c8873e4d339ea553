"""Help pages come fast: they load neither torch nor a video library.

In: help pages in processes of their own. Out: nothing but assertions.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "cv2", "av", "numpy", "timm", "matplotlib")
PAGES = [
    ["--help"],
    ["-h"],
    ["--version"],
    ["detect", "--help"],
    ["extract", "--help"],
    ["train", "--help"],
    ["evaluate", "--help"],
    ["evaluate", "clips", "--help"],
    ["evaluate", "events", "--help"],
    ["stress", "--help"],
    ["calibrate", "--help"],
    ["reproduce", "--help"],
    ["models", "--help"],
    ["models", "show", "--help"],
    ["models", "import", "--help"],
    ["models", "export", "--help"],
    ["backbones", "list", "--help"],
    ["backbones", "check", "--help"],
    ["compare", "--help"],
    ["plot", "--help"],
    ["doctor", "--help"],
    ["describe", "--help"],
    ["describe", "test_models.py"],
]
SCRIPT = """
import sys, time
begin = time.process_time()
from slipdetect.cli.main import cli
try:
    cli(sys.argv[1:], prog_name="slipdetect")
except SystemExit as end:
    code = end.code
print([name for name in {heavy!r} if name in sys.modules], code, time.process_time() - begin,
      sep="|", file=sys.stderr)
"""


@pytest.mark.parametrize("page", PAGES, ids=" ".join)
def test_help_loads_nothing_heavy(page: list[str]) -> None:
    command = [sys.executable, "-c", SCRIPT.format(heavy=HEAVY), *page]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded, code, seconds = done.stderr.strip().split("|")
    assert loaded == "[]"
    assert code == "0"
    assert "slipdetect" in done.stdout
    assert float(seconds) < 1.0  # 0.2 s of processor time; the machine may be slow


def test_W09_quick_doctor_does_not_load_torch() -> None:
    command = [sys.executable, "-c", SCRIPT.format(heavy=["torch"]), "doctor", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1].startswith("[]|")
    assert "opencv-contrib-python" in done.stdout
