"""Which pose estimators there are, and what is said of those that do not work.

In: entry points made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import ModelError
from slipdetect.people import estimators
from slipdetect.people.estimators import GROUP, make_pose_estimator
from slipdetect.people.movenet import MoveNet
from slipdetect.types.person import Person


def mine() -> SimpleNamespace:
    return SimpleNamespace(name="mine", most=6)


def broken() -> None:
    raise OSError("its library is missing")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three packages, one of which wants the name of the bundled estimator."""
    here = __name__
    points = [
        EntryPoint("mine", f"{here}:mine", GROUP),
        EntryPoint("broken", f"{here}:broken", GROUP),
        EntryPoint("gone", "no_such_package.anywhere:Net", GROUP),
        EntryPoint("movenet", f"{here}:broken", GROUP),
    ]
    monkeypatch.setattr(estimators, "entry_points", lambda group: points)


def test_the_bundled_one_is_there_whatever_is_installed(installed: None) -> None:
    assert isinstance(make_pose_estimator(), MoveNet)
    assert make_pose_estimator("mine").most == 6


def test_an_unknown_name_is_told_which_there_are(installed: None) -> None:
    with pytest.raises(ModelError, match=r"'openpose'; there are broken, gone, mine, movenet$"):
        make_pose_estimator("openpose")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("broken", "its library is missing"), ("gone", "No module named 'no_such_package'")],
)
def test_one_that_does_not_load_says_why(installed: None, name: str, reason: str) -> None:
    with pytest.raises(ModelError, match=f"{name!r} is unavailable: {reason}; mend") as raised:
        make_pose_estimator(name)
    assert raised.value.__cause__ is not None


class _Odd:
    name, most = "odd", 6

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def people(self, picture: object) -> object:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "TypeError"),
        (["nobody"], "something else than people"),
        (RuntimeError("no memory"), "RuntimeError: no memory"),
        ([Person(np.full((17, 3), np.nan, np.float32), np.ones(4, np.float32), 0.5)], "finite"),
        ([Person(np.ones((17, 3), np.float32), np.ones(4, np.float32), -5.0)], "finite"),
    ],
)
def test_the_faults_of_one_of_another_package_carry_its_name(
    monkeypatch: pytest.MonkeyPatch, answer: object, reason: str
) -> None:
    point = EntryPoint("odd", "nowhere:odd", GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: lambda: _Odd(answer))
    monkeypatch.setattr(estimators, "entry_points", lambda group: [point])
    made = make_pose_estimator("odd")
    assert (made.name, made.most) == ("odd", 6)
    with pytest.raises(ModelError, match=rf"(?s)'odd' failed: .*{reason}"):
        made.people(np.zeros((8, 8, 3), np.uint8))


def test_one_of_another_package_is_asked_by_one_thread_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cameras of a process share it, and not every library bears that."""
    asked: list[str] = []

    class Slow:
        name, most = "slow", 1

        def people(self, picture: Any) -> list[Any]:
            asked.append("begun")
            time.sleep(0.01)
            asked.append("done")
            return []

    monkeypatch.setattr(sys.modules[__name__], "slow", Slow, raising=False)
    points = [EntryPoint("slow", f"{__name__}:slow", GROUP)]
    monkeypatch.setattr(estimators, "entry_points", lambda group: points)
    made = make_pose_estimator("slow")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(made.people, [np.zeros((8, 8, 3), np.uint8)] * 4))
    assert asked == ["begun", "done"] * 4
