"""Reading pickles that hold nothing but numbers, names and arrays; anything else is refused.

In: the bytes of a pickle. Out: dicts, lists, tuples, texts, numbers and numpy arrays.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from slipdetect.errors import DataError

_MOST_ITEMS = 1_000_000
_NUMBERS = re.compile(r"[fiub][0-9]{1,2}")  # real and whole numbers, truth values
_OBJECTS = ("O8", "O4")
_ORDERS = ("<", ">", "|", "=")
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")

# everything that stacks data; nothing that calls by another way than REDUCE, nor names outside
_OPCODES = frozenset(
    " ".join(
        (
            "PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE",
            "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT",
            "STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8",
            "UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8",
            "EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3",
            "EMPTY_DICT DICT SETITEM SETITEMS",
            "GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE",
            "GLOBAL STACK_GLOBAL REDUCE BUILD",
        )
    ).split()
)
_STORING = ("PUT", "BINPUT", "LONG_BINPUT")
_FAILURES = (
    pickle.UnpicklingError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    OverflowError,
    MemoryError,
    RecursionError,
)


def read_plain_pickle(data: bytes, where: str) -> Any:
    """Read a pickle without running anything that it names.

    A pickle is a program: it may name any function and have it called. Here the names of numpy's
    array reconstruction (and of the bytes of protocol 2) mean functions of this module, which only
    look at bytes; every other name ends the reading before anything is called. Opcodes that could
    reach further are refused before the first one runs.

    Args:
        data: A whole pickle of any protocol up to 4.
        where: Its file, for messages.

    Returns:
        Its content; tuples and object arrays become lists.

    Raises:
        DataError: It names something else, is damaged, or claims more than it holds.
    """
    try:
        _check_opcodes(data)
        return _Cleaner().clean(_Unpickler(io.BytesIO(data), encoding="latin1").load())
    except _Refused as refusal:
        raise DataError(f"{where} is refused: {refusal}") from refusal
    except _FAILURES as error:
        raise DataError(f"{where} is no pickle of scores, or a damaged one: {error}") from error


class _Refused(pickle.UnpicklingError):
    """The pickle wants something that scores do not need."""


class _Name:
    """What a name in a pickle means: something to call, which cannot be changed."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _Refused("it changes a function")


class _Dtype:
    """Stands in for ``numpy.dtype`` while a pickle is read."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        if code not in _OBJECTS and not (isinstance(code, str) and _NUMBERS.fullmatch(code)):
            raise _Refused(f"it holds values of type {code!r}, scores are numbers")
        self.is_object = code in _OBJECTS
        self._code = code
        self._order = "|"

    def __setstate__(self, state: Any) -> None:
        # (version, byte order, subarray, names, fields, size, alignment, flags)
        if state[1] not in _ORDERS or any(part is not None for part in state[2:5]):
            raise _Refused("it holds records, scores are plain arrays")
        self._order = state[1]

    @property
    def numbers(self) -> np.dtype[Any]:
        """The type itself, in the byte order of the file."""
        found: np.dtype[Any] = np.dtype(self._order.strip("|") + self._code)
        return found


class _Array:
    """Stands in for ``numpy.ndarray`` while a pickle is read."""

    def __init__(self) -> None:
        self.value: Any = None

    def __setstate__(self, state: Any) -> None:
        shape, dtype, fortran, content = state[-4:]  # a version comes first
        if not isinstance(dtype, _Dtype):
            raise _Refused("it holds an array of no known type")
        if any(not isinstance(side, int) or side < 0 for side in shape):
            raise _Refused(f"it holds an array of shape {shape!r}")
        if dtype.is_object:
            self.value = _nested(content, shape, fortran)
            return
        raw = _bytes(content)
        if len(raw) != math.prod(shape) * dtype.numbers.itemsize:
            raise _Refused(f"it holds an array of shape {shape!r} in {len(raw)} bytes")
        flat = np.frombuffer(raw, dtype.numbers)
        self.value = flat.reshape(shape, order="F" if fortran else "C")


def _class(*arguments: Any) -> Any:
    raise _Refused("it makes an array in a way that numpy does not")


_NDARRAY = _Name(_class)


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Array:
    if kind is not _NDARRAY or tuple(shape) != (0,):
        raise _Refused("it makes an array in a way that numpy does not")
    return _Array()


def _scalar(dtype: Any, content: Any = b"") -> Any:
    if not isinstance(dtype, _Dtype) or dtype.is_object:
        raise _Refused("it holds a number of no known type")
    return np.frombuffer(_bytes(content), dtype.numbers, count=1)[0].item()


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise _Refused(f"it encodes text as {encoding!r}")
    return text.encode("latin1")


_NAMES = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Name(_Dtype),
    ("_codecs", "encode"): _Name(_encode),
    **{(module, "_reconstruct"): _Name(_reconstruct) for module in _MODULES},
    **{(module, "scalar"): _Name(_scalar) for module in _MODULES},
}


class _Unpickler(pickle.Unpickler):
    """Finds the functions above and nothing else; no module is imported."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _NAMES[(module, name)]
        except KeyError:
            raise _Refused(
                f"it names {module}.{name}, which scores do not need and which could run code; "
                "nothing of it was run"
            ) from None


def _check_opcodes(data: bytes) -> None:
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name not in _OPCODES:
            raise _Refused(f"it uses {opcode.name}, which scores do not need")
        # a memo is as long as its largest index: a few bytes could ask for all memory
        if opcode.name in _STORING and int(argument or 0) > len(data):
            raise _Refused("it claims more memory than it could need")


def _bytes(content: Any) -> bytes:
    if isinstance(content, str):  # Python 2 wrote bytes as text
        return content.encode("latin1")
    if not isinstance(content, bytes):
        raise _Refused("it holds an array without bytes")
    return content


def _nested(content: Any, shape: tuple[int, ...], fortran: Any) -> list[Any]:
    """Return the items of an object array of one or two dimensions as lists."""
    if not isinstance(content, list) or len(content) != math.prod(shape):
        raise _Refused("it holds an array of objects whose number is wrong")
    if len(shape) == 1:
        return content
    if len(shape) != 2 or shape[1] == 0 or (fortran and min(shape) > 1):
        raise _Refused(f"it holds an array of objects of shape {shape!r}")
    return [content[i : i + shape[1]] for i in range(0, len(content), shape[1])]


class _Cleaner:
    """Replaces the stand-ins, and counts: what is shared in a pickle may unfold without end."""

    def __init__(self) -> None:
        self._left = _MOST_ITEMS

    def clean(self, value: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _Refused(f"it holds more than {_MOST_ITEMS} items, which scores do not")
        if isinstance(value, _Array):
            return self.clean(value.value) if isinstance(value.value, list) else value.value
        if isinstance(value, dict):
            return {key: self.clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item) for item in value]
        if value is None or isinstance(value, str | bytes | int | float | np.ndarray):
            return value
        raise _Refused(f"it holds {type(value).__name__.strip('_').lower()}, scores are numbers")
