"""Which backbones there are: names from entry points, and the object behind one name.

In: a name or a pattern. Out: names without any import; one backbone's facts after importing it.
"""

from __future__ import annotations

import contextlib
import difflib
import fnmatch
import functools
import logging
import os
import re
import sys
import threading
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

from slipdetect.backbones.options import declared_options
from slipdetect.backbones.spec import Backbone, BackboneInfo, BackboneSpec
from slipdetect.errors import BackboneUnavailable, ModelError, SlipdetectError

GROUP = "slipdetect.backbones"
OWN_DISTRIBUTION = "slipdetect"
ZOO_PREFIX = "timm/"
PLUGIN_SECONDS = 60.0  # a cold import of a tensor library from a slow disk takes long

# The entry points of pyproject.toml once more, for a source tree without installed metadata.
BUILT_IN = {
    name: f"slipdetect.backbones.{module}:{name}"
    for module, names in {
        "torchvision_nets": (
            "resnet18 resnet34 resnet50 resnet101 resnet152 vgg16 vgg16_bn"  # one line per library
        ),
        "resnest_nets": "resnest50 resnest101",
        "pretrainedmodels_nets": "bninception inceptionv4 inceptionresnetv2",
        "timm_nets": "efficientnet_lite0",
    }.items()
    for name in names.split()
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """A registered name: where it leads and which distribution registered it."""

    point: EntryPoint
    distribution: str

    @property
    def built_in(self) -> bool:
        """Whether slipdetect itself registered it."""
        return self.distribution == OWN_DISTRIBUTION


def list_backbones(pattern: str = "*") -> list[str]:
    """Return the registered names that match ``pattern``, sorted, importing nothing.

    A pattern that begins with ``timm/`` asks for the zoo of timm, which has to be imported.

    Args:
        pattern: Shell-style pattern such as ``"resnet*"`` or ``"timm/convnext*"``.

    Raises:
        BackboneUnavailable: The timm zoo was asked for and timm does not load.
    """
    if pattern.startswith(ZOO_PREFIX):
        return _list_zoo(pattern)
    return sorted(name for name in _entries() if fnmatch.fnmatchcase(name, pattern))


def backbone_info(name: str) -> BackboneInfo:
    """Load what is registered as ``name`` and tell whether that works here.

    Raises:
        ModelError: Nothing is registered under this name.
    """
    entry = find_entry(name)
    try:
        spec = load_entry(name, entry).spec
    except BackboneUnavailable as error:
        reason = short_reason(error.__cause__) if error.__cause__ else str(error)
        return BackboneInfo(name, False, reason, entry.distribution, None)
    return BackboneInfo(name, True, "", entry.distribution, spec)


def get_spec(name: str) -> BackboneSpec:
    """Return the facts about backbone ``name``.

    Raises:
        ModelError: Nothing is registered under this name.
        BackboneUnavailable: It is registered but does not load here.
    """
    return load_entry(name, find_entry(name)).spec


def backbone_options(name: str) -> dict[str, Any]:
    """Return the options that backbone ``name`` declares, with their defaults.

    They change the network, and so they travel with whatever was trained with them.

    Raises:
        ModelError: Nothing is registered under this name.
        BackboneUnavailable: It is registered but does not load here.
    """
    return declared_options(load_entry(name, find_entry(name)).build)


def find_entry(name: str) -> Entry:
    """Return the entry registered as ``name``; names of the timm zoo always have one.

    Raises:
        ModelError: Nothing is registered under this name.
    """
    if name.startswith(ZOO_PREFIX):
        point = EntryPoint(name, "slipdetect.backbones.timm_nets:from_zoo", GROUP)
        return Entry(point, OWN_DISTRIBUTION)
    entries = _entries()
    if name not in entries:
        near = difflib.get_close_matches(name, entries, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "'slipdetect backbones list' lists them"
        raise ModelError(f"unknown backbone {name!r}; {hint}")
    return entries[name]


def load_entry(name: str, entry: Entry) -> Backbone:
    """Import what ``entry`` leads to; what it prints goes to stderr.

    An object that is callable and no ``Backbone`` is called with the entry's name. Plugins have to
    load within ``PLUGIN_SECONDS``.

    Raises:
        BackboneUnavailable: It does not load, does not finish loading, or is no backbone; chained
            to the true exception.
    """
    point = entry.point
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = point.load() if entry.built_in else _load_limited(point)
            if callable(found) and not hasattr(found, "spec"):
                found = found(point.name)
        spec = getattr(found, "spec", None)
        if not isinstance(spec, BackboneSpec) or not callable(getattr(found, "build", None)):
            raise TypeError(f"{point.value!r} is a {type(found).__name__}, not a Backbone")
        if spec.name != point.name:
            raise ValueError(f"its spec has the name {spec.name!r}")
    except (Exception, SystemExit) as error:
        raise unavailable(name, entry, error) from error
    return cast("Backbone", found)


def _load_limited(point: EntryPoint) -> object:
    """Import in a daemon thread, which a hanging import cannot take the program down with."""
    loaded: list[object] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            loaded.append(point.load())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work, name=f"load {point.name}", daemon=True)
    thread.start()
    thread.join(PLUGIN_SECONDS)
    if thread.is_alive():
        raise TimeoutError(f"importing {point.value!r} took longer than {PLUGIN_SECONDS:g} s")
    if failed:
        raise failed[0]
    return loaded[0]


def short_reason(error: BaseException) -> str:
    """Return the exception's text on one line, with its type unless it is one of our own."""
    text = " ".join(str(error).split())
    if text and isinstance(error, SlipdetectError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def unavailable(name: str, entry: Entry, error: BaseException) -> BackboneUnavailable:
    """Describe why ``name`` cannot be used, in one line."""
    return BackboneUnavailable(
        f"backbone {name!r} of {entry.distribution!r} is unavailable: {short_reason(error)}; "
        "mend that package or choose another backbone"
    )


def _entries() -> dict[str, Entry]:
    """Names to entries: built-ins first, then plugins by distribution name; the first one wins."""
    found = _registered(tuple(_changed(path) for path in sys.path))
    entries = {entry.point.name: entry for entry in found if entry.built_in}
    for name, value in BUILT_IN.items():
        entries.setdefault(name, Entry(EntryPoint(name, value, GROUP), OWN_DISTRIBUTION))
    allowed = _allowed_plugins()
    for entry in sorted(found, key=lambda entry: entry.distribution):
        if entry.built_in or (allowed is not None and entry.distribution not in allowed):
            continue
        winner = entries.setdefault(entry.point.name, entry)
        # A distribution that is on the path twice lists its entry points twice.
        if winner.distribution != entry.distribution:
            _log.warning(
                "backbone %r of %r is ignored: %r already registered that name",
                entry.point.name,
                entry.distribution,
                winner.distribution,
            )
    return entries


def _changed(path: str) -> tuple[str, int]:
    """Return a folder of the import path and when it was changed, ns; 0 where there is none."""
    try:
        return path, Path(path).stat().st_mtime_ns
    except OSError:
        return path, 0


@functools.lru_cache(maxsize=1)
def _registered(path: tuple[tuple[str, int], ...]) -> tuple[Entry, ...]:
    """Read what all distributions of ``path`` registered, 30 ms; again only when it changes."""
    return tuple(
        Entry(point, _normalize(point.dist.name) if point.dist else "unknown")
        for point in entry_points(group=GROUP)
    )


def _allowed_plugins() -> set[str] | None:
    """Read ``SLIPDETECT_PLUGINS``: None allows every distribution, an empty set none."""
    text = os.environ.get("SLIPDETECT_PLUGINS")
    if text is None:
        return None
    return {_normalize(name) for name in text.split(",") if name.strip()}


def _normalize(distribution: str) -> str:
    """Spell a distribution's name as PyPI compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def _list_zoo(pattern: str) -> list[str]:
    try:
        import timm

        names = [ZOO_PREFIX + name for name in timm.list_models()]
    except Exception as error:
        raise unavailable(pattern, find_entry(pattern), error) from error
    return sorted(name for name in names if fnmatch.fnmatchcase(name, pattern))
