"""Writing a model package so that whoever reads it sees the earlier one or the new one whole.

In: a configuration and weights. Out: the files of ``package``.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from slipdetect._io import atomic_write, file_sha256, write_text
from slipdetect._version import __version__
from slipdetect.errors import OutputError, UsageError
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.package import (
    CARD_FILE,
    CONFIG_FILE,
    ModelPackage,
    files_of,
    named_files,
    prepare,
    weight_facts,
    write_config,
)
from slipdetect.models.weights_file import check_finite, check_options, write

_DIGITS = 8  # of the digest, in a name; more only where these are taken by another content
_DIGEST = re.compile(r"-[0-9a-f]{8,64}$")


def save_package(
    folder: str | os.PathLike[str],
    config: ModelConfig,
    state_dicts: Mapping[str, Mapping[str, torch.Tensor]],
    dtype: torch.dtype = torch.float16,
    card: str | None = None,
    overwrite: bool = False,
) -> ModelPackage:
    """Write a package so that a kill at any moment leaves the earlier model or the new one whole.

    Weights never take a name that the earlier package uses for others; ``model.json`` replaces its
    forerunner in one step, and only then are files removed that it does not name.

    Args:
        folder: Created when missing.
        config: Its streams' ``file`` and ``sha256`` are filled in, and the versions of slipdetect
            and torch.
        state_dicts: ``TSN.state_dict()`` of every modality in ``config``.
        dtype: Floating-point type on disk; a tensor beyond its range is kept in float32.
        card: Text of the model card, written as ``README.md``.
        overwrite: Replace an earlier package.

    Raises:
        UsageError: ``state_dicts`` and ``config`` name different streams, or a bad ``dtype``.
        PackageError: A weight is NaN or infinite, or of a backbone with other options.
        OutputError: The folder cannot be written, or holds a package already.
    """
    folder = Path(folder)
    _check_weights(config, state_dicts, dtype)
    prepare(folder, card, overwrite)
    before = named_files(folder)
    streams = tuple(
        _save_weights(folder, stream, config, state_dicts[stream.modality], dtype)
        for stream in config.streams
    )
    if card is not None:
        write_text(folder / CARD_FILE, card, overwrite=True)
    versions = {"slipdetect": __version__, "torch": torch.__version__}
    # the thresholds of a pose network are fitted to the streams beside it
    config = replace(config, streams=streams, pose=None, versions={**config.versions, **versions})
    write_config(folder / CONFIG_FILE, config, overwrite)
    remove_leftovers(folder, files_of(config), before)
    return ModelPackage(config, folder)


def _save_weights(
    folder: Path,
    stream: StreamConfig,
    config: ModelConfig,
    state_dict: Mapping[str, torch.Tensor],
    dtype: torch.dtype,
) -> StreamConfig:
    """Write one weights file under a free name; return the stream that names it."""
    staged = staging_path(folder, stream.file)
    with atomic_write(staged, overwrite=True) as temporary:
        write(temporary, state_dict, dtype, weight_facts(stream, config))
    name = place(staged, stream.file)
    # a graph is of the weights that were
    return replace(stream, file=name, sha256=file_sha256(folder / name), graph=None)


def _check_weights(
    config: ModelConfig, state_dicts: Mapping[str, Mapping[str, torch.Tensor]], dtype: torch.dtype
) -> None:
    names = {stream.modality for stream in config.streams}
    if set(state_dicts) != names:
        raise UsageError(
            f"weights are for {', '.join(sorted(state_dicts))}, the configuration is for "
            f"{', '.join(sorted(names))}; pass one state dict per stream"
        )
    if dtype not in (torch.float16, torch.bfloat16, torch.float32):
        raise UsageError(f"weights are stored as float16, bfloat16 or float32, not {dtype}")
    # before the first write, so that a bad stream leaves an earlier package whole
    for stream in config.streams:
        check_finite(state_dicts[stream.modality], f"{stream.modality} stream")
        check_options(
            stream.backbone_options, state_dicts[stream.modality], f"{stream.modality} stream"
        )


def staging_path(folder: Path, name: str) -> Path:
    """Return where the file ``name`` is written before its content gives it a name."""
    return folder / f".{_stem(name)}.new{Path(name).suffix}"


def place(staged: Path, name: str) -> str:
    """Give a finished file a name in its folder that no other content has.

    Args:
        staged: The file, in the package's folder.
        name: What it would be called in an empty folder.

    Returns:
        ``name``, or ``name`` with digits of its digest where that is taken by other content.

    Raises:
        OutputError: It cannot be renamed.
    """
    folder, stem, digest = staged.parent, _stem(name), file_sha256(staged)
    lengths = range(_DIGITS, len(digest) + 1, _DIGITS)
    suffix = Path(name).suffix
    names = [f"{stem}{suffix}", *(f"{stem}-{digest[:length]}{suffix}" for length in lengths)]
    taken = [item for item in names if (folder / item).exists()]
    try:
        for item in taken:
            if file_sha256(folder / item) == digest:
                staged.unlink()
                return item
        # only a damaged file can have the whole digest in its name and other content
        chosen = next((item for item in names if item not in taken), names[-1])
        staged.replace(folder / chosen)
    except OSError as error:
        raise OutputError(f"cannot write weights in {str(folder)!r}: {error.strerror}") from error
    return chosen


def remove_leftovers(folder: Path, named: Collection[str], before: Iterable[str]) -> None:
    """Remove weights and graphs that no package names any more, and what killed saves left behind.

    Only names that a save gives are touched; what cannot be removed stays.

    Args:
        folder: Of the package.
        named: Files of the package that is there now.
        before: Those of the package it replaced.
    """
    old = set(before)
    stems = "|".join(sorted({re.escape(_stem(name)) for name in (*named, *old)}))
    written = re.compile(rf"(?:{stems})(?:-[0-9a-f]{{8,64}})?\.(?:safetensors|onnx)")
    partial = re.compile(
        # safetensors itself writes to a name of its own first
        rf"\.+(?:{stems}|model|README)[.-].*\.(?:safetensors|onnx|json|md)|\.tmp[0-9A-Za-z]{{6}}",
        re.DOTALL,
    )
    for path in folder.iterdir():
        stale = path.name in old or (old and written.fullmatch(path.name))
        if path.name not in named and (stale or partial.fullmatch(path.name)):
            with contextlib.suppress(OSError):
                path.unlink()


def _stem(name: str) -> str:
    """Return a file's name without suffix and digits of a digest."""
    return _DIGEST.sub("", Path(name).stem)
