"""A name for every video of a run: readable, and no two alike.

In: the sources as they were given. Out: ids for people and programs, stems of file names, and
where new videos go.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from slipdetect._address import address_scheme
from slipdetect._text import plain_name

_REFUSED = frozenset('/\\:*?"<>|')
_BYTES = 150  # of the 255 that a file name may have
_MOST_BYTES = 200  # of the stem of a new video
_SUFFIX = ".mp4"
_Spelling = Callable[[str], str]


def video_ids(sources: Sequence[str]) -> list[str]:
    """Return the stem of each source, longer where two are alike: with its folder, its path."""
    return _distinct(sources, (_stem, _with_folder, _whole))


def file_stems(sources: Sequence[str]) -> list[str]:
    """Return ``video_ids`` fit for file names: odd characters replaced, at most 150 bytes.

    What is still alike with its folder gets eight digits of the hash of its path.
    """
    from slipdetect.store.names import store_key

    def hashed(source: str) -> str:
        if _is_address(source) or "\0" in source:  # no path that could be looked up
            return _safe(_stem(source))
        return f"{_safe(_stem(source))}-{store_key(Path(source)).rpartition('-')[2]}"

    spellings = (lambda text: _safe(_stem(text)), lambda text: _safe(_with_folder(text)), hashed)
    return _distinct(sources, spellings)


def _safe(name: str) -> str:
    # spaces and letters stay: a player looks for subtitles under the very name of the video
    kept = "".join("_" if char in _REFUSED or not char.isprintable() else char for char in name)
    # a dot or a dash in front would hide the name or look like an option
    return re.sub(r"^[.-]+", "_", cut_name(kept)).rstrip(" .") or "_"


def cut_name(name: str, most: int = _BYTES) -> str:
    """Return as much of the beginning of a name as ``most`` bytes of UTF-8 hold."""
    return name.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _is_address(source: str) -> bool:
    return address_scheme(source) is not None


def _stem(source: str) -> str:
    # of an address only the protocol: the rest may hold a password
    text = plain_name(source)
    return text.partition("://")[0] if _is_address(source) else Path(text).stem or text


def _with_folder(source: str) -> str:
    if _is_address(source):
        return _stem(source)
    return f"{plain_name(Path(source).absolute().parent.name)}-{_stem(source)}"


def _whole(source: str) -> str:
    return _stem(source) if _is_address(source) else plain_name(source)


def _distinct(sources: Sequence[str], spellings: Sequence[_Spelling]) -> list[str]:
    """Spell each source as short as keeps it apart from all others; number what stays alike."""
    levels = [0] * len(sources)
    while True:
        names = [spellings[level](text) for level, text in zip(levels, sources, strict=True)]
        counts = Counter(map(_folded, names))
        alike = [
            index
            for index, name in enumerate(names)
            if counts[_folded(name)] > 1 and levels[index] + 1 < len(spellings)
        ]
        if not alike:
            return _numbered(names)
        for index in alike:
            levels[index] += 1


def _numbered(names: Sequence[str]) -> list[str]:
    taken = set(map(_folded, names))
    seen: set[str] = set()
    found = []
    for name in names:
        new, number = name, 1
        while _folded(new) in (seen if number == 1 else taken):
            number += 1
            new = f"{name}-{number}"
        seen.add(_folded(new))
        taken.add(_folded(new))
        found.append(new)
    return found


def _folded(name: str) -> str:
    """Return what file systems that tell neither case nor composition apart see."""
    return unicodedata.normalize("NFC", name).casefold()


def target_names(sources: Sequence[Path], folder: Path, endings: Sequence[str] = ()) -> list[Path]:
    """Return ``folder`` / the source's way from what all sources share, as an MP4.

    So ``data/fall/a.avi`` and ``data/walk/a.avi`` become ``fall/a.mp4`` and ``walk/a.mp4``. Where
    two would still meet (``a.avi`` beside ``a.mp4``), both get eight digits of the hash of their
    path. Characters that cannot be printed become ``_``.

    Args:
        sources: Videos.
        folder: Where to.
        endings: Added to the stem of each, such as ``"-3-7.5"``.
    """
    if not sources:
        return []
    whole = [Path(os.path.normpath(source.absolute())) for source in sources]
    shared = os.path.commonpath([path.parent for path in whole])
    ends = endings or [""] * len(whole)
    names = [
        path.relative_to(shared).with_name(
            cut_name(_plain(path.stem), _MOST_BYTES - len(end)) + end + _SUFFIX
        )
        for path, end in zip(whole, ends, strict=True)
    ]
    names = [Path(*map(_plain, name.parts)) for name in names]
    counts = Counter(names)
    return [
        folder / (name if counts[name] == 1 else _with_hash(name, path))
        for name, path in zip(names, whole, strict=True)
    ]


def _with_hash(name: Path, source: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    return name.with_name(f"{name.stem}-{digest}{_SUFFIX}")


def _plain(part: str) -> str:
    return "".join(char if char.isprintable() else "_" for char in part)
