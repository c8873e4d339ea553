"""Pickles of numbers, names and arrays, read without running anything in them.

In: the bytes of a pickle. Out: dicts, lists, texts, numbers and numpy arrays.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError

_MOST_ITEMS = 1_000_000
_NUMBERS = re.compile(r"[fiub][0-9]{1,2}")  # real and whole numbers, truth values


def read_pickle(data: bytes, where: str) -> Any:
    """Return what a pickle of numbers, names and arrays holds; anything else is refused.

    A pickle is a program: it may name any function and have it called. Here the names that numpy's
    arrays need mean classes of this module, which only read bytes; every other name ends the
    reading before anything is called. numpy's own functions are not used either: they trust what
    the pickle says of an array's size.

    Args:
        data: A whole pickle of any protocol.
        where: Its file, for messages.

    Returns:
        Its content; tuples and object arrays become lists.

    Raises:
        DataError: It names something else, is damaged, or claims more than it holds.
    """
    try:
        for opcode, argument, _ in pickletools.genops(data):
            # a memo is as long as its largest index: a few bytes could ask for all memory
            if opcode.name.endswith("PUT") and int(argument or 0) > len(data):
                raise pickle.UnpicklingError("it claims more memory than it could need")
        return _plain(_Unpickler(io.BytesIO(data), encoding="latin1").load(), [_MOST_ITEMS])
    except Exception as error:  # damaged pickles make the reader raise nearly anything
        raise DataError(
            f"{where} is not a pickle of numbers and names, or a damaged one: {error}"
        ) from error


class _StandIn:
    """What a name in a pickle means instead of what it says."""

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes what scores do not change")


class _Kind(_StandIn):
    """Stands for ``numpy.ndarray``, which pickles name and do not call."""

    def __init__(self, *arguments: Any) -> None:
        raise pickle.UnpicklingError("it makes an array in a way that numpy does not")


class _Dtype(_StandIn):
    """Stands for ``numpy.dtype``."""

    def __init__(self, code: Any, *_: Any) -> None:
        self.is_object = code in ("O8", "O4")
        if not self.is_object and not _NUMBERS.fullmatch(code):
            raise pickle.UnpicklingError(f"it holds values of type {code!r}, scores are numbers")
        self._code, self._order = code, ""

    def __setstate__(self, state: Any) -> None:
        self._order = state[1].strip("|")  # of (version, byte order, ...)

    def read(self, content: Any, count: int) -> npt.NDArray[Any]:
        """Return ``count`` numbers; Python 2 wrote bytes as text."""
        raw = content.encode("latin1") if isinstance(content, str) else content
        dtype = np.dtype(self._order + self._code)
        if len(raw) != count * dtype.itemsize:
            raise pickle.UnpicklingError(f"it holds {count} numbers in {len(raw)} bytes")
        return np.frombuffer(raw, dtype, count)


class _Array(_StandIn):
    """Stands for numpy's function that makes an empty array, and for that array."""

    def __init__(self, *_: Any) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        shape, dtype, fortran, content = state[-4:]  # a version comes first
        if any(side < 0 for side in shape):
            raise pickle.UnpicklingError(f"it holds an array of shape {shape!r}")
        if not dtype.is_object:
            flat = dtype.read(content, math.prod(shape))
            self.value = flat.reshape(shape, order="F" if fortran else "C")
        elif len(content) != math.prod(shape) or len(shape) > 2 or (fortran and min(shape) > 1):
            raise pickle.UnpicklingError(f"it holds an array of objects of shape {shape!r}")
        else:
            width = shape[-1] if len(shape) == 2 else 1
            rows = [content[i : i + width] for i in range(0, len(content), width)]
            self.value = content if len(shape) < 2 else rows


class _Number(_StandIn):
    """Stands for numpy's function that makes a number."""

    def __new__(cls, dtype: _Dtype, content: Any) -> Any:
        return dtype.read(content, 1)[0].item()


class _Bytes(_StandIn):
    """Stands for ``_codecs.encode``, by which protocol 2 keeps bytes."""

    def __new__(cls, text: str, encoding: str = "latin1") -> Any:
        if encoding != "latin1":
            raise pickle.UnpicklingError(f"it encodes text as {encoding!r}")
        return text.encode("latin1")


_STAND_INS = {
    "numpy.ndarray": _Kind,
    "numpy.dtype": _Dtype,
    "_codecs.encode": _Bytes,
    "numpy.core.multiarray._reconstruct": _Array,
    "numpy._core.multiarray._reconstruct": _Array,
    "numpy.core.multiarray.scalar": _Number,
    "numpy._core.multiarray.scalar": _Number,
}


class _Unpickler(pickle.Unpickler):
    """Finds the classes above and nothing else; no module is imported."""

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _STAND_INS:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, which numbers do not need and which could run code; "
                "nothing of it was run"
            )
        return _STAND_INS[f"{module}.{name}"]


def _plain(value: Any, left: list[int]) -> Any:
    """Replace the stand-ins; what is shared in a pickle may unfold without end, so count."""
    left[0] -= 1
    if left[0] < 0:
        raise pickle.UnpicklingError(f"it holds more than {_MOST_ITEMS} items, scores do not")
    if isinstance(value, _Array) and value.value is not None:
        return _plain(value.value, left)
    if isinstance(value, dict):
        return {key: _plain(item, left) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, left) for item in value]
    if value is None or isinstance(value, str | bytes | int | float | np.ndarray):
        return value
    raise pickle.UnpicklingError("it holds something else than numbers and names")
