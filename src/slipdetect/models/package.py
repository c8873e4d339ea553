"""A model on disk: a folder with ``model.json`` and one safetensors file per stream.

In: a configuration and weights, or a folder. Out: the folder, or a checked ``ModelPackage``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from slipdetect._io import atomic_write, file_sha256
from slipdetect._version import __version__
from slipdetect.errors import OutputError, PackageError, UsageError
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.scores import Consensus
from slipdetect.models.tsn import TSN
from slipdetect.models.weights_file import (
    check_file,
    check_finite,
    check_options,
    load_strictly,
    read,
    write,
)

_DIGITS = 8  # of the digest, in a name; more only where these are taken by another content
_DIGEST = re.compile(r"-[0-9a-f]{8,64}$")


def staging_path(folder: Path, name: str) -> Path:
    """Return where the weights file ``name`` is written before its content gives it a name."""
    return folder / f".{_stem(name)}.new.safetensors"


def place(staged: Path, name: str) -> str:
    """Give a finished weights file a name in its folder that no other content has.

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
    names = [f"{stem}.safetensors"]
    names += [f"{stem}-{digest[:length]}.safetensors" for length in lengths]
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
    """Remove weights files that no package names any more, and what killed saves left behind.

    Only names that a save gives are touched; what cannot be removed stays.

    Args:
        folder: Of the package.
        named: Weights files of the package that is there now.
        before: Those of the package it replaced.
    """
    old = set(before)
    stems = "|".join(sorted({re.escape(_stem(name)) for name in (*named, *old)}))
    written = re.compile(rf"(?:{stems})(?:-[0-9a-f]{{8,64}})?\.safetensors")
    partial = re.compile(
        # safetensors itself writes to a name of its own first
        rf"\.+(?:{stems}|model|README)[.-].*\.(?:safetensors|json|md)|\.tmp[0-9A-Za-z]{{6}}",
        re.DOTALL,
    )
    for path in folder.iterdir():
        stale = path.name in old or (old and written.fullmatch(path.name))
        if path.name not in named and (stale or partial.fullmatch(path.name)):
            with contextlib.suppress(OSError):
                path.unlink()


def _stem(name: str) -> str:
    """Return a weights file's name without suffix and digits of a digest."""
    return _DIGEST.sub("", name.removesuffix(".safetensors"))


def build_network(stream: StreamConfig, classes: int) -> TSN:
    """Build the network of ``stream`` with random weights, no layer of it frozen.

    Whoever needs the names and shapes of a stream's weights asks here, so that everything in
    ``stream`` that changes the network changes it for all.

    Args:
        stream: What the package says.
        classes: Size of the output.

    Raises:
        BackboneUnavailable: The backbone cannot be built here.
    """
    return TSN(
        stream.backbone,
        modality=stream.snippet,
        num_classes=classes,
        num_segments=stream.num_segments,
        consensus=Consensus(stream.consensus, stream.consensus_k, stream.num_segments, classes),
        dropout=stream.dropout,
        partial_bn=False,
        backbone_options=stream.backbone_options,
    )


CONFIG_FILE = "model.json"
CARD_FILE = "README.md"

_MAX_CONFIG_BYTES = 16 * 2**20
_PICKLES = {".pt", ".pth", ".tar", ".pkl", ".pickle", ".ckpt", ".bin"}


@dataclass(frozen=True)
class ModelPackage:
    """A package whose configuration and files have been checked.

    Attributes:
        config: What ``model.json`` says.
        folder: Where the files are.
    """

    config: ModelConfig
    folder: Path

    def build_streams(self) -> dict[str, TSN]:
        """Build the network of every stream, with its weights as float32, in evaluation mode.

        Raises:
            BackboneUnavailable: A backbone cannot be built here.
            PackageError: Weights do not fit the network or are not finite.
        """
        return {
            stream.modality: self.build_stream(stream.modality) for stream in self.config.streams
        }

    def build_stream(self, modality: str) -> TSN:
        """Build the network of one stream, as ``build_streams`` does."""
        stream = self.config.stream(modality)
        network = build_network(stream, len(self.config.labels))
        path = self.folder / stream.file
        load_strictly(network, read(path), str(path))
        return network.eval()

    def card(self) -> str | None:
        """Return the text of the model card, None where there is none."""
        path = self.folder / CARD_FILE
        return path.read_text(encoding="utf-8") if path.is_file() else None


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
        with atomic_write(folder / CARD_FILE, overwrite=True) as temporary:
            temporary.write_text(card, encoding="utf-8")
    versions = {"slipdetect": __version__, "torch": torch.__version__}
    config = replace(config, streams=streams, versions={**config.versions, **versions})
    write_config(folder / CONFIG_FILE, config, overwrite)
    remove_leftovers(folder, [stream.file for stream in streams], before)
    return ModelPackage(config, folder)


