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
def _flow_row(flat, row, stride, vectors, tail, limit, theta, gamma, planes):
    """Advance the unknowns of one row; return the sum of their squared changes, px^2."""
    bound, tightness, light = splat(limit), splat(theta), splat(gamma)
    above = planes * stride
    change = last = splat(float32(0))
    for index in range(vectors):
        at = row + index * LANES
        u1, u2 = load(flat, at + U1 * stride), load(flat, at + U2 * stride)
        ix, iy = load(flat, at + IX * stride), load(flat, at + IY * stride)
        residual = load(flat, at + RHO * stride) + ix * u1 + iy * u2
        if planes == PLANES_WITH_LIGHT:
            u3 = load(flat, at + U3 * stride)
            residual = residual + light * u3
        shift = threshold(residual, load(flat, at + INVERSE * stride), bound)
        div1 = divergence(flat, at + P11 * stride, at + P12 * stride, above)
        div2 = divergence(flat, at + P21 * stride, at + P22 * stride, above)
        d1 = shift * ix + tightness * div1
        d2 = shift * iy + tightness * div2
        store(flat, at + U1 * stride, u1 + d1)
        store(flat, at + U2 * stride, u2 + d2)
        last = d1 * d1 + d2 * d2
        if planes == PLANES_WITH_LIGHT:
            div3 = divergence(flat, at + P31 * stride, at + P32 * stride, above)
            d3 = shift * light + tightness * div3
            store(flat, at + U3 * stride, u3 + d3)
            last = last + d3 * d3
        change = change + last
    # the last vector reaches over the right edge
    return total(change - last * load(tail, 0))


@njit(inline="always")
def _iterate(flat, height, width, stride, tail, count, stop, limit, theta, step, gamma, planes):
    """Iterate with any number of planes, a constant where this is compiled into a kernel."""
    vectors = (width - 1) // LANES + 1
    above = planes * stride
    error = np.inf
    for _ in range(count):
        error = 0.0
        for y in range(height + 1):
            row = (y + 1) * above + LANES
            if y < height:
                error += _flow_row(flat, row, stride, vectors, tail, limit, theta, gamma, planes)
                # no gradient across the right edge
                edge = row + width
                flat[edge + U1 * stride] = flat[edge + U1 * stride - 1]
                flat[edge + U2 * stride] = flat[edge + U2 * stride - 1]
                if planes == PLANES_WITH_LIGHT:
                    flat[edge + U3 * stride] = flat[edge + U3 * stride - 1]
            if y > 0:
                row -= above
                # nor across the bottom
                below = above if y < height else 0
                u1, p11, p12 = row + U1 * stride, row + P11 * stride, row + P12 * stride
                dual_row(flat, u1, below, p11, p12, vectors, step)
                u2, p21, p22 = row + U2 * stride, row + P21 * stride, row + P22 * stride
                dual_row(flat, u2, below, p21, p22, vectors, step)
                if planes == PLANES_WITH_LIGHT:
                    u3, p31, p32 = row + U3 * stride, row + P31 * stride, row + P32 * stride
                    dual_row(flat, u3, below, p31, p32, vectors, step)
        if error <= stop:
            break
    return error


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
    none = float32(0)
    return _iterate(
        flat, height, width, stride, tail, count, stop, limit, theta, step, none, PLANES
    )


@kernel
def iterate_light(flat, height, width, stride, tail, count, stop, limit, theta, step, gamma):
    """Iterate as ``iterate`` does; ``flat`` has ``PLANES_WITH_LIGHT`` planes.

    Args:
        gamma: Weight of the illumination term.
    """
    return _iterate(
        flat, height, width, stride, tail, count, stop, limit, theta, step, gamma,
        PLANES_WITH_LIGHT,
    )  # fmt: skip


def tail_of(width: int) -> NDArray[np.float32]:
    """Return 1 for each of the eight px of a row's last vector that lie right of the picture."""
    inside = (width - 1) % LANES + 1
    return (np.arange(LANES) >= inside).astype(np.float32)


_FLAT = float32[::1]
_NUMBERS = (_FLAT, int64, int64, int64, _FLAT, int64, float64, float32, float32, float32)
KERNELS = [(iterate, float64(*_NUMBERS)), (iterate_light, float64(*_NUMBERS, float32))]
