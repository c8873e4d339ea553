"""OpenCL on the CPU, for tests in processes of their own: OpenCV chooses its device once.

In: nothing. Out: the environment that makes OpenCV choose it; skips where there is none.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import pytest


def opencl_environment() -> dict[str, str]:
    """Return this process's environment with the CPU as OpenCV's OpenCL device."""
    environment = {**os.environ, "OPENCV_OPENCL_DEVICE": ":CPU:"}
    if not _available():
        pytest.skip("no OpenCL driver for the CPU; install pocl-opencl-icd and ocl-icd-libopencl1")
    return environment


@cache
def _available() -> bool:
    asked = subprocess.run(
        [sys.executable, "-c", "import cv2; print(cv2.ocl.Device.getDefault().available())"],
        env={**os.environ, "OPENCV_OPENCL_DEVICE": ":CPU:"},
        check=False,
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip() == "True"