def load_package(folder: str | os.PathLike[str]) -> ModelPackage:
    """Read and check a package: configuration, digests, and what each file says it holds.

    Only JSON and safetensors are read, so a hostile package cannot run code.

    Raises:
        PackageError: No package, damaged, incomplete, or made for something else.
    """
    folder = Path(folder)
    if folder.suffix.lower() in _PICKLES and not folder.is_dir():
        raise PackageError(
            f"{str(folder)!r} may be a pickle, which can run code and is never loaded; "
            "convert it with 'slipdetect models import'"
        )
    if not (folder / CONFIG_FILE).is_file():
        # a training run keeps its packages one level below
        inner = [str(path.parent) for path in sorted(folder.glob(f"*/{CONFIG_FILE}"))]
        advice = " or ".join(repr(name) for name in inner[:2]) if inner else "its folder"
        raise PackageError(
            f"{str(folder)!r} is no model package: it has no {CONFIG_FILE}; give {advice}"
        )
    config = ModelConfig.from_json(_read_json(folder / CONFIG_FILE), str(folder / CONFIG_FILE))
    for stream in config.streams:
        check_file(folder / stream.file, stream.sha256, _facts(stream, config))
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
        write(temporary, state_dict, dtype, _facts(stream, config))
    name = place(staged, stream.file)
    return replace(stream, file=name, sha256=file_sha256(folder / name))


def _facts(stream: StreamConfig, config: ModelConfig) -> dict[str, str]:
    """Return what the weights file repeats about itself, so that a swapped file is noticed."""
    options = json.dumps(stream.backbone_options, sort_keys=True, ensure_ascii=False)
    return {
        "backbone": stream.backbone,
        # files of networks without options were written before there were any
        **({"backbone_options": options} if stream.backbone_options else {}),
        "modality": stream.modality,
        "snippet_length": str(stream.snippet_length),
        "classes": json.dumps(config.labels, ensure_ascii=False),
        "consensus": stream.consensus,
        "num_segments": str(stream.num_segments),
    }


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


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Fail early where ``save_package`` would fail later.

    Raises:
        OutputError: ``folder`` is no folder or holds a package already.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot create {str(folder)!r}: it is a file; choose another folder")
    if (folder / CONFIG_FILE).exists() and not overwrite:
        raise OutputError(
            f"{str(folder)!r} holds a model already; pass overwrite=True or another folder"
        )


def prepare(folder: Path, card: str | None, overwrite: bool) -> None:
    """Make the folder of a package, unless there is something in it that would be lost."""
    check_folder(folder, overwrite=overwrite)
    path = folder / CARD_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # a killed save may have left the very card that is to be written
        other = card is not None and path.exists() and path.read_bytes() != card.encode()
    except OSError as error:
        raise OutputError(f"cannot create {str(folder)!r}: {error.strerror}") from error
    if other and not overwrite:
        raise OutputError(f"{str(path)!r} exists already; pass overwrite=True or another name")


def named_files(folder: Path) -> list[str]:
    """Return the weights files of the package in ``folder``; none where it cannot be read."""
    if not (folder / CONFIG_FILE).is_file():
        return []
    try:
        config = ModelConfig.from_json(_read_json(folder / CONFIG_FILE))
    except PackageError:
        return []
    return [stream.file for stream in config.streams]


def write_config(path: Path, config: ModelConfig, overwrite: bool) -> None:
    """Write ``model.json`` in one step."""
    content = json.dumps(config.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_write(path, overwrite=overwrite) as temporary:
        temporary.write_text(content + "\n", encoding="utf-8")


def _read_json(path: Path) -> object:
    try:
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise PackageError(f"{str(path)!r} is larger than any model description; replace it")
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PackageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{str(path)!r} is not valid JSON: {error}") from error
    return content
