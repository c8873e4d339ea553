"""The state of a training on disk: one safetensors file, whole or not there, and free of code.

In: tensors, and facts of the run. Out: the same, or an error where they are of another run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from slipdetect._io import atomic_write, make_folder
from slipdetect.errors import DataError

VERSION = 2
_FACTS = "slipdetect-training"


class StateFolder:
    """A folder of states of one run; those of a run with another recipe are refused.

    Raises:
        OutputError: The folder cannot be made.
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self.folder = folder
        self._recipe = json.loads(json.dumps(recipe))
        make_folder(folder)

    def write(
        self, path: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]
    ) -> None:
        """Write tensors and facts to a file of the folder.

        Raises:
            OutputError: It cannot be written.
        """
        whole = {"version": VERSION, "recipe": self._recipe, **facts}
        metadata = {_FACTS: json.dumps(whole, allow_nan=False)}
        with atomic_write(path, overwrite=True) as temporary:
            save_file({k: v.contiguous() for k, v in tensors.items()}, temporary, metadata=metadata)

    def read(self, path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Return the tensors and the facts of a file.

        Raises:
            DataError: It is missing, damaged, or of a run with other settings or clips.
        """
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                facts = json.loads((file.metadata() or {})[_FACTS])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise DataError(
                f"checkpoint {str(path)!r} cannot be read ({reason}); pass --overwrite to begin "
                "anew"
            ) from error
        if facts.get("version") != VERSION:
            raise DataError(
                f"checkpoint {str(path)!r} was written by another version of slipdetect; resume "
                "with that one, or pass --overwrite to begin anew"
            )
        self._check(facts)
        return tensors, facts

    def keep_only(self, kept: Set[Path]) -> None:
        """Remove all other states, and what a process that was killed in a write left behind."""
        for pattern in ("*.safetensors", ".*.safetensors", ".tmp??????"):
            for path in set(self.folder.glob(pattern)) - kept:
                path.unlink()

    def _check(self, facts: Mapping[str, Any]) -> None:
        found = facts.get("recipe", {})
        names = [k for k in {**found, **self._recipe} if found.get(k) != self._recipe.get(k)]
        if names:
            shown = ", ".join(
                "other clips"
                if key == "clips"
                else f"{key} {found.get(key)!r} then, {self._recipe.get(key)!r} now"
                for key in names[:5]
            )
            raise DataError(
                f"{str(self.folder)!r} holds a run with other settings ({shown}); resume it with "
                "the same ones, or pass --overwrite to begin anew"
            )


def part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Return the tensors whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, prefix: str = "optimizer."
) -> dict[str, torch.Tensor]:
    """Return what an optimizer remembers of its parameters."""
    return {
        f"{prefix}{index}.{name}": value.detach().cpu()
        for index, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
        if isinstance(value, torch.Tensor)
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]
) -> None:
    """Put back what ``optimizer_tensors`` gave, without its prefix."""
    inner: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        inner.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": inner, "param_groups": groups})
