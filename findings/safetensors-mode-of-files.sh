#!/usr/bin/env bash
# safetensors 0.8.0: save_file gives the file mode 0600 whatever the umask says, because it is written beside its
# place under a temporary name and renamed; a model saved by one user cannot be read by another, nor by a service.
# Seen with umask 022: 0600 by save_file, 0644 by writing the bytes of save.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q safetensors==0.8.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
import os
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save, save_file

assert version("safetensors") == "0.8.0"
os.umask(0o022)
tensors = {"weight": np.zeros(3, np.float32)}
save_file(tensors, "by-save-file.safetensors")
Path("by-bytes.safetensors").write_bytes(save(tensors))
modes = {name: oct(os.stat(f"{name}.safetensors").st_mode & 0o777) for name in ("by-save-file", "by-bytes")}
print(modes)
assert modes == {"by-save-file": "0o600", "by-bytes": "0o644"}, "the umask is heeded"
PY
