"""How texts in containers that are no UTF-8 are borne, by the PyAV that is here.

In: nothing. Out: keyword arguments for ``av.open``.
"""

from __future__ import annotations

from typing import Any

import av

# PyAV 19 bears them by itself and no longer takes the argument that asks for it
TOLERANT: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)
