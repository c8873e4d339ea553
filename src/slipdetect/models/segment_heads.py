"""Small networks that read the scores of a clip's segments in order."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import linear

_WIDTH = 16  # of the hidden state, and of the convolution


class RecurrentHead(nn.Module):
    """A gated recurrent unit over the segments, read after the last one (Cho et al., EMNLP 2014)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.gru = nn.GRU(num_classes, _WIDTH, batch_first=True)
        self.out = nn.Linear(_WIDTH, num_classes, bias=False)
        _begin(self.gru, self.out)

    def forward(self, scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """Read the first ``counts`` segments of each clip.

        Args:
            scores: ``(batch, segments, classes)`` of the type of the weights.
            counts: ``(batch,)`` int64, from 1 to segments.

        Returns:
            ``(batch, classes)``; zeros before any training.
        """
        states, _ = self.gru(scores)
        last = states[torch.arange(len(states), device=states.device), counts - 1]
        combined: torch.Tensor = self.out(last)
        return combined


class ConvolutionHead(nn.Module):
    """A convolution over each three segments in a row, rectified and averaged over the segments.

    Beyond either end the segment there is repeated, so that scores which do not change give the
    same answer for any number of segments.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(num_classes, _WIDTH, kernel_size=3)
        self.out = nn.Linear(_WIDTH, num_classes, bias=False)
        _begin(self.conv, self.out)

    def forward(self, scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """See ``RecurrentHead``; what follows the first ``counts`` repeats the last of them."""
        padded = torch.cat([scores[:, :1], scores, scores[:, -1:]], dim=1)
        # as a product, because torch divides so small a convolution over threads that wait
        threes = padded.unfold(1, 3, 1).flatten(2)
        features = linear(threes, self.conv.weight.flatten(1), self.conv.bias).relu()
        counted = torch.arange(scores.shape[1], device=scores.device) < counts[:, None]
        pooled = (features * counted[:, :, None]).sum(dim=1) / counts[:, None]
        combined: torch.Tensor = self.out(pooled)
        return combined


def in_front(scores: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores as if the masked segments had never been there.

    Args:
        scores: ``(batch, segments, classes)``.
        mask: ``(batch, segments)`` bool, True where a segment counts, somewhere in each clip;
            None: all count.

    Returns:
        ``(batch, segments, classes)`` with those that count first, in order, and then the last of
        them repeated; how many count, ``(batch,)`` int64.
    """
    batch, segments, classes = scores.shape
    if mask is None:
        return scores, torch.full((batch,), segments, device=scores.device)
    counts = mask.sum(dim=1)
    order = (~mask).int().argsort(dim=1, stable=True)
    places = torch.arange(segments, device=scores.device).expand(batch, -1)
    order = order.gather(1, torch.minimum(places, counts[:, None] - 1))
    return scores.gather(1, order[:, :, None].expand(-1, -1, classes)), counts


def _begin(body: nn.Module, out: nn.Linear) -> None:
    """Set the weights to begin with, the same in every run, and the last layer to zero.

    Networks that learned from different hidden layers could not be averaged.
    """
    generator = torch.Generator().manual_seed(0)
    bound = _WIDTH**-0.5  # as torch begins recurrent layers
    with torch.no_grad():
        for weight in body.parameters():
            drawn = torch.rand(weight.shape, generator=generator, device="cpu")
            weight.copy_((2 * drawn - 1) * bound)
    nn.init.zeros_(out.weight)
