"""The first gate of the service: how many are here, how many bytes come, and how fast (part 12)."""

import asyncio

from torchbook import uploads
from torchbook.uploads import Limits

ROOM = 64 * 1024  # bytes of a form, beside those of the file in it
FORM = b"multipart/form-data"  # the only kind that can hold a file
MISSING = (
    "no picture came: send one as the form field image, as in "
    "curl -F image=@shoe.png http://127.0.0.1:8000/predict"
)


class Gate:
    """ASGI middleware: counts who is here, and the bytes of a body as they come.

    It refuses before the form is parsed: 503 when full, 413 for a body that is or says it is
    too long, 408 for one that takes too long to arrive, 422 for one that is no form with files.
    It counts requests and not connections: those are the task of a web server in front.
    """

    def __init__(self, app, limits: Limits) -> None:
        self.app, self.limits, self.here = app, limits, 0

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        if self.here >= self.limits.waiting:
            refusal = no(503, "the service is full: try again in a second")
            return await refusal(scope, receive, send)
        headers = dict(scope["headers"])
        kind = headers.get(b"content-type", b"").strip().lower()
        asked = scope["method"], scope["path"]
        if asked == ("POST", "/predict") and not kind.startswith(FORM):
            return await no(422, MISSING)(scope, receive, send)
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self.limits.bytes + ROOM:
            refusal = no(413, str(uploads.too_long(self.limits)))
            return await refusal(scope, receive, send)
        self.here += 1
        try:
            await self.app(scope, self._counted(receive), send)
        finally:
            self.here -= 1

    def _counted(self, receive):
        from starlette.exceptions import HTTPException

        came, whole = 0, False
        until = asyncio.get_running_loop().time() + self.limits.seconds

        async def counted():
            nonlocal came, whole
            if whole:  # what comes now is only the word that the client went away
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                words = f"the upload took longer than {self.limits.seconds:g} seconds"
                raise HTTPException(408, words) from None
            came += len(message.get("body", b""))
            if came > self.limits.bytes + ROOM:
                raise HTTPException(413, str(uploads.too_long(self.limits)))
            whole = not message.get("more_body", False)
            return message

        return counted


def no(status: int, words: str, headers=None):
    """A refusal as every client gets it; 503 says when to come again."""
    from starlette.responses import JSONResponse

    again = {"Retry-After": "1"} if status == 503 else {}
    return JSONResponse({"error": words}, status, {**(headers or {}), **again})
