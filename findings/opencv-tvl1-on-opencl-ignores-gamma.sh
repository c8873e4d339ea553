#!/usr/bin/env bash
# opencv-contrib-python 5.1.0.95: the TV-L1 flow of a UMat, computed by OpenCL, takes the parameter gamma and ignores
# it: where gamma is NaN, the flow of arrays is NaN everywhere and the flow of UMats is a flow.
# Seen: finite share of the flow 0.0 by arrays, 1.0 by UMat (PoCL 3.1).
# Needs an OpenCL device; Debian: apt-get install pocl-opencl-icd ocl-icd-libopencl1 (OpenCL on a CPU).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-contrib-python==5.1.0.95 numpy==2.4.6
cd "$folder"
OPENCV_OPENCL_DEVICE=${OPENCV_OPENCL_DEVICE-:CPU:} venv/bin/python - <<'PY'
import cv2
import numpy as np

assert cv2.__version__ == "5.1.0"
assert cv2.ocl.haveOpenCL() and cv2.ocl.Device.getDefault().available(), "no OpenCL device"
print(cv2.ocl.Device.getDefault().name())
noise = np.random.default_rng(0).integers(0, 255, (80, 96), np.uint8)
first = cv2.GaussianBlur(noise, (0, 0), 2)
# moved by two pixels, and brighter, which is what gamma is for
second = np.clip(np.roll(first, 2, axis=1).astype(int) + 30, 0, 255).astype(np.uint8)


def flow(gamma: float, wrap) -> np.ndarray:
    """Return the flow by arrays or by UMat, from a still start."""
    method = cv2.optflow.DualTVL1OpticalFlow_create()
    method.setGamma(gamma)
    method.setUseInitialFlow(True)
    still = wrap(np.zeros((*first.shape, 2), np.float32))
    found = method.calc(wrap(first), wrap(second), still)
    return found.get() if isinstance(found, cv2.UMat) else found


finite = {
    name: float(np.isfinite(flow(float("nan"), wrap)).mean())
    for name, wrap in (("arrays", np.asarray), ("UMat", cv2.UMat))
}
print("share of finite flow where gamma is NaN:", finite)
assert finite["arrays"] == 0.0
assert finite["UMat"] == 1.0, "gamma is obeyed"
PY
