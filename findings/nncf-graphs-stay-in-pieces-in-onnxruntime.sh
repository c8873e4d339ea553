#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q nncf==3.4.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$folder"
venv/bin/python - <<'PY'
from collections import Counter
from importlib.metadata import version

import nncf
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

assert version("nncf") == "3.4.0" and version("onnxruntime") == "1.32.0"
rng = np.random.default_rng(0)


def weight(name, *shape):
    return numpy_helper.from_array(rng.normal(0, 0.2, shape).astype(np.float32), name)


nodes = [
    helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
    helper.make_node("Relu", ["c0"], ["r0"]),
    helper.make_node("Conv", ["r0", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
    helper.make_node("Relu", ["c1"], ["y"]),
]
shape = ["n", 3, 32, 32]
graph = helper.make_graph(
    nodes,
    "two layers",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 16, 32, 32])],
    [weight("w0", 16, 3, 3, 3), weight("b0", 16), weight("w1", 16, 16, 3, 3), weight("b1", 16)],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
onnx.checker.check_model(model)
onnx.save(model, "float.onnx")
inputs = [rng.normal(size=(1, 3, 32, 32)).astype(np.float32) for _ in range(20)]


class Reader(CalibrationDataReader):
    def __init__(self):
        self.left = [{"x": each} for each in inputs]

    def get_next(self):
        return self.left.pop() if self.left else None


quantize_static("float.onnx", "own.onnx", Reader(), quant_format=QuantFormat.QDQ, per_channel=True)
made = nncf.quantize(model, nncf.Dataset(inputs, lambda each: {"x": each}))
onnx.save(made, "nncf.onnx")


def optimized(name):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = f"optimized-{name}"
    options.log_severity_level = 3
    onnxruntime.InferenceSession(name, options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(f"optimized-{name}").graph.node)


for name in ("own.onnx", "nncf.onnx"):
    print(name, dict(optimized(name)))
PY
