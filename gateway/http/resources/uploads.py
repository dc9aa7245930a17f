"""Files over HTTP, sent ahead of the message they belong to."""

import re

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError
from pydantic import BaseModel

from bus.envelope import Attachment
from gateway.http import body as bodies
from gateway.http.call import Call, Rendered
from gateway.http.endpoint import Api
from gateway.http.problems import Invalid, Malformed, TooLarge
from storage import uploads
from storage.store import Tx

api = Api("Files")

UPLOAD_LIMIT = 25_000_000
"""Bytes of one file."""

# Around the file: boundaries and the headers of parts.
_FRAME = 64_000
_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}")
_OPAQUE = "application/octet-stream"
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "contentMediaType": _OPAQUE}},
}


class UploadOut(BaseModel):
    """A file that a message may name in `attachments`."""

    upload_id: str
    name: str
    type: str
    size: int


@api.asynchronous(
    "POST",
    "/api/v1/uploads",
    status=201,
    limit=UPLOAD_LIMIT,
    accepts={"multipart/form-data": _FORM},
    summary="Upload a file",
)
async def create_upload(call: Call) -> Rendered[UploadOut]:
    """One file of at most 25 MB, as the first file of a form, or as the whole body (`?name=`)."""
    name, type_, content = await _received(call.request)
    if not content:
        raise Invalid.at("/file", "missing", "There is no file in this request, or it is empty.")
    blob = await call.parts.blobs.put(content)
    attachment = Attachment(name=name, type=type_, size=len(content), blob=blob)
    fingerprint = bodies.fingerprint(call.request, f"{blob} {type_} {name}".encode())

    def keep(tx: Tx) -> UploadOut:
        upload_id = uploads.add(tx, attachment, call.principal.id)
        return UploadOut(upload_id=upload_id, name=name, type=type_, size=len(content))

    return await call.write(keep, fingerprint)


async def _received(request: web.Request) -> tuple[str, str, bytes]:
    if request.content_type != "multipart/form-data":
        named = request.content_disposition if hasattr(request, "content_disposition") else None
        name = named.filename if named is not None else None
        return (
            file_name(name),
            media_type(request.headers.get("Content-Type")),
            await bodies.read(request, UPLOAD_LIMIT),
        )
    if (request.content_length or 0) > UPLOAD_LIMIT + _FRAME:
        raise TooLarge(f"A file has at most {UPLOAD_LIMIT} bytes.")
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.filename is not None:
                kind = media_type(part.headers.get("Content-Type"))
                return file_name(part.filename), kind, await _content(part)
    except (HttpProcessingError, ValueError, AssertionError, RuntimeError) as error:
        raise Malformed("This is not a form as RFC 7578 has it.") from error
    return "", _OPAQUE, b""


async def _content(part: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(65_536):
        content += chunk
        if len(content) > UPLOAD_LIMIT:
            raise TooLarge(f"A file has at most {UPLOAD_LIMIT} bytes.")
    return bytes(content)


def file_name(name: str | None) -> str:
    """A name without folders and without what can't be shown."""
    last = re.split(r"[/\\]", name or "")[-1].encode("utf-8", "replace").decode()
    return "".join(char for char in last if char.isprintable())[:200].strip(". ") or "file"


def media_type(given: str | None) -> str:
    """A media type in its plain form; what is none is just bytes."""
    kind = (given or "").partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else _OPAQUE
