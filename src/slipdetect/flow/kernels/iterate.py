"""Iterations of TV-L1 on one level: the flow (primal) and its dual variables, row by row.

In: ``Planes.flat`` of a level. Out: the same, advanced, and how much the flow still changed.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, njit
from numpy.typing import NDArray

from slipdetect.flow.kernels.simd import (
    INVERSE,
    IX,
    IY,
    LANES,
    P11,
    P12,
    P21,
    P22,
    P31,
    P32,
    PLANES,
    PLANES_WITH_LIGHT,
    RHO,
    U1,
    U2,
    U3,
    kernel,
    larger,
    load,
    smaller,
    splat,
    sqrt,
    store,
    total,
)


@njit(inline="always")
def divergence(flat, pa, pb, above):
    """Return the divergence of a dual variable by backward differences (Zach et al., eq. 13)."""
    across = load(flat, pa) - load(flat, pa - 1)
    return across + (load(flat, pb) - load(flat, pb - above))


@njit(inline="always")
def threshold(residual, inverse, limit):
    """Return the step along the gradient (Zach et al., eq. 15).

    The three cases are one quotient, clipped.
    """
    zero = residual - residual
    return smaller(larger(zero - residual * inverse, zero - limit), limit)


@njit(inline="always")
def dual_row(flat, u, below, pa, pb, vectors, step):
    """Advance one dual variable of one row of ``u`` (Zach et al., eq. 14).

    Its x part is at ``pa``, its y part at ``pb``, the row below ``below`` floats further.
    """
    weight, one = splat(step), splat(float32(1))
    for index in range(vectors):
        at = index * LANES
        here = load(flat, u + at)
        dx = load(flat, u + at + 1) - here
        dy = load(flat, u + at + below) - here
        shrink = one / (one + weight * sqrt(dx * dx + dy * dy))
        store(flat, pa + at, (load(flat, pa + at) + weight * dx) * shrink)
        store(flat, pb + at, (load(flat, pb + at) + weight * dy) * shrink)


@njit(inline="always")
def _flow_row(flat, row, stride, vectors, tail, limit, theta):
    """Advance the flow of one row; return the sum of its squared changes, px^2."""
    bound, tightness = splat(limit), splat(theta)
    above = PLANES * stride
    change = last = splat(float32(0))
    for index in range(vectors):
        at = row + index * LANES
        u1, u2 = load(flat, at + U1 * stride), load(flat, at + U2 * stride)
        ix, iy = load(flat, at + IX * stride), load(flat, at + IY * stride)
        residual = load(flat, at + RHO * stride) + ix * u1 + iy * u2
        shift = threshold(residual, load(flat, at + INVERSE * stride), bound)
        div1 = divergence(flat, at + P11 * stride, at + P12 * stride, above)
        div2 = divergence(flat, at + P21 * stride, at + P22 * stride, above)
        d1 = shift * ix + tightness * div1
        d2 = shift * iy + tightness * div2
        store(flat, at + U1 * stride, u1 + d1)
        store(flat, at + U2 * stride, u2 + d2)
        last = d1 * d1 + d2 * d2
        change = change + last
    # the last vector reaches over the right edge
    return total(change - last * load(tail, 0))


@kernel
def iterate(flat, height, width, stride, tail, count, stop, limit, theta, step):
    """Iterate until the squared changes of the flow sum up to ``stop`` px^2 or less.

    The dual update of a row needs the new flow of the row below and nothing else, so it follows
    one row behind, while both rows are in the cache.

    Args:
        flat: ``Planes.flat`` with ``PLANES`` planes.
        height: Rows, px.
        width: Columns, px.
        stride: ``Planes.stride``.
        tail: ``tail_of(width)``.
        count: Iterations at most.
        stop: Sum of squared changes to stop at, px^2.
        limit: lambda * theta.
        theta: Tightness between the data and the smoothness part.
        step: tau / theta.

    Returns:
        Sum of squared changes in the last iteration, px^2.
    """
    vectors = (width - 1) // LANES + 1
    above = PLANES * stride
    error = np.inf
    for _ in range(count):
        error = 0.0
        for y in range(height + 1):
            row = (y + 1) * above + LANES
            if y < height:
                error += _flow_row(flat, row, stride, vectors, tail, limit, theta)
                # no gradient across the right edge
                for u in (row + U1 * stride + width, row + U2 * stride + width):
                    flat[u] = flat[u - 1]
            if y > 0:
                row -= above
                # nor across the bottom
                below = above if y < height else 0
                u1, p11, p12 = row + U1 * stride, row + P11 * stride, row + P12 * stride
                dual_row(flat, u1, below, p11, p12, vectors, step)
                u2, p21, p22 = row + U2 * stride, row + P21 * stride, row + P22 * stride
                dual_row(flat, u2, below, p21, p22, vectors, step)
        if error <= stop:
            break
    return error


def tail_of(width: int) -> NDArray[np.float32]:
    """Return 1 for each of the eight px of a row's last vector that lie right of the picture."""
    inside = (width - 1) % LANES + 1
    return (np.arange(LANES) >= inside).astype(np.float32)


@njit(inline="always")
def _flow_row_with_light(flat, row, stride, vectors, tail, limit, theta, gamma):
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
                error += _flow_row_with_light(flat, row, stride, vectors, tail, limit, theta, gamma)
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
        iterate,
        float64(_FLAT, int64, int64, int64, _FLAT, int64, float64, float32, float32, float32),
    ),
    (
        iterate_light,
        float64(
            _FLAT, int64, int64, int64, _FLAT, int64, float64, float32, float32, float32, float32
        ),
    ),
]
