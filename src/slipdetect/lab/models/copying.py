"""A package again, with the same weights and another ``model.json``.

In: a checked ``ModelPackage`` and its new configuration. Out: the folder of the copy.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from slipdetect._io import atomic_write
from slipdetect.errors import OutputError, UsageError
from slipdetect.models.config import ModelConfig
from slipdetect.models.package import (
    CARD_FILE,
    CONFIG_FILE,
    ModelPackage,
    check_folder,
    named_files,
    place,
    prepare,
    remove_leftovers,
    staging_path,
    write_config,
)


def copy_package(
    package: ModelPackage,
    folder: str | os.PathLike[str],
    config: ModelConfig,
    *,
    overwrite: bool = False,
) -> ModelPackage:
    """Write a package whose weights files are those of ``package``, byte for byte.

    A kill at any moment leaves an earlier package in ``folder`` or the new one whole.

    Args:
        package: Where the weights and the card come from.
        folder: Created when missing.
        config: What ``model.json`` will say; of the same streams.
        overwrite: Replace an earlier package.

    Raises:
        UsageError: ``config`` has other streams.
        OutputError: The folder cannot be written, or holds a package already.
    """
    if config.streams != package.config.streams:
        raise UsageError("a copy of a package keeps its streams; change other settings only")
    folder = Path(folder)
    text = package.card()
    prepare(folder, text, overwrite)
    before = named_files(folder)
    streams = []
    for stream in config.streams:
        staged = staging_path(folder, stream.file)
        with atomic_write(staged, overwrite=True) as temporary:
            shutil.copyfile(package.folder / stream.file, temporary)
        streams.append(replace(stream, file=place(staged, stream.file)))
    if text is not None:
        with atomic_write(folder / CARD_FILE, overwrite=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    config = replace(config, streams=tuple(streams))
    write_config(folder / CONFIG_FILE, config, overwrite)
    remove_leftovers(folder, [stream.file for stream in streams], before)
    return ModelPackage(config, folder)


def check_copy(package: ModelPackage, folder: Path, *, overwrite: bool = False) -> None:
    """Fail early where ``copy_package`` would fail later, without making anything.

    Raises:
        OutputError: ``folder`` holds a package or another card already, or cannot be written.
    """
    check_folder(folder, overwrite=overwrite)
    card, text = folder / CARD_FILE, package.card()
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        reason = "is read-only" if there.is_dir() else "is a file"
        raise OutputError(
            f"cannot create {str(folder)!r}: {str(there)!r} {reason}; choose another folder"
        )
    if text is not None and not overwrite and card.exists() and card.read_bytes() != text.encode():
        raise OutputError(f"{str(card)!r} exists already; pass overwrite=True or another name")
