"""Pictures of the page of ``watch``: the newest one, that of an event, and nobody in them.

In: pictures made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from page_driver import PICTURE, STATE, site
from people_seen import noise, person_at
from slipdetect.people.privacy import Privacy
from slipdetect.types import Event
from slipdetect.types.person import Person
from slipdetect.video import Frame
from slipdetect.video.live.picture_memory import PictureMemory
from slipdetect.video.orientation import Stored
from slipdetect.web import pictures as pictures_module
from slipdetect.web.pictures import Pictures


def decoded(jpeg: bytes | None) -> np.ndarray:
    assert jpeg is not None
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.fixture
def made() -> Iterator[dict[str, Pictures]]:
    all_of_them: dict[str, Pictures] = {}
    yield all_of_them
    for each in all_of_them.values():
        each.end()


def filled(images: Mapping[float, np.ndarray], change: Privacy | None = None) -> PictureMemory:
    memory = PictureMemory(rate=100.0, change=change)
    height, width, _ = next(iter(images.values())).shape
    take = memory.watch(SimpleNamespace(stored=Stored(width, height)), 0.0)
    for moment, image in images.items():
        take(moment, av.VideoFrame.from_ndarray(image, format="rgb24"))
    return memory


def test_the_newest_picture_is_made_when_it_is_asked_for(made, monkeypatch) -> None:
    asked = []

    def newest(camera: str) -> Frame | None:
        asked.append(camera)
        return None if camera == "dead" else Frame(1.0, PICTURE)

    made["x"] = pictures = Pictures(newest, lambda camera: None, False)
    assert asked == []
    jpeg = pictures.frame("hall").result()
    assert np.abs(decoded(jpeg).astype(int) - PICTURE).max() < 12
    assert pictures.frame("hall").result() == jpeg
    assert pictures.frame("dead").result() is None
    assert asked == ["hall", "dead"]  # who asks again at once makes no work
    monkeypatch.setattr(pictures_module, "_FRESH", 0.0)
    pictures.frame("hall").result()
    assert asked == ["hall", "dead", "hall"]


def test_the_picture_of_an_event_is_that_of_its_peak_with_the_person(made) -> None:
    grays = {k / 10: np.full((384, 512, 3), 10 * k, np.uint8) for k in range(10, 15)}
    memory = filled(grays)
    made["x"] = pictures = Pictures({}.get, lambda camera: memory, False)
    event = Event(0.5, 1.5, 1.22, 0.9, box=(0.25, 0.25, 0.75, 0.75))
    image = decoded(pictures.event("hall", event).result())
    assert image.shape == (256, 341, 3)
    assert abs(int(image[10, 10, 0]) - 120) < 6
    assert image[64, 170, 0] > image[64, 170, 2] + 60  # a side of the box
    assert pictures.event("hall", Event(50.0, 51.0, 50.5, 0.9)).result() is None
    made["y"] = without = Pictures({}.get, lambda camera: None, True)
    assert without.event("hall", event).result() is None
    assert without.frame("hall").result() is None


@dataclass
class Always:
    """Finds one person, wherever it looks."""

    person: Person
    name: str = "always"
    most: int = 6

    def people(self, picture: np.ndarray) -> list[Person]:
        return [self.person]


def test_nobody_is_seen_where_people_are_hidden(made) -> None:
    """The newest picture is never taken as it came."""
    seen = person_at(40, 20, 90, 110)
    memory = filled({k / 10: noise(0) for k in range(8)}, Privacy("blur", Always(seen)))
    newest = {"hall": Frame(0.7, noise(0))}
    made["x"] = pictures = Pictures(newest.get, lambda camera: memory, True)
    made["y"] = plain = Pictures(newest.get, lambda camera: memory, False)
    event = Event(0.1, 0.6, 0.4, 0.9)
    open_picture = decoded(plain.frame("hall").result())
    for jpeg in (pictures.frame("hall").result(), pictures.event("hall", event).result()):
        image = decoded(jpeg)
        inside, outside = (slice(40, 90), slice(50, 80)), (slice(10, 110), slice(120, 155))
        assert image[inside].std() < 0.5 * open_picture[inside].std()
        assert image[outside].std() > 0.8 * open_picture[outside].std()


def test_pictures_are_asked_for_by_camera(tmp_path: Path) -> None:
    with site(lambda: [STATE]) as served:
        status, headers, body = served.ask("/frame.jpg?camera=kitchen")
        assert (status, headers["content-type"]) == (200, "image/jpeg")
        assert decoded(body).shape == (48, 64, 3)
        for wrong in ("", "?camera=", "?camera=../kitchen", "?camera=%00", "?camera=hall"):
            assert served.ask(f"/frame.jpg{wrong}")[0] == 404
        assert served.ask("/event.jpg?id=a")[0] == 404
