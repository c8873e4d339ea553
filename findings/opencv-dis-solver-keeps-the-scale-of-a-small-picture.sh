#!/usr/bin/env bash
# opencv-contrib-python 5.1.0.95: DISOpticalFlow.calc lowers the solver's own finest scale where a picture is too
# small for it, and leaves it lowered. The same solver gives another flow for the same pair the second time, and for
# every later pair, large ones too, another one than a fresh solver.
# Seen: finest scale 2 before, 0 after a pair of 40 x 32; the second flow of that pair differs; the flow of a pair of
# 240 x 320 differs from a fresh solver's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-contrib-python==5.1.0.95
"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import cv2
import numpy as np

assert version("opencv-contrib-python") == "5.1.0.95"


def pair(height, width):
    noise = np.random.default_rng(0).integers(0, 256, (height, width + 2), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.ascontiguousarray(smooth[:, 2:]), np.ascontiguousarray(smooth[:, :-2])


small, large = pair(32, 40), pair(240, 320)
solver = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
before = solver.getFinestScale()
first = solver.calc(*small, None)
after = solver.getFinestScale()
second = solver.calc(*small, None)
print("finest scale before and after:", before, after)
print("second flow of the same pair differs by up to", float(np.abs(first - second).max()), "px")
fresh = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
apart = float(np.abs(solver.calc(*large, None) - fresh.calc(*large, None)).max())
print("a later, large pair differs from a fresh solver's by up to", apart, "px")
assert (before, after) == (2, 0), "the solver keeps its finest scale"
assert not np.array_equal(first, second), "the same pair gives the same flow"
assert apart > 0, "the large pair is not changed"
PY
