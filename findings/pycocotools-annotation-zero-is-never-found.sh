#!/usr/bin/env bash
# pycocotools 2.0.11: an annotation whose id is 0 counts as never found, and the detection that finds it as a false one: in
# the table of matches the id 0 also means "no match". Ids only have to differ, no document asks them to begin at 1, and
# loading says nothing. faster-coco-eval 1.8.0, written anew, does the same.
# Seen: keypoints of two people, found exactly: AP 1.000 with the ids 1 and 2, 0.252 with 0 and 1, by both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pycocotools==2.0.11 faster-coco-eval==1.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PY'
import contextlib
import io
from importlib.metadata import version

import faster_coco_eval
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

assert version("pycocotools") == "2.0.11" and version("faster-coco-eval") == "1.8.0"
points = [value for joint in range(17) for value in (10 + 5 * joint, 20 + 3 * joint, 2)]
box = [10, 20, 80, 48]


def precision(first: int, data_class, eval_class) -> float:
    """Return the AP of two people, one a picture, who are found exactly where they are."""
    images = [{"id": number, "width": 200, "height": 200} for number in (1, 2)]
    person = {"id": 1, "name": "person", "keypoints": [str(joint) for joint in range(17)], "skeleton": []}
    fixed = {"category_id": 1, "bbox": box, "area": 3840, "iscrowd": 0, "num_keypoints": 17, "keypoints": points}
    annotations = [{"id": first + index, "image_id": index + 1, **fixed} for index in range(2)]
    detections = [{"image_id": number, "category_id": 1, "keypoints": points, "score": 0.9} for number in (1, 2)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = data_class()
        truth.dataset = {"info": {}, "images": images, "categories": [person], "annotations": annotations}
        truth.createIndex()
        run = eval_class(truth, truth.loadRes(detections), "keypoints")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[0])


for name, classes in {
    "pycocotools": (COCO, COCOeval),
    "faster-coco-eval": (faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster),
}.items():
    one, zero = (precision(first, *classes) for first in (1, 0))
    print(f"{name}: AP {one:.3f} with the ids 1 and 2, {zero:.3f} with 0 and 1")
    assert one > 0.999
    assert zero < 0.5, "the annotation 0 is found"
PY
