"""What every flow method offers to ``FlowExtractor``.

In: two gray pictures. Out: the flow from the first to the second.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class FlowMethod(Protocol):
    """A flow algorithm with its parameters and its device fixed.

    A flow depends on the pair, the parameters and ``initial`` only, never on earlier calls.
    Making one raises ``UsageError`` with the reason where it cannot run on this machine.

    Attributes:
        parameters_type: Frozen dataclass of the method's parameters, validated when made.
        concurrent: ``calc`` may run in several threads at once.
        uses_initial_flow: The method starts from the flow of the pair before, where there is one.
        parameters: An instance of ``parameters_type``.
    """

    parameters_type: ClassVar[type[Any]]
    concurrent: ClassVar[bool]
    uses_initial_flow: bool
    parameters: Any

    def __init__(self, parameters: Any, device: str) -> None: ...

    def calc(
        self,
        prev: NDArray[np.uint8],
        next: NDArray[np.uint8],
        initial: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Compute the flow.

        Args:
            prev: ``(H, W)`` uint8 gray.
            next: ``(H, W)`` uint8 gray, the same size.
            initial: ``(2, H, W)`` float32 px to start from, for methods that can.

        Returns:
            ``(2, H, W)`` float32 px: u to the right, v down.
        """
        ...


@runtime_checkable
class BatchFlowMethod(FlowMethod, Protocol):
    """A method that is at its best with many pairs at once, as on a GPU.

    Attributes:
        batch: Pairs that one call should get.
    """

    batch: int

    def calc_batch(self, prev: NDArray[np.uint8], next: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the flows of pairs ``(N, H, W)`` uint8; return ``(N, 2, H, W)`` float32 px."""
        ...
