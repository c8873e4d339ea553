"""One process at a time on an output folder.

In: a folder. Out: a held lock, or an ``OutputError`` that names who holds it.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slipdetect.errors import OutputError
from slipdetect.store.files import unwritable

LOCK_NAME = ".lock"


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this process while the block runs.

    The lock is the system's on an open file, which ends with the process however it ends; the
    file says who holds it (pid, host, start time) and is removed at the end. The file of a dead
    process of this machine is taken over. That of another machine is not, because not every
    network drive carries such locks between machines.

    Raises:
        OutputError: Another process holds the folder, or the file cannot be written.
    """
    path = folder / LOCK_NAME
    try:
        handle = _acquire(path)
    except OSError as error:
        raise unwritable(str(path), error) from error
    try:
        yield
    finally:
        # removed before the lock ends: who waits for this file then finds it gone and starts anew
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path) -> int:
    """Open the lock file, lock it and sign it; refuse if somebody else has it."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            locked = try_lock(handle)
            if locked and not is_current(handle, path):
                os.close(handle)
                continue
            owner = _read_owner(handle) if locked else _await_owner(handle)
            if not locked or _elsewhere(owner):
                raise OutputError(_refusal(path, owner))
            _sign(handle)
        except BaseException:
            os.close(handle)
            raise
        return handle


def try_lock(handle: int) -> bool:
    """Lock an open file for this process; tell whether nobody else has it."""
    if sys.platform == "win32":
        import msvcrt

        # one byte far behind the content, which others may then still read
        os.lseek(handle, 2**30, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        if error.errno in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
            return True
        raise
    return True


def is_current(handle: int, path: Path) -> bool:
    """Tell whether an open file is still the one at ``path``, not one removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sign(handle: int) -> None:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "started": _now()}
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, json.dumps(owner).encode())


def _await_owner(handle: int) -> dict[str, Any]:
    """Read who holds the lock; who has just taken it may not have signed yet."""
    for _ in range(20):
        if owner := _read_owner(handle):
            return owner
        time.sleep(0.05)
    return {}


def _read_owner(handle: int) -> dict[str, Any]:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        owner = json.loads(os.read(handle, 4096))
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _elsewhere(owner: dict[str, Any]) -> bool:
    return bool(owner) and owner.get("host") != socket.gethostname()


def _refusal(path: Path, owner: dict[str, Any]) -> str:
    who = "another process"
    if owner:
        who = f"process {owner.get('pid')} on {owner.get('host')} since {owner.get('started')}"
    return (
        f"{str(path.parent)!r} is being written by {who}; wait for it, or remove {str(path)!r}"
        " if that process is gone"
    )


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")
