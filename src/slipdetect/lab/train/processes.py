"""Where a run computes: device, arithmetic and, under a launcher, its many processes.

In: ``--device`` and a precision. Out: accelerate's ``Accelerator``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import torch

from slipdetect.detection import resolve_device
from slipdetect.errors import UsageError
from slipdetect.lab import require

if TYPE_CHECKING:
    from accelerate import Accelerator

_DEVICE = "ACCELERATE_TORCH_DEVICE"
# one process decodes all clips while the others wait; NCCL would give up after ten minutes
_PATIENCE = timedelta(days=2)
_PRECISIONS = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(device: str, precision: str) -> Accelerator:
    """Return what moves tensors, averages gradients over processes and scales losses.

    A process that ``torchrun`` or ``accelerate launch`` started joins the others.

    Args:
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        precision: ``"auto"``, ``"fp32"``, ``"bf16"`` or ``"fp16"``.

    Raises:
        UsageError: The device is not there, or cannot compute so.
        LibraryError: accelerate is not installed.
    """
    require("accelerate", "train")
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import InitProcessGroupKwargs

    where = resolve_device(device)
    if precision == "fp16" and where.type == "cpu":
        raise UsageError("precision fp16 needs a GPU; use bf16 or fp32 on a CPU")
    if precision == "auto":
        # older GPUs emulate it, slower than fp32
        has_bf16 = where.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = "bf16" if has_bf16 else "fp32"
    # one process may train twice with different settings, which the shared state would refuse
    AcceleratorState._reset_state(reset_partial_state=True)
    with _device_named(where):
        return Accelerator(
            cpu=where.type == "cpu",
            mixed_precision=_PRECISIONS[precision],
            kwargs_handlers=[InitProcessGroupKwargs(timeout=_PATIENCE)],
        )


def leave_processes() -> None:
    """Take leave of the other processes of a launch, when all is done.

    A group that is left to the end of the interpreter can abort it, and with it the launch.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextmanager
def _device_named(device: torch.device) -> Iterator[None]:
    """Make accelerate take ``device`` in a run of one process, where it would take the first."""
    if device.index is None or "LOCAL_RANK" in os.environ:
        yield
        return
    before = os.environ.get(_DEVICE)
    os.environ[_DEVICE] = str(device)
    try:
        yield
    finally:
        os.environ.pop(_DEVICE)
        if before is not None:
            os.environ[_DEVICE] = before
