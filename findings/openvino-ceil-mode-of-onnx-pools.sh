#!/usr/bin/env bash
# openvino 2026.4.1: an ONNX pool with ceil_mode=1 is computed by a rule of OpenVINO's own. MaxPool keeps a last row and
# column whose windows begin in the padding, which opset 22 says are ignored: the result is larger than ONNX allows and has
# the lowest float there. AveragePool that counts the padding divides a last window that sticks out by its whole size, not
# by what is padding or picture. ONNX's own reference and ONNX Runtime agree with each other (and with PyTorch, whence
# such graphs come).
# Seen: of -1 everywhere 5 x 5 with -3.4e38 and 4 x 4 of -1; of 1 everywhere a corner of 0.111 and of 0.25.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

assert version("openvino") == "2026.4.1"


def results(op: str, picture: np.ndarray, **attributes) -> dict[str, np.ndarray]:
    """Compute one pool by everybody."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "h", "w"])]
    node = helper.make_node(op, ["x"], ["y"], strides=[2, 2], pads=[1] * 4, ceil_mode=1, **attributes)
    graph = helper.make_graph([node], "pool", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    checker.check_model(model)
    data = model.SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(data), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return {
        "reference": ReferenceEvaluator(model).run(None, {"x": picture})[0],
        "onnxruntime": session.run(None, {"x": picture})[0],
        "openvino": np.array(compiled(picture)[0]),
    }


largest = results("MaxPool", -np.ones((1, 1, 7, 7), np.float32), kernel_shape=[2, 2])
mean = results("AveragePool", np.ones((1, 1, 6, 6), np.float32), kernel_shape=[3, 3], count_include_pad=1)
for name in largest:
    corner = [f"{found[0, 0, -1, -1]:.3g}" for found in (largest[name], mean[name])]
    print(f"{name}: MaxPool {largest[name].shape[2:]}, last {corner[0]}; AveragePool last {corner[1]}")
for name in ("reference", "onnxruntime"):
    assert largest[name].shape == (1, 1, 4, 4) and np.all(largest[name] == -1)
    assert abs(mean[name][0, 0, -1, -1] - 1 / 4) < 1e-6
assert largest["openvino"].shape == (1, 1, 5, 5), "windows in the padding are left out"
assert np.all(largest["openvino"][0, 0, -1] == np.finfo(np.float32).min)
assert abs(mean["openvino"][0, 0, -1, -1] - 1 / 9) < 1e-6, "the mean is over what is there"
PY
