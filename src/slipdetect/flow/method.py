"""What every flow method offers to ``FlowExtractor``.

In: two grey pictures. Out: the flow from the first to the second.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray


class FlowMethod(Protocol):
    """A flow algorithm with its parameters fixed.

    A flow depends on the pair, the parameters and ``initial`` only, never on earlier calls.

    Attributes:
        parameters_type: Frozen dataclass of the method's parameters, validated when made.
        devices: Where the method runs, the preferred device first.
        uses_initial_flow: The method starts from the flow of the pair before, where there is one.
        parameters: An instance of ``parameters_type``.
    """

    parameters_type: ClassVar[type[Any]]
    devices: ClassVar[tuple[str, ...]]
    uses_initial_flow: bool
    parameters: Any

    def __init__(self, parameters: Any) -> None: ...

    def calc(
        self,
        prev: NDArray[np.uint8],
        next: NDArray[np.uint8],
        initial: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Compute the flow.

        Args:
            prev: ``(H, W)`` uint8 grey.
            next: ``(H, W)`` uint8 grey, the same size.
            initial: ``(2, H, W)`` float32 px to start from, for methods that can.

        Returns:
            ``(2, H, W)`` float32 px: u to the right, v down.
        """
        ...
