"""What the work runs on: OpenCL devices, CPUs and memory.

In: this machine. Out: what there is of it, and how much of it may be used.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from slipdetect.errors import UsageError

VARIABLE = "OPENCV_OPENCL_DEVICE"
# CL_DEVICE_TYPE_* of OpenCL's cl.h
_KINDS = {2: "a CPU", 4: "a GPU", 8: "an accelerator"}
# on Debian the driver does not bring the library that finds drivers
_PACKAGES = "pocl-opencl-icd and ocl-icd-libopencl1"
# the process that OpenCL's threads are in, once they are
_started_in: int | None = None
_most_cpus: int | None = None


@dataclass(frozen=True)
class OpenCLDevice:
    """A device.

    Attributes:
        name: What its driver calls it.
        kind: ``"a CPU"``, ``"a GPU"``, ``"an accelerator"`` or ``"a device"``.
        driver: The driver's version.
    """

    name: str
    kind: str
    driver: str

    def __str__(self) -> str:
        return f"OpenCL on {self.kind}: {self.name}, driver {self.driver}"


def opencl_device() -> OpenCLDevice:
    """Return the device that OpenCV offloads to.

    Raises:
        UsageError: There is none; the message says why and what to do.
    """
    global _started_in
    import cv2

    check_not_forked()
    if not cv2.ocl.haveOpenCL():
        raise UsageError(
            "OpenCV finds no OpenCL on this machine; install the driver of your GPU, or "
            f"{_PACKAGES} and set {VARIABLE}=:CPU: to run OpenCL on the CPU"
        )
    # cv2's type stubs leave out how to ask a device
    device = cast("Any", cv2).ocl.Device.getDefault()
    if not device.available():
        chosen = os.environ.get(VARIABLE, "")
        why = f"{VARIABLE}={chosen} names none" if chosen else "it looks for GPUs and finds none"
        raise UsageError(
            f"OpenCV has no OpenCL device to offload to: {why}; install the driver of your GPU, "
            f"or set {VARIABLE}=:CPU: before starting (needs a CPU driver: {_PACKAGES}, "
            "and a home folder that it may write to)"
        )
    _started_in = os.getpid()
    if not cv2.ocl.useOpenCL():
        raise UsageError("OpenCL is switched off in OpenCV; call cv2.ocl.setUseOpenCL(True)")
    kind = _KINDS.get(int(device.type()), "a device")
    return OpenCLDevice(str(device.name()), kind, str(device.driverVersion()))


def check_not_forked() -> None:
    """Raise ``UsageError`` in a process that was forked after OpenCL was used.

    The driver's threads stay behind in the first process, and work given to them never ends.
    """
    if _started_in not in (None, os.getpid()):
        raise UsageError(
            "OpenCL was used before this process was forked and does not survive that; start "
            "processes by multiprocessing's 'spawn', or use 'tvl1-opencv'"
        )


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return count if _most_cpus is None else min(count, _most_cpus)


def limit_cpus(count: int) -> None:
    """Let this process use ``count`` CPUs at most, as where several share a machine."""
    global _most_cpus
    _most_cpus = max(count, 1)


def peak_memory() -> int | None:
    """Return the most memory that this process has held so far, bytes; None if unknown."""
    try:
        # getrusage keeps what the process that started this one held
        for line in (
            Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        ):
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
