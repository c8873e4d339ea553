"""Which OpenCL device OpenCV uses, and why there is none, on machines made up for the purpose.

In: a stand-in for OpenCV's OpenCL. Out: pass or fail.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from slipdetect.errors import UsageError
from slipdetect.flow import machine as opencl


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch):
    """Return a function that replaces OpenCV's OpenCL by one with the given answers."""
    monkeypatch.setattr(opencl, "_started_in", None)
    monkeypatch.delenv(opencl.VARIABLE, raising=False)

    def replace(have: bool = True, available: bool = True, use: bool = True, kind: int = 4) -> None:
        device = SimpleNamespace(
            available=lambda: available,
            name=lambda: "Tesla K80",
            type=lambda: kind,
            driverVersion=lambda: "418.40",
        )
        ocl = SimpleNamespace(
            haveOpenCL=lambda: have,
            useOpenCL=lambda: use,
            Device=SimpleNamespace(getDefault=lambda: device),
        )
        monkeypatch.setitem(sys.modules, "cv2", SimpleNamespace(ocl=ocl))

    return replace


@pytest.mark.parametrize(
    ("kind", "said"), [(2, "a CPU"), (4, "a GPU"), (8, "an accelerator"), (16, "a device")]
)
def test_the_device_is_told_with_its_kind_and_driver(pretend, kind: int, said: str) -> None:
    pretend(kind=kind)
    assert opencl.opencl_device() == opencl.OpenCLDevice("Tesla K80", said, "418.40")
    assert str(opencl.opencl_device()) == f"OpenCL on {said}: Tesla K80, driver 418.40"


@pytest.mark.parametrize(
    ("answers", "variable", "words"),
    [
        ({"have": False}, None, "OpenCV finds no OpenCL on this machine; install"),
        ({"available": False}, None, "it looks for GPUs and finds none; install"),
        ({"available": False}, ":GPU:7", "OPENCV_OPENCL_DEVICE=:GPU:7 names none; install"),
        ({"use": False}, None, "switched off in OpenCV; call cv2.ocl.setUseOpenCL"),
    ],
)
def test_without_a_device_the_reason_and_what_to_do_are_told(
    pretend, monkeypatch: pytest.MonkeyPatch, answers, variable: str | None, words: str
) -> None:
    pretend(**answers)
    if variable is not None:
        monkeypatch.setenv(opencl.VARIABLE, variable)
    with pytest.raises(UsageError) as caught:
        opencl.opencl_device()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    # the driver alone is of no use on Debian, which does not bring the loader with it
    if "switched" not in words:
        assert "pocl-opencl-icd and ocl-icd-libopencl1" in str(caught.value)


def test_only_another_process_than_the_one_that_used_opencl_is_refused(
    pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(available=False)
    with pytest.raises(UsageError):
        opencl.opencl_device()
    pretend()
    monkeypatch.setattr("os.getpid", lambda: 11)
    opencl.opencl_device()
    opencl.opencl_device()
    opencl.check_not_forked()
    monkeypatch.setattr("os.getpid", lambda: 12)
    for act in (opencl.opencl_device, opencl.check_not_forked):
        with pytest.raises(UsageError, match=r"before this process was forked.*'spawn'"):
            act()
