"""The Triton kernel of TV-L1 flow: one program solves one pair from coarse to fine.

A tile is a run of pixels in reading order. Planes have room for whole tiles, so a pixel's own
values are read and written without a mask; what stands behind the last pixel is never used.
Equations: see ``planes``.

In: a pyramid and a start as ``fused`` packs them. Out: the flow, written to device memory.
"""

# Triton's language is not Python's: arguments have no types, tuples grow in loops
# mypy: ignore-errors

from __future__ import annotations

import triton
import triton.language as tl

from slipdetect.flow.gpu.planes import CUBIC, SMALLEST

_CUBIC = tl.constexpr(CUBIC)
_SMALLEST = tl.constexpr(SMALLEST)


@triton.jit
def primal_tile(
    u,
    p,
    warp,
    room,
    t,
    h,
    w,
    reach,
    theta,
    gamma,
    C: tl.constexpr,
    TILE: tl.constexpr,
):
    """Renew the flow; return the squared change of each pixel."""
    at = t * TILE + tl.arange(0, TILE)
    y = at // w
    x = at - y * w
    slope_x = tl.load(warp + at)
    slope_y = tl.load(warp + room + at)
    u1 = tl.load(u + at)
    u2 = tl.load(u + room + at)
    rho = tl.load(warp + 2 * room + at) + (slope_x * u1 + slope_y * u2)
    if C == 3:
        u3 = tl.load(u + 2 * room + at)
        rho += gamma * u3
    square = slope_x * slope_x + slope_y * slope_y
    # a divisor of 1 where the quotient is not used
    step = tl.where(square > _SMALLEST, -rho / tl.where(square > _SMALLEST, square, 1.0), 0.0)
    step = tl.where(rho > reach * square, -reach, step)
    step = tl.where(rho < -reach * square, reach, step)
    d1 = step * slope_x + theta * _divergence(p, p + room, at, x, y, w)
    d2 = step * slope_y + theta * _divergence(p + 2 * room, p + 3 * room, at, x, y, w)
    tl.store(u + at, u1 + d1)
    tl.store(u + room + at, u2 + d2)
    change = d1 * d1 + d2 * d2
    if C == 3:
        d3 = step * gamma + theta * _divergence(p + 4 * room, p + 5 * room, at, x, y, w)
        tl.store(u + 2 * room + at, u3 + d3)
        change += d3 * d3
    return tl.where(y < h, change, 0.0)


@triton.jit
def _divergence(px, py, at, x, y, w):
    left = tl.load(px + at - 1, mask=x > 0, other=0.0)
    above = tl.load(py + at - w, mask=y > 0, other=0.0)
    return tl.load(px + at) - left + tl.load(py + at) - above


@triton.jit
def dual_tile(u, p, room, t, h, w, time, C: tl.constexpr, TILE: tl.constexpr):
    """Renew the dual variable of every unknown."""
    at = t * TILE + tl.arange(0, TILE)
    y = at // w
    x = at - y * w
    to_right = (x < w - 1) & (y < h)
    to_below = y < h - 1
    for c in tl.static_range(C):
        own = tl.load(u + c * room + at)
        right = tl.load(u + c * room + at + 1, mask=to_right, other=0.0)
        below = tl.load(u + c * room + at + w, mask=to_below, other=0.0)
        along_x = tl.where(to_right, right - own, 0.0)
        along_y = tl.where(to_below, below - own, 0.0)
        scale = 1.0 / (1.0 + time * tl.sqrt(along_x * along_x + along_y * along_y))
        px = p + 2 * c * room + at
        py = px + room
        tl.store(px, (tl.load(px) + time * along_x) * scale)
        tl.store(py, (tl.load(py) + time * along_y) * scale)


