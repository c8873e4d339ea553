"""The laboratory around the engine: training, measuring and data; the engine does not import it."""

from __future__ import annotations

from slipdetect._lazy import require as require
