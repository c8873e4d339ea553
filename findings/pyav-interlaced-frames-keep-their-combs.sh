#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): VideoFrame.reformat scales a frame that is flagged as interlaced field by field.
# A comb, rows of 0 and 255 by turns as motion leaves in interlaced video, so survives any shrinking; the same
# picture without the flag averages to grey. Motion that is measured on shrunk pictures sees the combs.
# Seen at a quarter of the height: rows differ by 255 with the flag, by 0 without.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import av
import numpy as np

assert av.__version__ == "18.1.0"
comb = np.zeros((96, 128, 3), np.uint8)
comb[::2] = 255


def shrunk(flags: str) -> np.ndarray:
    """Store the comb in H.264 and shrink what is decoded."""
    with av.open("comb.mkv", "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"crf": "1", "x264-params": flags})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        file.mux(stream.encode(av.VideoFrame.from_ndarray(comb, format="rgb24")))
        file.mux(stream.encode(None))
    with av.open("comb.mkv") as file:
        frame = next(file.decode(video=0))
    print(f"{flags}: interlaced_frame {frame.interlaced_frame}", end=", ")
    return frame.reformat(32, 24, "gray", interpolation="AREA").to_ndarray().astype(int)


steps = {flags: abs(np.diff(shrunk(flags).mean(axis=1))).max() for flags in ("interlaced=1", "interlaced=0")}
print({flags: float(step) for flags, step in steps.items()})
assert steps["interlaced=1"] > 200, "combs are averaged away"
assert steps["interlaced=0"] < 10
PY
