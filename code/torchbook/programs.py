"""A graph of operations as bytes and back: torch's own archive (.pt2), and ONNX (.onnx).

`torchbook.export` uses these; a text travels with the graph in either. Both runtimes take
bytes (N, C, H, W) and give logits (N, classes), on the CPU.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import torch
from torch import Tensor

Run = Callable[[Tensor], Tensor]
NEEDS = "ONNX needs the extra `export`: pip install 'torchbook[export]'"


def to_pt2(program: torch.export.ExportedProgram, text: str) -> bytes:
    """The archive that torch.export.load reads."""
    file = io.BytesIO()
    with quiet():
        torch.export.save(program, file, extra_files={"torchbook.json": text})
    return file.getvalue()


def from_pt2(content: bytes) -> tuple[Run, str]:
    """What runs, and the text; raises what torch raises."""
    extra = {"torchbook.json": ""}
    with quiet():
        module = torch.export.load(io.BytesIO(content), extra_files=extra).module()

    @torch.inference_mode()
    def run(X: Tensor) -> Tensor:
        return module(X)

    return run, extra["torchbook.json"]


def to_onnx(program: torch.export.ExportedProgram, text: str) -> bytes:
    """A model of ONNX whose input is called pictures, its output logits.

    Raises ImportError that names the extra.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401, what torch writes it with
    except ImportError as error:
        raise ImportError(NEEDS) from error
    with quiet():
        names = {"input_names": ["pictures"], "output_names": ["logits"]}
        written = torch.onnx.export(program, dynamo=True, verbose=False, **names)
        proto = written.model_proto
    # shapes of what lies between, weights among it: tools that turn a weight, as ONNX
    # Runtime's quantizer does, would find them at odds with it
    del proto.graph.value_info[:]
    proto.metadata_props.add(key="torchbook", value=text)
    return proto.SerializeToString()


def from_onnx(content: bytes) -> tuple[Run, str]:
    """What runs, with as many threads as torch has, and the text.

    Raises ImportError that names the extra, and what ONNX Runtime raises.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError(NEEDS) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # what fails is raised
    session = onnxruntime.InferenceSession(
        content, options, providers=["CPUExecutionProvider"]
    )

    def run(X: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"pictures": X.numpy()})[0])

    return run, session.get_modelmeta().custom_metadata_map["torchbook"]


@contextmanager
def quiet() -> Iterator[None]:
    """Exporters speak of their own insides; what fails is raised all the same."""
    before, nowhere = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            yield
    finally:
        logging.disable(before)
