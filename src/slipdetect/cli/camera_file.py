"""A file of cameras: a table for each, checked as options are, errors with their line.

In: TOML. Out: ``CameraEntry``s.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from slipdetect._io import read_text
from slipdetect.errors import DataError, UsageError
from slipdetect.sinks.live_clips import clip_stem
from slipdetect.types.zones import Zone, Zones

SUFFIX = ".toml"
# of the options of watch those that a camera may have for itself
OWN_OPTIONS = (
    *("sensitivity", "onset", "offset", "min_duration", "min_gap", "pad", "confirm_down", "view"),
    *("retries", "read_timeout", "max_lag", "stream", "max_pixels", "frame_rate"),
)
_ADDRESSES = ("source", "source_env", "source_file")
_KEYS = (*_ADDRESSES, "calibration", "zone", *OWN_OPTIONS)
_ZONE_KINDS = ("include", "exclude")
_NAME = re.compile(r"\w[\w .-]{0,59}")
_HEADER = re.compile(r"\s*\[\[?(?P<keys>[^\]]+)\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"\s*(?P<keys>[\w.\"'-][^=#\[\]]*?)\s*=")
_AT_LINE = re.compile(r" \(at line (?P<line>\d+), column \d+\)$")
_TWICE = re.compile(r"Cannot (?:declare|overwrite).*")


@dataclass(frozen=True)
class CameraEntry:
    """What a file says of one camera; equal entries mean the same camera.

    Attributes:
        name: Of the camera.
        address: Which of ``source``, ``source_env`` and ``source_file`` was given, and its value.
        options: Of ``watch``, as far as the camera has its own.
        calibration: A model package of other calibration and thresholds, or None.
        zones: Where events count.
    """

    name: str
    address: tuple[str, str]
    options: tuple[tuple[str, Any], ...] = ()
    calibration: str | None = None
    zones: Zones = field(default_factory=Zones)


def read_cameras(path: Path, command: click.Command) -> list[CameraEntry]:
    """Return the cameras of a file, in order, whose values are checked by options of a command.

    Raises:
        DataError: It cannot be read, or something in it is wrong; the message has its line.
    """
    text, data = _read(path)
    return _Reader(path, text, command).cameras(data)


def read_zones(path: Path) -> Zones:
    """Return the zones of a file that has nothing but tables ``[zone.NAME]``.

    Raises:
        DataError: As of ``read_cameras``.
    """
    text, data = _read(path)
    return _Reader(path, text, click.Command("zones")).zones(data)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    text = read_text(path)
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, str(error)) from None


def _not_toml(path: Path, reason: str) -> DataError:
    found = _AT_LINE.search(reason)
    where = f"{path}, line {found['line']}" if found else str(path)
    reason = _AT_LINE.sub("", reason)
    if _TWICE.fullmatch(reason):
        return DataError(f"{where}: this table or key is there twice; rename one")
    if "table declaration" in reason:
        reason += '; a name with spaces stands between quotes, as [camera."living room"]'
    return DataError(f"{where}: not valid TOML: {reason}")


class _Reader:
    """Reads one file, whose relative paths start from it, with the options of a command."""

    def __init__(self, path: Path, text: str, command: click.Command) -> None:
        self._path = path
        self._lines: dict[tuple[str, ...], int] = {}
        for keys, line in _lines(text):
            for end in range(1, len(keys)):  # a table that no header of its own begins
                self._lines.setdefault(keys[:end], line)
            self._lines[keys] = line
        self._options = {
            str(option.name): option
            for option in command.params
            if isinstance(option, click.Option) and option.name in OWN_OPTIONS
        }
        self._context = click.Context(command)

    def cameras(self, data: Mapping[str, Any]) -> list[CameraEntry]:
        """Return what a file of cameras holds."""
        tables = self._only("camera", data)
        entries = [self._camera(name, table) for name, table in tables.items()]
        seen: dict[str, str] = {}
        for entry in entries:
            # files and topics are named after cameras
            same = seen.setdefault(clip_stem(entry.name).casefold(), entry.name)
            if same != entry.name:
                raise self._wrong(
                    ("camera", entry.name), f"{entry.name!r} is too much like {same!r}; rename one"
                )
        return entries

    def zones(self, data: Mapping[str, Any]) -> Zones:
        """Return what a file of zones holds."""
        return self._zones(("zone",), self._only("zone", data))

    def _only(self, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tables of a kind, one at least, which has the file for itself."""
        for key in data:
            if key != kind:
                raise self._wrong(
                    (key,), f"{key!r} is not known; a {kind} is a table [{kind}.NAME]"
                )
        tables = data.get(kind)
        if not isinstance(tables, dict) or not tables:
            raise self._wrong((kind,), f"it names no {kind}; begin a table [{kind}.NAME]")
        return tables

    def _camera(self, name: str, table: Any) -> CameraEntry:
        place = ("camera", name)
        if not isinstance(table, dict):
            raise self._wrong(place, f"{name!r} must be a table [camera.{name}]")
        if not _NAME.fullmatch(name):
            raise self._wrong(
                place,
                f"the name {name!r} must be letters, digits, spaces, '.', '_' and '-', at most 60",
            )
        for key in table:
            if key.replace("-", "_") not in _KEYS:
                near = difflib.get_close_matches(key.replace("-", "_"), _KEYS, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(_KEYS)}"
                raise self._wrong((*place, key), f"{key!r} is not known; {hint}")
        given = {key.replace("-", "_"): (key, value) for key, value in table.items()}
        options = tuple(
            (name, self._value((*place, given[name][0]), name, given[name][1]))
            for name in OWN_OPTIONS
            if name in given
        )
        calibration = table.get("calibration")
        if calibration is not None:
            if not isinstance(calibration, str):
                raise self._wrong((*place, "calibration"), "calibration must be text")
            calibration = str(self._path.parent / calibration)
        return CameraEntry(
            name,
            self._address(place, given),
            options,
            calibration,
            self._zones((*place, "zone"), table.get("zone", {})),
        )

    def _address(
        self, place: tuple[str, ...], given: Mapping[str, tuple[str, Any]]
    ) -> tuple[str, str]:
        named = [key for key in _ADDRESSES if key in given]
        if len(named) != 1:
            has = f"has {' and '.join(named)}" if named else "has no source"
            raise self._wrong(place, f"it {has}; give one of {', '.join(_ADDRESSES)}")
        (kind,) = named
        key, value = given[kind]
        if kind == "source" and type(value) is int:
            value = str(value)  # the number of a camera
        if not isinstance(value, str):
            raise self._wrong((*place, key), f"{key} must be text")
        if not value:
            raise self._wrong((*place, key), f"{key} is empty; give an address")
        if kind == "source_file":
            value = str(self._path.parent / value)
        return kind, value

    def _value(self, place: tuple[str, ...], name: str, value: Any) -> Any:
        option = self._options[name]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._wrong(place, f"{name} is one value, not {value!r}")
        try:
            return option.type_cast_value(self._context, str(value))
        except click.BadParameter as error:
            raise self._wrong(place, f"{name}: {error.message.rstrip('.')}") from None

    def _zones(self, place: tuple[str, ...], tables: Any) -> Zones:
        if not isinstance(tables, dict):
            raise self._wrong(place, "zones are tables such as [camera.NAME.zone.bed]")
        found = []
        for name, table in tables.items():
            here = (*place, name)
            if not isinstance(table, dict):
                raise self._wrong(here, f"zone {name!r} must be a table of its own")
            for key in table:
                if key not in _ZONE_KINDS:
                    raise self._wrong(
                        (*here, key), f"{key!r} is not known; a zone has include or exclude"
                    )
            if len(table) != 1:
                many = "both" if table else "neither"
                raise self._wrong(here, f"zone {name!r} has include or exclude, not {many}")
            ((kind, corners),) = table.items()
            here = (*here, kind)
            try:
                points = tuple((_share(x), _share(y)) for x, y in corners)
            except (TypeError, ValueError):
                raise self._wrong(here, f"{kind} is a list of corners such as [0.1, 0.9]") from None
            try:
                found.append(Zone(name, points, kind == "include"))
            except UsageError as error:
                raise self._wrong(here, str(error)) from None
        return Zones(tuple(found))

    def _wrong(self, keys: Sequence[str], message: str) -> DataError:
        """Return the error of a key, with the line where it, or the table around it, begins."""
        for end in range(len(keys), 0, -1):
            line = self._lines.get(tuple(keys[:end]))
            if line is not None:
                return DataError(f"{self._path}, line {line}: {message}")
        return DataError(f"{self._path}: {message}")


def _share(value: object) -> float:
    """Return a number as it is; texts and booleans, which ``float`` takes too, are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the keys of each header and value, and their line; tomllib does not tell."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.fullmatch(line.rstrip("\r"))
        # the last corner of a list over several lines looks like a header
        if header and (keys := _split(header["keys"])):
            table = keys
            yield table, number
        elif found := _KEY.match(line):
            yield (*table, *_split(found["keys"])), number


def _split(keys: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, as TOML splits it."""
    try:
        data: Any = tomllib.loads(f"{keys} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    found = []
    while isinstance(data, dict):
        ((key, data),) = data.items()
        found.append(key)
    return tuple(found)
