"""TV-L1 on OpenCL agrees with the CPU, and is refused wherever OpenCV would use the CPU.

In: textures whose motion is known; processes with and without an OpenCL device. Out: pass or fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from opencl_cpu import opencl_environment
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.flow import tvl1_opencv as tvl1_umat
from slipdetect.flow.machine import OpenCLDevice

VARIABLE = "OPENCV_OPENCL_DEVICE"
MEASURE = """
import json, os, pickle, signal, sys
sys.path.insert(0, {tests!r})
import cv2
import numpy as np
from test_flow_extractor import texture
from slipdetect.cli.doctor import _flow
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.machine import opencl_device

def distance(flow, other):
    return float(np.hypot(*(flow - other)).mean())

prev, nxt = texture(96, 128), texture(96, 128, 2.0, -1.0)
umat, mat = FlowExtractor("tvl1-umat"), FlowExtractor("tvl1-opencv")
flow = umat.pair(prev, nxt)
umat.pair(nxt[:40, :56], prev[:40, :56])
inside = flow[:, 12:-12, 12:-12]
found = {{
    "device": umat.device,
    "name": str(opencl_device()),
    "shape": flow.shape,
    "from mat": distance(flow, mat.pair(prev, nxt)),
    "error": [float(np.abs(inside[0] - 2).max()), float(np.abs(inside[1] + 1).max())],
    "again": distance(umat.pair(prev, nxt), flow),
    "copy": distance(pickle.loads(pickle.dumps(umat)).pair(prev, nxt), flow),
    "still": float(np.abs(umat.pair(prev, prev)).max()),
    "recipe": umat.recipe(),
}}

# without the median, OpenCL's flow is the same in every run
plain = {{"nscales": 1, "median_filtering": 1}}
used = FlowExtractor("tvl1-umat", **plain)
used.pair(texture(96, 128, 9.0), prev)
fresh = FlowExtractor("tvl1-umat", **plain).pair(prev, nxt)
found["same after others"] = bool(np.array_equal(used.pair(prev, nxt), fresh))

frames = [texture(64, 96, right) for right in (0.0, 12.0, 24.0)]
lame = {{"warps": 1, "outer_iterations": 3, **plain}}
cold = list(FlowExtractor("tvl1-umat", **lame).iter(frames))
warm = list(FlowExtractor("tvl1-umat", use_initial_flow=True, **lame).iter(frames))
mats = list(FlowExtractor("tvl1-opencv", use_initial_flow=True, **lame).iter(frames))
found["first"] = distance(cold[0], warm[0])
found["second"] = distance(cold[1], warm[1])
found["second from mat"] = distance(mats[1], warm[1])

small = [FlowExtractor("tvl1-umat").pair(prev[:h, :w], nxt[:h, :w]) for h, w in ((8, 8), (9, 70))]
found["small"] = [list(flow.shape) for flow in small]

def refusal(act):
    try:
        return f"computed {{act()}}"
    except UsageError as error:
        return str(error)

def in_a_fork(act):
    reader, writer = os.pipe()
    if not os.fork():
        signal.alarm(30)  # OpenCL in a forked process waits for ever
        os.write(writer, refusal(act).encode())
        os._exit(0)
    os.close(writer)
    return os.fdopen(reader).read()

make = lambda: FlowExtractor("tvl1-umat")
found["forked"] = [in_a_fork(act) for act in (make, lambda: umat.pair(prev, nxt))]
found["doctor"] = {{check.name: check.found for check in _flow()}}

cv2.ocl.setUseOpenCL(False)
found["calc"] = refusal(lambda: umat.pair(prev, nxt))
found["make"] = refusal(make)
print(json.dumps(found))
"""


def _python(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=env, check=False, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What a process with OpenCL on the CPU measures."""
    done = _python(MEASURE.format(tests=str(Path(__file__).parent)), opencl_environment())
    assert done.returncode == 0, done.stderr[-2000:]
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


@pytest.mark.slow
def test_opencl_agrees_with_the_cpu_and_with_the_truth(found: dict[str, Any]) -> None:
    assert found["device"] == "opencl"
    assert found["shape"] == [2, 96, 128]
    assert 0 < found["from mat"] < 0.05
    assert max(found["error"]) < 0.2
    assert found["still"] == 0
    assert found["small"] == [[2, 8, 8], [2, 9, 70]]
    assert found["recipe"]["method"] == "tvl1-umat"


@pytest.mark.slow
def test_a_flow_does_not_depend_on_earlier_calls(found: dict[str, Any]) -> None:
    assert found["same after others"]
    # the median filter of OpenCV's OpenCL is not quite repeatable
    assert found["again"] < 0.01
    assert found["copy"] < 0.01


@pytest.mark.slow
def test_an_initial_flow_is_used(found: dict[str, Any]) -> None:
    assert found["first"] == 0
    assert found["second"] > 0.1
    assert found["second from mat"] < found["second"] / 5


@pytest.mark.slow
def test_switching_opencl_off_is_noticed_before_and_in_the_middle(found: dict[str, Any]) -> None:
    assert "does not run TV-L1 flow of 128x96 px on OpenCL device" in found["calc"]
    assert "switched off" in found["make"]


@pytest.mark.slow
def test_a_forked_process_is_refused_instead_of_waiting_for_ever(found: dict[str, Any]) -> None:
    for said in found["forked"]:
        assert said.startswith("OpenCL was used before this process was forked")


@pytest.mark.slow
def test_the_device_is_named_as_a_cpu(found: dict[str, Any]) -> None:
    assert found["name"].startswith("OpenCL on a CPU: ")
    assert found["doctor"]["opencl device"] == found["name"]
    assert "tvl1-umat" in found["doctor"]["flow methods"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({VARIABLE: "disabled"}, "OPENCV_OPENCL_DEVICE=disabled names none"),
        ({VARIABLE: "", "OCL_ICD_VENDORS": "/nowhere"}, "install"),
    ],
)
def test_without_a_device_it_is_refused_with_the_reason(
    variables: dict[str, str], words: str
) -> None:
    if variables.get(VARIABLE) == "disabled" and not cv2.ocl.haveOpenCL():
        pytest.skip("no OpenCL here, so none that could be switched off")
    code = "from slipdetect.flow import FlowExtractor; FlowExtractor('tvl1-umat')"
    done = _python(code, {**os.environ, **variables})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("slipdetect.errors.UsageError: OpenCV")
    assert words in last
    assert "pocl-opencl-icd" in last


def test_a_silent_fall_back_to_the_cpu_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cv2.ocl.useOpenCL()
    card = OpenCLDevice("a card that builds no kernel", "a GPU", "1.0")
    monkeypatch.setattr(tvl1_umat, "opencl_device", lambda: card)
    cv2.ocl.setUseOpenCL(False)
    try:
        with pytest.raises(
            UsageError, match=r"a card that builds no kernel.*tvl1-opencv"
        ) as caught:
            FlowExtractor("tvl1-umat")
    finally:
        cv2.ocl.setUseOpenCL(before)
    assert "\n" not in str(caught.value)


def test_gamma_is_refused_because_opencl_ignores_it() -> None:
    with pytest.raises(UsageError, match="ignores gamma"):
        FlowExtractor("tvl1-umat", gamma=0.1)
