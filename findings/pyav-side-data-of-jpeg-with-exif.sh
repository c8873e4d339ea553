#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): VideoFrame.side_data raises ValueError for a motion JPEG whose pictures have Exif, because
# FFmpeg gives such frames a kind of data that PyAV's enumeration does not know. The display matrix that FFmpeg makes of
# Exif's orientation lies beside it and cannot be reached; VideoFrame.rotation tells -180 degrees of a mirror.
# Seen: rotation -180, then "ValueError: 31 is not a valid Type".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import struct

import av
import numpy as np

assert av.__version__ == "18.1.0"
with av.open("plain.mjpeg", "w", format="mjpeg") as file:
    stream = file.add_stream("mjpeg", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
    file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
    file.mux(stream.encode(None))
picture = open("plain.mjpeg", "rb").read()
# one entry of TIFF: orientation 2, left and right change places
note = b"Exif\0\0" + struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 0x0112, 3, 1, 2, 0)
with open("mirrored.mjpeg", "wb") as file:
    file.write(picture[:2] + b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note + picture[2:])
with av.open("mirrored.mjpeg") as file:
    frame = next(file.decode(video=0))
print("rotation", frame.rotation)
try:
    found = [data.type.name for data in frame.side_data]
except ValueError as error:
    found = f"ValueError: {error}"
print(found)
assert str(found).startswith("ValueError"), "side data can be read"
PY
