"""The part of the HTML report that shows one video: player, timeline, events.

In: a ``DetectionResult``, pictures of its events, where the video lies. Out: a ``Section``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipdetect._text import timecode
from slipdetect.reports.colors import color
from slipdetect.reports.page.curve import HEIGHT, WIDTH, curve_path
from slipdetect.reports.page.markup import attribute, number, text
from slipdetect.reports.table import NOTHING_FOUND
from slipdetect.reports.time_axis import tick_text, time_step

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult, Event, EventConfig


@dataclass(frozen=True)
class Section:
    """What the page shows of one source.

    Attributes:
        html: The element.
        score: Of its surest event, or of its surest window less 1; below all for a failure.
        events: How many there are.
        failed: It could not be read.
    """

    html: str
    score: float
    events: int = 0
    failed: bool = False


def video_section(
    result: DetectionResult,
    events: EventConfig,
    pictures: Mapping[Event, bytes],
    address: str,
    path: str,
) -> Section:
    """Return the section of a video that was looked at.

    Args:
        result: What was found.
        events: Thresholds in force.
        pictures: JPEGs of events; one without is shown without.
        address: Where the player finds the video, a URL relative to the page; empty: no player.
        path: Of the video below the common folder, for the review; empty: it cannot be reviewed.
    """
    best = max((window.probability for window in result.windows), default=0.0)
    strongest = max((event.score for event in result.events), default=best - 1.0)
    length = max([result.duration, *(window.end for window in result.windows[-1:])])
    parts = [
        f'<article class="video" data-path="{attribute(path)}" data-length="{number(length)}" '
        f'data-events="{len(result.events)}">',
        _heading(result, best),
        '<div class="columns">',
        _player(address),
        '<div class="findings">',
        _timeline(result, events, length),
        _events(result, pictures),
        _review(path),
        "</div></div></article>",
    ]
    return Section("\n".join(part for part in parts if part), strongest, len(result.events))


def failed_section(source: str, error: str) -> Section:
    """Return the section of a source that could not be read."""
    html = (
        f'<article class="video failed"><header><h2>{text(source)}</h2>'
        f'<p class="notes">could not be read: {text(error)}</p></header></article>'
    )
    return Section(html, -2.0, failed=True)


def _heading(result: DetectionResult, best: float) -> str:
    count = len(result.events)
    found = "1 event" if count == 1 else f"{count} events"
    chip = (
        f'<span class="chip found">{found}</span>'
        if count
        else f'<span class="chip">{NOTHING_FOUND}</span>'
    )
    facts = [
        f"{result.duration:.1f} s",
        f"{result.info.width} x {result.info.height}",
        f"surest moment {best:.2f}",
    ]
    warnings = list(result.report.warnings)
    if result.padded:
        warnings.append("shorter than a window of the model, so judged on less than usual")
    notes = "".join(f'<p class="notes">{text(warning)}</p>' for warning in warnings)
    return (
        f"<header><h2>{text(result.source)}</h2>{chip}"
        f'<p class="facts">{" · ".join(facts)}</p>{notes}</header>'
    )


def _player(address: str) -> str:
    if not address:
        return ""
    return (
        '<div class="player"><video controls preload="none" playsinline '
        f'src="{attribute(address)}"></video>'
        '<p class="unplayable" hidden>This browser cannot play the video: it was moved, or its '
        "format is one that it does not know.</p></div>"
    )


def _timeline(result: DetectionResult, events: EventConfig, length: float) -> str:
    times = [window.center for window in result.windows]
    lines = [_line(times, [w.probability for w in result.windows], length, "fused", "")]
    streams = list(result.windows[0].streams) if result.windows else []
    if len(streams) > 1:
        for index, name in enumerate(streams):
            values = [window.streams[name] for window in result.windows]
            lines.insert(0, _line(times, values, length, "stream", color(index)))
    marks = "".join(_mark(index, event, length) for index, event in enumerate(result.events, 1))
    legend = "".join(
        f'<span><svg width="18" height="8" aria-hidden="true"><path d="M0 4H18" fill="none" '
        f'stroke="{color(index)}" stroke-width="2"/></svg> {text(name)} alone</span>'
        for index, name in enumerate(streams)
        if len(streams) > 1
    )
    return (
        '<div class="timeline" role="group" aria-label="probability over time">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f"{_threshold(events.onset, 'onset')}{_threshold(events.offset, 'offset')}"
        f"{''.join(lines)}</svg>{marks}"
        f'<span class="cursor" hidden></span>{_axis(length)}'
        f'<span class="level" style="top:{number(100 - 100 * events.onset)}%">onset '
        f"{events.onset:.2f}</span></div>" + (f'<p class="legend">{legend}</p>' if legend else "")
    )


def _line(times: list[float], values: list[float], length: float, kind: str, shade: str) -> str:
    stroke = f' stroke="{shade}"' if shade else ""
    return f'<path class="{kind}"{stroke} d="{curve_path(times, values, length)}"/>'


def _threshold(value: float, kind: str) -> str:
    y = number((1 - value) * HEIGHT)
    return f'<path class="{kind}" d="M0 {y}H{WIDTH}"/>'


def _mark(index: int, event: Event, length: float) -> str:
    left, right = (100 * min(t, length) / max(length, 1e-9) for t in (event.start, event.end))
    return (
        f'<button type="button" class="mark" data-seek="{number(event.start)}" '
        f'style="left:{number(left)}%;width:{number(right - left)}%" '
        f'aria-label="event {index}, {timecode(event.start)} to {timecode(event.end)}, '
        f'play it"></button>'
    )


def _axis(length: float) -> str:
    step = time_step(max(length, 0.1))
    ticks = []
    for index in range(int(length / step + 1e-6) + 1):
        place = 100 * index * step / max(length, 1e-9)
        if place <= 97 or index == 0:
            label = tick_text(index * step, step, length)
            ticks.append(f'<span class="tick" style="left:{number(place)}%">{label}</span>')
    return "".join(ticks)


def _events(result: DetectionResult, pictures: Mapping[Event, bytes]) -> str:
    rows = [
        _event(index, event, pictures.get(event)) for index, event in enumerate(result.events, 1)
    ]
    return f'<ol class="events">{"".join(rows)}</ol>'


def _event(index: int, event: Event, picture: bytes | None) -> str:
    shown = (
        f'<img alt="the moment the model was surest of" loading="lazy" '
        f'src="data:image/jpeg;base64,{base64.b64encode(picture).decode("ascii")}">'
        if picture
        else '<span class="nopicture">no picture</span>'
    )
    cut = " · the source broke off" if event.interrupted else ""
    return (
        f'<li class="event" data-start="{number(event.start)}" data-end="{number(event.end)}" '
        f'data-score="{number(event.score)}">'
        f'<button type="button" class="jump" data-seek="{number(event.start)}" '
        f'aria-label="play event {index}">{shown}</button>'
        f"<div><b>{text(event.label)} {index}</b> · {event.score:.2f} sure{cut}<br>"
        f'<span class="times">{timecode(event.start)} – {timecode(event.end)}, '  # noqa: RUF001
        f"{event.end - event.start:.1f} s</span></div></li>"
    )


def _review(path: str) -> str:
    """Return where the page's script builds the review; without the script there is none."""
    return '<div class="review" hidden></div>' if path else ""
