"""The Triton kernel of TV-L1 flow and the choice of it: against plain torch, without a GPU too.

In: Triton's interpreter and compiler, GPUs where there are any. Out: pass or fail.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from slipdetect.errors import UsageError
from slipdetect.flow.gpu import planes as plain
from slipdetect.flow.gpu.planes import Level
from slipdetect.flow.tvl1_cuda import TvL1Cuda, choose_solver
from slipdetect.flow.tvl1_parameters import TvL1Parameters

needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device: unmeasured on this machine"
)
without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
CPU = torch.device("cpu")
DEFAULT = TvL1Parameters()

# what the kernel must agree on with plain torch: pixels, tile, small tile, start, parameters
INTERPRETED = """
import numpy as np, torch
from slipdetect.flow.gpu import fused, planes as plain
from slipdetect.flow.gpu.planes import build_levels, build_start
from slipdetect.flow.tvl1_parameters import TvL1Parameters

CASES = [
    (5, 21, 16, 16, None, dict(nscales=1, median_filtering=1, outer_iterations=1)),
    (10, 12, 128, 128, None, dict(nscales=1, outer_iterations=2, epsilon=1e-3)),
    (21, 24, 512, 512, 0.3, dict(nscales=2, gamma=0.2, median_filtering=3, epsilon=10.0)),
]
for height, width, tile, small, start, changes in CASES:
    parameters = TvL1Parameters(**dict(warps=1, inner_iterations=2) | changes)
    y, x = np.mgrid[:height, :width]
    waves = 128 + 60 * np.sin(0.5 * x + 0.2 * y) + 60 * np.sin(0.3 * y - 0.1 * x)
    first = torch.tensor(np.stack([waves, waves])).float()
    # the second pair is still and stops at once; so do both where epsilon is large
    second = torch.stack([first[0].roll(1, 1), first[1]])
    levels = build_levels(first, second, parameters)
    initial = None if start is None else torch.full((2, 2, height, width), start)
    begin = build_start(levels, initial, parameters)
    expected = plain.solve(levels, begin, parameters)
    ours = fused.solve(levels, begin, parameters, tile, small)
    assert len(levels) == parameters.nscales
    assert expected[0].abs().max() > 0.1
    assert (ours - expected).abs().max() < 1e-3, (changes, (ours - expected).abs().max())
print("agreed")
"""

COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from slipdetect.flow.gpu.kernel import solve_pair

types = {"pictures": "*fp32", "state": "*fp32", "result": "*fp32", "sizes": "*i32"}
types |= {name: "i32" for name in ("levels", "pixels", "room", "warps", "outer", "inner")}
types |= {name: "constexpr" for name in ("C", "MEDIAN", "TILE", "SMALL")}
signature = {name: types.get(name, "fp32") for name in solve_pair.arg_names}
source = ASTSource(solve_pair, signature, {"C": 2, "MEDIAN": 5, "TILE": 2048, "SMALL": 512})
options = {"num_warps": 16, "num_stages": 1}
kernel = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options)
assert len(kernel.asm["cubin"]) > 1000
# a copy that runs ahead of a barrier would read what is not written yet
assert "cp.async" not in kernel.asm["ptx"] and ".nc." not in kernel.asm["ptx"]
print("compiled")
"""


def run(code: str, cache: Path, **environment: str) -> str:
    pytest.importorskip("triton", reason="no Triton here: the kernel cannot be tested")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=os.environ | {"TRITON_CACHE_DIR": str(cache)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


@pytest.mark.slow
def test_the_interpreted_kernel_gives_the_flow_of_plain_torch(tmp_path: Path) -> None:
    assert "agreed" in run(INTERPRETED, tmp_path, TRITON_INTERPRET="1")


@pytest.mark.slow
def test_the_kernel_compiles_for_a_gpu_that_is_not_here(tmp_path: Path) -> None:
    assert "compiled" in run(COMPILED, tmp_path)


def test_a_kernel_that_cannot_run_gives_way_to_plain_torch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # the kernel is compiled code, which has nothing to do on the CPU
    with caplog.at_level(logging.WARNING):
        assert choose_solver(DEFAULT, CPU) is plain.solve
    assert "TV-L1 on cpu runs without its Triton kernel, slower: " in caplog.text


def test_a_kernel_that_is_wrong_gives_way_to_plain_torch(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("triton", reason="no Triton here: there is no kernel to be wrong")
    from slipdetect.flow.gpu import fused

    def off_by(error: float) -> None:
        def solve(
            levels: list[Level], start: torch.Tensor, parameters: TvL1Parameters
        ) -> torch.Tensor:
            return plain.solve(levels, start, parameters) + error

        monkeypatch.setattr(fused, "solve", solve)

    off_by(0.001)
    assert choose_solver(DEFAULT, CPU) is fused.solve
    for error in (0.05, float("nan")):
        off_by(error)
        assert choose_solver(DEFAULT, CPU) is plain.solve
        assert "px off" in caplog.text


@without_gpu
def test_without_a_gpu_the_reason_is_said() -> None:
    with pytest.raises(UsageError, match="torch finds none; use device cpu"):
        TvL1Cuda(DEFAULT, "cuda")


@pytest.mark.parametrize("device", ["cpu", "gpu", "cuda:x"])
def test_other_devices_are_refused(device: str) -> None:
    with pytest.raises(UsageError, match="use cuda"):
        TvL1Cuda(DEFAULT, device)


def test_listing_the_methods_imports_no_torch() -> None:
    code = (
        "import sys; from slipdetect.flow import registry; registry.available_methods(); "
        "assert registry.resolve_device('tvl1', 'auto') in ('cpu', 'cuda'); "
        "assert registry.has_cuda() or 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@needs_gpu
@pytest.mark.parametrize("gamma", [0.0, 0.1])
def test_the_gpu_gives_the_flow_of_the_cpu(gamma: float) -> None:
    from slipdetect.flow.gpu import fused
    from slipdetect.flow.tvl1 import TvL1

    parameters = TvL1Parameters(gamma=gamma)
    y, x = np.mgrid[:120, :161].astype(float)
    grays = [
        np.round(128 + 60 * np.sin(0.5 * (x - s) + 0.2 * y) + 60 * np.sin(0.3 * y - 0.11 * (x - s)))
        for s in (0, 0.7, 2.0, 2.0)
    ]
    pictures = np.stack(grays).astype(np.uint8)
    method = TvL1Cuda(parameters)
    flows = method.calc_batch(pictures[:-1], pictures[1:])
    assert method._solver is fused.solve
    for i in range(3):
        expected = TvL1(parameters).calc(pictures[i], pictures[i + 1])
        assert np.hypot(*(flows[i] - expected)).mean() <= 0.02
        # a pair is a program of its own, so company changes nothing at all
        np.testing.assert_array_equal(method.calc(pictures[i], pictures[i + 1]), flows[i])
    np.testing.assert_array_equal(flows[2], 0)
