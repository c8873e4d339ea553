"""The field's folders of JPEG files: ``KEY/frame_000001.jpg``, ``KEY_u/000001.jpg``, ``KEY_v``.

In: units. Out: JPEG files of quality 95, as ``cv2.imwrite`` would make them, and arrays.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError, OutputError
from slipdetect.store.manifest import Shard
from slipdetect.store.recipe import JPEG_QUALITY
from slipdetect.store.units import Read, Unit


class TsnLayout:
    """A JPEG file per frame and per flow component; numbers begin at 1."""

    def folders(self, key: str, *, rgb: bool, flow: bool) -> list[str]:
        """Return the folders of a video; see ``Layout``."""
        return [key] * rgb + [f"{key}_u", f"{key}_v"] * flow

    def encode(self, key: str, unit: Unit, *, rgb: bool) -> dict[str, bytes]:
        """Return the files of a shard; see ``Layout``."""
        files = {}
        for offset, image in enumerate(unit.images if rgb else []):
            blue_first = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
            files[_frame(key, unit.first + offset)] = _jpeg(blue_first)
        for offset, flow in enumerate(unit.flows):
            for component, plane in zip("uv", flow, strict=True):
                files[_flow(key, component, unit.first + offset)] = _jpeg(plane)
        return files

    def images(
        self, key: str, shard: Shard, read: Read, height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        """Return the frames of a shard; see ``Layout``."""
        images = np.empty((shard.frames, height, width, 3), np.uint8)
        for offset in range(shard.frames):
            name = _frame(key, shard.first + offset)
            images[offset] = _picture(read(name), name, (height, width, 3))[..., ::-1]
        return images

    def flows(
        self, key: str, shard: Shard, read: Read, height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        """Return the flows of a shard; see ``Layout``."""
        flows = np.empty((shard.flows, height, width, 2), np.uint8)
        for offset in range(shard.flows):
            for channel, component in enumerate("uv"):
                name = _flow(key, component, shard.first + offset)
                flows[offset, ..., channel] = _picture(read(name), name, (height, width))
        return flows


def _frame(key: str, number: int) -> str:
    return f"{key}/frame_{number + 1:06d}.jpg"


def _flow(key: str, component: str, number: int) -> str:
    return f"{key}_{component}/{number + 1:06d}.jpg"


def _jpeg(picture: npt.NDArray[Any]) -> bytes:
    # encoded here and written by Python: cv2.imwrite says nothing useful of a full disk
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        height, width = picture.shape[:2]
        raise OutputError(f"OpenCV cannot write a JPEG of {width}x{height} px; choose --layout npz")
    return encoded.tobytes()


def _picture(data: bytes, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    kind = cv2.IMREAD_COLOR if len(shape) == 3 else cv2.IMREAD_GRAYSCALE
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), kind) if data else None
    if picture is None or picture.shape != shape:
        raise DataError(f"{name!r} is damaged (no JPEG of its size); run extract --repair")
    return cast("npt.NDArray[np.uint8]", picture)
