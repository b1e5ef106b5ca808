"""A trained network that answers over HTTP: POST /predict with a picture, GET /health (part 12).

A request passes four gates: how many are here already, how many bytes come and how fast, what
the picture claims to be, and what it is. Only then it costs a place in a batch. Every refusal
of ours is {"error": a sentence}: a code from 400 to 499, 503 where the service is full, and 500
where the network fails, which is then in the log.
"""

# Annotations are not put off here, as FastAPI reads them, and its names are local.
import asyncio
import gc
import io
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from torchbook import export, predict, runs, uploads
from torchbook.batcher import Batcher
from torchbook.gate import MISSING, Gate, no
from torchbook.runs import Facts
from torchbook.uploads import Limits, Refused

if TYPE_CHECKING:
    from fastapi import FastAPI

Answer = Callable[[Tensor], Tensor]
FAILURES = 3  # of batches in a row, after which the service is no longer healthy
NEEDS = "the service needs the extra `serve`: pip install 'torchbook[serve]'"
FAILED = (
    "the network failed at this picture: the service is at fault, and its log says more"
)


def load(
    path: str | Path, device: str | None = None, weights: str = "best"
) -> tuple[Answer, Facts]:
    """From a run's folder, or a file of `torchbook export`: what answers, and its facts.

    The answer takes bytes (N, C, H, W) and gives probabilities (N, classes). An exported file
    computes on the CPU. Raises RunError, CheckpointError or ExportError for what cannot be
    loaded, ValueError for another device than a file has, ImportError for a missing extra.
    """
    path = Path(path)
    if path.is_dir():
        model, _, facts = runs.RunFolder(path).model(weights)
        return lambda X: predict.probabilities(model, X, facts, device), facts
    if device not in (None, "cpu"):
        raise ValueError(
            f"{path} was exported for the CPU, and cannot compute on {device}: leave --device "
            f"out, or serve the folder of the run on {device}"
        )
    exported = export.read(path)
    return lambda X: exported(X).softmax(dim=1), exported.facts


def app(
    answer: Answer,
    facts: Facts,
    limits: Limits | None = None,
    most: int = 32,
    invert: bool = False,
) -> "FastAPI":
    """The service as a FastAPI app; `answer` is tried before it is returned, and so warmed up.

    `most` pictures at the most share a batch; `invert` turns dark to light before the network
    sees a picture. Raises ImportError that names the extra, and ValueError for an answer that
    is not (N, classes) probabilities.
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise ImportError(NEEDS) from error
    limits = limits or Limits()
    # of strange files: each new text would be kept for ever, and stand in the log
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warm_up(answer, facts, most)
    batches = Batcher(answer, most)

    @asynccontextmanager
    async def life(service):
        # here, as a semaphore belongs to the event loop in which somebody first waited
        service.state.decoding = asyncio.Semaphore(limits.decoders)
        batches.start()
        try:
            yield
        finally:
            await batches.stop()

    # the pages at /docs would fetch scripts from elsewhere
    service = FastAPI(title="torchbook", lifespan=life, docs_url=None, redoc_url=None)
    service.state.batches, service.state.limits = batches, limits
    read = partial(uploads.read, facts=facts, limits=limits, invert=invert)
    _add_routes(service, batches, facts, read)
    _add_refusals(service, limits)
    return service


def _add_routes(service, batches: Batcher, facts: Facts, read: Callable) -> None:
    from fastapi import Request, UploadFile

    @service.post("/predict")
    async def classify(image: UploadFile, request: Request) -> dict:
        async with service.state.decoding:  # a large file lies on disk until its turn
            if await request.is_disconnected():
                raise Refused(400, "the client went away")  # which nobody reads
            content = await image.read(service.state.limits.bytes + 1)
            x = await asyncio.to_thread(read, content)
        probs = await batches(x)
        if not probs.isfinite().all():
            raise ArithmeticError("the network gave numbers that are not finite")
        return _said(probs, facts)

    @service.get("/health")
    async def health():
        if not batches.running:
            return no(503, "the service is starting or ending")
        if batches.failed >= FAILURES:
            return no(503, f"the network failed {batches.failed} times in a row")
        return {"status": "ok", "classes": facts.classes, "shape": facts.shape}


def _add_refusals(service, limits: Limits) -> None:
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    service.add_middleware(Gate, limits=limits)
    service.add_exception_handler(Refused, lambda request, e: no(e.status, str(e)))
    service.add_exception_handler(HTTPException, _plain)
    service.add_exception_handler(RequestValidationError, lambda *_: no(422, MISSING))
    # it is raised again after the reply, and so comes into the log
    service.add_exception_handler(Exception, lambda *_: no(500, FAILED))


def warm_up(answer: Answer, facts: Facts, most: int) -> None:
    """Decode a picture, and ask for the smallest and the largest batch.

    The first call of each loads code, prepares memory and picks algorithms, which no client
    should wait for. Raises ValueError if no probabilities come.
    """
    from PIL import Image

    for kind in uploads.FORMATS:
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, kind)
        uploads.read(file.getvalue(), facts)
    for count in (1, most):
        probs = answer(torch.zeros(count, *facts.shape, dtype=torch.uint8))
        wanted = (count, len(facts.classes))
        if tuple(probs.shape) != wanted or not probs.isfinite().all():
            raise ValueError(
                f"the network gave {tuple(probs.shape)} for {count} black pictures, or numbers "
                f"that are not finite: wanted probabilities {wanted}"
            )


def run(service, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Answer until Ctrl-C, and half a minute more to those who are being answered.

    Raises ImportError that names the extra, ValueError for an address that is not free.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError(NEEDS) from error
    check_address(host, port)
    # Python's garbage collector walks through all that is loaded, 0.2 s now and then, in which
    # everybody waits; what is there now stays, so it need not look at it again
    gc.collect()
    gc.freeze()
    # names of files stay out of the log: it says who asked, method, path and code
    bounds = {"timeout_keep_alive": 10, "timeout_graceful_shutdown": 30}
    uvicorn.run(service, host=host, port=port, **bounds)


def check_address(host: str, port: int) -> None:
    """Raises ValueError where nothing can listen at host and port, with the reason."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ValueError(
            f"the service cannot listen at {host}, port {port} "
            f"({error.strerror or error}): is another one there already? Choose another "
            "--port, where 0 takes a free one, and a --host that this machine has"
        ) from error


@contextmanager
def background(service) -> Iterator[str]:
    """The service in a thread of its own, at a free port of this machine, for a `with` block.

    What comes is its address, as http://127.0.0.1:40000. At the end, requests that are still
    under way have 5 seconds. Raises RuntimeError when it does not start.
    """
    import uvicorn

    quiet = {"log_level": "critical", "timeout_graceful_shutdown": 5}
    server = uvicorn.Server(uvicorn.Config(service, port=0, **quiet))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the service did not start")
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def _plain(request, error):
    """What FastAPI and Starlette refuse themselves, in our form."""
    words = str(error.detail)
    if error.status_code == 400:  # from the parser of forms
        words = f"the form cannot be read: {words[:1].lower()}{words[1:]}"
    return no(error.status_code, words, error.headers)


def _said(probs: Tensor, facts: Facts) -> dict:
    values = dict(zip(facts.classes, probs.tolist(), strict=True))
    best = max(values, key=values.get)
    return {"class": best, "probability": values[best], "probabilities": values}
