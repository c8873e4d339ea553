"""Lossless shards: ``KEY/rgb_000000.npz`` and ``KEY/flow_000000.npz``, readable by ``np.load``.

In: units. Out: zip files that depend on their content alone, and arrays.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.store.manifest import Shard
from slipdetect.store.units import Read, Unit

# more takes much longer and saves little
_DEFLATE_LEVEL = 3
_HEADER_BYTES = 4096
_MOMENT = (1980, 1, 1, 0, 0, 0)


class NpzLayout:
    """Compressed arrays ``frames`` (n, H, W, 3) and ``flows`` (n, H, W, 2), a file each."""

    def folders(self, key: str, *, rgb: bool, flow: bool) -> list[str]:
        """Return the folders of a video; see ``Layout``."""
        return [key]

    def encode(self, key: str, unit: Unit, *, rgb: bool) -> dict[str, bytes]:
        """Return the files of a shard; see ``Layout``."""
        files = {}
        if rgb:
            files[_name(key, "rgb", unit.index)] = pack_array("frames", unit.images)
        if unit.flows:
            pairs = [np.moveaxis(flow, 0, -1) for flow in unit.flows]
            files[_name(key, "flow", unit.index)] = pack_array("flows", pairs)
        return files

    def images(
        self, key: str, shard: Shard, read: Read, height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        """Return the frames of a shard; see ``Layout``."""
        name = _name(key, "rgb", shard.index)
        return unpack_array("frames", read(name), name, (shard.frames, height, width, 3))

    def flows(
        self, key: str, shard: Shard, read: Read, height: int, width: int
    ) -> npt.NDArray[np.uint8]:
        """Return the flows of a shard; see ``Layout``."""
        name = _name(key, "flow", shard.index)
        return unpack_array("flows", read(name), name, (shard.flows, height, width, 2))


def pack_array(member: str, parts: Sequence[npt.NDArray[np.uint8]]) -> bytes:
    """Return an ``.npz`` file with ``parts`` stacked as its array ``member``."""
    array = np.stack(parts)
    target = io.BytesIO()
    info = zipfile.ZipInfo(f"{member}.npy", _MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    # not the system that wrote it, or the bytes would differ between systems
    info.create_system = 3
    info.external_attr = 0o644 << 16
    plain = io.BytesIO()
    np.lib.format.write_array(plain, array, allow_pickle=False)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, plain.getvalue(), compresslevel=_DEFLATE_LEVEL)
    return target.getvalue()


def unpack_array(
    member: str, data: bytes, name: str, shape: tuple[int, ...]
) -> npt.NDArray[np.uint8]:
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
    except (ValueError, KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise DataError(f"{name!r} is damaged ({error}); run extract --repair") from error


def _name(key: str, kind: str, index: int) -> str:
    return f"{key}/{kind}_{index:06d}.npz"
