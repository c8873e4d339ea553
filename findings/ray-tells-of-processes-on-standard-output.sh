#!/usr/bin/env bash
# ray 2.60.0: ray.init(log_to_driver=False, logging_level="ERROR") keeps what workers print out of the driver's output,
# but what Ray itself has to say of its processes (a worker was killed, a node was lost) is still printed, and to
# standard output, not to standard error: a program that writes JSON there is broken by a worker's death elsewhere.
# Seen: standard output begins with JSON and then has a line "(raylet) A worker died or was killed while executing a
# task by an unexpected system error...", in color.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ray==2.60.0
cat > "$folder/driver.py" <<'PY'
import json
import os
import signal
import time

import ray

ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")


@ray.remote(max_restarts=0)
class Worker:
    def pid(self):
        return os.getpid()

    def wait(self):
        time.sleep(60)


worker = Worker.remote()
pid = ray.get(worker.pid.remote())
print(json.dumps({"results": []}), flush=True)
task = worker.wait.remote()
time.sleep(1)
os.kill(pid, signal.SIGKILL)  # a worker of this driver, as one that runs out of memory
try:
    ray.get(task)
except ray.exceptions.ActorDiedError:
    pass
time.sleep(3)
ray.shutdown()
PY
RAY_USAGE_STATS_ENABLED=0 "$folder/venv/bin/python" "$folder/driver.py" > "$folder/out" 2> "$folder/err"
cut -c1-120 "$folder/out"
test "$(head -1 "$folder/out")" = '{"results": []}'
grep -q "(raylet)" "$folder/out" || { echo "nothing of Ray is on standard output"; exit 1; }
