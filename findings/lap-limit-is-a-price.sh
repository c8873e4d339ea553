#!/usr/bin/env bash
# lap 0.5.13, with which trackers give detections to tracks: cost_limit is "an upper limit for a cost of a single assignment",
# says its documentation. It is a price as well: whoever stays alone costs half of it. Two people who can both be assigned
# below the limit are not where one alone comes cheaper, so that a track is lost and a new one begun though everybody is in
# reach. Leaving out what is above the limit before assigning, the other reading, keeps both.
# Seen of the costs 0.1 0.5 / 0.5 9.0 with a limit of 0.7: 1 of 2 assigned; with a limit of 1.0, or by scipy 1.17.1, both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q lap==0.5.13 scipy==1.17.1 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PY'
from importlib.metadata import version

import lap
import numpy as np
from scipy.optimize import linear_sum_assignment

assert version("lap") == "0.5.13"
assert "upper limit for a cost of a single assignment" in " ".join(lap.lapjv.__doc__.split())
costs = np.array([[0.1, 0.5], [0.5, 9.0]])  # of tracks (rows) and detections, such as 1 minus their overlap
found = {limit: lap.lapjv(costs, cost_limit=limit)[1].tolist() for limit in (0.7, 1.0)}
for limit, columns in found.items():
    print(f"limit {limit}: detections {columns} for the tracks, -1 for none")
rows, columns = linear_sum_assignment(np.where(costs > 0.7, 1e6, costs))
print(f"scipy, without what is above 0.7: {columns.tolist()}")
assert (costs[rows, columns] < 0.7).all(), "both can be assigned below the limit"
assert found[1.0] == [1, 0] == columns.tolist()
assert found[0.7] == [0, -1], "whoever can be assigned below the limit is"
PY
