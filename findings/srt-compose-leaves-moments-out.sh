#!/usr/bin/env bash
# srt 3.5.3: compose() says that each subtitle given becomes a block. It numbers them anew unless told not to, and what does that
# leaves out those that end when they begin, without a word: a moment that somebody marked, the impact of a fall, is gone from
# the file, and the others have other numbers. With reindex=False it is there.
# Seen: of three subtitles, the second from 3 s to 3 s, two are written, numbers 1 and 2; three with reindex=False.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q srt==3.5.3
cd "$folder"
venv/bin/python - <<'PY'
from datetime import timedelta
from importlib.metadata import version

import srt

assert version("srt") == "3.5.3"
marked = [
    srt.Subtitle(number, timedelta(seconds=start), timedelta(seconds=end), text)
    for number, start, end, text in ((1, 1, 2, "slips"), (2, 3, 3, "impact"), (3, 3, 9, "lies"))
]
assert "with each input" in " ".join(srt.compose.__doc__.split())
for options in ({}, {"reindex": False}):
    found = [(each.index, each.content) for each in srt.parse(srt.compose(marked, **options))]
    print(options, found)
    assert found == ([(1, "slips"), (2, "impact"), (3, "lies")] if options else [(1, "slips"), (2, "lies")])
PY
