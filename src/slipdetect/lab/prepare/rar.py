"""Unpacking .rar by whichever program for it is installed.

In: an archive. Out: a new folder of regular files, or none at all.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect._io import publish_folder, staging_folder
from slipdetect.errors import DataError
from slipdetect.lab.fetch.archives import check_member, unwritable


@dataclass(frozen=True)
class _Program:
    """How a program lists and unpacks; ``{archive}`` and ``{folder}`` are filled in."""

    lists: tuple[str, ...]
    unpacks: tuple[str, ...]
    names: Callable[[str], list[str]]


def _lines(text: str) -> list[str]:
    return [line.rstrip("\r") for line in text.split("\n") if line.strip()]


def _seven_zip_names(text: str) -> list[str]:
    return [line.partition(" = ")[2] for line in _lines(text) if line.startswith("Path = ")]


_SEVEN_ZIP = (
    ("l", "-ba", "-slt", "-p", "--", "{archive}"),
    ("x", "-y", "-bd", "-p", "-o{folder}", "--", "{archive}"),
    _seven_zip_names,
)
PROGRAMS = {
    "unrar": _Program(
        ("lb", "-p-", "--", "{archive}"),
        ("x", "-idq", "-o+", "-p-", "--", "{archive}", "{folder}/"),
        _lines,
    ),
    "bsdtar": _Program(
        ("-tf", "{archive}"), ("-xf", "{archive}", "-C", "{folder}", "--no-same-owner"), _lines
    ),
    "7z": _Program(*_SEVEN_ZIP),
    "7zz": _Program(*_SEVEN_ZIP),
    "unar": _Program(
        (),  # it lists by another program, and takes from names what leads out
        ("-quiet", "-no-directory", "-output-directory", "{folder}", "{archive}"),
        _lines,
    ),
}


def unpack_rar(archive: Path, folder: Path) -> None:
    """Unpack ``archive`` into the new folder ``folder``.

    Programs are tried in the order of ``PROGRAMS`` until one manages it. Names that lead out are
    refused before anything is written, links and devices after.

    Args:
        archive: A .rar file.
        folder: Must not exist, its parent must.

    Raises:
        DataError: No program is installed or none can read it, or it holds what is refused.
        OutputError: The folder cannot be written.
    """
    found = {name: path for name in PROGRAMS if (path := shutil.which(name)) is not None}
    if not found:
        raise DataError(
            f"{str(archive)!r} needs a program to unpack it and none is on PATH: install unrar,"
            " bsdtar (Debian: libarchive-tools), 7z with RAR support or unar, or unpack it yourself"
        )
    troubles = []
    for name, program in found.items():
        trouble = _attempt(PROGRAMS[name], program, archive, folder)
        if trouble is None:
            return
        troubles.append(f"{name}: {trouble}")
    raise DataError(
        f"{str(archive)!r} cannot be unpacked ({'; '.join(troubles)}); fetch it again, install"
        " another of unrar, bsdtar, 7z and unar, or unpack it yourself"
    )


def _attempt(how: _Program, program: str, archive: Path, folder: Path) -> str | None:
    """Unpack beside ``folder`` and rename; return what the program complained of, or None."""
    try:
        with staging_folder(folder) as temporary:
            trouble = _unpack(how, program, archive, temporary)
            if trouble is None:
                _check_files(temporary, archive)
                publish_folder(temporary, folder)
        return trouble
    except OSError as error:
        raise unwritable(folder, error) from error


def _unpack(how: _Program, program: str, archive: Path, folder: Path) -> str | None:
    """Run a program; return what it had to complain of, or None."""
    if how.lists:
        listed = _run([program, *_filled(how.lists, archive, folder)])
        if listed.returncode != 0:
            return _last_words(listed)
        for name in how.names(listed.stdout):
            check_member(name, archive)
    done = _run([program, *_filled(how.unpacks, archive, folder)])
    return None if done.returncode == 0 else _last_words(done)


def _filled(arguments: Sequence[str], archive: Path, folder: Path) -> list[str]:
    # absolute, so that no name can look like an option
    places = {"{archive}": str(archive.absolute()), "{folder}": str(folder.absolute())}
    filled = []
    for argument in arguments:
        for mark, place in places.items():
            argument = argument.replace(mark, place)
        filled.append(argument)
    return filled


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # bsdtar converts names to the locale's encoding and fails on letters that it lacks
    return subprocess.run(  # noqa: S603 - no shell, the program's full path, absolute arguments
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    words = _lines(done.stderr) or _lines(done.stdout)
    return words[-1].strip()[:120] if words else f"exit code {done.returncode}"


def _check_files(folder: Path, archive: Path) -> None:
    """Refuse links and devices, and an archive of nothing."""
    count = 0
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise DataError(
                f"{str(archive)!r} holds {path.name[:80]!r}, which is a link or device; do not"
                " trust it"
            )
        count += stat.S_ISREG(mode)
    if count == 0:
        raise DataError(f"{str(archive)!r} holds no files; fetch it again")
