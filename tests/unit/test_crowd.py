"""Who was seen, and who of them is the surest to fall: whoever was never up is less sure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slipdetect.people.crowd import LEAD, Crowd, Judged, surest
from slipdetect.types.person import Person

RATE = 5.0
LENGTH = 13


class Network:
    """Gives the persons of a window these log-odds, in the order of their tracks."""

    def __init__(self, *odds: float) -> None:
        self.odds = odds

    def log_odds(self, features: Any) -> Any:
        assert features.shape[1:] == (105, LENGTH)
        return np.array(self.odds[: len(features)], np.float32)


def someone(left: float, lies: bool = False) -> Person:
    """A person of 10 x 30 px who stands, or of 30 x 10 px who lies."""
    width, height = (30, 10) if lies else (10, 30)
    along = np.linspace(0.1, 0.9, 17)
    points = np.zeros((17, 3), np.float32)
    points[:, 0] = left + width * (along if lies else 0.5)
    points[:, 1] = 100 - height * (0.5 if lies else 1 - along)
    points[:, 2] = 0.8
    box = np.array((left, 100 - height, left + width, 100), np.float32)
    return Person(points, box, 0.7)


def crowd(*people: Any, pictures: int = 20) -> Crowd:
    """Return a crowd that saw what each of ``people`` gives for every picture."""
    made = Crowd(RATE)
    for number in range(pictures):
        found = [person for each in people if (person := each(number)) is not None]
        made.push(number, found)
    return made


def window(seen: Crowd, first: int, network: Any) -> list[Judged]:
    return seen.judged(first, LENGTH, network)


def test_the_surest_person_speaks_for_a_window() -> None:
    seen = crowd(lambda n: someone(20), lambda n: someone(200))
    assert surest(window(seen, 0, Network(0.5, 1.5)), 0.0) == (1.5, 2)
    assert surest(window(seen, 60, Network(0.5, 1.5)), 0.0) == (None, None)


@pytest.mark.parametrize("never_up", [0.0, 1.0, 2.0, np.inf])
def test_whoever_lies_all_the_while_is_less_sure(never_up: float) -> None:
    seen = crowd(lambda n: someone(20), lambda n: someone(200, lies=True))
    odds = {1: 0.5, 2: 1.75 - never_up}
    best = max(odds, key=lambda track: odds[track])
    found = surest(window(seen, 3, Network(0.5, 1.75)), never_up)
    assert found == (odds[best], best)


@pytest.mark.parametrize("first", range(1, 16))
def test_who_was_up_shortly_before_the_window_was_up(first: int) -> None:
    # up in pictures 0 to 4; so fast a fall breaks the track, which another one goes on with
    seen = crowd(lambda n: someone(20, lies=n > 4), pictures=40)
    last_up = max(n for n, people in seen.pictures.items() if people[0].state == "up")
    assert (last_up, seen.begun) == (4, 2)
    odds, _ = surest(window(seen, first, Network(1.0, 1.0)), 2.0)
    assert odds == (1.0 if last_up >= first - round(LEAD * RATE) else -1.0)


def test_who_appears_elsewhere_is_somebody_else() -> None:
    seen = crowd(lambda n: someone(20 if n < 5 else 200, lies=n > 4), pictures=40)
    odds, _ = surest(window(seen, 4, Network(1.0)), 2.0)
    assert odds == -1.0


def test_the_forgotten_is_gone_and_numbers_go_on() -> None:
    seen = crowd(lambda n: someone(20) if n < 5 else None, lambda n: someone(200))
    seen.forget(15)
    assert min(seen.pictures) == 15
    assert surest(window(seen, 5, Network(0.25)), 0.0) == (0.25, 2)
    seen.push(20, [someone(20), someone(200)])
    assert [each.track for each in seen.pictures[20]] in ([2, 3], [3, 2])
    assert seen.begun == 3
