"""One process at a time on an output folder.

In: a folder. Out: a held lock, or an ``OutputError`` that names who holds it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slipdetect._io import file_lock
from slipdetect.errors import OutputError
from slipdetect.lab.extract.files import unwritable

LOCK_NAME, OWNER_NAME = ".lock", ".lock-owner"
# who has just taken a lock may not have signed yet
_SECONDS_TO_SIGN = 1.0


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process while the block runs.

    A file next to the lock says who holds it (pid, host, start time). What a dead process of this
    machine left is taken over. That of another machine is not, because not every network drive
    carries such locks between machines.

    Raises:
        OutputError: Another process holds the folder, or the files cannot be written.
    """
    path = folder / OWNER_NAME
    with file_lock(folder / LOCK_NAME, _SECONDS_TO_SIGN, lambda: _refusal(path), unwritable):
        if _owner(path).get("host", socket.gethostname()) != socket.gethostname():
            raise OutputError(_refusal(path))
        started = time.strftime("%Y-%m-%d %H:%M:%S")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "started": started}
        try:
            path.write_text(json.dumps(owner), encoding="utf-8")
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _owner(path: Path) -> dict[str, Any]:
    try:
        owner = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _refusal(path: Path) -> str:
    owner = _owner(path)
    who = "another process"
    if owner:
        who = f"process {owner.get('pid')} on {owner.get('host')} since {owner.get('started')}"
    return (
        f"{str(path.parent)!r} is being written by {who}; wait for it, or remove {str(path)!r}"
        " if that process is gone"
    )
