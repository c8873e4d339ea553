"""Vectors of eight float32 for numba kernels, which LLVM maps onto AVX, SSE or NEON.

Loops over many arrays are not vectorized by LLVM itself, which cannot prove that the arrays do
not overlap. Each operation is rounded as IEEE 754 says and no two are merged: the processor's
approximations were not faster. Numba's cache watches a kernel's own file only: after a change
here, delete ``__pycache__``.

In: flat float32 arrays and indices. Out: numba functions ``load``, ``store``, ``+``, ``-``, ...

Loops over many arrays are not vectorized by LLVM itself, which cannot prove that the arrays do
not overlap. Each operation is rounded as IEEE 754 says and no two are merged: the processor's
approximations were not faster. Numba's cache watches a kernel's own file only: after a change
here, delete ``__pycache__``.
"""

from __future__ import annotations

import logging
import operator
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

_SILENT_SECONDS = 2.0


def kernel(function: Callable[..., Any]) -> Any:
    """Make a compiled function that runs without Python's lock and is kept for the next process."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # no folder can be written, neither the package's nor the user's
        return njit(nogil=True)(function)


@cache
def preparation(module: str) -> Future[None]:
    """Begin to compile the kernels of a module (its ``KERNELS``) on a thread of their own."""
    from importlib import import_module

    done: Future[None] = Future()

    def compile_all() -> None:
        try:
            for function, signature in import_module(module).KERNELS:
                function.compile(signature)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=compile_all, name="compile-flow").start()
    return done


def wait_for(done: Future[None]) -> None:
    """Wait until kernels are ready, and say so if that takes long."""
    try:
        done.result(_SILENT_SECONDS)
    except StillRunning:
        logger.warning("preparing TV-L1 flow for this processor; the first time takes some seconds")
        done.result()


LANES = 8

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_INDICES = ir.VectorType(ir.IntType(32), LANES)


class _Vector(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Vector8f")


_vector = _Vector()


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _address(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Return ``array[index : index + 8]``; nothing checks the bounds."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_address(context, builder, signature.args[0], *args))
        value.align = 4
        return value

    return _vector(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Set ``array[index : index + 8]``; nothing checks the bounds."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], address).align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, _vector), generate


@intrinsic
def splat(typing: Any, number: Any) -> Any:
    """Return eight times ``number``, a float32."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        one = builder.insert_element(undefined, args[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, undefined, ir.Constant(_INDICES, [0] * LANES))

    return _vector(types.float32), generate


@intrinsic
def total(typing: Any, value: Any) -> Any:
    """Return the sum of the eight, a float32, always added in the same order."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        undefined, value = ir.Constant(_VECTOR, ir.Undefined), args[0]
        for distance in (4, 2, 1):
            lanes = ir.Constant(_INDICES, [(lane + distance) % LANES for lane in range(LANES)])
            value = builder.fadd(value, builder.shuffle_vector(value, undefined, lanes))
        return builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    return types.float32(_vector), generate


@intrinsic
def sqrt(typing: Any, value: Any) -> Any:
    """Return the square roots."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f32")
        return builder.call(function, list(args))

    return _vector(_vector), generate


def _arithmetic(name: str, symbol: Callable[..., Any]) -> None:
    @intrinsic
    def compute(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, name)(args[0], args[1])

        return _vector(_vector, _vector), generate

    @overload(symbol)
    def choose(left, right):
        if isinstance(left, _Vector) and isinstance(right, _Vector):
            return lambda left, right: compute(left, right)
        return None


_arithmetic("fadd", operator.add)
_arithmetic("fsub", operator.sub)
_arithmetic("fmul", operator.mul)
_arithmetic("fdiv", operator.truediv)


def _selection(comparison: str) -> Any:
    @intrinsic
    def choose(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            mask = builder.fcmp_ordered(comparison, args[0], args[1])
            return builder.select(mask, args[0], args[1])

        return _vector(_vector, _vector), generate

    return choose


smaller = _selection("<")
larger = _selection(">")


@intrinsic
def where_negative(typing: Any, condition: Any, yes: Any, no: Any) -> Any:
    """Return ``yes`` where ``condition`` is below 0, else ``no``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        mask = builder.fcmp_ordered("<", args[0], ir.Constant(_VECTOR, [0.0] * LANES))
        return builder.select(mask, args[1], args[2])

    return _vector(_vector, _vector, _vector), generate


@intrinsic
def all_within_one(typing: Any, value: Any) -> Any:
    """Tell whether each of the eight lies in -1 <= value < 1; NaN does not."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        above = builder.fcmp_ordered(">=", args[0], ir.Constant(_VECTOR, [-1.0] * LANES))
        below = builder.fcmp_ordered("<", args[0], ir.Constant(_VECTOR, [1.0] * LANES))
        bits = builder.bitcast(builder.and_(above, below), ir.IntType(LANES))
        return builder.icmp_unsigned("==", bits, ir.Constant(ir.IntType(LANES), 2**LANES - 1))

    return types.boolean(_vector), generate


# the flow, its two dual variables (x and y part each), then the linearised data term
U1, U2, P11, P12, P21, P22, RHO, IX, IY, INVERSE = range(10)
PLANES = 10

# the illumination term and its dual variable, only where gamma is not 0
U3, P31, P32 = range(10, 13)
PLANES_WITH_LIGHT = 13


class Planes:
    """The quantities of one level, each ``(height, width)`` float32 inside a padded row.

    A row of ``stride`` floats has ``LANES`` of zero to its left and at least one vector to its
    right; a row of zeros lies above the picture.

    Args:
        height: Rows, px.
        width: Columns, px.
        buffer: Flat float32 array to use, at least ``Planes.size(height, width, planes)`` long.
        planes: ``PLANES`` or ``PLANES_WITH_LIGHT``.
    """

    def __init__(
        self, height: int, width: int, buffer: NDArray[np.float32], planes: int = PLANES
    ) -> None:
        self.height, self.width, self.planes = height, width, planes
        self.stride = _stride(width)
        self.flat = buffer[: self.size(height, width, planes)]
        self.flat.fill(0.0)
        self._rows = self.flat.reshape(height + 2, planes, self.stride)

    def __getitem__(self, plane: int) -> NDArray[np.float32]:
        """Return the view ``(height, width)`` of one quantity."""
        return self._rows[1 : self.height + 1, plane, LANES : LANES + self.width]

    @staticmethod
    def size(height: int, width: int, planes: int = PLANES) -> int:
        """Return the floats that a level takes."""
        return (height + 2) * planes * _stride(width)


def _stride(width: int) -> int:
    return (-(-width // LANES) + 2) * LANES