@triton.jit
def linearise_tile(gray, u, warp, pixels, room, t, h, w, TILE: tl.constexpr):
    """Sample the second picture and its slope at the flow; write slope x, slope y and rest."""
    at = t * TILE + tl.arange(0, TILE)
    y = at // w
    u1 = tl.load(u + at)
    u2 = tl.load(u + room + at)
    # further outside everything is zero too, and an integer holds it
    column = tl.minimum(tl.maximum((at - y * w) + u1, -4.0), w + 4.0)
    row = tl.minimum(tl.maximum(y + u2, -4.0), h + 4.0)
    left = tl.floor(column)
    top = tl.floor(row)
    value = tl.zeros((TILE,), tl.float32)
    slope_x = tl.zeros((TILE,), tl.float32)
    slope_y = tl.zeros((TILE,), tl.float32)
    for j in tl.static_range(4):
        v = top.to(tl.int32) + (j - 1)
        weight_y = _cubic_weight(row - top, j)
        for k in tl.static_range(4):
            c = left.to(tl.int32) + (k - 1)
            inside = (c >= 0) & (c < w) & (v >= 0) & (v < h)
            weight = _cubic_weight(column - left, k) * weight_y
            source = gray + pixels + (v * w + c)
            value += weight * tl.load(source, mask=inside, other=0.0)
            slope_x += weight * tl.load(source + pixels, mask=inside, other=0.0)
            slope_y += weight * tl.load(source + 2 * pixels, mask=inside, other=0.0)
    tl.store(warp + at, slope_x)
    tl.store(warp + room + at, slope_y)
    tl.store(warp + 2 * room + at, value - slope_x * u1 - slope_y * u2 - tl.load(gray + at))


@triton.jit
def _cubic_weight(part, K: tl.constexpr):
    """Return the weight of neighbor ``K`` of 4; ``part`` is the way past neighbor 1."""
    d = tl.abs(part + (1 - K))
    if K == 1 or K == 2:
        return ((_CUBIC + 2) * d - (_CUBIC + 3)) * d * d + 1
    else:
        return ((_CUBIC * d - 5 * _CUBIC) * d + 8 * _CUBIC) * d - 4 * _CUBIC


