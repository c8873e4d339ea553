"""How the frames and flows of a shard become files, and back.

In: units. Out: file names and bytes; one class per layout, chosen by name.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from slipdetect.store.manifest import Shard
from slipdetect.store.units import Read, Unit


class Layout(Protocol):
    """A way to store shards; names are paths relative to the store."""

    def folders(self, key: str, *, rgb: bool, flow: bool) -> list[str]:
        """Return the folders of a video."""
        ...

    def encode(self, key: str, unit: Unit, *, rgb: bool) -> dict[str, bytes]:
        """Return the files of a shard, name -> content; without ``rgb`` those of its flow."""
        ...

    def images(
        self, key: str, shard: Shard, read: Read, height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        """Return the frames of a shard, (frames, H, W, 3) uint8 RGB.

        Raises:
            DataError: A file is damaged.
        """
        ...

    def flows(
        self, key: str, shard: Shard, read: Read, height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        """Return the flows of a shard, (flows, H, W, 2) uint8 quantized, u then v.

        Raises:
            DataError: A file is damaged.
        """
        ...


def make_layout(name: str) -> Layout:
    """Return the layout ``"npz"`` or ``"tsn"``."""
    # finding out that nothing is left to do loads no OpenCV
    if name == "tsn":
        from slipdetect.store.layout_tsn import TsnLayout

        return TsnLayout()
    from slipdetect.store.layout_npz import NpzLayout

    return NpzLayout()
