"""What the detection benchmark prints of what it stored.

In: the results of ``detect.py``. Out: lines: the table of bars, then the figures behind it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from detect_builds import PEERS
from detect_videos import HEIGHT, RATE, WIDTH

from slipdetect.reports.text_table import text_table

Found = dict[str, Any]
# of the peak after the first five minutes
GROWTH = 1.05
QUIET = 0.2  # CPUs that other processes may keep busy
_NAMES = {"turns": "this checkout", "before": "the older build"}


class NotMeasured(Exception):
    """A row has no figures; the message says why."""


@dataclass(frozen=True)
class Bar:
    """A row of the table.

    Attributes:
        name: What is compared with what.
        bar: What the median ratio is held to.
        ratios: Returns one ratio a turn; raises ``NotMeasured``.
        at_most: The ratio is to be no larger than the bar, not no smaller.
    """

    name: str
    bar: float
    ratios: Callable[[Found, str | None], list[float]]
    at_most: bool = False

    def cells(self, found: Found, commit: str | None) -> tuple[str, ...]:
        """Return the row of results that compare with ``commit``."""
        bar = f"{'<=' if self.at_most else '>='} {self.bar:g}"
        try:
            ratios = self.ratios(found, commit)
        except NotMeasured as error:
            return self.name, bar, "", "", "", str(error)
        median = statistics.median(ratios)
        reached = median <= self.bar if self.at_most else median >= self.bar
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        said = "yes" if reached else "no"
        return self.name, bar, f"{median:.2f}", spread, str(len(ratios)), said


def report(found: Found, commit: str | None = None) -> list[str]:
    """Return the lines to print.

    Args:
        found: Results by part.
        commit: The older build that rows are to compare with; None: the one that was measured, and
            no table if none was.
    """
    commits = [part["against"] for part in found.values() if "against" in part]
    commit = commits[0] if commit is None and commits else commit
    blocks = [] if commit is None else [_table(found, commit)]
    printers = {
        "bars": _bars,
        "start": _start,
        "jobs": _jobs,
        "people": _people,
        "seed": _against_seed,
        "long": _long,
        "peers": _peers,
    }
    blocks += [
        [*lines(found[part]), *_disturbed(found[part])]
        for part, lines in printers.items()
        if part in found
    ]
    return [line for block in blocks for line in (*block, "")][:-1]


def _disturbed(found: Found) -> list[str]:
    """Return a line if other processes were at work in the median turn of any contestant."""
    groups = [content.get(group, {}) for content in found["contents"].values() for group in _NAMES]
    others = [
        statistics.median(turn.get("others", 0.0) for turn in turns)
        for works in groups
        for turns in works.values()
    ]
    most = max(others, default=0.0)
    if most < QUIET:
        return []
    return [f"  NOT ON AN IDLE MACHINE: other processes kept up to {most:.1f} CPUs busy"]


def _table(found: Found, commit: str) -> list[str]:
    heads = ("", "bar", "median ratio", "lowest to highest", "turns", "reached")
    rows = [bar.cells(found, commit) for bar in BARS]
    return [f"against {commit[:7]}:", *text_table(heads, rows, left=(0, 5), indent=2)]


def _part(found: Found, part: str, commit: str | None) -> Found:
    """Return a part of the results; ``commit`` if its row compares with an older build."""
    if part not in found:
        raise NotMeasured("not measured")
    measured: Found = found[part]
    if "missing" in measured:
        raise NotMeasured(f"not there: {measured['missing']}")
    if commit is not None and measured.get("against") != commit:
        raise NotMeasured("not measured against it")
    return measured


def _before(part: str, content: str, work: str, of: str) -> Callable[[Found, str | None], Any]:
    """Return the ratios of this checkout to the older build; of seconds, the older to this one."""

    def ratios(found: Found, commit: str | None) -> list[float]:
        taken = _part(found, part, commit)["contents"][content]
        pairs = zip(taken["turns"][work], taken["before"][work], strict=True)
        return [new[of] / old[of] for new, old in pairs]

    return ratios


def _faster(part: str, content: str, work: str) -> Callable[[Found, str | None], list[float]]:
    """Return how many times faster this checkout is than the older build, turn by turn."""
    slower = _before(part, content, work, "seconds")
    return lambda found, commit: [1 / ratio for ratio in slower(found, commit)]


def _within(
    part: str, content: str, over: str, under: str, of: str = "seconds"
) -> Callable[[Found, str | None], Any]:
    """Return the seconds of one work over those of another, both of this checkout."""

    def ratios(found: Found, commit: str | None) -> list[float]:
        return _shares(_part(found, part, None)["contents"][content]["turns"], over, under, of)

    return ratios


def _shares(turns: Found, over: str, under: str, of: str = "seconds") -> list[float]:
    pairs = zip(turns[over], turns[under], strict=True)
    return [first[of] / second[of] for first, second in pairs]


def _growth(found: Found, commit: str | None) -> list[float]:
    taken = _part(found, "long", None)["contents"]["camera"]["turns"]["long"]
    if any(len(turn["peak_by_5_minutes"]) < 3 for turn in taken):
        raise NotMeasured("too short to tell")
    return [turn["peak_by_5_minutes"][-1] / turn["peak_by_5_minutes"][0] for turn in taken]


BARS = (
    Bar("camera, speed to the older build's", 2.0, _faster("bars", "camera", "detect")),
    Bar("camera, speed to reading alone", 0.75, _within("bars", "camera", "read", "detect")),
    Bar("still, speed to the older build's", 2.0, _faster("bars", "still", "detect")),
    Bar("still, speed to reading alone", 0.9, _within("bars", "still", "read", "detect")),
    Bar(
        "peak memory of a long video, to the older build's",
        *(0.4, _before("long", "camera", "long", "peak_mib"), True),
    ),
    Bar("the same, at its end to after 5 minutes", GROWTH, _growth, at_most=True),
    Bar(
        "ten-second example by the command, time to the older's",
        *(0.25, _before("start", "example", "command", "seconds"), True),
    ),
    Bar("4 videos, speed of --jobs 2 to without", 1.6, _within("jobs", "camera", "one", "jobs")),
    Bar(
        "camera, processor time to that without people",
        *(1.25, _within("people", "camera", "detect", "motion", "processor"), True),
    ),
    Bar("speed to the 2020 report's way", 12.0, _within("seed", "camera", "seed", "ours")),
)


def _bars(found: Found) -> list[str]:
    contents, video = found["contents"], found["video"]
    turns = len(contents["camera"]["turns"]["detect"])
    lines = [
        found["machine"],
        f"{video:.0f} s of H.264, {WIDTH}x{HEIGHT}, {RATE:.0f} frames a second, "
        f"{_count(turns)}, median (lowest to highest):",
    ]
    for name, content in contents.items():
        lines.append(f"  {name}, {content['bit_rate'] / 1e6:.1f} Mbit/s:")
        lines += _content(content["turns"], video, "")
        if "before" in content:
            lines += _content(content["before"], video, f"{found['against'][:7]}: ")
    lines.append("  where the time of the first turn of camera went, seconds:")
    for name, seconds, beside in contents["camera"]["turns"]["detect"][0]["stages"]:
        lines.append(f"    {name}: {seconds:.2f}" + (" (in other threads)" if beside else ""))
    return lines


def _content(turns: Found, video: float, whose: str) -> list[str]:
    lines = []
    for work in ("read", "detect"):
        processor = statistics.median(turn["processor"] for turn in turns[work])
        lines.append(
            f"    {whose}{work}: {_speed(turns[work], video)}, "
            f"{processor:.1f} s of processor time, peak {_peak(turns[work]):.0f} MiB"
        )
    share = _shares(turns, "read", "detect")
    first = turns["detect"][0]
    events = f", {first['events']} events" if "events" in first else ""
    lines.append(
        f"    {whose}detecting runs at {statistics.median(share):.2f} of the speed of reading "
        f"alone ({min(share):.2f} to {max(share):.2f}); {first['computed']:.0%} of the snippets "
        f"computed{events}"
    )
    return lines


def _count(turns: int) -> str:
    return "1 turn" if turns == 1 else f"{turns} turns"


def _speed(turns: Sequence[Found], video: float) -> str:
    speed = [video / turn["seconds"] for turn in turns]
    median, low, high = (
        f"{value:.1f}" if value >= 1 else f"{value:.2g}"
        for value in (statistics.median(speed), min(speed), max(speed))
    )
    return f"{median} times real time ({low} to {high})"


def _seconds(turns: Sequence[Found]) -> str:
    took = [turn["seconds"] for turn in turns]
    return f"{statistics.median(took):.1f} s ({min(took):.1f} to {max(took):.1f})"


def _peak(turns: Sequence[Found]) -> float:
    return max(float(turn["peak_mib"]) for turn in turns)


def _start(found: Found) -> list[str]:
    lines = [f"{found['machine']}: `slipdetect detect examples/slip.mp4`, from command to end:"]
    for group, taken in found["contents"]["example"].items():
        turns = taken["command"]
        lines.append(
            f"  {_NAMES[group]}: {_seconds(turns)}, {_count(len(turns))}, "
            f"peak {_peak(turns):.0f} MiB"
        )
    return lines


def _jobs(found: Found) -> list[str]:
    if "missing" in found:
        return [f"several videos at once: not there: {found['missing']}"]
    turns = found["contents"]["camera"]["turns"]
    one, many = turns["one"], turns["jobs"]
    return [
        f"{found['machine']}: 4 videos of {found['video']:.0f} s, {_count(len(one))}: "
        f"{_seconds(one)}, {one[0]['events']} events; "
        f"with --jobs 2 {_seconds(many)}, {many[0]['events']} events"
    ]


def _people(found: Found) -> list[str]:
    turns = found["contents"]["camera"]["turns"]
    took = {work: statistics.median(turn["processor"] for turn in turns[work]) for work in turns}
    return [
        f"{found['machine']}: {found['video']:.0f} s of camera, {_count(len(turns['detect']))}: "
        f"{took['detect']:.1f} s of processor time, {took['motion']:.1f} s without people"
    ]


def _against_seed(found: Found) -> list[str]:
    turns = found["contents"]["camera"]["turns"]
    ratios = _shares(turns, "seed", "ours")
    seconds = {work: statistics.median(turn["seconds"] for turn in turns[work]) for work in turns}
    return [
        f"{found['machine']}: {found['video']:.0f} s of the same video with two ResNet101, "
        f"{_count(len(ratios))}: the 2020 course report's way {seconds['seed']:.0f} s, ours "
        f"{seconds['ours']:.1f} s, {statistics.median(ratios):.1f} times as fast "
        f"({min(ratios):.1f} to {max(ratios):.1f})"
    ]


def _long(found: Found) -> list[str]:
    content = found["contents"]["camera"]
    lines = []
    for group, start in (("turns", f"{found['machine']}: "), ("before", "  ")):
        if group not in content:
            continue
        (turn,) = content[group]["long"]
        video = found["video" if group == "turns" else "video_before"]
        whose = "" if group == "turns" else f"{found['against'][:7]}: "
        peaks = ", ".join(f"{peak:.0f}" for peak in turn["peak_by_5_minutes"])
        lines.append(
            f"{start}{whose}{video / 60:.0f} minutes in {turn['seconds']:.0f} s; peak memory in "
            f"MiB after every 5 minutes: {peaks}"
        )
    return lines


def _peers(found: Found) -> list[str]:
    turns, video = found["contents"]["camera"]["turns"], found["video"]
    ours = turns["detect"]
    lines = [
        f"{found['date']}, {found['machine']}: {video:.0f} s of camera, {_count(len(ours))}:",
        f"  slipdetect: {_speed(ours, video)}, peak {_peak(ours):.0f} MiB",
    ]
    for work, peer in PEERS.items():
        if work in found["failed"]:
            lines.append(f"  {peer} could not be run: {found['failed'][work]}")
            continue
        faster = statistics.median(_shares(turns, work, "detect"))
        lines.append(
            f"  {peer}: {_speed(turns[work], video)}, peak {_peak(turns[work]):.0f} MiB; "
            f"slipdetect has {faster:.2f} times its speed and "
            f"{_peak(ours) / _peak(turns[work]):.2f} times its memory"
        )
        if peer.beside:
            lines[-1] += f" (with {', '.join(peer.beside)}, which it does not require)"
    return lines
