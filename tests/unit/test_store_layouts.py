"""The two layouts: what numpy and OpenCV read of them, and what is refused.

In: units of noise, forged files. Out: nothing but assertions.
"""

from __future__ import annotations

import io
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect.errors import DataError
from slipdetect.store.layout import Unit, make_layout, pack_array, unpack_array
from slipdetect.store.manifest import Shard

SHAPE = (3, 20, 30, 3)


@pytest.fixture
def unit() -> Unit:
    """Frames 64 to 66 of a video of 67 frames."""
    rng = np.random.default_rng(1)
    smooth = [cv2.resize(rng.integers(0, 255, (4, 5, 3), np.uint8), (30, 20)) for _ in range(3)]
    flows = [cv2.resize(rng.integers(0, 255, (4, 5, 2), np.uint8), (30, 20)) for _ in range(2)]
    return Unit(1, 64, smooth, [np.moveaxis(flow, -1, 0) for flow in flows])


def test_npz_shards_are_lossless_and_numpy_reads_them(unit: Unit) -> None:
    files = make_layout("npz").encode("k", unit, rgb=True)
    assert sorted(files) == ["k/flow_000001.npz", "k/rgb_000001.npz"]
    with np.load(io.BytesIO(files["k/rgb_000001.npz"]), allow_pickle=False) as archive:
        assert archive.files == ["frames"]
        np.testing.assert_array_equal(archive["frames"], unit.images)
    with np.load(io.BytesIO(files["k/flow_000001.npz"]), allow_pickle=False) as archive:
        flows = archive["flows"]
    assert flows.shape == (2, 20, 30, 2)
    for i in range(2):
        for plane in range(2):
            np.testing.assert_array_equal(flows[i, :, :, plane], unit.flows[i][plane])


def test_npz_bytes_depend_on_the_content_alone(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pack_array("frames", unit.images)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(10**9))
    monkeypatch.setattr(sys, "platform", "win32")
    assert pack_array("frames", unit.images) == first


def test_tsn_files_are_those_of_imwrite(unit: Unit, tmp_path: Path) -> None:
    files = make_layout("tsn").encode("k", unit, rgb=True)
    assert sorted(files) == [
        *(f"k/frame_0000{n}.jpg" for n in (65, 66, 67)),
        *(f"k_u/0000{n}.jpg" for n in (65, 66)),
        *(f"k_v/0000{n}.jpg" for n in (65, 66)),
    ]
    target = str(tmp_path / "x.jpg")
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
    for i, image in enumerate(unit.images):
        cv2.imwrite(target, image[:, :, ::-1], quality)
        assert Path(target).read_bytes() == files[f"k/frame_{65 + i:06d}.jpg"]
    for i, flow in enumerate(unit.flows):
        for plane, component in enumerate("uv"):
            cv2.imwrite(target, flow[plane], quality)
            assert Path(target).read_bytes() == files[f"k_{component}/{65 + i:06d}.jpg"]


@pytest.mark.parametrize("name", ["npz", "tsn"])
def test_a_shard_reads_back(name: str, unit: Unit) -> None:
    layout = make_layout(name)
    files = layout.encode("k", unit, rgb=True)
    shard = Shard(1, 64, 3, 2, {})
    images = layout.array("frames", "k", shard, files.__getitem__, (20, 30))
    flows = layout.array("flows", "k", shard, files.__getitem__, (20, 30))
    assert images.dtype == flows.dtype == np.uint8
    wanted = np.moveaxis(np.stack(unit.flows), 1, -1)
    if name == "npz":
        np.testing.assert_array_equal(images, unit.images)
        np.testing.assert_array_equal(flows, wanted)
        return
    assert np.abs(images.astype(int) - np.stack(unit.images)).mean() < 5
    assert np.abs(flows.astype(int) - wanted).max() <= 12


@pytest.mark.parametrize("name", ["npz", "tsn"])
def test_without_frames_only_flow_is_written(name: str, unit: Unit) -> None:
    files = make_layout(name).encode("k", unit, rgb=False)
    assert not any("rgb" in file or "frame" in file for file in files)
    assert any("flow" in file or "_u" in file for file in files)


def test_a_last_frame_alone_has_no_flow_file(unit: Unit) -> None:
    alone = Unit(2, 128, unit.images[:1], [])
    assert sorted(make_layout("npz").encode("k", alone, rgb=True)) == ["k/rgb_000002.npz"]
    assert sorted(make_layout("tsn").encode("k", alone, rgb=True)) == ["k/frame_000129.jpg"]


def forged(array: np.ndarray, member: str = "frames.npy", **options: object) -> bytes:
    target, plain = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array(plain, array, **options)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, plain.getvalue())
    return target.getvalue()


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"no zip",
        lambda: forged(np.zeros(SHAPE, np.uint8), "other.npy"),
        lambda: forged(np.zeros((2, *SHAPE[1:]), np.uint8)),
        lambda: forged(np.zeros((SHAPE[0], SHAPE[2], SHAPE[1], 3), np.uint8)),
        lambda: forged(np.asfortranarray(np.zeros(SHAPE, np.uint8))),
        lambda: forged(np.zeros(SHAPE, np.int8)),
        lambda: forged(np.zeros(SHAPE, np.uint8), version=(2, 0)),
        lambda: forged(np.zeros((20, 1000, 1000, 3), np.uint8)),
        lambda: forged(np.array([{}] * 5400, object), allow_pickle=True),
    ],
)
def test_S11_a_shard_of_another_shape_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(DataError, match=r"'n' is damaged .*--repair"):
        unpack_array("frames", make(), "n", SHAPE)
    good = forged(np.ones(SHAPE, np.uint8))
    assert unpack_array("frames", good, "n", SHAPE).sum() == np.prod(SHAPE)


def test_S11_a_shard_with_a_flipped_byte_is_refused_or_read() -> None:
    """One that says of itself that it is encrypted, or packed in a strange way, is damaged too."""
    data = forged(np.zeros(SHAPE, np.uint8))
    for place in (*range(40), *range(len(data) - 80, len(data))):
        flipped = data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]
        try:
            found = unpack_array("frames", flipped, "n", SHAPE)
        except DataError:
            continue
        assert found.shape == SHAPE


def test_S11_a_shard_that_unpacks_to_more_than_it_says_takes_no_memory() -> None:
    data = bytearray(forged(np.zeros((12, 1000, 1000, 3), np.uint8)))
    claimed = int(np.prod(SHAPE)) + 128
    # the size in the directory at the end of the file is the one that readers trust
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = claimed.to_bytes(4, "little")
    tracemalloc.start()
    with pytest.raises(DataError):
        unpack_array("frames", bytes(data), "n", SHAPE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000
