"""Checkpoints of older programs: temporal segment networks of tsn-pytorch and two-stream networks.

In: ``.pth.tar`` files, read as data only. Out: a model package, and files for the older programs.
"""

from __future__ import annotations

from slipdetect.models.legacy.assumed import SEED_LABELS, Wishes
from slipdetect.models.legacy.exporting import Exported, export_stream
from slipdetect.models.legacy.importing import Imported, import_checkpoints
from slipdetect.models.legacy.presets import PRESETS, Reading
from slipdetect.models.legacy.stream import OldStream

__all__ = [
    "PRESETS",
    "SEED_LABELS",
    "Exported",
    "Imported",
    "OldStream",
    "Reading",
    "Wishes",
    "export_stream",
    "import_checkpoints",
]
