"""How the frames and flows of a shard become files, and back.

In: units. Out: file names and bytes, names relative to the store; one class per layout.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from slipdetect._io import NPZ_DAMAGE
from slipdetect.errors import DataError, OutputError
from slipdetect.store.manifest import JPEG_QUALITY, Shard

Picture = npt.NDArray[np.uint8]
Read = Callable[[str], bytes]  # the content of a file of the store, by its name
Kind = Literal["frames", "flows"]
Size = tuple[int, int]  # rows, pixels per row

MAX_FRAMES = 64
_MAX_BYTES = 64 * 2**20
# more takes much longer and saves little
_DEFLATE_LEVEL = 3
_HEADER_BYTES = 4096
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass
class Unit:
    """The content of a shard.

    Attributes:
        index: Number of the shard, from 0.
        first: Number of its first frame, from 0.
        images: (H, W, 3) uint8 RGB each.
        flows: (2, H, W) uint8 quantized each; flow i leads from frame i to frame i + 1.
    """

    index: int
    first: int
    images: list[Picture] = field(default_factory=list)
    flows: list[Picture] = field(default_factory=list)


def frames_per_unit(height: int, width: int) -> int:
    """Return how many frames of a size make a shard, so that it stays small in memory."""
    return max(1, min(MAX_FRAMES, _MAX_BYTES // (height * width * 5)))


class NpzLayout:
    """Lossless: ``KEY/rgb_000000.npz`` with ``frames`` and ``KEY/flow_000000.npz`` with ``flows``.

    ``np.load`` reads the arrays; the bytes of a file depend on its content alone.
    """

    def folders(self, key: str, *, rgb: bool, flow: bool) -> list[str]:
        """Return the folders of a video."""
        return [key]

    def encode(self, key: str, unit: Unit, *, rgb: bool) -> dict[str, bytes]:
        """Return the files of a shard, name -> content; without ``rgb`` those of its flow."""
        files = {}
        if rgb:
            files[_npz_name(key, "frames", unit.index)] = pack_array("frames", unit.images)
        if unit.flows:
            pairs = [np.moveaxis(flow, 0, -1) for flow in unit.flows]
            files[_npz_name(key, "flows", unit.index)] = pack_array("flows", pairs)
        return files

    def array(self, kind: Kind, key: str, shard: Shard, read: Read, size: Size) -> Picture:
        """Return the frames of a shard, (n, H, W, 3) uint8 RGB, or its flows, (n, H, W, 2).

        Raises:
            DataError: A file is damaged.
        """
        name = _npz_name(key, kind, shard.index)
        return unpack_array(kind, read(name), name, _shape(kind, shard, size))


class TsnLayout:
    """The field's JPEG files: ``KEY/frame_000001.jpg``, ``KEY_u/000001.jpg``, ``KEY_v/000001.jpg``.

    Quality 95, the bytes that ``cv2.imwrite`` makes; numbers begin at 1.
    """

    def folders(self, key: str, *, rgb: bool, flow: bool) -> list[str]:
        """Return the folders of a video."""
        return [key] * rgb + [f"{key}_u", f"{key}_v"] * flow

    def encode(self, key: str, unit: Unit, *, rgb: bool) -> dict[str, bytes]:
        """Return the files of a shard; see ``NpzLayout``."""
        import cv2

        files = {}
        for number, image in enumerate(unit.images if rgb else [], unit.first):
            files[_frame_name(key, number)] = _jpeg(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        for number, flow in enumerate(unit.flows, unit.first):
            for component, plane in zip("uv", flow, strict=True):
                files[_flow_name(key, component, number)] = _jpeg(plane)
        return files

    def array(self, kind: Kind, key: str, shard: Shard, read: Read, size: Size) -> Picture:
        """Return the frames or flows of a shard; see ``NpzLayout``."""
        array = np.empty(_shape(kind, shard, size), np.uint8)
        for number, target in enumerate(array, shard.first):
            if kind == "frames":
                name = _frame_name(key, number)
                target[:] = _decoded(read(name), name, (*size, 3))
                continue
            for channel, component in enumerate("uv"):
                name = _flow_name(key, component, number)
                target[..., channel] = _decoded(read(name), name, size)
        return array


Layout = NpzLayout | TsnLayout


def make_layout(name: str) -> Layout:
    """Return the layout ``"npz"`` or ``"tsn"``."""
    return TsnLayout() if name == "tsn" else NpzLayout()


def pack_array(member: str, parts: Sequence[Picture]) -> bytes:
    """Return an ``.npz`` file with ``parts`` stacked as its array ``member``."""
    target, plain = io.BytesIO(), io.BytesIO()
    info = zipfile.ZipInfo(f"{member}.npy", _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    # not the system that wrote it, or the bytes would differ between systems
    info.create_system = 3
    info.external_attr = 0o644 << 16
    np.lib.format.write_array(plain, np.stack(parts), allow_pickle=False)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, plain.getvalue(), compresslevel=_DEFLATE_LEVEL)
    return target.getvalue()


def unpack_array(member: str, data: bytes, name: str, shape: tuple[int, ...]) -> Picture:
    """Return the uint8 array ``member`` of an ``.npz`` file.

    Sizes are taken from the headers and compared with ``shape`` before anything is unpacked, so
    that a forged file cannot fill the memory.

    Raises:
        DataError: The file is damaged, or holds something else.
    """
    count = int(np.prod(shape))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = archive.getinfo(f"{member}.npy")
            if not count <= info.file_size <= count + _HEADER_BYTES:
                raise ValueError(f"{info.file_size} bytes instead of {count}")
            with archive.open(info) as stream:
                plain = stream.read(count + _HEADER_BYTES)
        header = io.BytesIO(plain)
        if np.lib.format.read_magic(header) != (1, 0):
            raise ValueError("unknown array format")
        found, fortran, kind = np.lib.format.read_array_header_1_0(header)
        if (found, fortran, kind) != (shape, False, np.dtype(np.uint8)):
            raise ValueError(f"shape {found} {kind} instead of {shape} uint8")
        return np.frombuffer(plain, np.uint8, count, header.tell()).reshape(shape)
    except NPZ_DAMAGE as error:
        raise DataError(f"{name!r} is damaged ({error}); run extract --repair") from error


def _shape(kind: Kind, shard: Shard, size: Size) -> tuple[int, ...]:
    return (shard.frames, *size, 3) if kind == "frames" else (shard.flows, *size, 2)


def _npz_name(key: str, kind: Kind, index: int) -> str:
    return f"{key}/{'rgb' if kind == 'frames' else 'flow'}_{index:06d}.npz"


def _frame_name(key: str, number: int) -> str:
    return f"{key}/frame_{number + 1:06d}.jpg"


def _flow_name(key: str, component: str, number: int) -> str:
    return f"{key}_{component}/{number + 1:06d}.jpg"


def _jpeg(picture: npt.NDArray[Any]) -> bytes:
    import cv2

    # encoded here and written by Python: cv2.imwrite says nothing useful of a full disk
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        height, width = picture.shape[:2]
        raise OutputError(f"OpenCV cannot write a JPEG of {width}x{height} px; choose --layout npz")
    return encoded.tobytes()


def _decoded(data: bytes, name: str, shape: tuple[int, ...]) -> Picture:
    import cv2

    kind = cv2.IMREAD_COLOR_RGB if len(shape) == 3 else cv2.IMREAD_GRAYSCALE
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), kind) if data else None
    if picture is None or picture.shape != shape:
        raise DataError(f"{name!r} is damaged (no JPEG of its size); run extract --repair")
    return cast("Picture", picture)
