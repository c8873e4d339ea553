#!/usr/bin/env bash
# opencv-contrib-python 5.1.0.95: cv2.quality.QualitySSIM_compute gives the mean of its whole map, also of the outermost
# five pixels, where the 11x11 window looks at mirrored pixels. Wang et al. (2004), whom its documentation names, and
# their program take the window only where it fits, as scikit-image does. The map itself is right inside.
# Seen: 0.8438 told; 0.9396 is the mean of the map without its border, and what scikit-image 0.26.0 says.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-contrib-python==5.1.0.95 scikit-image==0.26.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import cv2
import numpy as np
from skimage.metrics import structural_similarity

draw = np.random.default_rng(0)
first = cv2.GaussianBlur(draw.integers(0, 256, (48, 64)).astype(np.uint8), (0, 0), 2)
second = first.copy()
second[:6] = 255 - second[:6]  # only the border changes
told, whole = cv2.quality.QualitySSIM_compute(first, second)
inside = whole[5:-5, 5:-5].mean()
reference = structural_similarity(
    first, second, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
)
print(f"OpenCV {cv2.__version__}: told {told[0]:.4f}, inside {inside:.4f}, scikit-image {reference:.4f}")
assert abs(told[0] - whole.mean()) < 1e-6
assert abs(told[0] - reference) > 0.01
assert abs(inside - reference) < 1e-3
PY
