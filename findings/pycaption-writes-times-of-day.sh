#!/usr/bin/env bash
# pycaption 2.3.14: times of captions are read rightly, whatever their hours; all its writers write them as if they were times of
# day, which begin anew after 24 hours. WebVTT says that hours are two digits or more. What a camera that runs for days had in
# hour 100 is at 04:00:00.250 when its captions have been read and written, behind what was before it, and nothing is said.
# Seen: 360000250000 microseconds read; 04:00:00.250 in WebVTT, SRT (with a comma) and DFXP.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pycaption==2.3.14
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

from pycaption import DFXPWriter, SRTWriter, WebVTTReader, WebVTTWriter

assert version("pycaption") == "2.3.14"
text = """WEBVTT

23:59:58.000 --> 23:59:59.000
slip, first day

100:00:00.250 --> 100:00:01.000
slip, fifth day
"""
captions = WebVTTReader().read(text)
starts = [each.start for each in captions.get_captions(captions.get_languages()[0])]
print(starts)
assert starts == [86_398_000_000, 360_000_250_000]
for writer in (WebVTTWriter, SRTWriter, DFXPWriter):
    written = writer().write(captions)
    lines = [line.strip() for line in written.splitlines() if ":00:00" in line]
    print(writer.__name__, lines)
    assert len(lines) == 1
    assert "04:00:00.250" in lines[0].replace(",", ".")
    assert "100:00" not in written
PY
