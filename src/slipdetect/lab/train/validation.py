"""What a network says of the held-out windows, computed by all processes together.

In: a network and windows. Out: logits and labels, the same in every process.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from slipdetect.lab.train.batches import Share
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.faults import explained
from slipdetect.lab.train.loading import Batch, WindowBatches
from slipdetect.lab.train.windows import ValidationSet
from slipdetect.models import TSN

Score = Callable[[TSN, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def validate(
    network: TSN,
    windows: ValidationSet,
    config: TrainConfig,
    share: Share,
    device: torch.device,
    score: Score,
) -> Batch:
    """Score all windows, each in one process.

    Args:
        network: What to judge; in every process it becomes that of the first.
        windows: What is held out.
        config: Numbers of the run.
        share: Which process this is.
        device: Where the network is.
        score: Returns the logits ``(windows, classes)`` of a batch, and its loss.

    Returns:
        Logits ``(windows, classes)`` and labels ``(windows,)``, on the CPU.

    Raises:
        TrainingError: Memory ran out, or a worker died.
    """
    from accelerate.utils import gather_object

    network.eval()
    if share.count > 1:
        # batch norms that learn have statistics of their own in every process
        for buffer in network.buffers():
            torch.distributed.broadcast(buffer, 0)
    mine = range(share.index, len(windows), share.count)
    size = max(1, config.batch_size // share.count // config.accumulate)
    batches = [list(mine[first : first + size]) for first in range(0, len(mine), size)]
    source = WindowBatches(windows, batches, config.workers, device)
    found: list[tuple[int, list[float], int]] = []
    loader = iter(source)
    with torch.inference_mode():
        for indices in batches:
            with explained(config, source, len(indices), share.count):
                images, labels = next(loader)
                logits, _ = score(network, images, labels)
            found += zip(indices, logits.float().cpu().tolist(), labels.tolist(), strict=True)
    rows = sorted(gather_object(found))
    return torch.tensor([row[1] for row in rows]), torch.tensor([row[2] for row in rows])
