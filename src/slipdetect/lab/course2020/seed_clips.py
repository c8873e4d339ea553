"""Whether the pictures of a clip from the 2020 course report's archives are whole and fit together.

In: facts about its pictures. Out: what is wrong with its frames, and with its flow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slipdetect.lab.course2020.seed_files import FLOW_U, FLOW_V, FRAMES
from slipdetect.lab.course2020.seed_gathering import Fact

NO_FLOW = "no flow"

Facts = Mapping[int, Fact]


@dataclass(frozen=True)
class Verdict:
    """What is known of a clip.

    Attributes:
        name: The clip.
        frames: Its frames.
        size: (width, height) in pixels.
        broken: Why it is no clip, empty for one that is.
        flow_lacks: Why its flow cannot be used, empty where it can.
    """

    name: str
    frames: int
    size: tuple[int, int]
    broken: str = ""
    flow_lacks: str = ""


def judge(name: str, clip: Mapping[str, Facts]) -> Verdict:
    """Look at a clip.

    Args:
        name: The clip.
        clip: Its pictures by kind and number.
    """
    frames = clip[FRAMES]
    if not frames:
        return Verdict(name, 0, (0, 0), "flow without frames")
    broken = _fault(frames, "frame")
    size = frames[min(frames)].size
    if broken or size is None:
        return Verdict(name, len(frames), (0, 0), broken)
    return Verdict(name, len(frames), size, flow_lacks=_flow_fault(clip, len(frames), size))


def _fault(pictures: Facts, what: str) -> str:
    """Return what is wrong with a sequence that should be numbered from 1 and of one size."""
    last = max(pictures)
    missing = next((number for number in range(1, last + 1) if number not in pictures), None)
    if missing is not None:
        lacking = last - sum(number >= 1 for number in pictures)
        return f"{what} {missing} is missing, {lacking} of {last} in all"
    if 0 in pictures:
        return f"{what} numbers begin at 0, not at 1"
    for number in sorted(pictures):
        if pictures[number].size is None:
            return f"{what} {number} is no whole JPEG"
        if pictures[number].size != pictures[1].size:
            sizes = [f"{w}x{h}" for w, h in (pictures[n].size or (0, 0) for n in (1, number))]
            return f"{what} 1 is {sizes[0]} px, {what} {number} {sizes[1]}"
    return ""


def _flow_fault(clip: Mapping[str, Facts], frames: int, size: tuple[int, int]) -> str:
    u, v = clip[FLOW_U], clip[FLOW_V]
    if frames == 1 and not u and not v:
        return ""
    if not u and not v:
        return NO_FLOW
    if len(u) != len(v):
        return f"{len(u)} pictures of u and {len(v)} of v"
    for pictures, what in ((u, "u"), (v, "v")):
        if fault := _fault(pictures, what):
            return fault
    if len(u) != frames - 1:
        return f"{len(u)} flows for {frames} frames, not {frames - 1}"
    of_flow = {u[1].size, v[1].size}
    if of_flow != {size}:
        width, height = next(iter(of_flow - {size})) or (0, 0)
        return f"flow is {width}x{height} px, frames are {size[0]}x{size[1]}"
    return ""
