"""Guessing from names which clips show the same person, scene or film.

In: paths of clips. Out: a group for each.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from slipdetect.errors import DataError, UsageError

RULES = ("auto", "parent", "name-prefix", "file")

_UCF = re.compile(r"v_(?P<name>.+)_g(?P<group>\d+)_c\d+", re.IGNORECASE)
_COUNTER = re.compile(r"(.+?)[\s._-]+\(?\d+\)?")


def ucf_group(stem: str) -> str | None:
    """Return ``NAME_gNN`` of a file named ``v_NAME_gNN_cMM`` as in UCF101, or None."""
    found = _UCF.fullmatch(stem)
    return None if found is None else f"{found['name']}_g{found['group']}"


def name_prefix(stem: str) -> str:
    """Return a name up to its last separator and digits: ``anna`` of ``anna-01``."""
    found = _COUNTER.fullmatch(stem)
    return stem if found is None else found[1]


def group_files(paths: Sequence[PurePosixPath], rule: str) -> list[str]:
    """Return the group of each file.

    Args:
        paths: Paths that begin with the class folder.
        rule: ``"parent"``: the folders between class folder and file (the file where there is
            none). ``"name-prefix"``: see ``name_prefix``. ``"file"``: each its own. ``"auto"``: the
            folders where there are any; else the name's UCF101 group or its prefix, unless all the
            files of a class share one, which then is a counter. Anything else is a regular
            expression searched in the path below the class folder; its first group, or what it
            matches.

    Raises:
        UsageError: The regular expression is none.
        DataError: It does not match a file.
    """
    if rule == "auto":
        return _automatic(paths)
    if rule in RULES:
        return [_by_rule(path, rule) for path in paths]
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise UsageError(
            f"--group-by takes {', '.join(RULES)} or a regular expression, not {rule!r} ({error})"
        ) from error
    return [_by_pattern(path, pattern) for path in paths]


def _by_rule(path: PurePosixPath, rule: str) -> str:
    below = _below(path)
    if rule == "parent" and below.parent.name:
        return below.parent.as_posix()
    if rule == "name-prefix":
        return name_prefix(path.stem)
    return path.as_posix()


def _by_pattern(path: PurePosixPath, pattern: re.Pattern[str]) -> str:
    found = pattern.search(_below(path).as_posix())
    group = None if found is None else (found[1] if pattern.groups else found[0])
    if not group:
        raise DataError(
            f"--group-by {pattern.pattern!r} does not match {path.as_posix()!r}, whose group would"
            " be unknown; widen the expression or move the file away"
        )
    return group


def _automatic(paths: Sequence[PurePosixPath]) -> list[str]:
    prefixes: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        if not _below(path).parent.name:
            prefixes[path.parts[0]].add(name_prefix(path.stem))
    groups = []
    for path in paths:
        if _below(path).parent.name:
            groups.append(_by_rule(path, "parent"))
        elif (known := ucf_group(path.stem)) is not None:
            groups.append(known)
        elif len(prefixes[path.parts[0]]) > 1:
            groups.append(_by_rule(path, "name-prefix"))
        else:
            groups.append(_by_rule(path, "file"))
    return groups


def _below(path: PurePosixPath) -> PurePosixPath:
    """Return a path without its class folder."""
    return PurePosixPath(*path.parts[1:])
