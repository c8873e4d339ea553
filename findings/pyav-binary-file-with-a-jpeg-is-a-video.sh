#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): a binary file that is no video and has a JPEG somewhere inside, such as a document, an array file
# or a disk image, opens without an error as raw MJPEG, 25 pictures a second, of the JPEG's size. So whether FFmpeg opens a
# file says little about whether it is a video. (A test by its first bytes does: raw MJPEG begins with FF D8.)
# Seen: format mjpeg, 1 picture of 640 x 480, for a compound document that has the JPEG at byte 604.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6 pillow==12.0.0
cd "$folder"
venv/bin/python - <<'PY'
import io

import av
import numpy as np
from PIL import Image

assert av.__version__ == "18.1.0"
noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
jpeg = io.BytesIO()
Image.fromarray(noise).save(jpeg, "jpeg")
with open("some.doc", "wb") as file:
    file.write(b"\xd0\xcf\x11\xe0" + bytes(600) + jpeg.getvalue())
with av.open("some.doc") as file:
    sizes = [(frame.width, frame.height) for frame in file.decode(video=0)]
    print(file.format.name, sizes)
    assert file.format.name == "mjpeg", "it is refused now"
    assert sizes == [(640, 480)]
PY
