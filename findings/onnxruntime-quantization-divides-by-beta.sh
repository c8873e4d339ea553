#!/usr/bin/env bash
# onnxruntime 1.32.0: a Gemm adds beta times its bias. quantize_static makes of it one that adds the bias divided by beta, and
# says nothing: beta goes into the scale that the bias is divided by, is set to 1 in the node, and the scale that the bias is
# multiplied by again is without it. With another beta than 1 and 0 the model that comes out is another one, however good its
# calibration.
# Seen with beta 3 and a bias of 2: 6.00 by the model, 0.67 by the quantized one; with beta 1 and a bias of 6 both say 6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 sympy==1.14.0
cd "$folder"
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, quantize_static

assert version("onnxruntime") == "1.32.0"
inputs = np.random.default_rng(0).normal(size=(64, 5)).astype(np.float32)
inputs[0] = 0  # of which only the bias is left


class Inputs(CalibrationDataReader):
    """Gives all inputs once."""

    def __init__(self):
        self.left = [{"x": inputs}]

    def get_next(self):
        return self.left.pop() if self.left else None


def of_zeros(name: str) -> float:
    """Return what a model makes of zeros."""
    session = onnxruntime.InferenceSession(name, providers=["CPUExecutionProvider"])
    return float(session.run(None, {"x": inputs})[0][0].mean())


weight = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
found = {}
for beta, bias in ((3.0, 2.0), (1.0, 6.0)):
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="last", beta=beta)
    graph = helper.make_graph(
        [node],
        "head",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [64, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [64, 4])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(np.full(4, bias, np.float32), "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    onnx.save(model, "plain.onnx")
    quantize_static("plain.onnx", "small.onnx", Inputs())
    found[beta] = of_zeros("plain.onnx"), of_zeros("small.onnx")
    print(f"beta {beta}, bias {bias}: {found[beta][0]:.2f} by the model, {found[beta][1]:.2f} quantized")
assert abs(found[3.0][0] - 6) < 0.01 and all(abs(value - 6) < 0.2 for value in found[1.0])
assert abs(found[3.0][1] - 2 / 3) < 0.2, "beta is kept"
PY
