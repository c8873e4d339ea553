"""The top of the package: every public name resolves, and importing it is light.

In: a fresh interpreter. Out: which modules it has loaded.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

import slipdetect


def test_importing_the_package_loads_neither_torch_nor_opencv() -> None:
    code = "import sys, slipdetect; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "slipdetect" in loaded
    assert not loaded & {"torch", "cv2", "av", "numpy", "matplotlib", "sklearn", "timm"}


@pytest.mark.parametrize("name", slipdetect.__all__)
def test_every_public_name_resolves(name: str) -> None:
    assert getattr(slipdetect, name) is not None
    assert name in dir(slipdetect)


def test_the_lazy_table_and_the_public_names_agree() -> None:
    assert set(slipdetect._HOMES) == set(slipdetect.__all__) - {"__version__"}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Detectr'"):
        _ = slipdetect.Detectr
