#!/usr/bin/env bash
# safetensors 0.8.0: a file with several entries of metadata has other bytes from one save to the next, though
# tensors and metadata are the same: tensors are sorted, metadata is not. Digests of model files so differ between
# two runs that made the same model. With one entry the bytes are always the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q safetensors==0.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import hashlib
from importlib.metadata import version

import numpy as np
from safetensors.numpy import save

assert version("safetensors") == "0.8.0"
tensors = {"weight": np.arange(6, dtype=np.float32)}
entries = {"backbone": "resnet18", "modality": "flow", "classes": "2", "segments": "3", "consensus": "avg"}


def digests(metadata: dict[str, str]) -> int:
    """Save the same twenty times; return how many different files there are."""
    return len({hashlib.sha256(save(tensors, metadata=metadata)).hexdigest() for _ in range(20)})


seen = {"five entries": digests(entries), "one entry": digests({"all": "of them"})}
print("different files of twenty:", seen)
assert seen["five entries"] > 1, "metadata has an order"
assert seen["one entry"] == 1
PY
