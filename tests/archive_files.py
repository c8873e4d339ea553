"""Small archives of every kind.

In: names and contents. Out: a zip or tar file; what a folder holds.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

FILES = {"videos/a.mp4": b"a" * 1000, "videos/sub/b.mp4": b"b", "c é.mp4": b""}


def pack(path: Path, files: dict[str, bytes] = FILES) -> Path:
    """Write an archive whose kind its suffix tells, folders included."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.mkdir("videos")
            for name, data in files.items():
                zipped.writestr(name, data)
        return path
    packing = path.suffix[1:].replace("tgz", "gz")
    mode = "w" if packing == "tar" else f"w:{packing}"
    with tarfile.open(path, mode) as tarred:
        folder = tarfile.TarInfo("videos")
        folder.type = tarfile.DIRTYPE
        tarred.addfile(folder)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tarred.addfile(info, io.BytesIO(data))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def files_in(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
