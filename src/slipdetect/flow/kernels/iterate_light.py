"""Iterations of TV-L1 with a third unknown, the change of illumination, where gamma is not 0.

In: ``Planes.flat`` of a level. Out: the same, advanced, and how much the unknowns still changed.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, njit

from slipdetect.flow.kernels.compiling import kernel
from slipdetect.flow.kernels.iterate import divergence, dual_row, threshold
from slipdetect.flow.kernels.plane import (
    INVERSE,
    IX,
    IY,
    P11,
    P12,
    P21,
    P22,
    P31,
    P32,
    PLANES_WITH_LIGHT,
    RHO,
    U1,
    U2,
    U3,
)
from slipdetect.flow.kernels.simd import LANES, load, splat, store, total


@njit(inline="always")
def _flow_row(flat, row, stride, vectors, tail, limit, theta, gamma):
    """Advance the unknowns of one row; return the sum of their squared changes."""
    bound, tightness, light = splat(limit), splat(theta), splat(gamma)
    above = PLANES_WITH_LIGHT * stride
    change = last = splat(float32(0))
    for index in range(vectors):
        at = row + index * LANES
        u1, u2 = load(flat, at + U1 * stride), load(flat, at + U2 * stride)
        u3 = load(flat, at + U3 * stride)
        ix, iy = load(flat, at + IX * stride), load(flat, at + IY * stride)
        residual = load(flat, at + RHO * stride) + ix * u1 + iy * u2 + light * u3
        shift = threshold(residual, load(flat, at + INVERSE * stride), bound)
        div1 = divergence(flat, at + P11 * stride, at + P12 * stride, above)
        div2 = divergence(flat, at + P21 * stride, at + P22 * stride, above)
        div3 = divergence(flat, at + P31 * stride, at + P32 * stride, above)
        d1 = shift * ix + tightness * div1
        d2 = shift * iy + tightness * div2
        d3 = shift * light + tightness * div3
        store(flat, at + U1 * stride, u1 + d1)
        store(flat, at + U2 * stride, u2 + d2)
        store(flat, at + U3 * stride, u3 + d3)
        last = d1 * d1 + d2 * d2 + d3 * d3
        change = change + last
    return total(change - last * load(tail, 0))


@kernel
def iterate_light(flat, height, width, stride, tail, count, stop, limit, theta, step, gamma):
    """Iterate as ``iterate`` does; ``flat`` has ``PLANES_WITH_LIGHT`` planes.

    Args:
        gamma: Weight of the illumination term.
    """
    vectors = (width - 1) // LANES + 1
    above = PLANES_WITH_LIGHT * stride
    error = np.inf
    for _ in range(count):
        error = 0.0
        for y in range(height + 1):
            row = (y + 1) * above + LANES
            if y < height:
                error += _flow_row(flat, row, stride, vectors, tail, limit, theta, gamma)
                for plane in (U1, U2, U3):
                    edge = row + plane * stride + width
                    flat[edge] = flat[edge - 1]
            if y > 0:
                row -= above
                below = above if y < height else 0
                for u, pa, pb in ((U1, P11, P12), (U2, P21, P22), (U3, P31, P32)):
                    x, y_part = row + pa * stride, row + pb * stride
                    dual_row(flat, row + u * stride, below, x, y_part, vectors, step)
        if error <= stop:
            break
    return error


_FLAT = float32[::1]
KERNELS = [
    (
        iterate_light,
        float64(
            _FLAT, int64, int64, int64, _FLAT, int64, float64, float32, float32, float32, float32
        ),
    )
]
