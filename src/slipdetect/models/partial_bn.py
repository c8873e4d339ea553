"""Which batch-norm layers of a network stay frozen during fine-tuning, and undoing it.

In: a network and how much to freeze. Out: its batch-norm layers in eval mode, without gradients.
"""

from __future__ import annotations

from typing import Literal

from torch import nn

from slipdetect.errors import UsageError

FreezeBN = bool | Literal["all"]


class BatchNormFreezer:
    """Freeze batch normalization after the first layer, as TSN does against over-fitting.

    Statistics, scale and shift are all frozen (the reference implementation does so too, although
    its paper speaks of mean and variance only). What it froze, and nothing else, it unfreezes.
    """

    def __init__(self, network: nn.Module) -> None:
        self._mode: FreezeBN = False
        # names, not tensors: load_state_dict(assign=True) replaces the tensors
        self._frozen: set[str] = set()
        self._layers = [name for name, module in network.named_modules() if is_batch_norm(module)]

    @property
    def mode(self) -> FreezeBN:
        """True: all but the first layer are frozen; "all": the first one too; False: none."""
        return self._mode

    def freeze(self, network: nn.Module, mode: FreezeBN) -> None:
        """Freeze as ``mode`` says, undoing an earlier choice first.

        Raises:
            UsageError: ``mode`` is neither True, False nor "all".
        """
        if not isinstance(mode, bool) and mode != "all":
            raise UsageError(f"partial_bn is True, False or 'all', not {mode!r}")
        for name in self._frozen:
            network.get_parameter(name).requires_grad_(True)
        self._frozen.clear()
        for name in self._frozen_layers():
            layer = network.get_submodule(name)
            layer.train(network.training)
        self._mode = mode
        for name in self._frozen_layers():
            for key, parameter in network.get_submodule(name).named_parameters(recurse=False):
                if parameter.requires_grad:
                    parameter.requires_grad_(False)
                    self._frozen.add(f"{name}.{key}" if name else key)
        self.apply(network)

    def apply(self, network: nn.Module) -> None:
        """Put the frozen layers into eval mode again, after ``network.train()`` woke them."""
        for name in self._frozen_layers():
            network.get_submodule(name).eval()

    def _frozen_layers(self) -> list[str]:
        if self._mode is False:
            return []
        return self._layers if self._mode == "all" else self._layers[1:]


def is_batch_norm(module: nn.Module) -> bool:
    """Tell whether ``module`` is 2-D batch norm, any subclass or its multi-GPU form."""
    return isinstance(module, (nn.BatchNorm2d, nn.SyncBatchNorm))
