#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8.1): the filter bwdif, one picture a frame, leaves what stands still as it is in every picture of an
# interlaced video but the first, whose second field it invents from the rows above and below as if all of it moved. Who
# compares neighboring pictures sees the whole scene move once at the beginning. yadif keeps the first picture, too.
# Seen on four equal pictures of noise: bwdif differs by 252 levels between the first two and by 0 after, yadif by 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import av.filter
import numpy as np

assert av.__version__ == "18.1.0"
noise = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)


def shown(name: str) -> list[np.ndarray]:
    """Deinterlace four equal frames, of which the upper field is said to be first."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=64, height=48, format=av.VideoFormat("gray"), time_base=Fraction(1, 25))
    fields = graph.add("setfield", "mode=tff")
    graph.link_nodes(source, fields, graph.add(name, "mode=send_frame"), graph.add("buffersink")).configure()
    for index in range(4):
        frame = av.VideoFrame.from_ndarray(noise, format="gray")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        graph.vpush(frame)
    graph.vpush(None)
    return [graph.vpull().to_ndarray().astype(int) for _ in range(4)]


steps = {}
for name in ("bwdif", "yadif"):
    images = shown(name)
    steps[name] = [int(abs(b - a).max()) for a, b in zip(images, images[1:])]
print(steps)
assert steps["bwdif"][0] > 100, "the first picture is kept"
assert steps["bwdif"][1:] == [0, 0]
assert steps["yadif"] == [0, 0, 0]
PY
