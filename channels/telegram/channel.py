"""The Telegram channel itself."""

import hmac
import logging
import warnings
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import orjson
import structlog
from msgspec.structs import replace

from bus.envelope import Attachment, Inbound, Message, Outbound
from bus.live import Rate
from channels.protocol import (
    Capabilities,
    Channel,
    Heard,
    HookRequest,
    Malformed,
    Received,
    SendError,
    Sent,
    Tools,
    Unauthenticated,
)
from channels.settings import Settings
from channels.telegram import receive
from channels.telegram.settings import TelegramSettings
from channels.telegram.update import ALLOWED, Update, parse

if TYPE_CHECKING:
    from telegram import Bot

    from channels.telegram.send import Call, Target

T = TypeVar("T")
log = structlog.get_logger()
# How long the Bot API keeps a request for updates open, in seconds, and the client waits beyond it.
_POLL_S, _BEYOND_S = 25, 10


class Telegram(Channel):
    """A bot. What it is sent may be shown twice if it is sent twice, so nothing is where it can be helped.

    The library is loaded when the channel is opened: a desk without a bot has no use for it.
    """

    kind: ClassVar[str] = receive.KIND
    # https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    capabilities: ClassVar[Capabilities] = Capabilities(
        longest_text=4096,
        media=True,
        buttons=True,
        receipts=False,
        typing=True,
        edits=True,
        idempotent=False,
        rate=Rate(30, 30),
        conversation_rate=Rate(1, 3),
    )
    longest_body: ClassVar[int] = 1_000_000
    completes: ClassVar[bool] = True
    settings_type: ClassVar[type[Settings]] = TelegramSettings

    def __init__(self, channel_id: str, settings: TelegramSettings, tools: Tools) -> None:
        self._id, self._settings, self._tools = channel_id, settings, tools
        self._root = settings.base_url
        self._token = settings.token.get_secret_value()
        self._secret = settings.secret_token.get_secret_value().encode()
        self._moved: dict[int, int] = {}
        self._bot: Bot

    def __repr__(self) -> str:
        return f"Telegram({self._id!r})"

    async def __aenter__(self) -> Self:
        from telegram import Bot  # noqa: PLC0415
        from telegram.warnings import PTBUserWarning  # noqa: PLC0415

        from channels.telegram.request import GuardedRequest  # noqa: PLC0415

        # It warns of types that will change, which both ways are read, and of calls that are made by name:
        # updates and files are, because the library refuses a whole batch for one field that it misses.
        warnings.simplefilter("ignore", PTBUserWarning)
        # It tells its address, in which the token is.
        logging.getLogger("telegram.Bot").setLevel(logging.INFO)
        request = GuardedRequest(self._tools.http)
        at = f"{self._root}/bot"
        self._bot = Bot(self._token, base_url=at, request=request, get_updates_request=request)
        return self

    @property
    def polls(self) -> bool:
        """See `Channel`."""
        return self._settings.mode == "polling"

    def receive(self, request: HookRequest) -> Received:
        """See `Channel`."""
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret):
            raise Unauthenticated("X-Telegram-Bot-Api-Secret-Token is not this channel's")
        return receive.received(self._id, parse(request.body), request.body, request.now)

    async def complete(self, received: Received) -> Received:
        """See `Channel`: fetch the files that messages name, and let a pressed button rest."""
        events: list[Inbound] = []
        files = list(received.files)
        for event in received.events:
            update = parse(event.raw)
            if update.callback_query is not None:
                await self._rest(update.callback_query.id)
            if update.message is None or not isinstance(event.event, Message):
                events.append(event)
                continue
            fetched, missing = await self._files(update)
            files += [content for _, content in fetched]
            attachments = (*event.event.attachments, *(one for one, _ in fetched))
            text = "\n".join(line for line in (event.event.text, *missing) if line)
            said = replace(event.event, attachments=attachments, text=text)
            events.append(replace(event, event=said))
        return Received(tuple(events), tuple(files))

    async def listen(self, cursor: str) -> AsyncGenerator[Heard, None]:
        """See `Channel`; the cursor is the id of the next update; to ask for it confirms those before."""
        await self._asked(self._bot.delete_webhook())
        while True:
            asked = {"timeout": _POLL_S, "allowed_updates": list(ALLOWED)}
            if cursor:
                asked["offset"] = int(cursor)
            call = self._bot.do_api_request("getUpdates", asked, read_timeout=_POLL_S + _BEYOND_S)
            updates = await self._asked(call)
            yield Heard(Received(()), cursor)
            for update in updates:
                heard = await self._heard(update)
                cursor = str(max(int(update["update_id"]) + 1, int(cursor or 0)))
                yield Heard(heard, cursor)

    async def connect(self, hook: str) -> None:
        """See `Channel`: `getMe` proves the token, `setWebhook` says where to call."""
        from telegram.error import TelegramError  # noqa: PLC0415

        from channels.telegram import trouble  # noqa: PLC0415

        try:
            await self._bot.do_api_request("getMe")
            if not self.polls:
                secret = self._secret.decode()
                await self._bot.set_webhook(hook, secret_token=secret, allowed_updates=ALLOWED)
        except TelegramError as error:
            raise trouble.sending(error, self._token, shows=False) from None

    async def type(self, thread: str, address: str) -> None:
        """See `Channel`."""
        from telegram.error import TelegramError  # noqa: PLC0415

        from channels.telegram import trouble  # noqa: PLC0415
        from channels.telegram.send import Target  # noqa: PLC0415

        try:
            await self._bot.send_chat_action(action="typing", **Target(thread, address).where)
        except TelegramError as error:
            raise trouble.sending(error, self._token, shows=False) from None

    async def send(self, outbound: Outbound) -> Sent:
        """See `Channel`."""
        from channels.telegram.send import Target, calls  # noqa: PLC0415

        target = Target(outbound.thread, outbound.address)
        sent = list(outbound.sent)
        for call in calls(outbound, self._tools.fetch)[len(sent) :]:
            try:
                sent.append(await self._call(call, target))
            except SendError as error:
                error.sent = tuple(sent)
                raise
        return Sent(" ".join(sent))

    async def _call(self, call: "Call", target: "Target") -> str:
        """Make a call; the id of the message that it made. Raises `SendError`."""
        from telegram.error import ChatMigrated, TelegramError  # noqa: PLC0415

        from channels.telegram import trouble  # noqa: PLC0415
        from channels.telegram.request import answered  # noqa: PLC0415

        target.chat = self._moved.get(target.chat, target.chat)
        answered.set(b"")
        try:
            try:
                return str((await call(self._bot, target)).message_id)
            except ChatMigrated as moved:
                # The group goes on under another id; what comes from there will say so too.
                self._moved[target.chat] = target.chat = moved.new_chat_id
                return str((await call(self._bot, target)).message_id)
        except TelegramError as error:
            raise trouble.sending(error, self._token) from None
        except (TypeError, KeyError):
            # The library could not read the answer; where it tells of a message, that was sent all the same.
            if made := _message_in(answered.get()):
                return made
            raise

    async def _heard(self, update: dict[str, Any]) -> Received:
        raw = orjson.dumps(update)
        try:
            return await self.complete(receive.received(self._id, parse(raw), raw, self._tools.now()))
        except Malformed as error:
            # It would come again for ever.
            log.error("an update of the Bot API can't be read", channel=self._id, why=str(error))
            return Received(())

    async def _files(self, update: Update) -> tuple[list[tuple[Attachment, bytes]], list[str]]:
        """The files that a message names, and in words those that the platform does not hand out."""
        from telegram.error import TelegramError  # noqa: PLC0415

        from channels.telegram import trouble  # noqa: PLC0415
        from channels.telegram.request import LARGEST_FILE  # noqa: PLC0415

        fetched: list[tuple[Attachment, bytes]] = []
        missing: list[str] = []
        for one in receive.named(update.message) if update.message else ():
            try:
                if one.size > LARGEST_FILE:
                    missing.append(f"[{one.name}: larger than the 20 MB that Telegram hands over]")
                    continue
                content = await self._download(one.id)
            except TelegramError as error:
                if trouble.passing(error):
                    raise trouble.listening(error, self._token) from None
                missing.append(f"[{one.name}: Telegram does not hand it over]")
                continue
            fetched.append((receive.attachment(one.name, one.type, content), content))
        return fetched, missing

    async def _download(self, file_id: str) -> bytes:
        told = await self._bot.do_api_request("getFile", {"file_id": file_id})
        return await self._bot.request.retrieve(f"{self._root}/file/bot{self._token}/{told['file_path']}")

    async def _rest(self, pressed: str) -> None:
        from telegram.error import TelegramError  # noqa: PLC0415

        # One that is too old can't be answered, and nobody waits for it any more.
        with suppress(TelegramError):
            await self._bot.answer_callback_query(pressed)

    async def _asked(self, call: Awaitable[T]) -> T:
        """What a call of the listener's gives; raises `Unheard`."""
        from telegram.error import TelegramError  # noqa: PLC0415

        from channels.telegram import trouble  # noqa: PLC0415

        try:
            return await call
        except TelegramError as error:
            raise trouble.listening(error, self._token) from None


def _message_in(answer: bytes) -> str:
    """The id of the message that an answer tells of, "" for none."""
    try:
        return str(orjson.loads(answer)["result"]["message_id"])
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return ""
