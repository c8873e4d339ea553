"""How often a clip is looked at when it is tested: segments times crops, or detection's windows.

In: ``"25x10"``, ``"25x1"``, ``"windows"``, or a model. Out: a ``Protocol``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from slipdetect.errors import UsageError
from slipdetect.models import ModelConfig

CROPS = (1, 2, 5, 10)
_MOST_SEGMENTS = 1000
_FORM = re.compile(r"([0-9]+)(?:x([0-9]+))?")


@dataclass(frozen=True)
class Protocol:
    """A way of testing clips.

    The reference tests with 25 segments and 10 crops (Wang et al., ECCV 2016, 4.1), its default is
    12 x 10; every snippet is scored alone. Time grows with ``segments * crops``.
    """

    # snippets of a clip, at the middle of as many equal parts; None: the windows that detection
    # judges, of which the one of highest probability counts
    segments: int | None = 25
    # of each snippet: 1 (the model's own test crop), 2 (and its mirror image), 5 (corners and
    # center), 10 (and their mirror images)
    crops: int = 10

    def __post_init__(self) -> None:
        if self.segments is not None and not 1 <= self.segments <= _MOST_SEGMENTS:
            raise UsageError(f"a protocol has 1 to {_MOST_SEGMENTS} segments, not {self.segments}")
        if self.crops not in CROPS:
            listed = ", ".join(map(str, CROPS))
            raise UsageError(f"a protocol has {listed} crops of a snippet, not {self.crops}")
        if self.segments is None and self.crops != 1:
            raise UsageError("windows are judged by the model's own crop; leave crops at 1")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the protocol written as ``"25x10"``, ``"25"`` (one crop) or ``"windows"``.

        Raises:
            UsageError: It is written otherwise, or has impossible numbers.
        """
        text = text.strip().lower()
        if text == "windows":
            return cls(None, 1)
        match = _FORM.fullmatch(text)
        if match is None:
            raise UsageError(
                f"protocol {text!r} is neither SEGMENTSxCROPS, such as 25x10, nor 'windows'"
            )
        return cls(int(match[1]), 1 if match[2] is None else int(match[2]))

    @property
    def views(self) -> int | None:
        """Pictures or stacks of pictures that a network scores per clip; None with windows."""
        return None if self.segments is None else self.segments * self.crops

    def __str__(self) -> str:
        return "windows" if self.segments is None else f"{self.segments}x{self.crops}"


WINDOWS = Protocol(None, 1)


def default_protocol(config: ModelConfig) -> Protocol:
    """Return how a model is tested when nobody says.

    A model trained on whole clips scores 25 snippets of one crop each: a tenth of the reference's
    time. A model trained on windows, as all were before the setting existed, is tested by windows,
    because a snippet far from the fall says nothing about the clip.
    """
    # streams may have settings of their own, which differ from those of the first
    found = _samplings({key: config.training.get(key) for key in ("config", "differing")})
    return Protocol(25, 1) if found == {"clips"} else WINDOWS


def _samplings(config: Any) -> set[str]:
    """Return the ways of drawing named in a run's settings or in those of its streams."""
    if not isinstance(config, Mapping):
        return set()
    own = {config["sampling"]} if isinstance(config.get("sampling"), str) else set()
    return own.union(*map(_samplings, config.values()))
