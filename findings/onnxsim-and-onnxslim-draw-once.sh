#!/usr/bin/env bash
# onnxsim 0.8.1 and onnxslim 0.1.98: two nodes that draw random numbers alike are two draws, says ONNX, each with a seed of its
# own where none is given. Both tools take them for one calculation that is made twice and keep one: noise that was added in
# two places is the same noise, and the passes of a Monte Carlo dropout, which are to differ, do not (onnxslim leaves training
# dropout out altogether). onnxsim's own check of the result is passed.
# Seen of two draws of five numbers: they differ in the model and are equal in what both tools made of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxsim==0.8.1 onnxslim==0.1.98 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, checker, helper, numpy_helper

assert (version("onnxsim"), version("onnxslim")) == ("0.8.1", "0.1.98")
values = np.full((1, 5), 8, np.float32)


def made(op: str, more: list[str]) -> onnx.ModelProto:
    """Return a model of the difference between two draws."""
    return helper.make_model(
        helper.make_graph(
            [
                *(helper.make_node(op, ["x", *more], [name], name=f"draw {name}") for name in ("a", "b")),
                helper.make_node("Sub", ["a", "b"], ["y"], name="between"),
            ],
            "draws",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 5])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])],
            [numpy_helper.from_array(np.float32(0.5), "ratio"), numpy_helper.from_array(np.bool_(True), "training")]
            if more
            else [],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def differ(model: onnx.ModelProto) -> bool:
    """Return whether its two draws ever differ, in twenty times."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return any(session.run(["y"], {"x": values})[0].any() for _ in range(20))


for op, more in {"RandomNormalLike": [], "Dropout": ["ratio", "training"]}.items():
    model = made(op, more)
    checker.check_model(model)
    simple, passed = onnxsim.simplify(model)
    slim = onnxslim.slim(made(op, more))
    found = {"model": differ(model), "onnxsim": differ(simple), "onnxslim": differ(slim)}
    print(f"two draws of {op} differ: {found}; onnxsim's check: {passed}")
    assert found["model"]
    assert not found["onnxsim"] and not found["onnxslim"], "each node draws by itself"
PY
