"""What every test runs under: no settings from outside, no network; clips and a tiny model.

In: SLIPDETECT_TEST_DATA (real clips), SLIPDETECT_SLOW. Out: fixtures.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from side_by_side import choose_workers

# Pictures this small leave several threads waiting for each other, ten times slower on a busy
# machine; set before torch is loaded, here and in every process that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# who runs the tests in the background of a script has Ctrl-C ignored, and what they start too
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# a busy machine is no failure; in CI the same examples run every time
settings.register_profile(
    "slipdetect",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("slipdetect")

_KEPT = ("SLIPDETECT_TEST_DATA", "SLIPDETECT_SLOW")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MANY_MODULES = 50
_modules = 0


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Use every CPU where nobody has said otherwise, before pytest-xdist reads its options."""
    choose_workers(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests marked slow unless they are asked for."""
    if "slow" in config.getoption("-m", "") or os.environ.get("SLIPDETECT_SLOW") == "1":
        return
    skip = pytest.mark.skip(reason="slow: run with -m slow or SLIPDETECT_SLOW=1")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)


def _set_apart() -> int:
    """Let the garbage collector pass over libraries and tests, a million objects that stay."""
    gc.collect()
    gc.freeze()
    return len(sys.modules)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests are collected: a third of that time, for hardly any."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Set apart what collecting the tests has loaded."""
    global _modules
    _modules = _set_apart()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Set apart what a test was the first to load: every training asks for a full collection."""
    global _modules
    if len(sys.modules) > _modules + _MANY_MODULES:
        _modules = _set_apart()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every setting that the person running the tests may have."""
    for name in os.environ:
        if name.startswith("SLIPDETECT_") and name not in _KEPT:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """Undo what a command does to the library's logger, so that tests pass in any order."""
    logger = logging.getLogger("slipdetect")
    handlers, propagate, level = list(logger.handlers), logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = handlers, propagate
    logger.setLevel(level)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to anything but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
            raise RuntimeError(f"a test tried to reach {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_disks() -> Iterator[None]:
    """Leave files to the system when they are written: no test sees a power cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def clips() -> Path:
    """Folder of the real clips, with clips.csv; skips where they are absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SLIPDETECT_TEST_DATA", beside))
    if not (folder / "clips.csv").is_file():
        pytest.skip(f"no clips.csv in {folder}; set SLIPDETECT_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def tiny_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model package with random weights: resnet18 on RGB pictures of 32 px."""
    from tiny_package import write_tiny_package

    return write_tiny_package(tmp_path_factory.mktemp("models") / "tiny")
