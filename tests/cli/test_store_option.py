"""``--store`` of detect: used by models with flow, and said to be idle with others.

In: a tiny model without flow. Out: a warning, and the same events.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from slipdetect.cli.main import cli
from slipdetect.workers.processes import Processes
from synth import make_video


def test_a_model_without_flow_says_that_the_store_is_idle(
    tiny_package: Path, tmp_path: Path
) -> None:
    video = make_video(tmp_path / "clip.mp4", count=20, rate=10.0).path
    store = tmp_path / "store"
    store.mkdir()
    args = ["detect", str(video), "--model", str(tiny_package), "--format", "json"]
    plain = CliRunner().invoke(cli, args)
    with_store = CliRunner().invoke(cli, [*args, "--store", str(store)])
    assert with_store.exit_code == plain.exit_code == 0
    assert with_store.stdout == plain.stdout
    assert "needs no flow; --store is not used" in with_store.stderr
    assert "--store" not in plain.stderr


@pytest.mark.slow
def test_workers_leave_it_to_the_command_to_warn_of_what_they_load(
    tiny_package: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    videos = [make_video(tmp_path / name, count=10, rate=10.0).path for name in ("a.mp4", "b.mp4")]
    store = tmp_path / "store"
    store.mkdir()
    args = ["detect", *map(str, videos), "--model", str(tiny_package), "--store", str(store)]
    result = CliRunner().invoke(cli, [*args, "--jobs", "2"])
    assert result.exit_code == 0
    assert result.stderr.count("needs no flow; --store is not used") == 1
    assert capfd.readouterr().err == ""  # of the workers


@pytest.mark.slow
def test_other_machines_leave_it_to_the_command_too(
    tiny_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipdetect.cli.detect.open_backend", lambda *_: Processes(1))
    video = make_video(tmp_path / "a.mp4", count=10, rate=10.0).path
    (tmp_path / "store").mkdir()
    args = ["detect", str(video), "--model", str(tiny_package), "--on", "ray", "--store"]
    result = CliRunner().invoke(cli, [*args, str(tmp_path / "store")])
    assert result.exit_code == 0, result.output
    assert result.stderr.count("needs no flow; --store is not used") == 1
    # which folders are there is theirs to say
    result = CliRunner().invoke(cli, [*args, str(tmp_path / "no")])
    assert result.exit_code == 7, result.output
    assert "no worker could start" in result.stderr


def test_a_store_that_does_not_exist_is_an_error(tiny_package: Path, tmp_path: Path) -> None:
    video = make_video(tmp_path / "clip.mp4", count=20, rate=10.0).path
    args = ["detect", str(video), "--model", str(tiny_package), "--store", str(tmp_path / "no")]
    result = CliRunner().invoke(cli, args)
    assert result.exit_code == 3
    assert "no' is not a folder; make the store with slipdetect extract" in result.stderr
