"""Every built-in backbone keeps the contract.

In: the names of the registry. Out: one contract class per name.
"""

from __future__ import annotations

from slipdetect.backbones.registry import BUILT_IN
from slipdetect.testing import BackboneContract


def _contract(backbone: str) -> type[BackboneContract]:
    class_name = f"Test_{backbone}"
    facts = {"name": backbone, "skip_unavailable": True, "__module__": __name__}
    return type(class_name, (BackboneContract,), facts)


for _name in BUILT_IN:
    globals()[f"Test_{_name}"] = _contract(_name)
