"""What differs between what two builds found.

In: rows as ``same_events.py`` stores them, by video and way. Out: a line for each difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Found = Mapping[tuple[str, str], Mapping[str, Any]]

TOLERANCE = 1e-5  # of probabilities and scores


def differences(old: Found, new: Found, within: float = TOLERANCE) -> Iterator[str]:
    """Yield a line for whatever of ``old`` is otherwise in ``new``, or is not there.

    Args:
        old: What was found before.
        new: What is found now.
        within: Largest difference of probabilities and scores that counts as none.
    """
    for name, way in sorted(old):
        row = new.get((name, way))
        lines = ("is not here any more",) if row is None else _of_row(old[name, way], row, within)
        yield from (f"{name} {way}: {line}" for line in lines)


def total(found: Found) -> str:
    """Return in words how much was found in how many videos."""
    videos = len({name for name, _ in found})
    events = sum(len(row.get("events", ())) for row in found.values())
    windows = sum(len(row.get("windows", ())) for row in found.values())
    failed = sum("error" in row for row in found.values())
    return (
        f"{videos} videos looked at {len(found)} times: {events} events, {windows} windows, "
        f"{failed} times unreadable"
    )


def _of_row(old: Mapping[str, Any], new: Mapping[str, Any], within: float) -> Iterator[str]:
    if old["sha256"] != new["sha256"]:
        yield "is another file than it was, so nothing can be said; store anew what is to be kept"
        return
    if "error" in old or "error" in new:
        if "error" not in new:
            yield f"is read, failed before ({old['error']})"
        elif "error" not in old:
            yield f"fails ({new['error']}), was read before"
        return
    for key in sorted({*old["source"], *new["source"]}):
        if old["source"].get(key) != new["source"].get(key):
            yield f"{key} is {new['source'].get(key)!r}, was {old['source'].get(key)!r}"
    yield from _of_events(old["events"], new["events"], within)
    yield from _of_windows(old["windows"], new["windows"], within)


def _of_events(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], within: float
) -> Iterator[str]:
    if len(old) != len(new):
        yield f"events are {_spans(new)}, were {_spans(old)}"
        return
    for number, (before, after) in enumerate(zip(old, new, strict=True), 1):
        for key in sorted({*before, *after}):
            if not _alike(key, before.get(key), after.get(key), within):
                yield f"event {number}: {key} is {after.get(key)!r}, was {before.get(key)!r}"


def _of_windows(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], within: float
) -> Iterator[str]:
    """Yield at most two lines: a change of the networks moves all windows of a video."""
    if len(old) != len(new):
        yield f"has {len(new)} windows, had {len(old)}"
        return
    odd = []
    for before, after in zip(old, new, strict=True):
        keys = {*before, *after}
        odd.append(sorted(k for k in keys if not _alike(k, before.get(k), after.get(k), within)))
    count = sum(map(bool, odd))
    if count:
        first = next(index for index, keys in enumerate(odd) if keys)
        key = odd[first][0]
        yield (
            f"{count} of {len(old)} windows differ, first that of {old[first]['start']} s: "
            f"{key} is {new[first].get(key)!r}, was {old[first].get(key)!r}"
        )
        far = max(
            abs(after["probability"] - before["probability"])
            for before, after in zip(old, new, strict=True)
        )
        yield f"its probabilities differ by {far:.6f} at most"


def _alike(key: str, before: Any, after: Any, within: float) -> bool:
    if key == "streams" and before is not None and after is not None:
        return before.keys() == after.keys() and all(
            abs(before[name] - after[name]) <= within for name in before
        )
    if key in ("score", "probability") and before is not None and after is not None:
        return bool(abs(before - after) <= within)
    return bool(before == after)


def _spans(events: Sequence[Mapping[str, Any]]) -> str:
    spans = [f"{e['start']:g} to {e['end']:g} s ({e['score']:.3f})" for e in events]
    return ", ".join(spans) if spans else "none"
