#!/usr/bin/env bash
# webvtt-py 0.6.0: Caption.start_in_seconds and end_in_seconds are whole numbers, cut off, not rounded, although WebVTT's times
# have milliseconds and the caption keeps them. An event of 0.4 s lasts 1 s by them and one of 0.9 s nothing.
# Seen: 00:00:04.900 to 00:00:05.300 is 4 to 5, 00:00:07.050 to 00:00:07.950 is 7 to 7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q webvtt-py==0.6.0
cd "$folder"
printf 'WEBVTT\n\n00:00:04.900 --> 00:00:05.300\nfall\n\n00:00:07.050 --> 00:00:07.950\nfall\n' > falls.vtt
venv/bin/python - <<'PY'
from importlib.metadata import version

import webvtt

assert version("webvtt-py") == "0.6.0"
found = [(each.start, each.end, each.start_in_seconds, each.end_in_seconds) for each in webvtt.read("falls.vtt")]
for each in found:
    print(each)
assert found[0] == ("00:00:04.900", "00:00:05.300", 4, 5), "seconds have fractions"
assert found[1] == ("00:00:07.050", "00:00:07.950", 7, 7), "seconds have fractions"
PY