@triton.jit
def median_tile(
    u,
    new,
    room,
    t,
    h,
    w,
    C: tl.constexpr,
    SIDE: tl.constexpr,
    TILE: tl.constexpr,
):
    """Write the median of ``SIDE`` x ``SIDE`` px of u and v to ``new``; copy a third unknown."""
    at = t * TILE + tl.arange(0, TILE)
    y = tl.minimum(at // w, h - 1)
    x = at - (at // w) * w
    for c in tl.static_range(2):
        # values that cannot be the middle of all are dropped as others come in
        kept = ()
        for k in tl.static_range(SIDE * SIDE):
            if k > SIDE * SIDE // 2 + 1:
                kept = _without_extremes(kept)
            row = tl.minimum(tl.maximum(y + (k // SIDE - SIDE // 2), 0), h - 1)
            column = tl.minimum(tl.maximum(x + (k % SIDE - SIDE // 2), 0), w - 1)
            kept = kept + (tl.load(u + c * room + row * w + column),)  # noqa: RUF005
        tl.store(new + c * room + at, _without_extremes(kept)[0])
    if C == 3:
        tl.store(new + 2 * room + at, tl.load(u + 2 * room + at))


@triton.jit
def _without_extremes(values):
    """Return a tuple without its smallest and its largest."""
    low = values[0]
    others = ()
    for k in tl.static_range(1, len(values)):
        others = others + (tl.maximum(low, values[k]),)  # noqa: RUF005
        low = tl.minimum(low, values[k])
    high = others[0]
    kept = ()
    for k in tl.static_range(1, len(others)):
        kept = kept + (tl.minimum(high, others[k]),)  # noqa: RUF005
        high = tl.maximum(high, others[k])
    return kept


@triton.jit
def enlarge_tile(
    u,
    new,
    room,
    t,
    h,
    w,
    above_h,
    above_w,
    zoom,
    C: tl.constexpr,
    TILE: tl.constexpr,
):
    """Resize the flow of the level above bilinearly and lengthen it; write it to ``new``."""
    at = t * TILE + tl.arange(0, TILE)
    y = at // w
    x = at - y * w
    column = (x + 0.5) * (above_w / w) - 0.5
    row = tl.minimum((y + 0.5) * (above_h / h) - 0.5, above_h - 1.0)
    column = tl.maximum(tl.minimum(column, above_w - 1.0), 0.0)
    row = tl.maximum(row, 0.0)
    left = column.to(tl.int32)
    top = row.to(tl.int32)
    right = tl.minimum(left + 1, above_w - 1)
    below = tl.minimum(top + 1, above_h - 1)
    part_x = column - left
    part_y = row - top
    for c in tl.static_range(C):
        old = u + c * room
        upper = tl.load(old + top * above_w + left) * (1.0 - part_x)
        upper += tl.load(old + top * above_w + right) * part_x
        lower = tl.load(old + below * above_w + left) * (1.0 - part_x)
        lower += tl.load(old + below * above_w + right) * part_x
        value = upper * (1.0 - part_y) + lower * part_y
        if c < 2:
            value *= zoom
        tl.store(new + c * room + at, value)


@triton.jit(do_not_specialize=["levels", "warps", "outer", "inner"])
def solve_pair(
    pictures,
    state,
    result,
    sizes,
    levels,
    pixels,
    room,
    warps,
    outer,
    inner,
    epsilon2,
    reach,
    theta,
    time,
    gamma,
    zoom,
    C: tl.constexpr,
    MEDIAN: tl.constexpr,
    TILE: tl.constexpr,
    SMALL: tl.constexpr,
):
    """Solve the pair ``program_id(0)``; state: two flows, dual variable, slope x and y, rest."""
    pair = tl.program_id(0).to(tl.int64)
    pictures += pair * 4 * pixels
    state += pair * (4 * C + 3) * room
    # which of the two flows is the newest
    side = 0
    h = tl.load(sizes)
    w = tl.load(sizes + 1)
    for level in range(levels):
        above_h, above_w = h, w
        h = tl.load(sizes + level * 3)
        w = tl.load(sizes + level * 3 + 1)
        if level > 0:
            u = state + side * C * room
            side = 1 - side
            new = state + side * C * room
            for t in range(tl.cdiv(h * w, SMALL)):
                enlarge_tile(u, new, room, t, h, w, above_h, above_w, zoom, C, SMALL)
        p = state + 2 * C * room
        for t in range(tl.cdiv(h * w, TILE)):
            for plane in tl.static_range(2 * C):
                at = t * TILE + tl.arange(0, TILE)
                tl.store(p + plane * room + at, tl.zeros((TILE,), tl.float32))
        tl.debug_barrier()
        gray = pictures + tl.multiple_of(tl.load(sizes + level * 3 + 2), 16)
        limit = epsilon2 * (h * w)
        for _ in range(warps):
            u = state + side * C * room
            for t in range(tl.cdiv(h * w, SMALL)):
                linearise_tile(gray, u, p + 2 * C * room, pixels, room, t, h, w, SMALL)
            side = _settle(
                state, side, room, h, w, limit, outer, inner,
                reach, theta, time, gamma, C, MEDIAN, TILE, SMALL,
            )  # fmt: skip
    result += pair * 2 * (h * w)
    for t in range(tl.cdiv(h * w, TILE)):
        at = t * TILE + tl.arange(0, TILE)
        for plane in tl.static_range(2):
            value = tl.load(state + (side * C + plane) * room + at)
            tl.store(result + plane * (h * w) + at, value, mask=at < h * w)


@triton.jit
def _settle(
    state,
    side,
    room,
    h,
    w,
    limit,
    outer,
    inner,
    reach,
    theta,
    time,
    gamma,
    C: tl.constexpr,
    MEDIAN: tl.constexpr,
    TILE: tl.constexpr,
    SMALL: tl.constexpr,
):
    """Filter and iterate until the flow rests; return which of the two flows is the newest."""
    p = state + 2 * C * room
    error = 3.0e38
    turn = 0
    while (error > limit) & (turn < outer):
        tl.debug_barrier()
        if MEDIAN > 1:
            u = state + side * C * room
            side = 1 - side
            new = state + side * C * room
            for t in range(tl.cdiv(h * w, SMALL)):
                median_tile(u, new, room, t, h, w, C, MEDIAN, SMALL)
            tl.debug_barrier()
        u = state + side * C * room
        step = 0
        while (error > limit) & (step < inner):
            error = _iterate(u, p, room, h, w, reach, theta, time, gamma, C, TILE)
            step += 1
        turn += 1
    # before anyone reads the flow in another order
    tl.debug_barrier()
    return side


@triton.jit
def _iterate(
    u,
    p,
    room,
    h,
    w,
    reach,
    theta,
    time,
    gamma,
    C: tl.constexpr,
    TILE: tl.constexpr,
):
    """Do one iteration in place; return the sum of squared changes.

    The dual step follows the primal step by as many tiles as a row has, in which time the flow
    below a pixel has been renewed and the dual variable above it is not needed any more: one
    barrier per tile, and most of what the second step reads is still in the cache.
    """
    warp = p + 2 * C * room
    tiles = tl.cdiv(h * w, TILE)
    lag = tl.cdiv(w, TILE)
    change = tl.zeros((TILE,), tl.float32)
    for t in range(tiles + lag):
        if t < tiles:
            change += primal_tile(u, p, warp, room, t, h, w, reach, theta, gamma, C, TILE)
        tl.debug_barrier()
        if t >= lag:
            dual_tile(u, p, room, t - lag, h, w, time, C, TILE)
    tl.debug_barrier()
    return tl.sum(change)
