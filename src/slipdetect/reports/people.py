"""People drawn onto pictures: their box and skeleton, in colors of the plots.

In: a picture and a ``Person``. Out: the same picture, drawn on.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.people.hiding import draw_skeleton
from slipdetect.reports.colors import color
from slipdetect.types.person import Person


def draw_person(image: npt.NDArray[np.uint8], person: Person, number: int = 0) -> None:
    """Draw the box and the skeleton of a person with thin lines.

    Args:
        image: ``(H, W, 3)`` RGB; it is changed.
        person: In pixels of the picture.
        number: Of the person, which chooses the color.
    """
    red, green, blue = bytes.fromhex(color(number).removeprefix("#"))
    ink = (red, green, blue)
    left, top, right, bottom = np.rint(person.box).astype(int).tolist()
    thick = max(1, round(min(image.shape[:2]) / 360))
    cv2.rectangle(image, (left, top), (right, bottom), ink, thick)
    draw_skeleton(image, person, ink)
