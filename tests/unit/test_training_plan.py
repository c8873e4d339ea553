"""What a stream is planned to be before anything is trained.

In: a ``TrainConfig``. Out: the stream that a package will describe.
"""

from __future__ import annotations

from pathlib import Path

from slipdetect.modalities.modality import get_modality
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.training import TrainConfig
from slipdetect.training.plan import StreamPlan


def test_a_start_brings_the_size_of_its_input(tiny_package: Path) -> None:
    """Weights that know pictures of 32 px would have to learn anew at the backbone's 224."""
    grid = SnippetGrid.make([get_modality("rgb")], 2, 10.0)

    def side(**changes: object) -> int:
        config = TrainConfig(backbone="resnet18", **changes)  # type: ignore[arg-type]
        plan = StreamPlan(get_modality("rgb"), config, grid, None, [], [])
        return plan.stream(plan.network()).input_size

    assert side(start=str(tiny_package)) == 32
    assert side(start=str(tiny_package), input_size=48) == 48
    assert side() == 224
    known = TrainConfig(backbone="resnet18", start=str(tiny_package))
    facts = StreamPlan(get_modality("rgb"), known, grid, None, [], []).facts()
    assert facts["input_size"] == 32
