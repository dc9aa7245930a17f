"""A mail's HTML over HTTP, as its sender's program would show it: a page that can do nothing."""

import base64
import re
from html import escape, unescape
from typing import Final

from aiohttp import web
from pydantic import BaseModel, Field

from channels.mail.html import REMOTE_IMAGE
from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.problems import NotFound
from storage import messages
from storage.messages import Message

api = Api("Conversations")

MOST_PICTURES: Final = 5_000_000
"""Bytes of the pictures within one mail that are shown; the others are files below it."""
_PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_WITHIN: Final = re.compile(r'\bsrc="cid:([^"]{1,500})"')
# No script, no form, no frame; and no origin, so that nothing of the desk's is within reach.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:{remote}; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_STYLE: Final = "body{margin:10px;font:14px/1.5 sans-serif;color:#111;background:#fff}img{max-width:100%}"


class HtmlQuery(BaseModel):
    """Whether pictures are loaded from where the mail says, which tells its sender that it is being read."""

    images: bool = Field(False, description="Load pictures that are not in the mail itself.")


@api.asynchronous(
    "GET",
    "/api/v1/messages/{message_id}/html",
    produces={"text/html": {"type": "string"}},
    summary="A mail as its sender formatted it",
)
async def get_html(call: Call, message_id: str, query: HtmlQuery) -> web.Response:
    """Cleaned, and under a policy by which it loads and runs nothing; remote pictures with `images` alone."""
    message = await call.parts.store.read(lambda sql: messages.find(sql, message_id))
    if message is None or not message.html or not _mail(message):
        raise NotFound("There is no such mail with HTML.")
    body = _replaced(message.html, await _pictures(call, message))
    if query.images:
        body = body.replace(f'{REMOTE_IMAGE}="', 'src="')
    page = f"<!doctype html><meta charset=utf-8><title></title><style>{_STYLE}</style>{body}"
    policy = _POLICY.format(remote=" https: http:" if query.images else "")
    return web.Response(
        body=page.encode("utf-8", "replace"),
        headers={
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, no-cache",
        },
    )


def _mail(message: Message) -> dict[str, object]:
    found = message.details.get("context", {}).get("mail", {})
    return found if isinstance(found, dict) else {}


async def _pictures(call: Call, message: Message) -> dict[str, str]:
    """The pictures that the HTML shows, by what it calls them, as addresses that hold them whole."""
    inline = _mail(message).get("inline")
    left = MOST_PICTURES
    found: dict[str, str] = {}
    for cid, number in inline.items() if isinstance(inline, dict) else ():
        file = message.attachments[number]
        if file.size <= left and file.type in _PICTURES:
            left -= file.size
            content = base64.b64encode(await call.parts.blobs.get(file.blob)).decode()
            found[cid] = f"data:{file.type};base64,{content}"
    return found


def _replaced(html: str, pictures: dict[str, str]) -> str:
    return _WITHIN.sub(lambda name: f'src="{escape(pictures.get(unescape(name[1]), ""))}"', html)
