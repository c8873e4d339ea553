"""The network that one stream of a package describes, before it has any weights.

In: a ``StreamConfig`` and a number of classes. Out: a ``TSN``.
"""

from __future__ import annotations

from slipdetect.models.consensus import Consensus
from slipdetect.models.stream_config import StreamConfig
from slipdetect.models.tsn import TSN


def build_network(stream: StreamConfig, classes: int) -> TSN:
    """Build the network of ``stream`` with random weights, no layer of it frozen.

    Whoever needs the names and shapes of a stream's weights asks here, so that everything in
    ``stream`` that changes the network changes it for all.

    Args:
        stream: What the package says.
        classes: Size of the output.

    Raises:
        BackboneUnavailable: The backbone cannot be built here.
    """
    return TSN(
        stream.backbone,
        modality=stream.snippet,
        num_classes=classes,
        num_segments=stream.num_segments,
        consensus=Consensus(stream.consensus, stream.consensus_k, stream.num_segments, classes),
        dropout=stream.dropout,
        partial_bn=False,
        backbone_options=stream.backbone_options,
    )
