"""The table of docs/old-checkpoints.md is what the networks count.

In: the page, and networks without memory for their weights. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from slipdetect.backbones import create_backbone, get_spec
from slipdetect.lab.models.measure import measure

PAGE = Path(__file__).parents[2] / "docs" / "old-checkpoints.md"
pytestmark = pytest.mark.slow

NAMES = ("bninception", "inceptionv4", "resnet101", "resnest101", "inceptionresnetv2")


@pytest.fixture(scope="module")
def counts() -> dict[str, tuple[int, int]]:
    """Parameters and operations of the five networks that the 2020 course report compares."""
    found = {}
    for name in NAMES:
        side = get_spec(name).input_size
        with torch.device("meta"):
            cost = measure(
                create_backbone(name), torch.zeros(1, 3, side, side), timings=1, for_seconds=0.0
            )
        found[name] = cost.parameters, cost.flops
    return found


@pytest.mark.parametrize("name", NAMES)
def test_row_of_a_network(counts: dict[str, tuple[int, int]], name: str) -> None:
    parameters, flops = counts[name]
    size = get_spec(name).input_size
    row = f"| `{name}` | {size} px | {parameters / 1e6:.2f} M | {flops / 1e9:.2f} |"
    assert row in PAGE.read_text(encoding="utf-8")


def test_what_the_page_says_of_inceptionv4(counts: dict[str, tuple[int, int]]) -> None:
    by_parameters = sorted(NAMES, key=lambda name: counts[name][0])
    by_work = sorted(NAMES, key=lambda name: counts[name][1])
    assert by_parameters.index("inceptionv4") == 1
    assert by_work.index("inceptionv4") == 3
    share = counts["resnet101"][0] / counts["inceptionv4"][0]
    assert share == pytest.approx(1.03, abs=0.005)
