"""Image networks by name, from several libraries and from plugins, all used in one way.

In: a name. Out: its facts, or the network without classifier for any number of input channels.
"""

from __future__ import annotations

from slipdetect.backbones.create import create_backbone
from slipdetect.backbones.registry import backbone_info, backbone_options, get_spec, list_backbones
from slipdetect.backbones.spec import Backbone, BackboneInfo, BackboneSpec

__all__ = [
    "Backbone",
    "BackboneInfo",
    "BackboneSpec",
    "backbone_info",
    "backbone_options",
    "create_backbone",
    "get_spec",
    "list_backbones",
]
