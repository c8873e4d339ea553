"""The example plugin, installed as a user would install it, works and can be switched off.

In: examples/plugin-backbone. Out: a package in a folder of its own, used by fresh interpreters.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "plugin-backbone"

USE = """
import json, torch
from slipdetect.backbones import backbone_info, create_backbone, list_backbones
info = backbone_info("tinynet")
network = create_backbone("tinynet", in_channels=10).eval()
shape = list(network(torch.zeros(2, 10, 40, 40)).shape)
print(json.dumps({"names": list_backbones("tiny*"), "all": len(list_backbones()),
                  "available": info.available, "distribution": info.distribution,
                  "shape": shape, "spec": network.spec.name}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the example, is not installed")
    target = tmp_path_factory.mktemp("site")
    flags = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", *flags, "--target", target, EXAMPLE],
        check=True,
        capture_output=True,
        text=True,
    )
    return target


def _run(code: str, installed: Path, plugins: str | None = None) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "SLIPDETECT_PLUGINS"}
    environment["PYTHONPATH"] = os.pathsep.join([str(installed), str(REPOSITORY / "src")])
    if plugins is not None:
        environment["SLIPDETECT_PLUGINS"] = plugins
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _names(installed: Path, plugins: str | None) -> list[str]:
    code = "import json, slipdetect; print(json.dumps(slipdetect.list_backbones()))"
    names: list[str] = json.loads(_run(code, installed, plugins))
    return names


def test_installed_plugin_is_listed_created_and_used(installed: Path) -> None:
    result = json.loads(_run(USE, installed))
    assert result["names"] == ["tinynet"]
    assert result["all"] > 10
    assert result["available"] is True
    assert result["distribution"] == "slipdetect-tinynet"
    assert result["shape"] == [2, 64]
    assert result["spec"] == "tinynet"


def test_switch_hides_and_shows_the_plugin(installed: Path) -> None:
    assert "tinynet" not in _names(installed, plugins="")
    assert "resnet101" in _names(installed, plugins="")
    assert "tinynet" not in _names(installed, plugins="some-other-package")
    assert "tinynet" in _names(installed, plugins="other, Slipdetect_TinyNet")


def test_plugin_keeps_the_contract(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_tinynet.py").write_text(
        "from slipdetect.testing import BackboneContract\n\n\n"
        'class TestTinynet(BackboneContract):\n    name = "tinynet"\n\n\n'
        "class TestReflecting(TestTinynet):\n"
        '    options = {"padding_mode": "reflect"}\n'
    )
    arguments = ["-q", "-p", "no:cacheprovider", str(tmp_path)]
    code = f"import sys, pytest; sys.exit(pytest.main({arguments!r}))"
    assert "26 passed" in _run(code, installed)
