#!/usr/bin/env bash
# torchvision 0.29.1: KeyPoints are flipped as numbers of pixels (x becomes width - 1 - x) but rotated, resized and cropped as
# places between the edges (x becomes width - x by half a turn), as boxes always are. A picture that is flipped both ways is,
# bit for bit, the picture after half a turn; its keypoints are not the same ones, a pixel apart, and a point on the corner
# of a person's box is off that corner after a flip, so that a net trained with flips learns two places for one joint.
# Seen of a point at (2, 3) in 30 x 20: (27, 16) by two flips, (28, 17) by half a turn; the box's corner is (28, 17) by both.
# Installs PyTorch, which is several GB on Linux.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.14.1 torchvision==0.29.1
cd "$folder"
venv/bin/python -W ignore - <<'PY'
import torch
import torchvision
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

assert torchvision.__version__.partition("+")[0] == "0.29.1"
size = (20, 30)
picture = tv_tensors.Image(torch.randint(0, 256, (3, *size), dtype=torch.uint8))
point = tv_tensors.KeyPoints([[2.0, 3.0]], canvas_size=size)
box = tv_tensors.BoundingBoxes([[2.0, 3.0, 8.0, 9.0]], format="XYXY", canvas_size=size)


def flipped(what):
    """Flip both ways."""
    return functional.vertical_flip(functional.horizontal_flip(what))


def turned(what):
    """Turn by half a turn."""
    return functional.rotate(what, 180)


assert torch.equal(flipped(picture), turned(picture))
places = {
    by.__name__: (by(point)[0].tolist(), by(box)[0, 2:].tolist())  # the first corner is the last one now
    for by in (flipped, turned)
}
for name, (joint, corner) in places.items():
    print(f"{name}: keypoint {joint}, corner of the box {corner}")
assert places["turned"] == ([28.0, 17.0], [28.0, 17.0])
assert places["flipped"] == ([27.0, 16.0], [28.0, 17.0]), "keypoints are flipped as they are turned"
PY
