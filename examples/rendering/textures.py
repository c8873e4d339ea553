"""Procedural surfaces: wood, tiles, plaster, fabric, curtains, books, pictures.

In: places and normals on a surface, meters. Out: linear RGB per place.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

_SIZE = 512


@cache
def _noise(seed: int) -> np.ndarray:
    """Tileable noise ``(512, 512)`` float32 of several scales, mean 0, deviation 1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((_SIZE, _SIZE), np.float32)
    for cells, share in ((8, 1.0), (32, 0.6), (128, 0.45), (512, 0.3)):
        grid = np.pad(rng.standard_normal((cells, cells)).astype(np.float32), 2, mode="wrap")
        scale = _SIZE // cells
        fine = cv2.resize(grid, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        total += share * fine[2 * scale : 2 * scale + _SIZE, 2 * scale : 2 * scale + _SIZE]
    return (total - total.mean()) / total.std()


def _sample(u: np.ndarray, v: np.ndarray, per_meter: float, seed: int) -> np.ndarray:
    field = _noise(seed % 7)
    rows = len(u) // 4096 + 1  # OpenCV's remap takes no more than 32767 columns
    x, y = (np.resize((w * per_meter + seed % 97) % _SIZE, (rows, 4096)) for w in (u, v))
    found = cv2.remap(
        field, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )  # fmt: skip
    return found.ravel()[: len(u)]


def _random(cells: np.ndarray, seed: int) -> np.ndarray:
    """A number from 0 to 1 for each integer cell."""
    return np.random.default_rng(seed).random(1024)[np.asarray(cells).astype(int) % 1024]


def _line(u: np.ndarray, period: float, width: float) -> np.ndarray:
    """1 on grid lines, soft over ``width`` meters, 0 between."""
    off = np.abs((u / period + 0.5) % 1 - 0.5) * period
    return np.clip(1.5 - off / width, 0, 1)


def paint(
    material: str, color: tuple[float, ...], place: np.ndarray, normal: np.ndarray, seed: int
) -> np.ndarray:
    """Color ``(n, 3)`` of points ``place`` ``(3, n)`` with ``normal`` ``(3, n)``."""
    base = np.array(color, np.float32)
    face = np.argmax(np.abs(normal), 0)
    u = np.where(face == 0, place[1], place[0])
    v = np.where(face == 2, place[1], place[2])
    maker = {
        "wood": _wood, "tiles": _tiles, "grain": _grain, "fabric": _fabric, "curtain": _curtain,
        "books": _books, "picture": _canvas, "rug": _rug, "sky": _sky,
    }.get(material, _plaster)  # fmt: skip
    return np.clip(maker(base, u, v, seed), 0.004, 1.0).astype(np.float32)


def _plaster(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    tone = 1 + 0.02 * _sample(u, v, 60, seed) + 0.015 * _sample(u, v, 9, seed + 1)
    return base * tone[:, None]


def _wood(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    row = np.floor(v / 0.14)
    shifted = u + 1.3 * _random(row, seed)
    plank = row * 37 + np.floor(shifted / 1.25)
    tone = 0.75 + 0.5 * _random(plank, seed + 1)
    grain = _sample(shifted + 3 * _random(plank, seed + 2), v * 14, 30, seed)
    seam = np.maximum(_line(v, 0.14, 0.004), _line(shifted, 1.25, 0.004))
    return base * (tone * (1 + 0.11 * grain) * (1 - 0.5 * seam))[:, None]


def _tiles(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    tile = np.floor(u / 0.4) * 31 + np.floor(v / 0.4)
    tone = 0.9 + 0.2 * _random(tile, seed) + 0.05 * _sample(u, v, 120, seed)
    seam = np.maximum(_line(u, 0.4, 0.006), _line(v, 0.4, 0.006))
    return base * (tone * (1 - 0.45 * seam))[:, None]


def _grain(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    return base * (1 + 0.13 * _sample(u * 12, v, 35, seed))[:, None]


def _fabric(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    return base * (1 + 0.1 * _sample(u, v, 400, seed) + 0.07 * _sample(u, v, 40, seed))[:, None]


def _curtain(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    folds = np.sin(u * 75 + 0.6 * np.sin(v * 2) + seed) + 0.4 * np.sin(u * 31 + seed)
    return base * (0.8 + 0.22 * folds + 0.03 * _sample(u, v, 300, seed))[:, None]


def _books(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    book = np.floor(u / 0.035)
    tint = np.stack([_random(book, seed + k) for k in range(3)], 1) ** 1.5
    return (
        0.05
        + 0.4
        * (0.35 * tint + 0.65 * tint.mean(1, keepdims=True))
        * (0.4 + _random(book, seed + 5))[:, None]
    ) * (1 - 0.6 * _line(u, 0.035, 0.003))[:, None]


def _canvas(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    tint = np.stack([_sample(u, v, 45, seed + 13 * k) for k in range(3)], 1)
    return base * (0.8 + 0.3 * tint)


def _rug(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    bands = np.sin(u * 21) * np.sin(v * 21) > 0.2
    return base * (0.7 + 0.5 * bands + 0.12 * _sample(u, v, 400, seed))[:, None]


def _sky(base: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int) -> np.ndarray:
    return base * (0.85 + 0.06 * _sample(u, v, 30, seed))[:, None]
