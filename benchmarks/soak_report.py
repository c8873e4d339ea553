"""What ``soak.py`` has measured, as lines to read, with the bars of each part.

In: the stored results. Out: text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LAG, MEMORY, FLAT, FAIR = 0.5, 1.5, 0.02, 0.8


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
    yield (
        f"{part}: {cameras} camera{'' if cameras == 1 else 's'} for {found['seconds']:g} s on "
        f"{machine['cpus']} CPUs ({machine['processor']}), {found['when']}"
    )
    total = {
        key: sum(camera[key] for camera in found["each"])
        for key in found["each"][0]
        if key != "longest_lag"
    }
    many = part == "many"
    sampled = total["sampled"] + total["dropped"]
    yield f"  frames dropped   {total['dropped']} of {sampled}{' (bar: none)' if many else ''}"
    if cameras > 1:
        bar = f" (bar: {FAIR})" if part == "over" else ""
        yield f"  worst camera     {found['worst_share']:.2f} of the mean's share of frames{bar}"
    yield f"  processor time   {found['cpu_seconds'] / found['seconds']:.2f} CPUs"
    yield from _lag(found["onset_lag"], many, own)
    yield from _memory(found["memory"], many, own)
    yield (
        f"  events           {total['due']} due by files: {total['told_once']} told once, "
        f"{total['told_twice']} twice, {total['missed']} missed"
        f"{' (bar: each once)' if many else ''}; {total['not_in_files']} of the {total['told']} "
        "told are not in files"
    )
    if found["faults"]:
        yield f"  faults           {found['faults']}, {total['reconnects']} reconnects"
    for line in found["says"]:
        yield f"  it says          {line.removeprefix('Warning: ')}"


def _lag(lag: dict[str, Any], many: bool, own: dict[str, Any] | None) -> Iterator[str]:
    if not lag["count"]:
        return
    text = f"median {lag['median']:.2f} s, 95% {lag['p95']:.2f} s, most {lag['most']:.2f} s"
    more = ""
    if own is not None and lag is not own["onset_lag"]:
        bar = f" (bar: {LAG})" if many else ""
        more = (
            f"; 95% above one camera's median: {lag['p95'] - own['onset_lag']['median']:.2f} s{bar}"
        )
    yield f"  onsets told      after {text} ({lag['count']} onsets){more}"


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
