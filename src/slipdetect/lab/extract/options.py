"""The options of ``slipdetect extract``, grouped as they are used.

In: nothing. Out: ``EXTRACT_OPTIONS``, and the meaning of NAME=VALUE.
"""

from __future__ import annotations

import json
import keyword
from collections.abc import Iterable
from typing import Any

import click

_ABOVE_ZERO = click.FloatRange(min=0.0, min_open=True)

_STORE = (
    click.option("--out", metavar="DIR", required=True, help="Folder of the store; made if new."),
    click.option(
        "--layout",
        type=click.Choice(("npz", "tsn")),
        default="npz",
        show_default=True,
        help="npz: lossless shards; tsn: folders of JPEG files.",
    ),
    click.option(
        "--root",
        metavar="DIR",
        help="Folder of the data set: lists may not lead out of it, names do not depend on it.",
    ),
    click.option("--overwrite", is_flag=True, help="Redo what another recipe or video made."),
    click.option("--repair", is_flag=True, help="Check every file and redo damaged shards."),
    click.option("--verify", is_flag=True, help="Check every file that is there by its hash."),
)

_FETCH = (
    click.option(
        "--from",
        "addresses",
        multiple=True,
        metavar="URL#sha256=HEX",
        help="Fetch a video or an archive of videos first; repeatable.",
    ),
    click.option(
        "--downloads", metavar="DIR", help="Where --from puts them.  [default: downloads in --out]"
    ),
)

_FRAMES = (
    click.option("--fps", type=_ABOVE_ZERO, help="Frames a second.  [default: every frame]"),
    click.option(
        "--size",
        default="native",
        show_default=True,
        help="native, course2020 (342x256, portrait padded), short:256 or letterbox:342x256.",
    ),
    click.option("--max-frames", type=click.IntRange(min=1), help="Frames kept of a video."),
    click.option("--no-rgb", is_flag=True, help="Store no frames."),
)

_FLOW = (
    click.option("--no-flow", is_flag=True, help="Store no flow."),
    click.option(
        "--flow",
        metavar="METHOD",
        help="tvl1, tvl1-opencv, tvl1-umat, dis, dis-fast or farneback.  [default: tvl1]",
    ),
    click.option("--bound", type=_ABOVE_ZERO, help="Largest flow that is stored, px."),
    click.option(
        "--flow-param",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of the method, such as nscales=3; repeatable.",
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda."),
)

_WORK = (
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Videos at a time, a process each.",
    ),
)

EXTRACT_OPTIONS = (*_STORE, *_FETCH, *_FRAMES, *_FLOW, *_WORK)


def read_parameters(texts: Iterable[str]) -> dict[str, Any]:
    """Return the parameters that ``NAME=VALUE`` texts mean: numbers, true or false, or words.

    Raises:
        click.BadParameter: One has no ``=``.
    """
    parameters = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--flow-param")
        # lambda is a word of Python, so that the parameter is called lambda_
        parameters[f"{name}_" if keyword.iskeyword(name) else name] = _value(value)
    return parameters


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict | list) or value is None else value
