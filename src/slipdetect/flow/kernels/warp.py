"""Warping the second picture and its gradients by a flow, in one pass, with the data term.

The flow is smooth, so eight neighbors mostly move by nearly the same whole number of px: then one
vector load serves a tap of all eight.

In: padded pictures and ``Planes``. Out: the planes of the linearised data term.

The flow is smooth, so eight neighbors mostly move by nearly the same whole number of px: then one
vector load serves a tap of all eight.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int64, njit, void

from slipdetect.flow.kernels.simd import (
    INVERSE,
    IX,
    IY,
    LANES,
    RHO,
    U1,
    U2,
    all_within_one,
    kernel,
    larger,
    load,
    splat,
    store,
    total,
    where_negative,
)

# zeros around the second picture, px: what lies outside counts nothing, as in OpenCV's remap
MARGIN = 16

# Keys' cubic kernel (1981), OpenCV's choice of its free parameter
_SHARPNESS = np.float32(-0.75)
_EPSILON = np.float32(np.finfo(np.float32).eps)


@njit(inline="always")
def _weights(t, one, a):
    """Return the weights of the four neighbors at 0 <= t < 1 between the middle two.

    Works on numbers and on vectors alike; ``one`` is 1 and ``a`` the sharpness in the same kind.
    """
    rest = one - t
    first = a * t * rest * rest
    last = a * rest * t * t
    second = one + t * t * ((a + one + one) * t - (a + one + one + one))
    return first, second, one - first - second - last, last


@njit(inline="always")
def _taps(shift):
    """Return the weights of five neighbors, -2 to 2, for shifts -1 <= shift < 1 px."""
    one, zero = splat(float32(1)), splat(float32(0))
    t = where_negative(shift, shift + one, shift)
    w0, w1, w2, w3 = _weights(t, one, splat(_SHARPNESS))
    return (
        where_negative(shift, w0, zero),
        where_negative(shift, w1, w0),
        where_negative(shift, w2, w1),
        where_negative(shift, w3, w2),
        where_negative(shift, zero, w3),
    )


@njit(inline="always")
def _row(picture, at, x):
    left = load(picture, at) * x[0] + load(picture, at + 1) * x[1]
    right = load(picture, at + 3) * x[3] + load(picture, at + 4) * x[4]
    return left + right + load(picture, at + 2) * x[2]


@njit(inline="always")
def _sample(picture, at, pitch, x, y):
    """Sample eight px whose first of five by five taps is at ``at``."""
    top = _row(picture, at, x) * y[0] + _row(picture, at + pitch, x) * y[1]
    middle = _row(picture, at + 2 * pitch, x) * y[2]
    bottom = _row(picture, at + 3 * pitch, x) * y[3] + _row(picture, at + 4 * pitch, x) * y[4]
    return top + middle + bottom


@njit
def _sample_one(picture, pitch, height, width, px, py):
    """Sample one px at any place; what is not a number, or far outside, gives 0."""
    value = float32(0)
    # also False for NaN
    if not (-2 < px < width + 1 and -2 < py < height + 1):
        return value
    left, top = np.floor(px), np.floor(py)
    one, a = float32(1), _SHARPNESS
    across, down = _weights(px - left, one, a), _weights(py - top, one, a)
    at = (int64(top) - 1 + MARGIN) * pitch + int64(left) - 1 + MARGIN
    for row in range(4):
        for column in range(4):
            value += picture[at + row * pitch + column] * across[column] * down[row]
    return value


@kernel
def warp(first, second, second_x, second_y, pitch, flat, height, width, stride, planes):
    """Linearise the data term around the present flow (Sanchez et al., IPOL 2013, section 2).

    Args:
        first: The first picture, padded as the second, flat.
        second: The second picture, with ``MARGIN`` px of zeros around it, flat float32.
        second_x: Its centered gradient to the right, padded alike.
        second_y: Its centered gradient downwards, padded alike.
        pitch: Floats in a padded row.
        flat: ``Planes.flat``; its planes rho, Ix, Iy and 1 / |grad|^2 are set.
        height: Rows, px.
        width: Columns, px.
        stride: ``Planes.stride``.
        planes: ``Planes.planes``.
    """
    one, tiny, eighth = splat(float32(1)), splat(_EPSILON), float32(1 / LANES)
    for y in range(height):
        row = (y + 1) * planes * stride + LANES
        for start in range(0, width, LANES):
            at = row + start
            # the last vector reaches over the right edge, where it must not look torn
            for x in range(width, start + LANES):
                flat[row + x + U1 * stride] = flat[row + width - 1 + U1 * stride]
                flat[row + x + U2 * stride] = flat[row + width - 1 + U2 * stride]
            u1, u2 = load(flat, at + U1 * stride), load(flat, at + U2 * stride)
            right, down = np.rint(total(u1) * eighth), np.rint(total(u2) * eighth)
            du1, du2 = u1 - splat(right), u2 - splat(down)
            left, top = float32(start) + right - 2, float32(y) + down - 2
            if (
                all_within_one(du1)
                and all_within_one(du2)
                and left >= -MARGIN
                and left + LANES + 4 <= width + MARGIN
                and top >= -MARGIN
                and top + 5 <= height + MARGIN
            ):
                tap = (int64(top) + MARGIN) * pitch + int64(left) + MARGIN
                x_taps, y_taps = _taps(du1), _taps(du2)
                store(flat, at + RHO * stride, _sample(second, tap, pitch, x_taps, y_taps))
                store(flat, at + IX * stride, _sample(second_x, tap, pitch, x_taps, y_taps))
                store(flat, at + IY * stride, _sample(second_y, tap, pitch, x_taps, y_taps))
            else:
                for x in range(start, min(start + LANES, width)):
                    here = row + x
                    px = float32(x) + flat[here + U1 * stride]
                    py = float32(y) + flat[here + U2 * stride]
                    flat[here + RHO * stride] = _sample_one(second, pitch, height, width, px, py)
                    flat[here + IX * stride] = _sample_one(second_x, pitch, height, width, px, py)
                    flat[here + IY * stride] = _sample_one(second_y, pitch, height, width, px, py)
            ix, iy = load(flat, at + IX * stride), load(flat, at + IY * stride)
            still = load(flat, at + RHO * stride) - ix * u1 - iy * u2
            other = load(first, (y + MARGIN) * pitch + start + MARGIN)
            store(flat, at + RHO * stride, still - other)
            store(flat, at + INVERSE * stride, one / larger(ix * ix + iy * iy, tiny))


_FLAT = float32[::1]
KERNELS = [(warp, void(_FLAT, _FLAT, _FLAT, _FLAT, int64, _FLAT, int64, int64, int64, int64))]
