#!/usr/bin/env bash
# datumaro 1.13.12: MOT's ground truth begins each line with the number of a frame. datumaro writes the place in its own list
# instead, and of CVAT's XML for video only frames with a box are in that list, though the number is in each one's name and
# attributes. A fall at frame 250 of 500 is in frame 1 then, at 0 s. Tracks are numbered anew, too.
# Seen of boxes in the frames 250 and 260: 1 and 2, read back as 1 and 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q datumaro==1.13.12
cd "$folder"
mkdir cvat
cat > cvat/annotations.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<annotations>
<version>1.1</version>
<meta><task><size>500</size><mode>interpolation</mode><labels><label><name>person</name><attributes/></label></labels>
<original_size><width>64</width><height>48</height></original_size></task></meta>
<track id="3" label="person">
<box frame="250" outside="0" occluded="0" keyframe="1" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="260" outside="0" occluded="0" keyframe="1" xtl="2" ytl="1" xbr="11" ybr="20"/>
</track>
</annotations>
XML
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version
from pathlib import Path

import datumaro as dm

assert version("datumaro") == "1.13.12"
data = dm.Dataset.import_from("cvat/annotations.xml", "cvat")
known = [item.attributes["frame"] for item in data]
data.export("mot", "mot_seq_gt", save_media=False)
lines = Path("mot/gt/gt.txt").read_text().split()
print("frames known:", known)
print("written:", *lines, sep="\n")
read = sorted(str(item.id) for item in dm.Dataset.import_from("mot", "mot_seq"))
print("read back:", read)
assert known == [250, 260]
assert [line.split(",")[0] for line in lines] == ["1", "2"], "frames keep their numbers"
PY
