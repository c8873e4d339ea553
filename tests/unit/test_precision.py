"""What networks compute in: the choice, how far results move, and what is done where it fails.

In: small networks, a pretended CPU. Out: assertions on types, outputs and errors.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from slipdetect.backbones import create_backbone
from slipdetect.detection.engines.folding import fast_precision, in_precision

CPU = torch.device("cpu")
EXAMPLE = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("capabilities", "wanted"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": False, "avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_it_is_bfloat16_where_the_cpu_has_instructions_for_it(
    capabilities: dict[str, bool], wanted: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert fast_precision(CPU) == wanted
    assert fast_precision(torch.device("cuda")) == torch.float32


def test_older_torch_that_cannot_tell_has_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert fast_precision(CPU) == torch.float32


@pytest.mark.parametrize("name", ["resnet18", "bninception"])
def test_backbones_compute_nearly_the_same_between_float32(name: str) -> None:
    network = create_backbone(name).eval()
    other = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        wanted = network(other)
        made = in_precision(network, EXAMPLE, torch.bfloat16)(other)
        same = in_precision(network, EXAMPLE, torch.float32)(other)
    assert made.dtype == torch.float32
    torch.testing.assert_close(same, wanted, rtol=1e-4, atol=1e-5)
    apart = float((made - wanted).abs().max() / wanted.abs().max())
    assert 0 < apart < 0.02
    assert all(weight.dtype == torch.float32 for weight in network.parameters())


class Whole(nn.Module):
    """Computes in float32 whatever it is given."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(x, torch.ones(1, 3, 1, 1))


class Differences(nn.Module):
    """Large sums whose small difference is the result."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + 1000.0) - 1000.0


@pytest.mark.parametrize("network", [Whole(), Differences()])
def test_what_cannot_stays_in_float32(network: nn.Module) -> None:
    made = in_precision(network, EXAMPLE, torch.bfloat16)
    torch.testing.assert_close(made(EXAMPLE), network(EXAMPLE))
