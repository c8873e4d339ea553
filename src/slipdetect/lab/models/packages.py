"""Packages made of others: one again with another ``model.json``, one of the mean of several.

In: checked ``ModelPackage``s. Out: the new package, of networks as large as theirs.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file

from slipdetect._io import atomic_write, file_sha256, write_text
from slipdetect.errors import OutputError, UsageError
from slipdetect.models.config import ModelConfig
from slipdetect.models.package import (
    CARD_FILE,
    CONFIG_FILE,
    ModelPackage,
    check_folder,
    files_of,
    named_files,
    pose_facts,
    prepare,
    write_config,
)
from slipdetect.models.saving import place, remove_leftovers, save_package, staging_path
from slipdetect.models.weights_file import FACTS, read
from slipdetect.people.network import PoseNetwork
from slipdetect.types import Calibration

_FREE = (
    "name",
    "pose",
    "format_version",
    "calibration",
    "events",
    "sensitivity",
    "training",
    "versions",
)
_FREE_OF_A_STREAM = ("file", "sha256", "dropout", "graph")


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
    if config.streams != package.config.streams or _pose_file(config) != _pose_file(package.config):
        raise UsageError("a copy of a package keeps its streams; change other settings only")
    folder = Path(folder)
    text = package.card()
    prepare(folder, text, overwrite)
    before = named_files(folder)
    streams = []
    for stream in config.streams:
        file = _copied(package.folder, stream.file, folder)
        graph = stream.graph
        # a graph names the file of its weights
        if graph is not None and file != stream.file:
            graph = None
        elif graph is not None:
            graph = replace(graph, file=_copied(package.folder, graph.file, folder))
        streams.append(replace(stream, file=file, graph=graph))
    if text is not None:
        write_text(folder / CARD_FILE, text, overwrite=True)
    pose = config.pose
    if pose is not None:
        pose = replace(pose, file=_copied(package.folder, pose.file, folder))
    config = replace(config, streams=tuple(streams), pose=pose)
    write_config(folder / CONFIG_FILE, config, overwrite)
    remove_leftovers(folder, files_of(config), before)
    return ModelPackage(config, folder)


def with_pose(
    package: ModelPackage,
    folder: str | os.PathLike[str],
    config: ModelConfig,
    weights: Mapping[str, npt.NDArray[np.floating]],
    *,
    overwrite: bool = False,
) -> ModelPackage:
    """Write a copy of a package that looks at people too.

    Args:
        package: Where the streams come from.
        folder: Created when missing.
        config: What ``model.json`` will say, with ``pose``, whose file and digest are filled in.
        weights: Of the pose network.
        overwrite: Replace an earlier package.

    Raises:
        UsageError: ``config`` has other streams, or no pose.
        PackageError: The weights are of another network.
        OutputError: The folder cannot be written, or holds a package already.
    """
    pose = config.pose
    if pose is None:
        raise UsageError("a package that looks at people needs a pose table in its configuration")
    PoseNetwork(weights, "the pose network's weights")
    with TemporaryDirectory() as scratch:
        stem = Path(scratch)
        for name in files_of(package.config):
            shutil.copyfile(package.folder / name, stem / name)
        card = package.card()
        if card is not None:
            (stem / CARD_FILE).write_text(card, encoding="utf-8")
        halves = {name: array.astype(np.float16) for name, array in weights.items()}
        facts = json.dumps(pose_facts(pose), sort_keys=True)
        save_file(halves, stem / pose.file, metadata={FACTS: facts})
        made = replace(pose, sha256=file_sha256(stem / pose.file))
        joined = ModelPackage(replace(package.config, pose=made), stem)
        return copy_package(joined, folder, replace(config, pose=made), overwrite=overwrite)


def _pose_file(config: ModelConfig) -> str:
    return "" if config.pose is None else config.pose.sha256


def _copied(source: Path, name: str, folder: Path) -> str:
    """Copy a file of a package into the folder of another one; return its name there."""
    staged = staging_path(folder, name)
    with atomic_write(staged, overwrite=True) as temporary:
        shutil.copyfile(source / name, temporary)
    return place(staged, name)


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


def average_packages(
    packages: Sequence[ModelPackage],
    folder: str | os.PathLike[str],
    *,
    name: str,
    overwrite: bool = False,
) -> ModelPackage:
    """Write the package whose weights are the mean of the weights of others (a uniform soup).

    Runs from the same starting weights often end in one basin, whose middle does better on
    footage of another kind than its edges (Wortsman et al., Model soups, ICML 2022). Averages of
    networks that started apart are worth nothing; that cannot be seen from the packages.

    Args:
        packages: Two or more that agree in everything but weights, calibration and thresholds.
        folder: Of the new package.
        name: Of the new model.
        overwrite: Replace an earlier package.

    Returns:
        The package, without a pose stream; its temperature and bias are the mean of theirs, its
        thresholds those of the first. Both are best made anew: ``slipdetect calibrate``.

    Raises:
        UsageError: Fewer than two, or packages that differ.
        PackageError: Weights are damaged.
        OutputError: The folder cannot be written, or holds a package already.
    """
    if len(packages) < 2:
        raise UsageError("an average takes at least two models")
    first = packages[0].config
    for other in packages[1:]:
        _require_alike(first, other.config)
    states = {
        stream.modality: _mean(
            [read(p.folder / p.config.stream(stream.modality).file) for p in packages]
        )
        for stream in first.streams
    }
    config = replace(
        first,
        name=name,
        calibration=_mean_calibration([package.config for package in packages]),
        training={**first.training, "averaged": [_origin(item.config) for item in packages]},
        versions={},
    )
    return save_package(folder, config, states, overwrite=overwrite)


def _require_alike(first: ModelConfig, other: ModelConfig) -> None:
    for key in (item.name for item in fields(ModelConfig)):
        if key in _FREE:
            continue
        ours, theirs = _comparable(first, key), _comparable(other, key)
        if ours != theirs:
            raise UsageError(
                f"{first.name!r} and {other.name!r} differ in {key}; only models of one recipe "
                "can be averaged"
            )


def _comparable(config: ModelConfig, key: str) -> Any:
    if key != "streams":
        return getattr(config, key)
    return {
        stream.modality: {k: v for k, v in stream.to_json().items() if k not in _FREE_OF_A_STREAM}
        for stream in config.streams
    }


def _mean(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    if any(state.keys() != states[0].keys() for state in states):
        raise UsageError("the networks have other weights by name; only equal ones can be averaged")
    return {
        # counters such as those of batch normalization have no mean
        key: torch.stack([state[key] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for key, value in states[0].items()
    }


def _mean_calibration(configs: Sequence[ModelConfig]) -> Calibration:
    found = [config.calibration for config in configs]
    names = dict.fromkeys(name for each in found for name in each.streams or ())
    streams = {name: fmean((each.streams or {}).get(name, 1.0) for each in found) for name in names}
    temperature, bias = fmean(each.temperature for each in found), fmean(e.bias for e in found)
    return Calibration(temperature, bias, streams or None)


def _origin(config: ModelConfig) -> dict[str, Any]:
    """Return what tells one of the averaged models from the others."""
    return {
        "name": config.name,
        "weights": {stream.modality: stream.sha256 for stream in config.streams},
        "seed": config.training.get("config", {}).get("seed"),
    }
