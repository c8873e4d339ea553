"""TV-L1 flow of many pairs at once on an NVIDIA GPU; the results are those of the CPU's.

In: gray pictures. Out: ``(2, H, W)`` float32 px per pair.
"""

from __future__ import annotations

import logging

import numpy as np
import torch
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.arrays import Flow, Gray
from slipdetect.flow.gpu import planes as plain
from slipdetect.flow.gpu.fused import Solver, solve_batch
from slipdetect.flow.gpu.planes import build_levels, build_start
from slipdetect.flow.registry import BatchFlowMethod
from slipdetect.flow.tvl1_parameters import TvL1Parameters

_log = logging.getLogger(__name__)

# upper bounds, counted from the planes that each solver holds
_BYTES_FUSED = 160
_BYTES_PLAIN = 1200

# the kernels use tuples, which older versions do not compile
_OLDEST_TRITON = (3, 3)

# two programs that add in another order differ less, px
_TOLERANCE = 0.01


class TvL1Cuda(BatchFlowMethod):
    """TV-L1 flow (Zach, Pock and Bischof, DAGM 2007) on a GPU, a pair per Triton program.

    Before the first pair the Triton kernel is held to plain torch on a small picture; where it
    cannot be built or gives another flow, plain torch does the work, and a warning says why.

    Args:
        parameters: Those of the flow.
        device: ``"cuda"``, or one of several as ``"cuda:1"``.

    Raises:
        UsageError: torch finds no such GPU.
    """

    parameters_type = TvL1Parameters
    batch = 128

    def __init__(self, parameters: TvL1Parameters, device: str = "cuda") -> None:
        self._device = _usable_device(device)
        super().__init__(parameters, str(self._device))
        self._solver: Solver | None = None

    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        """Compute the flow; see ``FlowMethod.calc``. One pair leaves most of a GPU idle."""
        start = None if initial is None or not self.uses_initial_flow else initial[np.newaxis]
        flow: NDArray[np.float32] = self._flows(prev[np.newaxis], next[np.newaxis], start)[0]
        return flow

    def calc_batch(self, prev: Gray, next: Gray) -> Flow:
        """Compute the flows of pairs; see ``BatchFlowMethod.calc_batch``. All start from zero."""
        return self._flows(prev, next, None)

    def _flows(self, prev: Gray, next: Gray, initial: Flow | None) -> Flow:
        if self._solver is None:
            self._solver = choose_solver(self.parameters, self._device)
        needed = _BYTES_PLAIN if self._solver is plain.solve else _BYTES_FUSED
        return solve_batch(prev, next, initial, self.parameters, self._device, self._solver, needed)


def choose_solver(parameters: TvL1Parameters, device: torch.device) -> Solver:
    """Return the Triton solver where it works on ``device``, else the plain one with a warning."""
    try:
        import triton  # type: ignore[import-untyped]

        version = tuple(int(part) for part in triton.__version__.split(".")[:2])
        if version < _OLDEST_TRITON:
            raise ImportError(f"Triton {triton.__version__} is older than 3.3")
        from slipdetect.flow.gpu import fused

        difference = _difference(fused.solve, parameters, device)
        if not difference <= _TOLERANCE:
            raise RuntimeError(f"its flow is {difference:.3g} px off")
    # a compiler, a driver or a missing C compiler may fail in any way, and torch can do without
    except Exception as error:
        reason = str(error).strip().splitlines()[:1]
        _log.warning(
            "TV-L1 on %s runs without its Triton kernel, slower: %s",
            device,
            reason[0] if reason else type(error).__name__,
        )
        return plain.solve
    return fused.solve


def _difference(solve: Solver, parameters: TvL1Parameters, device: torch.device) -> float:
    """Return the mean distance of a solver's flow from the plain one's on a small pair, px."""
    # of the caller's parameters, those that the kernel is compiled for
    few = TvL1Parameters(
        nscales=2,
        warps=1,
        outer_iterations=2,
        inner_iterations=5,
        gamma=0.1 if parameters.gamma > 0 else 0.0,
        median_filtering=parameters.median_filtering,
    )
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(48.0), indexing="ij")
    first = 128 + 60 * torch.sin(0.5 * x + 0.2 * y) + 60 * torch.sin(0.3 * y - 0.1 * x)
    pair = (first[None].to(device), first.roll(1, dims=1)[None].to(device))
    levels = build_levels(*pair, few)
    start = build_start(levels, None, few)
    apart = solve(levels, start, few) - plain.solve(levels, start, few)
    return float(apart.square().sum(dim=1).sqrt().mean())


def _usable_device(name: str) -> torch.device:
    """Return the device of that name, with its number.

    Raises:
        UsageError: It is no GPU, or not there.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"unknown device {name!r}; use cuda, cuda:0, cuda:1 ... or cpu") from error
    if device.type != "cuda":
        raise UsageError(f"this TV-L1 runs on a GPU, not on {name!r}; use cuda or cuda:0")
    if not torch.cuda.is_available():
        raise UsageError(
            "TV-L1 on cuda needs an NVIDIA GPU that torch can use, and torch finds none; "
            "use device cpu, or install the driver and a CUDA build of torch"
        )
    number = torch.cuda.current_device() if device.index is None else device.index
    if number >= torch.cuda.device_count():
        raise UsageError(
            f"there is no {name}; torch finds {torch.cuda.device_count()} GPU(s), from cuda:0"
        )
    return torch.device("cuda", number)
