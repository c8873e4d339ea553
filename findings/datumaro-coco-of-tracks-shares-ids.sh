#!/usr/bin/env bash
# datumaro 1.13.12: in CVAT's XML for video a track has a box for each frame. datumaro takes the number of the track for the id
# of every box and writes it to COCO as the id of the annotation, which has to be another for each: all boxes of a track have
# one id. pycocotools 2.0.11 looks annotations up by id and so gives the box of another picture; the file loads without a word.
# Seen of two boxes of track 3, in the pictures 1 and 2: the ids 3 and 3; asked for those of picture 1, the box of picture 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q datumaro==1.13.12 pycocotools==2.0.11
cd "$folder"
mkdir cvat
cat > cvat/annotations.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<annotations>
<version>1.1</version>
<meta><task><size>2</size><mode>interpolation</mode><labels><label><name>person</name><attributes/></label></labels>
<original_size><width>64</width><height>48</height></original_size></task></meta>
<track id="3" label="person">
<box frame="0" outside="0" occluded="0" keyframe="1" xtl="1" ytl="1" xbr="10" ybr="20"/>
<box frame="1" outside="0" occluded="0" keyframe="1" xtl="30" ytl="25" xbr="50" ybr="35"/>
</track>
</annotations>
XML
venv/bin/python -W ignore - <<'PY'
import json
from importlib.metadata import version
from pathlib import Path

import datumaro as dm
from pycocotools.coco import COCO

assert (version("datumaro"), version("pycocotools")) == ("1.13.12", "2.0.11")
dm.Dataset.import_from("cvat/annotations.xml", "cvat").export("coco", "coco_instances", save_media=False)
written = next(Path("coco/annotations").glob("*.json"))
rows = [(row["id"], row["image_id"], row["bbox"]) for row in json.loads(written.read_text())["annotations"]]
print("written (id, picture, box):", rows)
coco = COCO(str(written))
read = [(row["image_id"], row["bbox"]) for row in coco.loadAnns(coco.getAnnIds(imgIds=[1]))]
print("asked for picture 1 (picture, box):", read)
assert [box for _, _, box in rows] == [[1.0, 1.0, 9.0, 19.0], [30.0, 25.0, 20.0, 10.0]]
assert [row[0] for row in rows] == [3, 3], "each annotation has an id of its own"
assert [picture for picture, _ in read] == [2]
PY
