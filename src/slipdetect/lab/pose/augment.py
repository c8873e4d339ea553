"""Changes to windows of skeletons that leave a fall a fall.

In: windows of tracks and a random generator. Out: windows as other people, cameras and pose
estimators would give them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.people.tracks import BOX, INSIDE, POINTS, SCORE, SEEN
from slipdetect.types.person import KEYPOINTS

Floats = npt.NDArray[np.floating]

MARGIN = 2  # pictures before and behind a window, from which other speeds are taken
MIRRORED = [0, *(place + 1 if place % 2 else place - 1 for place in range(1, len(KEYPOINTS)))]

# of a window with hidden limbs: share of keypoints, factor of their scores, spread in body sizes
_HIDDEN_POINTS, _HIDDEN_SCORE, _HIDDEN_PLACE = 0.2, 0.2, 0.1
_MISSED_PICTURES = (0.05, 0.3)  # shares of the pictures of a window in which some are missed
_CUT_PICTURES = 0.4  # share of a window that is cut off at most


def at_speed(wide: Floats, speed: Floats, shift: Floats) -> Floats:
    """Return windows ``(n, length - 2 MARGIN, 58)`` of wider ones at other speeds.

    Args:
        wide: ``(n, length, 58)``.
        speed: ``(n,)``, 1 leaves it.
        shift: ``(n,)``, pictures.
    """
    length = wide.shape[1] - 2 * MARGIN
    middle = (wide.shape[1] - 1) / 2
    places = middle + (np.arange(length) - (length - 1) / 2) * speed[:, None] + shift[:, None]
    places = np.clip(places, 0, wide.shape[1] - 1)
    low = np.floor(places).astype(int)
    share = (places - low)[..., None].astype(np.float32)
    rows = np.arange(len(wide))[:, None]
    before, after = wide[rows, low], wide[rows, np.minimum(low + 1, wide.shape[1] - 1)]
    window: Floats = before + share * (after - before)
    window[..., SCORE:] = np.where(share > 0.5, after, before)[..., SCORE:]  # nobody is half seen
    return window


def augmented(wide: Floats, random: np.random.Generator, settings: PoseSettings) -> Floats:
    """Return one random change of each of the windows ``wide``, see ``at_speed``.

    Args:
        wide: ``(n, length, 58)``.
        random: Draws the changes.
        settings: How strong they are.
    """
    count = len(wide)
    speed = settings.speed ** random.uniform(-1, 1, count)
    windows = at_speed(wide, speed, random.uniform(-1, 1, count) / 2)
    windows = _seen_otherwise(windows, random, settings)
    windows = _from_elsewhere(windows, random, settings)
    return _cut_off(_missed(windows, random, settings.missed), random, settings.cut)


def _from_elsewhere(windows: Floats, random: np.random.Generator, settings: PoseSettings) -> Floats:
    """Mirror, stretch and turn the picture."""
    count = len(windows)
    points, middle, sides = _parts(windows)
    about = middle.mean(1, keepdims=True)
    mirrored = random.random(count) < 0.5
    points[mirrored] = points[mirrored][:, :, MIRRORED]
    scale = np.exp(random.normal(0, settings.scale, (count, 2)))
    scale[:, 0] *= np.where(mirrored, -1, 1)
    turn = random.normal(0, np.deg2rad(settings.roll), count)
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.array([[cosine, -sine], [sine, cosine]]).transpose(2, 0, 1) * scale[:, None]
    away = points[..., :2] - about[:, :, None]
    points[..., :2] = np.einsum("nij,ntkj->ntki", matrix, away) + about[:, :, None]
    middle = np.einsum("nij,ntj->nti", matrix, middle - about) + about
    # a turned box would hold its person loosely: people fill about 0.7 of their box's other side
    spread = np.abs(matrix) * np.where(np.eye(2, dtype=bool), 1, 0.7)
    sides = np.einsum("nij,ntj->nti", spread, sides)
    return _assembled(windows, points, middle, sides)


def _seen_otherwise(windows: Floats, random: np.random.Generator, settings: PoseSettings) -> Floats:
    """Move keypoints and boxes, hide some limbs for a while, and change all scores."""
    count, length = windows.shape[:2]
    points, middle, sides = _parts(windows)
    body = sides.max(-1)[..., None]
    strength = random.uniform(0, settings.jitter, (2, count, 1, 1))
    points[..., :2] += random.normal(size=points[..., :2].shape) * (strength[0] * body)[..., None]
    middle = middle + random.normal(size=middle.shape) * strength[1] * body
    sides = sides * np.exp(2 * strength[1] * random.normal(size=sides.shape))
    points[..., 2] *= np.exp(random.normal(0, settings.point_scores, (count, 1, 1)))
    hidden = random.random((count, 1, len(KEYPOINTS))) < _HIDDEN_POINTS
    hidden &= random.random((count, 1, 1)) < settings.hidden
    hidden = hidden & _stretch(random, count, length, 2)[..., None]
    points[..., 2] *= np.where(hidden, _HIDDEN_SCORE, 1)
    lost = random.normal(0, _HIDDEN_PLACE, points[..., :2].shape) * body[..., None]
    points[..., :2] += np.where(hidden[..., None], lost, 0)
    changed = _assembled(windows, points, middle, sides)
    changed[..., SCORE] *= np.exp(random.normal(0, settings.person_scores, (count, 1)))
    return changed


def _missed(windows: Floats, random: np.random.Generator, often: float) -> Floats:
    """Miss the person in some pictures, where the picture before is held."""
    count, length = windows.shape[:2]
    share = random.uniform(*_MISSED_PICTURES, (count, 1)) * (random.random((count, 1)) < often)
    missed = random.random((count, length)) < share
    missed[:, 0] = False
    held = np.maximum.accumulate(np.where(missed, 0, np.arange(length)), axis=1)
    changed = windows.copy()
    changed[..., : BOX.stop] = windows[np.arange(count)[:, None], held][..., : BOX.stop]
    changed[..., SCORE : SEEN + 1] *= ~missed[..., None]
    return changed


def _cut_off(windows: Floats, random: np.random.Generator, often: float) -> Floats:
    """Let the person appear later or vanish earlier."""
    count, length = windows.shape[:2]
    is_cut = random.random((count, 1)) < often
    lost = random.uniform(0, _CUT_PICTURES * length, (count, 1)) * is_cut
    places = np.where(random.random((count, 1)) < 0.5, np.arange(length), np.arange(length)[::-1])
    windows[..., SCORE : INSIDE + 1] *= (places >= lost)[..., None]
    return windows


def _stretch(random: np.random.Generator, count: int, length: int, least: int) -> np.ndarray:
    """Return a random stretch of each window's pictures, ``(count, length)`` bool."""
    start = random.uniform(0, length, (count, 1))
    end = start + least + random.uniform(0, length, (count, 1))
    return (np.arange(length) >= start) & (np.arange(length) < end)


def _parts(windows: Floats) -> tuple[Floats, Floats, Floats]:
    """Return copies of keypoints ``(n, T, 17, 3)``, middles and sides of boxes ``(n, T, 2)``."""
    points = windows[..., :POINTS].reshape(*windows.shape[:2], len(KEYPOINTS), 3).copy()
    box = windows[..., BOX]
    return points, (box[..., :2] + box[..., 2:]) / 2, box[..., 2:] - box[..., :2]


def _assembled(windows: Floats, points: Floats, middle: Floats, sides: Floats) -> Floats:
    flat = points.reshape(*points.shape[:2], POINTS)
    columns = (flat, middle - sides / 2, middle + sides / 2, windows[..., SCORE:])
    return np.concatenate(columns, -1).astype(np.float32)
