"""What a stream is planned to be before anything is trained.

In: a ``TrainConfig``. Out: the stream that a package will describe.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch

from slipdetect import backbones
from slipdetect.lab.train import TrainConfig
from slipdetect.lab.train.plan import StreamPlan
from slipdetect.modalities.snippet import SnippetGrid, get_modality
from slipdetect.models import save_package
from stub_models import create_stub, stub_config, stub_stream, stub_tsn


def test_a_start_brings_the_size_of_its_input(tiny_package: Path) -> None:
    """Weights that know pictures of 32 px would have to learn anew at the backbone's 224."""
    grid = SnippetGrid.make([get_modality("rgb")], 2, 10.0)

    def side(**changes: object) -> int:
        config = TrainConfig(backbone="resnet18", **changes)  # type: ignore[arg-type]
        plan = StreamPlan(get_modality("rgb"), config, grid, None, [], [])
        return plan.stream(plan.network()).input_size

    assert side(init_from=str(tiny_package)) == 32
    assert side(init_from=str(tiny_package), input_size=48) == 48
    assert side() == 224
    known = TrainConfig(backbone="resnet18", init_from=str(tiny_package))
    facts = StreamPlan(get_modality("rgb"), known, grid, None, [], []).facts()
    assert facts["input_size"] == 32


@pytest.mark.parametrize("then", ["avg", "rnn", "cnn"])
@pytest.mark.parametrize("now", ["avg", "rnn", "cnn"])
def test_a_consensus_begins_where_the_start_ended_if_it_was_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    then: str,
    now: str,
) -> None:
    monkeypatch.setattr(backbones, "create_backbone", create_stub)
    monkeypatch.setattr(logging.getLogger("slipdetect"), "propagate", True)
    before = stub_tsn("rgb", consensus=then)
    for weight in before.consensus.parameters():
        torch.nn.init.normal_(weight)
    config = stub_config("rgb", streams=(stub_stream("rgb", consensus=then),))
    save_package(tmp_path / "model", config, {"rgb": before.state_dict()}, torch.float32)
    settings = TrainConfig(backbone="stub", init_from=str(tmp_path / "model"), consensus=now)
    grid = SnippetGrid.make([get_modality("rgb")], 2, 10.0)
    plan = StreamPlan(get_modality("rgb"), settings, grid, None, [], [])
    network = plan.network()
    assert torch.equal(network.classifier.weight, before.classifier.weight)
    snippets = torch.randn(2, 3, 2)
    expected = before.consensus(snippets) if then == now else snippets.mean(1)
    assert torch.equal(network.consensus(snippets), expected)
    plan.warn_of_start()
    told = f"learned with consensus {then}, this run has {now}" in caplog.text
    assert told == (then != now)
