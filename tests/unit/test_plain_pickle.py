"""Pickles of scores are read; pickles that want anything else do not get it.

In: pickles of every protocol, honest and malicious. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import DataError
from slipdetect.lab.course2020.plain_pickle import read_pickle

PROTOCOLS = (0, 1, 2, 3, 4)


def same(found: Any, expected: Any) -> None:
    """Compare, taking tuples and object arrays for lists."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, np.ndarray) and expected.dtype != object:
        np.testing.assert_array_equal(found, expected)
        assert found.shape == expected.shape
    elif isinstance(expected, list | tuple | np.ndarray):
        assert isinstance(found, list)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            same(one, other)
    else:
        assert found == expected


pairs = np.empty((2, 2), object)
for row in range(2):
    pairs[row] = (np.arange(6.0).reshape(3, 1, 2) + row, row)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "content",
    [
        {"v_Slipping_g01_c01": np.array([1.5, -2.25], np.float32), "b": np.zeros(2)},
        {"a": [1, 2.5, None, True, "x", b"\x00\xff", (1, (2, 3)), -5, 2**70]},
        [np.float32(1.5), np.float64(-2.0), np.int64(7), np.bool_(True)],
        np.asfortranarray(np.arange(12, dtype=">i4").reshape(3, 4)),
        np.array(3.0),
        pairs,
    ],
    ids=["two-stream", "plain", "numbers", "fortran-big-endian", "no-axis", "tsn"],
)
def test_scores_of_every_protocol_are_read(content: Any, protocol: int) -> None:
    same(read_pickle(pickle.dumps(content, protocol), "x"), content)


@given(
    st.dictionaries(
        st.text(max_size=8), st.lists(st.floats(allow_nan=False), min_size=1, max_size=4)
    ),
    st.sampled_from(PROTOCOLS),
)
def test_what_was_written_is_read(content: dict[str, list[float]], protocol: int) -> None:
    arrays = {key: np.array(row) for key, row in content.items()}
    same(read_pickle(pickle.dumps(arrays, protocol), "x"), arrays)


def test_pickles_of_python_2_and_old_numpy_are_read() -> None:
    # protocol 2 as Python 2 wrote it: bytes as SHORT_BINSTRING, numpy.core by its old name
    raw = np.array([1.0, 2.0]).tobytes()
    data = (
        b"\x80\x02}U\x05fall1cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        b"U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U" + bytes([len(raw)]) + raw + b"tbs."
    )
    same(read_pickle(data, "x"), {"fall1": np.array([1.0, 2.0])})


class Runs:
    """Runs a command when unpickled the usual way."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], tuple(self.call[1:])


def malice(marker: Path) -> dict[str, Any]:
    command = f"touch {marker}"
    return {
        "os.system": Runs(os.system, command),
        "eval": Runs(eval, f"open({str(marker)!r}, 'w')"),
        "open": Runs(open, str(marker), "w"),
        "inside a dict": {"clip": Runs(os.system, command)},
        "numpy.load": Runs(np.load, "x.npy", None, True),
        "numpy.fromfile": Runs(np.fromfile, "/etc/hostname"),
        "getattr": Runs(getattr, np.ndarray, "tofile"),
        "ordered dict": OrderedDict(a=1),
        "type": np.ndarray,
        "dtype of records": np.dtype([("a", "f8")]),
        "dates": np.array(["2020-01-01"], "M8[D]"),
        "texts": np.array(["a"]),
        "complex numbers": np.array([1j]),
        "a set": {1, 2},
    }


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", list(malice(Path("x"))))
def test_W01_nothing_else_is_read_and_nothing_is_run(
    tmp_path: Path, kind: str, protocol: int
) -> None:
    marker = tmp_path / "marker"
    data = pickle.dumps(malice(marker)[kind], protocol)
    with pytest.raises(DataError) as caught:
        read_pickle(data, "'old.pickle'")
    assert str(caught.value).startswith("'old.pickle' ")
    assert not marker.exists()


def test_the_refused_name_is_told(tmp_path: Path) -> None:
    data = pickle.dumps(Runs(os.system, "true"))
    with pytest.raises(DataError, match=r"it names (posix|nt)\.system, .* nothing of it was run"):
        read_pickle(data, "x")


def array_of(shape: bytes, dtype: bytes = b"f8", content: bytes = b"C\x08" + bytes(8)) -> bytes:
    """Return a hand-made pickle of one array."""
    return (
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        b"(K\x01"
        + shape
        + b"cnumpy\ndtype\nX"
        + len(dtype).to_bytes(4, "little")
        + dtype
        + b"K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + content
        + b"tb."
    )


def test_the_hand_made_array_is_honest() -> None:
    same(read_pickle(array_of(b"K\x01\x85"), "x"), np.zeros(1))


@pytest.mark.parametrize(
    "data",
    [
        array_of(b"K\x02\x85"),
        array_of(b"J\xff\xff\xff\xff\x85"),
        array_of(b"\x8a\x08" + b"\xff" * 7 + b"\x7f\x85"),
        array_of(b"K\x01\x85", dtype=b"O8"),
        array_of(b"K\x01\x85", dtype=b"V8"),
        array_of(b"K\x01\x85", dtype=b"f8,f8"),
        array_of(b"K\x01\x85", content=b"N"),
        b"\x80\x03cnumpy\nndarray\nK\x05\x85R.",
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\x7f\x85C\x01b\x87R.",
        b"\x80\x03c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R.",
        b"\x80\x03cnumpy\ndtype\n}X\x01\x00\x00\x00aK\x01sb.",
        b"\x80\x03c_codecs\nencode\nN}X\x0c\x00\x00\x00__defaults__)s\x86b.",
        b"\x80\x03r\xff\xff\xff\x7f.",
        b"\x80\x03]r\xff\xff\xff\x7f.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f].",
        b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"\x80\x02\x82\x01.",
        b"(ios\nsystem\nV1\no.",
        b"Pabc\n.",
        b"",
        b".",
        b"\x80\x03}",
        b"not a pickle at all",
        bytes(range(256)),
    ],
    ids=range(24),
)
def test_damaged_and_boastful_pickles_are_refused(data: bytes) -> None:
    with pytest.raises(DataError):
        read_pickle(data, "x")


def test_what_unfolds_without_end_is_refused() -> None:
    laughs: list[Any] = ["ha"]
    for _ in range(40):
        laughs = [laughs, laughs]
    with pytest.raises(DataError, match="more than 1000000 items"):
        read_pickle(pickle.dumps(laughs), "x")
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(DataError):
        read_pickle(pickle.dumps(loop), "x")


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_changed_bytes_never_end_in_anything_but_a_result_or_our_error(
    extra: bytes, place: int, value: int
) -> None:
    data = bytearray(pickle.dumps({"a": np.array([1.0, 2.0])}, 2))
    data[place % len(data)] = value
    data += extra
    try:
        found = read_pickle(bytes(data), "x")
    except DataError:
        return
    assert isinstance(found, dict | list | str | bytes | int | float | np.ndarray | None)
