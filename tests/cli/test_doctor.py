"""``doctor`` tells which flow methods run here, and why the others do not.

In: a machine with and without what they need. Out: nothing but assertions.
"""

from __future__ import annotations

import json

import pytest


def checks(run) -> dict[str, dict[str, object]]:
    result = run("doctor", "--quick", "--json")
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


def test_flow_methods_that_cannot_run_are_listed_with_reason_and_advice(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cv2.ocl.haveOpenCL", lambda: False)
    found = checks(run)
    assert found["flow methods"]["ok"] is True
    there = str(found["flow methods"]["found"]).split(", ")
    assert {"tvl1-opencv", "dis", "dis-fast", "farneback"} <= set(there)
    assert "tvl1-umat" not in there
    umat = found["flow tvl1-umat"]
    assert umat["ok"] is None
    assert umat["found"] == "OpenCV finds no OpenCL on this machine"
    assert str(umat["advice"]).startswith("install")
    assert found["opencl device"]["found"] == "none"


def test_flow_without_contrib_is_seen(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cv2.optflow")
    found = checks(run)
    assert found["cv2.optflow"]["ok"] is False
    assert "lacks its contrib modules" in str(found["flow tvl1-opencv"]["found"])
    assert "dis" in str(found["flow methods"]["found"])
