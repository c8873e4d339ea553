"""The arrays that flow is computed from and comes as; what their axes are, docstrings say.

In: nothing. Out: types.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Flow = NDArray[np.float32]
Levels = NDArray[np.uint8]  # of a quantized flow
