"""Checkpoints of older programs (tsn-pytorch, two-stream networks), read as data and written.

In: ``.pth.tar`` files, read as data only. Out: a model package, and files for the older programs.
"""

from __future__ import annotations

from slipdetect.lab.checkpoints.assumed import PRESETS, Wishes
from slipdetect.lab.checkpoints.exporting import export_stream
from slipdetect.lab.checkpoints.importing import Imported, import_checkpoints
from slipdetect.lab.checkpoints.stream import OldStream

__all__ = ["PRESETS", "Imported", "OldStream", "Wishes", "export_stream", "import_checkpoints"]
