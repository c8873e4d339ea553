"""What ``soak.py`` has measured, as lines to read, with the bars of each part.

In: the stored results. Out: text.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from typing import Any

LAG, MEMORY, FLAT, FAIR = 0.5, 1.5, 0.02, 0.8
_SAME = 0.5  # seconds between the starts of an onset in two runs


def report(found: dict[str, Any]) -> str:
    """Return what was measured, by part."""
    own = found.get("one")
    return "\n".join(line for part in found for line in _part(part, found[part], own))


def _part(part: str, found: dict[str, Any], own: dict[str, Any] | None) -> Iterator[str]:
    """Yield the lines of a part.

    Args:
        part: Its name.
        found: What was measured.
        own: Of one camera, for comparison.
    """
    cameras, machine = found["cameras"], found["machine"]
    turns = f", {len(found['each'])} in turn," if part == "one" else ""
    yield (
        f"{part}: {cameras} camera{'' if cameras == 1 else 's'}{turns} for {found['seconds']:g} s "
        f"on {machine['cpus']} CPUs ({machine['processor']}), {found['when']}"
    )
    total = {
        key: sum(camera[key] for camera in found["each"])
        for key in found["each"][0]
        if key not in ("longest_lag", "loop", "onsets")
    }
    many = part == "many"
    sampled = total["sampled"] + total["dropped"]
    yield f"  frames dropped   {total['dropped']} of {sampled}{' (bar: none)' if many else ''}"
    if cameras > 1:
        bar = f" (bar: {FAIR})" if part == "over" else ""
        yield f"  worst camera     {found['worst_share']:.2f} of the mean's share of frames{bar}"
    yield f"  processor time   {found['cpu_seconds'] / found['seconds']:.2f} CPUs"
    yield from _lag(found, many, own)
    yield from _memory(found["memory"], many, own)
    yield (
        f"  events           {total['due']} due by files: {total['told_once']} told once, "
        f"{total['told_twice']} twice, {total['missed']} missed"
        f"{' (bar: each once)' if many else ''}; {total['not_in_files']} of the {total['told']} "
        "told are not in files"
    )
    if found["faults"]:
        yield f"  faults           {found['faults']}, {total['reconnects']} reconnects"
    if "around" in found:
        yield from _around(found["around"])
    for line in found["says"]:
        yield f"  it says          {line.removeprefix('Warning: ')}"


def _around(around: dict[str, Any]) -> Iterator[str]:
    told, once = around["told"], around["told_once_by_broker"]
    yield (
        f"  broker           {around.get('restarts', 0)} restarts; of {told} events told it heard "
        f"{once} once, {around['told_again_by_broker']} again"
    )
    yield (
        f"  disk             {around.get('full', 0)} times full; {around['clips']} clips of {told} "
        f"events, {around['broken_clips']} of them broken"
    )


def _lag(found: dict[str, Any], many: bool, own: dict[str, Any] | None) -> Iterator[str]:
    until = found.get("until", math.inf)
    lags = sorted(
        lag for camera in found["each"] for start, lag in camera["onsets"] if start < until
    )
    if not lags:
        return
    if until < math.inf:
        yield f"  lags             of onsets up to {until:g} s, then the machine's clock was set"
    text = (
        f"median {statistics.median(lags):.2f} s, 95% {within(lags):.2f} s, most {lags[-1]:.2f} s"
    )
    yield f"  onsets told      after {text} ({len(lags)} onsets)"
    above = [] if own is None or own is found or found["faults"] else _above(found, own)
    if above:
        median, late = statistics.median(above), within(above)
        bar = f" (bar: {LAG})" if many else ""
        yield (
            f"  than alone       {median:.2f} s later in the median, 95% {late:.2f} s{bar} "
            f"({len(above)} onsets that one camera alone has too)"
        )


def within(values: list[float], share: float = 0.95) -> float:
    """Return the least of sorted values that so large a share of them does not exceed."""
    return values[math.ceil(share * len(values) - 1e-9) - 1]


def _above(found: dict[str, Any], own: dict[str, Any]) -> list[float]:
    """Return by how much each onset was later than the same one of its camera alone, sorted."""
    above = []
    for camera, alone in zip(found["each"], own["each"], strict=False):
        for start, lag in camera["onsets"]:
            if start >= found.get("until", math.inf):
                continue
            near = [
                (abs(start % camera["loop"] - other % camera["loop"]), own_lag)
                for other, own_lag in alone["onsets"]
            ]
            if near and min(near)[0] <= _SAME:
                above.append(lag - min(near)[1])
    return sorted(above)


def _memory(memory: dict[str, Any], many: bool, own: dict[str, Any] | None) -> Iterator[str]:
    text = f"peak {memory['peak'] / 2**20:.0f} MiB"
    if own is not None and memory is not own["memory"]:
        bar = f" (bar: {MEMORY})" if many else ""
        text += f", {memory['peak'] / own['memory']['peak']:.2f} times one camera's{bar}"
    if memory["second_quarter"]:
        bar = f" (bar: within {FLAT:.0%})" if many else ""
        text += (
            f"; last quarter to second {memory['last_quarter'] / memory['second_quarter']:.3f}{bar}"
        )
    yield f"  memory           {text}"
