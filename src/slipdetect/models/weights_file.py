"""One stream's weights on disk, as safetensors: nothing in the file can run code.

In: a state dict or a path. Out: the file, or float32 tensors that fit the network exactly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from slipdetect._io import file_sha256
from slipdetect.backbones.options import options_in
from slipdetect.errors import PackageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import nn

FACTS = "slipdetect"


def write(
    path: Path,
    state_dict: Mapping[str, torch.Tensor],
    dtype: torch.dtype,
    facts: Mapping[str, str],
) -> None:
    """Write ``state_dict`` with floating-point tensors as ``dtype`` and integers as they are.

    The facts are stored beside the tensors, for ``check_file``.
    """
    from safetensors.torch import save_file

    tensors = {}
    for key, tensor in state_dict.items():
        tensors[key] = _stored(tensor, dtype).detach().cpu().clone().contiguous()
    # one entry, because safetensors writes several in random order and bytes would differ
    save_file(tensors, path, metadata={FACTS: json.dumps(dict(facts), sort_keys=True)})


def check_file(path: Path, sha256: str, facts: Mapping[str, str]) -> None:
    """Check digest, header and what the file says it was trained as.

    Raises:
        PackageError: Missing, changed, damaged, or for something else than ``facts``.
    """
    if not path.is_file():
        raise PackageError(f"{str(path)!r} is missing; the model package is incomplete")
    if file_sha256(path) != sha256:
        raise PackageError(
            f"{str(path)!r} is not the file that model.json describes (sha256 differs); "
            "restore the package"
        )
    try:
        with safe_open(path, framework="np") as file:
            found = dict(json.loads((file.metadata() or {}).get(FACTS, "{}")))
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error
    differing = [key for key in facts if found.get(key) != facts[key]]
    if differing:
        is_for = ", ".join(f"{key} {found.get(key, 'unknown')}" for key in differing)
        asked = ", ".join(f"{key} {facts[key]}" for key in differing)
        raise PackageError(f"{str(path)!r}: weights are for {is_for}; model.json asks for {asked}")


def read(path: Path) -> dict[str, torch.Tensor]:
    """Read all tensors, floating-point ones as float32.

    Raises:
        PackageError: The file is damaged, or a tensor holds NaN or infinity.
    """
    tensors = {}
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            for key in file.keys():  # noqa: SIM118 - not a mapping
                tensor = file.get_tensor(key)
                tensors[key] = tensor.float() if tensor.is_floating_point() else tensor
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    check_finite(tensors, str(path))
    return tensors


def read_arrays(path: Path) -> dict[str, npt.NDArray[np.floating]]:
    """Read all tensors as arrays, without torch.

    Raises:
        PackageError: The file is damaged, or an array holds NaN or infinity.
    """
    import numpy as np

    try:
        with safe_open(path, framework="np") as file:
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise _not_finite(str(path), key)
    return arrays


def load_strictly(network: nn.Module, tensors: Mapping[str, torch.Tensor], where: str) -> None:
    """Load ``tensors`` into ``network``, which must want exactly these names and shapes.

    Raises:
        PackageError: Naming the first five differences, or the options of a backbone that was
            built otherwise.
    """
    wanted = network.state_dict()
    check_options(options_in(wanted), tensors, where)
    problems = [f"misses {key}" for key in wanted if key not in tensors]
    problems += [f"has unknown {key}" for key in tensors if key not in wanted]
    for key, tensor in tensors.items():
        if key in wanted and tensor.shape != wanted[key].shape:
            shapes = f"{tuple(tensor.shape)}, not {tuple(wanted[key].shape)}"
            problems.append(f"{key} is {shapes}")
    if problems:
        listed = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        raise PackageError(f"{where!r} does not fit the network ({len(problems)} keys): {listed}")
    network.load_state_dict(tensors, strict=True)


def check_options(
    options: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], where: str
) -> None:
    """Insist that ``tensors`` are of a backbone built with ``options``.

    Raises:
        PackageError: They are of another one.
    """
    try:
        found = options_in(tensors)
    except ValueError as error:
        raise PackageError(f"{where!r}: the note of the backbone's options is damaged") from error
    if found != options:
        raise PackageError(
            f"{where!r}: weights are of a backbone with the options {found}, not {dict(options)}; "
            "give the stream's backbone_options as they were in training"
        )


def check_finite(tensors: Mapping[str, torch.Tensor], where: str) -> None:
    """Refuse weights that no working training run leaves behind.

    Raises:
        PackageError: A tensor holds NaN or infinity.
    """
    for key, tensor in tensors.items():
        if not is_finite(tensor):
            raise _not_finite(where, key)


def is_finite(tensor: torch.Tensor) -> bool:
    """Say whether a tensor is without NaN and infinity, in one pass over its values."""
    if not tensor.is_floating_point() or not tensor.numel():
        return True
    return all(math.isfinite(extreme.item()) for extreme in tensor.detach().aminmax())


def _stored(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    if not tensor.is_floating_point():
        return tensor
    small = tensor.to(dtype)
    # running variances of 0-255 pictures exceed what float16 can hold
    return small if is_finite(small) else tensor.float()


def _not_finite(where: str, key: str) -> PackageError:
    return PackageError(f"{where!r}: weights {key} hold NaN or infinity; use another checkpoint")


def _damaged(path: Path, error: Exception) -> PackageError:
    reason = " ".join(str(error).split())[:200]
    return PackageError(f"{str(path)!r} is no intact safetensors file ({reason}); restore it")
