"""The top of the package: every public name resolves, and importing it is light.

In: a fresh interpreter. Out: which modules it has loaded.
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import slipdetect
import slipdetect.detection
import slipdetect.lab.evaluate
import slipdetect.types
import slipdetect.video


def test_importing_the_package_loads_neither_torch_nor_opencv() -> None:
    code = "import sys, slipdetect; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "slipdetect" in loaded
    assert not loaded & {"torch", "cv2", "av", "numpy", "matplotlib", "sklearn", "timm"}


def test_the_vocabulary_loads_neither_torch_nor_a_video_library() -> None:
    words = [
        "Calibration",
        "DetectionResult",
        "Event",
        "EventConfig",
        "Frame",
        "SlipdetectError",
        "Window",
    ]
    code = f"import sys, slipdetect; [getattr(slipdetect, name) for name in {words}]; "
    code += "print(*sorted(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"torch", "cv2", "av", "numpy", "scipy", "timm"}


@pytest.mark.parametrize("name", slipdetect.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(slipdetect, name) is not None
    assert name in dir(slipdetect)


_LAZY = ("", ".detection", ".lab.data", ".video", ".video.live")


@pytest.mark.parametrize("name", [f"slipdetect{each}" for each in _LAZY])
def test_type_checkers_and_the_interpreter_know_the_same_names(name: str) -> None:
    package = importlib.import_module(name)
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    checked = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name  # or it would not count as public
            checked[alias.name] = getattr(importlib.import_module(str(node.module)), alias.name)
    assert set(checked) == set(package.__all__) - {"__version__"}
    for public, value in checked.items():
        assert getattr(package, public) is value


@pytest.mark.slow
def test_a_users_type_checker_sees_the_types(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import slipdetect\nfrom slipdetect import Detector\n"
        "result = Detector.load('default').detect('a.mp4')\n"
        "reveal_type(result)\nreveal_type(slipdetect.detect)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    revealed = [line for line in done.stdout.splitlines() if "Revealed type" in line]
    assert "slipdetect.types.result.DetectionResult" in revealed[0]
    assert "def (source:" in revealed[1]
    assert "error:" not in done.stdout


def test_a_word_is_the_same_class_wherever_it_is_taken_from() -> None:
    for name in ("DetectionResult", "Event", "EventConfig", "Window"):
        top = getattr(slipdetect, name)
        assert getattr(slipdetect.detection, name) is top
        assert getattr(slipdetect.types, name) is top
    assert slipdetect.types.Calibration is slipdetect.Calibration
    assert slipdetect.video.Frame is slipdetect.Frame


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Detectr'"):
        _ = slipdetect.Detectr


_PACKAGES = ["slipdetect"] + [
    found.name for found in pkgutil.walk_packages(slipdetect.__path__, "slipdetect.") if found.ispkg
]


@pytest.mark.parametrize("name", _PACKAGES)
def test_no_file_takes_the_place_of_a_public_name_once_it_is_imported(name: str) -> None:
    package = importlib.import_module(name)
    files = {found.name for found in pkgutil.iter_modules(package.__path__)}
    for public in files & set(getattr(package, "__all__", ())):
        # loaded before the name was bound, so that the name stays what it is
        assert f"{name}.{public}" in sys.modules
        assert not isinstance(getattr(package, public), ModuleType)
