"""The HTML report as a whole: head, summary, sections by strongest event, model card.

In: sections and what made them. Out: the text of the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from slipdetect.reports.page.markup import attribute, text
from slipdetect.reports.page.section import Section

if TYPE_CHECKING:
    from slipdetect.types import EventConfig


@dataclass(frozen=True)
class About:
    """How the page came about.

    Attributes:
        model: Name of the model.
        weights: sha256 of each stream's weights.
        events: Thresholds in force; None where nothing could be looked at.
        card: The model's card, Markdown; empty when it has none.
        version: Of slipdetect.
        created: Date and time, ISO 8601.
        root: Folder that paths of the review count from.
    """

    model: str
    weights: dict[str, str]
    events: EventConfig | None
    card: str
    version: str
    created: str
    root: str


def html_page(sections: Sequence[Section], about: About) -> str:
    """Return the page; it loads nothing but the videos beside it."""
    script, style = _asset("report.js"), _asset("report.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    policy = (
        "default-src 'none'; img-src data:; media-src 'self' file: http: https:; "
        f"style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    ranked = sorted(sections, key=lambda section: -section.score)
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en" data-root="{attribute(json.dumps(about.root))}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{_title(sections)} – slipdetect</title>",  # noqa: RUF001
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            _head(sections, about),
            '<div class="bar" id="bar" hidden></div>',
            "<main>",
            *(section.html for section in ranked),
            "</main>",
            _foot(about),
            f"<script>{script}</script>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _asset(name: str) -> str:
    return files("slipdetect.reports.page").joinpath(name).read_text(encoding="utf-8")


def _title(sections: Sequence[Section]) -> str:
    events = sum(section.events for section in sections)
    return f"{events} event{'' if events == 1 else 's'} in {_count(len(sections), 'video')}"


def _head(sections: Sequence[Section], about: About) -> str:
    hit = sum(section.events > 0 for section in sections)
    failed = sum(section.failed for section in sections)
    quiet = len(sections) - hit - failed
    parts = [f"{_count(hit, 'video')} with a slip or fall", f"{quiet} without"]
    if failed:
        parts.append(f"{failed} could not be read")
    rule = ""
    if about.events is not None:
        rule = (
            f" Model {text(about.model)}; an event begins at a probability of "
            f"{about.events.onset:.2f} and ends below {about.events.offset:.2f}."
        )
    return (
        f'<header class="top"><h1>{_title(sections)}</h1><p>{", ".join(parts)}. Sorted by the '
        f"strongest event.{rule}</p>"
        '<p class="advice">The model is wrong at times: it takes lying down or sitting down fast '
        "for a fall, and it misses falls. Look before you act; what it has been measured to do is "
        '<a href="#model">below</a>.</p><noscript><p>Without JavaScript this page can be read, but '
        "clicks do not move the player and there is no review.</p></noscript></header>"
    )


def _foot(about: About) -> str:
    weights = "".join(
        f"<li>{text(name)} stream: sha256 <code>{text(value)}</code></li>"
        for name, value in about.weights.items()
    )
    card = (
        f'<details><summary>Model card: data, figures, limits</summary><pre class="card">'
        f"{_lines(about.card)}</pre></details>"
        if about.card
        else "<p>The model has no card: what it can do and cannot has not been written down.</p>"
    )
    return (
        f'<footer id="model"><h2>Model and limits</h2>{card}<ul>'
        f"<li>model {text(about.model)}</li>{weights}"
        f"<li>slipdetect {text(about.version)}, {text(about.created)}</li></ul></footer>"
    )


def _lines(card: str) -> str:
    return "\n".join(text(line) for line in card.splitlines())


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
