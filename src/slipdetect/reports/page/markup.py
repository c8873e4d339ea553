"""Text made safe for HTML.

In: text from anywhere. Out: text that a browser shows as it is.
"""

from __future__ import annotations

import html

from slipdetect._text import printable


def text(value: str) -> str:
    """Return ``value`` for the inside of an element or a quoted attribute.

    Control characters, and those that turn the direction of writing, are shown as escapes: a name
    must not look like another one.
    """
    return html.escape(printable(value), quote=True)


def attribute(value: str) -> str:
    """Return ``value`` for a quoted attribute, from which a script gets it letter by letter."""
    return html.escape(value, quote=True).replace("\n", "&#10;").replace("\r", "&#13;")


def number(value: float) -> str:
    """Return a number with at most three digits behind the point, as CSS and scripts read it."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
