"""The package that many tests share is the same in whatever order they run.

In: a package written while another network stands for resnet18. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from slipdetect import backbones
from slipdetect.models import load_package
from stub_models import create_stub
from tiny_package import write_tiny_package


def test_a_stubbed_backbone_does_not_get_into_the_shared_package(tmp_path: Path) -> None:
    plain = load_package(write_tiny_package(tmp_path / "plain")).build_stream("rgb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_stub)
        write_tiny_package(tmp_path / "meanwhile")
    again = load_package(tmp_path / "meanwhile").build_stream("rgb")
    assert again.state_dict().keys() == plain.state_dict().keys()
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
