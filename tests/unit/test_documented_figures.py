"""Figures in the README and the model card are those that the committed script prints."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    name = "leave_one_dataset_out"
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "src/slipdetect/assets/default/README.md"])
def test_the_table_is_what_the_script_prints(benchmark: ModuleType, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = benchmark.table(benchmark.FOLDS)
    assert "not run" not in "".join(lines)
    for line in lines:
        assert line in text


def test_the_card_lists_false_events_by_action(benchmark: ModuleType) -> None:
    card = (ROOT / "src/slipdetect/assets/default/README.md").read_text(encoding="utf-8")
    for line in benchmark.actions("bundled"):
        assert line in card


def test_each_fold_is_tested_on_what_it_was_not_trained_on(benchmark: ModuleType) -> None:
    for name, fold in benchmark.FOLDS.items():
        tested = {
            item.source for item in benchmark.read_predictions(benchmark.predictions_file(name))
        }
        assert tested == set(fold.test)
        assert not tested & set(fold.train or ())
