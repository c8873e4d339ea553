"""The options of commands that look at many videos: how many at a time, and where.

In: nothing. Out: dataclasses of settings that those of the commands extend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.typed_options import headed

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.models import ModelConfig

MANY = "Many videos"  # their heading
# of a package's configuration what says how it came about, or is chosen for each run
_NO_RECIPE = {"name", "events", "sensitivity", "training", "versions", "format_version"}


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """Where videos are looked at."""

    jobs: int | None = headed(
        MANY,
        "Videos at a time, a process each.  [default: 1; CPUs with --on]",
        "N",
        type=click.IntRange(min=1),
    )
    on: str | None = headed(
        MANY,
        "ray, or ray://HOST:PORT of a Ray cluster.  [default: this machine]",
        "WHERE",
        more=True,
    )


@dataclass(frozen=True, kw_only=True)
class ResumableSettings(WorkerSettings):
    """And what of them is done already."""

    resume: str | None = headed(
        MANY, "Note in FILE what is done; go on from what it has.", "FILE", type=FILE_NAME
    )


def package_facts(config: ModelConfig) -> dict[str, Any]:
    """Return all of a model package that scores depend on, as plain data, for ``--resume``."""
    return {
        "model": config.name,
        **{name: value for name, value in config.to_json().items() if name not in _NO_RECIPE},
    }


def result_facts(detector: Detector) -> dict[str, Any]:
    """Return what results depend on; see ``package_facts``."""
    return {
        **package_facts(vars(detector.scorer)["config"]),  # those of all commands have one
        "weights": dict(detector.scorer.weights),
        "events": detector.event_config.to_json(),
        "zones": detector.zones.to_json(),
        "view": detector.view,
    }
