"""Where the time of a detection went, as a table for a terminal.

In: a ``Profile``. Out: lines of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipdetect.types import Profile, Stage

_NAME = 28


def profile_text(profile: Profile, looking: Profile | None = None) -> str:
    """Return what was looked at, how fast, and a line per stage with its share of the time.

    Args:
        profile: Of the whole run.
        looking: Of detection alone, which the speed is told of; None if that is the whole run.
    """
    main = [stage for stage in profile.stages if not stage.beside]
    beside = [stage for stage in profile.stages if stage.beside]
    lines = [*_summary(profile, profile if looking is None else looking)]
    lines += ["", f"  {'':<{_NAME}}  seconds  share"]
    lines += _rows(_sorted(main), profile.seconds)
    lines.append(_row("everything else", profile.rest, profile.seconds))
    lines.append(_row("in all", profile.seconds, profile.seconds))
    if beside:
        lines += ["", "  at the same time, in other threads"]
        lines += _rows(_sorted(beside), profile.seconds)
    return "\n".join(lines) + "\n"


def _summary(profile: Profile, looking: Profile) -> list[str]:
    peak = profile.peak_memory
    memory = "" if peak is None else f"; at most {peak / 2**20:.0f} MiB of memory"
    return [
        f"profile: {profile.video:.1f} s of video looked at in {looking.seconds:.2f} s, "
        f"{looking.speed:.1f} times real time",
        f"  {profile.frames} frames decoded, {profile.samples} looked at, "
        f"{profile.computed} of {profile.snippets} snippets computed{memory}",
    ]


def _sorted(stages: list[Stage]) -> list[Stage]:
    return sorted(stages, key=lambda stage: -stage.seconds)


def _rows(stages: list[Stage], whole: float) -> list[str]:
    return [_row(stage.name, stage.seconds, whole) for stage in stages]


def _row(name: str, seconds: float, whole: float) -> str:
    share = seconds / whole if whole > 0.0 else 0.0
    return f"  {name:<{_NAME}}  {seconds:>7.2f}  {share:>5.0%}"
