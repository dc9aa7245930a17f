"""Telegram's Bot API over HTTP, as documented: updates until they are confirmed, limits, errors.

https://core.telegram.org/bots/api: an update is given again until it is confirmed by a higher offset. Here it
can also come again after that, a chat can ask to wait, block the bot, or have moved.
"""

import asyncio
import json
import time
from collections import defaultdict
from typing import Any

import aiohttp
from aiohttp import web

from channels.pieces import utf16

TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
ANN = {
    "id": 7,
    "is_bot": False,
    "first_name": "Ann",
    "last_name": "Lee",
    "username": "ann",
    "language_code": "en",
}


class BotApi:
    """Open with `async with`. `sent` are the calls that showed something, each with its method."""

    def __init__(self) -> None:
        self.url = ""
        self.sent: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.webhook: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.blocked: set[int] = set()
        self.moved: dict[int, int] = {}
        self.waits: defaultdict[int, int] = defaultdict(int)
        self.given = 0
        self._updates: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._numbers = {"update": 1000, "message": 0}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "BotApi":
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    # --- what customers do -----------------------------------------------------------------------------

    async def say(self, chat: int = 7, **said: Any) -> dict[str, Any]:
        """A user writes; returns the update. `said` are fields of the message."""
        return await self.update(message=self.message(chat, **said))

    def message(self, chat: int = 7, **said: Any) -> dict[str, Any]:
        """A message that a user wrote."""
        self._numbers["message"] += 1
        kind = (
            {"id": chat, "type": "private"} if chat > 0 else {"id": chat, "type": "supergroup", "title": "g"}
        )
        return {
            "message_id": self._numbers["message"],
            "from": ANN | ({"id": chat} if chat > 0 else {}),
            "chat": kind,
            "date": int(time.time()),
        } | said

    async def update(self, **content: Any) -> dict[str, Any]:
        """Something happened; returns the update, which also goes to the webhook if there is one."""
        self._numbers["update"] += 1
        update = {"update_id": self._numbers["update"], **content}
        if self.webhook:
            assert await self.post(update) in {200, 202}
        else:
            async with self._news:
                self._updates.append(update)
                self._news.notify_all()
        return update

    async def post(self, update: dict[str, Any], secret: str | None = None) -> int:
        """Call the webhook; returns the status of its answer."""
        headers = {
            "X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"] if secret is None else secret
        }
        async with (
            aiohttp.ClientSession() as client,
            client.post(self.webhook["url"], json=update, headers=headers) as answer,
        ):
            return answer.status

    async def again(self, *updates: dict[str, Any]) -> None:
        """Give updates that were confirmed once more, as happens when servers change."""
        async with self._news:
            self._updates += updates
            self._news.notify_all()

    def texts(self, chat: int | None = None) -> list[str]:
        """What was shown, in a chat or in all."""
        return [one["text"] for one in self.sent if "text" in one and chat in (None, one["chat_id"])]

    # --- the protocol ----------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return _error(401, "Unauthorized")
        method = request.match_info["method"]
        self.calls.append(method)
        form = dict(await request.post())
        handler = getattr(self, f"_{method}", None) or (self._send if method.startswith("send") else None)
        if handler is None:
            return _error(404, "Not Found")
        answer: web.Response = await handler(method, form)
        return answer

    async def _getMe(self, _method: str, _form: Any) -> web.Response:
        return _ok({"id": 123456, "is_bot": True, "first_name": "Desk", "username": "desk_bot"})

    async def _setWebhook(self, _method: str, form: Any) -> web.Response:
        self.webhook = {"url": form["url"], "secret_token": form["secret_token"]}
        return _ok(True)

    async def _deleteWebhook(self, _method: str, _form: Any) -> web.Response:
        self.webhook = {}
        return _ok(True)

    async def _answerCallbackQuery(self, _method: str, _form: Any) -> web.Response:
        return _ok(True)

    async def _getUpdates(self, _method: str, form: Any) -> web.Response:
        if self.webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = int(form.get("offset", 0))
        async with self._news:
            # Asking from an offset on confirms what lies before it; what came again is out of order.
            self._updates = [one for one in self._updates if one["update_id"] >= offset or one.get("_again")]
            try:
                wait = min(float(form.get("timeout", 0)), 1.0)
                await asyncio.wait_for(self._news.wait_for(lambda: bool(self._updates)), wait)
            except TimeoutError:
                return _ok([])
            given = self._updates[:100]
            self._updates = [one for one in self._updates if "_again" not in one]
            self.given += len(given)
        return _ok([{name: value for name, value in one.items() if name != "_again"} for one in given])

    async def _getFile(self, _method: str, form: Any) -> web.Response:
        file_id = form["file_id"]
        if file_id not in self.files:
            return _error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        return _ok({"file_id": file_id, "file_unique_id": file_id, "file_path": f"files/{file_id}"})

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["path"].removeprefix("files/")])

    async def _send(self, method: str, form: Any) -> web.Response:
        chat = int(form["chat_id"])
        if chat in self.moved:
            parameters = {"migrate_to_chat_id": self.moved[chat]}
            return _error(400, "Bad Request: group chat was upgraded to a supergroup chat", parameters)
        if chat in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if self.waits[chat]:
            self.waits[chat] -= 1
            return _error(429, "Too Many Requests: retry after 1", {"retry_after": 1})
        if utf16(form.get("text", "")) > 4096:
            return _error(400, "Bad Request: message is too long")
        if method == "sendChatAction":
            return _ok(True)
        self._numbers["message"] += 1
        shown = {name: _value(value) for name, value in form.items()} | {"chat_id": chat}
        self.sent.append({"method": method, "message_id": self._numbers["message"], **shown})
        kind = {"id": chat, "type": "private" if chat > 0 else "supergroup"}
        return _ok({"message_id": self._numbers["message"], "date": int(time.time()), "chat": kind})


def _value(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return {"filename": value.filename, "type": value.content_type, "content": value.file.read()}
    if value.startswith(("[", "{")):
        return json.loads(value)
    return value


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _error(code: int, description: str, parameters: dict[str, int] | None = None) -> web.Response:
    told = {"ok": False, "error_code": code, "description": description}
    return web.json_response(told | ({"parameters": parameters} if parameters else {}), status=code)
