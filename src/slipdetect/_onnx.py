"""Settings of ONNX Runtime for networks that compute beside decoding and each other on a CPU.

In: threads. Out: options of a session.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache

import onnxruntime

_AS_REQUESTED = 1  # OrtArenaCfg: grow by what is asked for, not to the next power of two
_DEFAULT = -1


def session_options(threads: int, *, shared: bool = True) -> onnxruntime.SessionOptions:
    """Return the options of a session.

    Args:
        threads: That compute one input.
        shared: Let all networks compute in the same memory, which is kept: arrays that each
            allocates anew leave holes between what lasts, and pages that come and go cost a tenth
            of the processor time of many cameras.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # a thread that spins takes the time of the one that reads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    if shared:
        _register()
        options.add_session_config_entry("session.use_env_allocators", "1")
    return options


@cache
def _register() -> None:
    """Make the memory that sessions share, once in a process."""
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    arena = onnxruntime.OrtArenaCfg(0, _AS_REQUESTED, _DEFAULT, _DEFAULT)
    with suppress(Exception):  # the program that we are part of has registered one: it is used
        onnxruntime.create_and_register_allocator(memory, arena)
