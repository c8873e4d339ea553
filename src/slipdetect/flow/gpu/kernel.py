"""The Triton kernel of TV-L1 flow: one program solves one pair from coarse to fine."""

# Triton's language is not Python's: arguments have no types, tuples grow in loops
# mypy: ignore-errors

from __future__ import annotations

import triton
import triton.language as tl

from slipdetect.flow.gpu.tiles import (
    dual_tile,
    enlarge_tile,
    linearise_tile,
    median_tile,
    primal_tile,
)


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
