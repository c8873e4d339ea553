"""What is measured on, by name.

In: this machine. Out: text.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from slipdetect.flow.machine import opencl_device, usable_cpus


def processor_name() -> str:
    """Return the model of the processor, as far as the system tells."""
    try:
        for line in (
            Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        ):
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    name = platform.processor()
    return name if name else platform.machine()


def machine_name() -> str:
    """Return the processor's model and how many CPUs this process may use."""
    count = usable_cpus()
    return f"{processor_name()}, {count} CPU{'' if count == 1 else 's'}"


def device_name(device: str) -> str:
    """Return the name of the device that a flow method runs on, once the method is made."""
    kind, _, number = device.partition(":")
    if kind == "opencl":
        return str(opencl_device())
    if kind == "cuda" and "torch" in sys.modules:
        return str(sys.modules["torch"].cuda.get_device_name(int(number) if number else None))
    return "CPU" if kind == "cpu" else device
