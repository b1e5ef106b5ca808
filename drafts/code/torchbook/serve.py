"""A trained network that answers over HTTP: POST /predict with a picture, GET /health (part 12).

A request passes four gates: how many are here already, how many bytes come and how fast, what
the picture claims to be, and what it is. Only then it costs a place in a batch. Every refusal
is {"error": a sentence} with a code from 400 to 499, or 503 where the service is full.
"""

# Annotations are not put off here, as FastAPI reads them, and its names are local.
import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import torch
from torch import Tensor

from torchbook import export, predict, runs, uploads
from torchbook.batcher import Batcher
from torchbook.runs import Facts
from torchbook.uploads import Limits, Refused

Answer = Callable[[Tensor], Tensor]
ROOM = 64 * 1024  # bytes of a form, beside those of the file in it
NEEDS = "the service needs the extra `serve`: pip install 'torchbook[serve]'"
MISSING = (
    "no picture came: send one as the form field image, as in "
    "curl -F image=@shoe.png http://127.0.0.1:8000/predict"
)


def load(path: str | Path, device: str | None = None) -> tuple[Answer, Facts]:
    """From a run's folder, or a file of `torchbook export`: what answers, and its facts.

    The answer takes bytes (N, C, H, W) and gives probabilities (N, classes). Raises RunError,
    CheckpointError or ExportError for what cannot be loaded, ImportError for a missing extra.
    """
    path = Path(path)
    if path.is_dir():
        model, _, facts = runs.RunFolder(path).model()
        return lambda X: predict.probabilities(model, X, facts, device), facts
    exported = export.read(path)
    return lambda X: exported(X).softmax(dim=1), exported.facts


def app(
    answer: Answer, facts: Facts, limits: Limits | None = None, most: int = 32
) -> "FastAPI":  # noqa: F821
    """The service as a FastAPI app; `answer` is tried before it is returned, and so warmed up.

    `most` pictures at the most share a batch. Raises ImportError that names the extra, and
    ValueError for an answer that is not (N, classes) probabilities.
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise ImportError(NEEDS) from error
    limits = limits or Limits()
    warm_up(answer, facts, most)
    batches = Batcher(answer, most)

    @asynccontextmanager
    async def life(service):
        batches.start()
        yield
        await batches.stop()

    # the pages at /docs would fetch scripts from elsewhere
    service = FastAPI(title="torchbook", lifespan=life, docs_url=None, redoc_url=None)
    service.state.batches = batches
    _add_routes(service, batches, facts, limits)
    _add_refusals(service, limits)
    return service


def _add_routes(service, batches: Batcher, facts: Facts, limits: Limits) -> None:
    from fastapi import UploadFile

    decoding = asyncio.Semaphore(limits.decoders)

    @service.post("/predict")
    async def classify(image: UploadFile) -> dict:
        async with decoding:  # a large file lies on disk until it is its turn
            content = await image.read(limits.bytes + 1)
            x = await asyncio.to_thread(uploads.read, content, facts, limits)
        return _said(await batches(x), facts)

    @service.get("/health")
    async def health():
        if not batches.running:
            return _no(503, "the service is starting or ending")
        return {"status": "ok", "classes": facts.classes, "shape": facts.shape}


def _add_refusals(service, limits: Limits) -> None:
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    service.add_middleware(Gate, limits=limits)
    service.add_exception_handler(Refused, lambda request, e: _no(e.status, str(e)))
    service.add_exception_handler(HTTPException, _plain)
    service.add_exception_handler(RequestValidationError, lambda *_: _no(422, MISSING))


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
    """Answer until Ctrl-C. Raises ImportError that names the extra."""
    try:
        import uvicorn
    except ImportError as error:
        raise ImportError(NEEDS) from error
    # names of files stay out of the log, as it says no more than method, path and code
    uvicorn.run(service, host=host, port=port, timeout_keep_alive=10)


@contextmanager
def background(service) -> Iterator[str]:
    """The service in a thread of its own, at a free port of this machine, for a `with` block.

    What comes is its address, as http://127.0.0.1:40000. Raises RuntimeError when it does not
    start.
    """
    import uvicorn

    config = uvicorn.Config(service, port=0, log_level="critical")
    server = uvicorn.Server(config)
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


class Gate:
    """ASGI middleware: counts who is here, and the bytes of a body as they come.

    It refuses before the form is parsed: 503 when full, 413 for a body that is or says it is
    too long, 408 for one that takes too long to arrive.
    """

    def __init__(self, app, limits: Limits) -> None:
        self.app, self.limits, self.here = app, limits, 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        if self.here >= self.limits.waiting:
            refusal = _no(503, "the service is full: try again in a second")
            return await refusal(scope, receive, send)
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > self.limits.bytes + ROOM:
            refusal = _no(413, str(uploads.too_long(self.limits)))
            return await refusal(scope, receive, send)
        self.here += 1
        try:
            await self.app(scope, self._counted(receive), send)
        finally:
            self.here -= 1

    def _counted(self, receive):
        from starlette.exceptions import HTTPException

        came, until = 0, asyncio.get_running_loop().time() + self.limits.seconds

        async def counted():
            nonlocal came
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                words = f"the upload took longer than {self.limits.seconds:g} seconds"
                raise HTTPException(408, words) from None
            came += len(message.get("body", b""))
            if came > self.limits.bytes + ROOM:
                raise HTTPException(413, str(uploads.too_long(self.limits)))
            return message

        return counted


def _plain(request, error):
    """What FastAPI and Starlette refuse themselves, in our form."""
    words = str(error.detail)
    if error.status_code == 400:  # from the parser of forms
        words = f"the form cannot be read: {words.lower()}"
    return _no(error.status_code, words, error.headers)


def _no(status: int, words: str, headers=None):
    from starlette.responses import JSONResponse

    again = {"Retry-After": "1"} if status == 503 else {}
    return JSONResponse({"error": words}, status, {**(headers or {}), **again})


def _said(probs: Tensor, facts: Facts) -> dict:
    values = dict(zip(facts.classes, probs.tolist(), strict=True))
    best = max(values, key=values.get)
    return {"class": best, "probability": values[best], "probabilities": values}
