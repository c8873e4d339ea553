"""The networks of a model package computed by OpenVINO from the ONNX graphs that it carries.

In: a model package, snippets. Out: their logits.
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt
import openvino

from slipdetect.detection.engines.engine import (
    INPUT,
    OUTPUT,
    GraphEngine,
    Logits,
    check_device,
    graph_path,
    unreadable,
)
from slipdetect.models.package import GRAPH_FACTS, ModelPackage, check_graph_facts

_AT_ONCE = 4  # snippets; what a CPU's cache holds


class OpenVinoEngine(GraphEngine):
    """An engine for CPUs, of Intel above all; see ``OnnxEngine``.

    Args:
        package: The model.
        device: ``"auto"`` or ``"cpu"``.

    Raises:
        ModelError: Another device.
        PackageError: A graph is damaged, or not of this model.
    """

    name = "openvino"

    def __init__(self, package: ModelPackage, device: str = "auto") -> None:
        check_device(device, self.name, ("auto", "cpu"))
        streams = package.config.streams
        super().__init__("cpu", len(streams), _AT_ONCE)
        core = openvino.Core()
        # bfloat16, its default where a CPU has it, moves events
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": self.threads}
        self._compiled = {}
        self._requests = threading.local()
        for stream in streams:
            path = graph_path(package, stream)
            try:
                model = core.read_model(path)
                self._compiled[stream.modality] = core.compile_model(model, "CPU", settings)
            except Exception as error:
                raise unreadable(path, stream, "openvino", error) from error
            facts = model.get_rt_info(["framework", GRAPH_FACTS])
            check_graph_facts(package, stream, {GRAPH_FACTS: facts.astype(str)}, str(path))

    def run(self, modality: str, inputs: npt.NDArray[np.uint8]) -> Logits:
        """See ``GraphEngine``."""
        # a request belongs to one thread at a time
        request = getattr(self._requests, modality, None)
        if request is None:
            request = self._compiled[modality].create_infer_request()
            setattr(self._requests, modality, request)
        logits: Logits = request.infer({INPUT: inputs})[OUTPUT].copy()
        return logits
