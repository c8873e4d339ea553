"""What a snippet is, per modality: how many frames it reads, what is stored, what a network sees.

In: a modality's name and snippet length. Out: its channel and frame counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect.errors import UsageError

_DEFAULT_LENGTH = {"rgb": 1, "flow": 5, "rgbdiff": 5}

MODALITIES = tuple(_DEFAULT_LENGTH)
CROPS = ("motion", "center")  # the moving region, or the middle of the picture
LEARNED_CONSENSUS = ("weighted", "rnn", "cnn")  # with weights of their own
# how the snippets of a clip agree
CONSENSUS_KINDS = ("avg", "sum", "max", "topk", "identity", *LEARNED_CONSENSUS)


@dataclass(frozen=True)
class Modality:
    """One input stream of a temporal segment network (Wang et al., ECCV 2016, section 3.1).

    Attributes:
        name: ``"rgb"``, ``"flow"`` or ``"rgbdiff"``.
        length: Snippet length L: pictures (rgb), flow fields (flow), differences (rgbdiff).
    """

    name: str
    length: int

    def __post_init__(self) -> None:
        if self.name not in MODALITIES:
            raise UsageError(f"unknown modality {self.name!r}; choose from {', '.join(MODALITIES)}")
        if self.length < 1:
            raise UsageError(f"snippet length must be at least 1, not {self.length}")

    @property
    def frames(self) -> int:
        """Video frames that one snippet reads: L for rgb, L + 1 where neighbors are compared."""
        return self.length if self.name == "rgb" else self.length + 1

    @property
    def images(self) -> int:
        """Stored pictures of one snippet: frames, or for flow L two-channel fields."""
        return self.length if self.name == "flow" else self.frames

    @property
    def stored_channels(self) -> int:
        """Channels of one snippet as TSN takes it: 3 L, 2 L, or 3 (L + 1) before differencing."""
        return self.images * (2 if self.name == "flow" else 3)

    @property
    def network_channels(self) -> int:
        """Channels that the backbone's first convolution sees: 3 L, 2 L, or 3 L."""
        return self.length * (2 if self.name == "flow" else 3)


def get_modality(name: str, length: int | None = None) -> Modality:
    """Return the modality ``name`` with snippet length ``length`` (default 1, 5, 5)."""
    return Modality(name, _DEFAULT_LENGTH.get(name, 1) if length is None else length)
