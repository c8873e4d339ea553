#!/usr/bin/env bash
# datumaro 1.13.12: in CVAT's XML for video a track ends with a box whose outside="1" says that from this frame on
# the thing is not in the picture. datumaro imports that box as a box like the others, with an attribute, and writes
# it to COCO as an ordinary annotation: every track is a frame too long there, at a place where nothing is.
# Seen: three boxes imported, of frame 2 with outside True; three annotations in the COCO file.
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
<meta><task><size>4</size><mode>interpolation</mode><labels><label><name>person</name><attributes/></label></labels>
<original_size><width>64</width><height>48</height></original_size></task></meta>
<track id="0" label="person">
<box frame="0" outside="0" occluded="0" keyframe="1" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="1" outside="0" occluded="0" keyframe="1" xtl="2" ytl="1" xbr="11" ybr="20"/>
<box frame="2" outside="1" occluded="0" keyframe="1" xtl="2" ytl="1" xbr="11" ybr="20"/>
</track>
</annotations>
XML
venv/bin/python -W ignore - <<'PY'
import json
from importlib.metadata import version
from pathlib import Path

import datumaro as dm

assert version("datumaro") == "1.13.12"
data = dm.Dataset.import_from("cvat/annotations.xml", "cvat")
boxes = [(item.attributes.get("frame"), box.attributes.get("outside")) for item in data for box in item.annotations]
print("imported", sorted(boxes, key=str))
data.export("coco", "coco_instances", save_media=False)
written = json.loads(next(Path("coco/annotations").glob("*.json")).read_text())["annotations"]
print("written to COCO:", len(written), "boxes of", len(boxes))
assert len(written) == 3, "the box that is outside is left out"
PY
