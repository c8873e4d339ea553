"""HTML from the templates of the package; what names hold can neither act nor deceive in it.

In: the name of a template and values. Out: text in which every value is escaped.
"""

from __future__ import annotations

import base64
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from slipdetect._text import printable, timecode


def render(template: str, **values: Any) -> str:
    """Return a template with ``values``; control characters in texts are shown as escapes.

    What a script is to get letter by letter goes through ``tojson`` in the template.
    """
    return _ENVIRONMENT.get_template(template).render(**values)


def verbatim(name: str) -> Markup:
    """Return a style sheet or a script of the package, to be put into a template as it is."""
    source, _, _ = _LOADER.get_source(_ENVIRONMENT, name)
    return Markup(source)  # noqa: S704 - a file of ours


def number(value: float) -> str:
    """Return a number with at most three digits behind the point, as CSS and scripts read it."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"


def _base64(data: bytes) -> Markup:
    return Markup(base64.b64encode(data).decode("ascii"))  # noqa: S704 - letters and digits


def _shown(value: Any) -> Any:
    return printable(value) if type(value) is str else value


_LOADER = PackageLoader("slipdetect")
_ENVIRONMENT = Environment(
    loader=_LOADER,
    autoescape=True,
    finalize=_shown,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "base64": _base64,
    "number": number,
    "timecode": timecode,
}
