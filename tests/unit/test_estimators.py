"""Which pose estimators there are, and what is said of those that do not work.

In: entry points made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from slipdetect.errors import ModelError
from slipdetect.people import estimators
from slipdetect.people.estimators import GROUP, list_pose_estimators, make_pose_estimator
from slipdetect.people.movenet import MoveNet

Named = SimpleNamespace(name="named")


def broken() -> None:
    raise OSError("its library is missing")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three packages, one of which wants the name of the bundled estimator."""
    here = __name__
    points = [
        EntryPoint("mine", f"{here}:SimpleNamespace", GROUP),
        EntryPoint("broken", f"{here}:broken", GROUP),
        EntryPoint("gone", "no_such_package.anywhere:Net", GROUP),
        EntryPoint("movenet", f"{here}:broken", GROUP),
    ]
    monkeypatch.setattr(estimators, "entry_points", lambda group: points)


def test_the_bundled_one_is_there_whatever_is_installed(installed: None) -> None:
    assert list_pose_estimators() == ["broken", "gone", "mine", "movenet"]
    assert isinstance(make_pose_estimator(), MoveNet)
    assert isinstance(make_pose_estimator("mine"), SimpleNamespace)


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
