"""What every response wears: its request's id and security headers; and the answer that is born dressed."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE, HttpVersion11

REQUEST_ID = "X-Request-Id"
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every response that does not set its own."""

_HEADERS = {"Content-Type": "application/json", **SECURITY_HEADERS, "Server": SERVER_SOFTWARE}
_HEAD = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())


class Brief(web.StreamResponse):
    """A small JSON answer in one piece: to make its headers one by one takes longer than to find it."""

    def __init__(self, status: HTTPStatus, body: bytes) -> None:
        super().__init__(status=status)
        self._content = body
        self._writer: AbstractStreamWriter | None = None
        self.request_id = ""

    @property
    def keep_alive(self) -> bool:
        """Always: see `fits`."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Take note of where to write."""
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write all of it."""
        assert self._writer is not None  # noqa: S101 - the server prepares it first
        head = (
            f"HTTP/1.1 {self.status} {self.reason}\r\n{_HEAD}{REQUEST_ID}: {self.request_id}\r\n"
            f"Date: {rfc822_formatted_time()}\r\nContent-Length: {len(self._content)}\r\n\r\n"
        )
        await self._writer.write_eof(head.encode("ascii") + self._content)


def answer(request: web.BaseRequest, status: HTTPStatus, body: bytes) -> web.StreamResponse:
    """A small JSON answer, brief where the request's connection is kept as HTTP/1.1 keeps it."""
    if request.keep_alive and request.version == HttpVersion11:
        return Brief(status, body)
    return web.Response(status=status, body=body, content_type="application/json")


def dress(response: web.StreamResponse, request_id: str) -> None:
    """Put the headers on that every response has."""
    if isinstance(response, Brief):
        response.request_id = request_id
        return
    response.headers[REQUEST_ID] = request_id
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
