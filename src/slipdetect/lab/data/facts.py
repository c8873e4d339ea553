"""What the results in a folder depend on, so that no run goes on from another one's.

In: facts as plain data. Out: a file of them, or an error that names what differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipdetect._io import write_text
from slipdetect._text import named
from slipdetect.errors import DataError, OutputError

_SHOWN = 4

Facts = Mapping[str, Any]


def write_facts(path: Path, facts: Facts) -> None:
    """Write the facts as JSON, replacing ``path``.

    Raises:
        OutputError: It cannot be written.
    """
    text = json.dumps(dict(facts), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n", overwrite=True)


def read_facts(path: Path) -> dict[str, Any]:
    """Read what ``write_facts`` wrote.

    Raises:
        DataError: The file is missing or damaged.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}; delete its folder") from error
    if not isinstance(facts, dict):
        raise DataError(f"{str(path)!r} is not a file of facts; delete its folder")
    return facts


def require_same(before: Facts, now: Facts, folder: Path) -> None:
    """Refuse to go on in a folder that was begun with other facts.

    Raises:
        OutputError: Naming up to four facts that differ.
    """
    # as JSON has them: lists for tuples
    old, new = (_flat(json.loads(json.dumps(facts))) for facts in (before, now))
    differing = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    if not differing:
        return
    told = [f"{key} {_shown(old.get(key))} instead of {_shown(new.get(key))}" for key in differing]
    raise OutputError(
        f"{str(folder)!r} holds a run with {named(told, _SHOWN)}; choose another --out, or delete "
        "that folder to run it anew"
    )


def _flat(facts: Facts, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in facts.items():
        name = f"{before}{key}"
        found.update(_flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return found


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
