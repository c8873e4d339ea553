"""Where the weights of an exported graph are: in a safetensors file beside it, or in itself.

In: a graph of ONNX. Out: the same, changed in place.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

_NETWORK = "network"  # of ``GraphNetwork``, where its weights are


def share_weights(model: onnx.ModelProto, weights: Path) -> None:
    """Make a graph read its weights from a safetensors file beside it, in the type they have there.

    Files of ONNX may keep tensors anywhere in another file; safetensors holds them plainly.
    """
    import onnx

    types = {"F16": onnx.TensorProto.FLOAT16, "BF16": onnx.TensorProto.BFLOAT16}
    start, entries = _layout(weights)
    casts = []
    for tensor in model.graph.initializer:
        entry = entries.get(tensor.name.removeprefix(f"{_NETWORK}."))
        if entry is None or list(entry["shape"]) != list(tensor.dims):
            continue
        kind = types.get(entry["dtype"])
        if kind is None and entry["dtype"] != "F32":
            continue
        name = tensor.name
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        begin, end = entry["data_offsets"]
        tensor.data_location = onnx.TensorProto.EXTERNAL
        del tensor.external_data[:]
        where = {"location": weights.name, "offset": start + begin, "length": end - begin}
        for key, value in where.items():
            item = tensor.external_data.add()
            item.key, item.value = key, str(value)
        if kind is not None:
            tensor.data_type, tensor.name = kind, f"{name}.stored"
            casts.append(
                onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT)
            )
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del item.metadata_props[:]  # of the exporter: lines of source code, paths of this machine
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    # the types of names that are now made by casts are no longer those of initializers
    known = {cast.output[0] for cast in casts}
    kept = [info for info in model.graph.value_info if info.name not in known]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)


def _layout(weights: Path) -> tuple[int, dict[str, Any]]:
    """Return where the tensors of a safetensors file begin, and what its header says of each."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entries: dict[str, Any] = json.loads(file.read(length))
    return 8 + length, entries


def embed(model: onnx.ModelProto, folder: Path) -> None:
    """Let a graph hold its weights itself, read from the files in ``folder`` that it names."""
    from onnx.external_data_helper import load_external_data_for_model

    load_external_data_for_model(model, str(folder))
