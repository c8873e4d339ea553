"""The memory that all networks of ONNX Runtime share.

In: a network, computed by several sessions. Out: pass or fail.
"""

from __future__ import annotations

import os
import subprocess
import sys

# eight sessions with memory of their own hold more than 100 MB
_COMPUTE = """
import resource, sys
import numpy as np, onnxruntime
from slipdetect._onnx import session_options
from slipdetect.people.movenet import bundled

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

if sys.argv[1] == "registered":
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(memory, None)
path, on = str(bundled()), {"providers": ["CPUExecutionProvider"]}
sessions = [onnxruntime.InferenceSession(path, session_options(1), **on) for _ in range(8)]
picture = np.zeros((1, 3, 192, 256), np.float32)
used, heads = [], []
for session in sessions:
    before = resident()
    heads.append(session.run(None, {session.get_inputs()[0].name: picture})[0])
    used.append(resident() - before)
assert all(np.array_equal(each, heads[0]) for each in heads)
print(*used)
"""


def used(how: str) -> list[int]:
    words = [sys.executable, "-c", _COMPUTE, how]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


def test_sessions_compute_in_the_same_memory() -> None:
    assert sum(used("alone")) < 48 << 20


def test_a_program_that_has_registered_memory_of_its_own_keeps_it() -> None:
    assert len(used("registered")) == 8
