"""What mail needs of the desk: to be read where that can be ended, a thread, and manners.

In: after an envelope is durable and before its batch is decided (`read`). Out: before a message is sent
(`address`). What can't be read is raised as `SetAside` and parked with its raw bytes.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from bus.envelope import Apart, Inbound, Message, Outbound
from channels.mail import tokens
from channels.mail.channel import Mail
from channels.mail.message import BounceReport, Person
from channels.mail.message import Mail as Letter
from channels.mail.reader import Readers
from channels.mail.receive import KIND, NOBODY
from channels.mail.settings import MailSettings
from channels.protocol import Rejected
from storage import agents, signatures
from storage import mail as mails
from storage.blobs import Blobs, BlobsUnavailable
from storage.dead_letters import QUARANTINED
from storage.deliveries import Claim
from storage.mail import Place
from storage.messages import Message as Stored
from storage.messages import find as find_message
from storage.messages import last_of_customer
from storage.paging import Sql
from storage.signatures import Signature
from storage.store import Clock, Store, StoreUnavailable, Tx
from workers.connections import Connected, Connections
from workers.mail_rules import BLOCKED, WINDOW, automatic, echoed, held_back, words_of
from workers.signatures import ending

MAIL: Final = KIND
FORWARDED: Final = "forwarded"
"""The detail of a message that was forwarded to somebody; it holds the id of what they were shown."""
CONTINUED: Final = "continued"
"""The detail of a note by which a chat went on; it holds the position of the last message that it told of."""
CONVERSATION: Final = "cv_"
_NUMBER: Final = re.compile(r"\[#(\d{1,9})\]")
_THREAD_OF: Final = 40
_BY_ITSELF: Final = frozenset({"bot", "system"})


class SetAside(Exception):
    """The mail can't be read; the text says why."""


class Letters:
    """One process's handling of mail."""

    def __init__(
        self, *, store: Store, blobs: Blobs, connections: Connections, readers: Readers, clock: Clock
    ) -> None:
        self._store, self._blobs, self._connections = store, blobs, connections
        self._readers, self._clock = readers, clock

    # --- in -------------------------------------------------------------------------------------------

    async def read(self, inbound: Inbound) -> Inbound:
        """The envelope with what is in its mail; raises `SetAside` and `StoreUnavailable`.

        Any other channel's envelope is given back as it is.
        """
        if inbound.channel_kind != KIND or not isinstance(inbound.event, Message):
            return inbound
        if left := inbound.context.get("left"):
            raise SetAside(f"{QUARANTINED}{left}")
        channel = await self._channel(inbound.channel_id)
        letter = await self._letter(inbound)
        if letter.quarantined is not None:
            raise SetAside(f"{QUARANTINED}{letter.quarantined}")
        sender = letter.sender.email.lower()
        if not sender and not letter.bounce:
            raise SetAside(f"{QUARANTINED}its From names no address")
        return await self._store.write(partial(_placed, inbound=inbound, letter=letter, channel=channel))

    async def _letter(self, inbound: Inbound) -> Letter:
        try:
            raw = inbound.raw or await self._blobs.get(inbound.raw_blob)
            found = await self._readers.read(raw)
            for content in found.files:
                await self._blobs.put(content)
        except BlobsUnavailable as error:
            raise StoreUnavailable(str(error)) from error
        return found.mail

    async def _channel(self, channel_id: str) -> Mail:
        connected = await self._connections.find(channel_id)
        if connected is None or not isinstance(connected.channel, Mail):
            raise SetAside(f"{QUARANTINED}its channel is not set up, or can't be opened")
        return connected.channel

    # --- out ------------------------------------------------------------------------------------------

    async def address(self, connected: Connected, claim: Claim) -> Outbound:
        """The message with what its mail's header needs; raises `Rejected` for what is held back."""
        channel = connected.channel
        if not isinstance(channel, Mail):
            return claim.outbound
        now = self._clock()
        outbound = claim.outbound
        context, held = await self._store.read(
            partial(_context, claim=claim, settings=channel.settings, now=now)
        )
        if held:
            raise Rejected(held)
        if context["automatic"]:
            counting = partial(
                mails.passed,
                message_id=claim.message_id,
                channel_id=claim.channel_id,
                address=_reached(outbound, context),
                words=words_of(outbound.text),
                conversation_id=claim.conversation_id,
                ours=True,
            )
            await self._store.write(counting)
        return replace(outbound, context=context)


def _key(channel: Mail) -> str:
    return channel.settings.thread_key.get_secret_value()


def _placed(tx: Tx, inbound: Inbound, letter: Letter, channel: Mail) -> Inbound:
    """The envelope in its thread, counted and remembered; the same however often it is done."""
    sender = letter.sender.email.lower() or NOBODY
    returned = _returned(tx, inbound.channel_id, letter.bounce, channel) if letter.bounce else None
    ours = _ours(letter, _key(channel))
    place = returned or _thread(tx.sql, inbound, letter, ours) or Place(sender, _name(inbound, letter))
    if place.channel and letter.bounce:
        # That a mail came back is nothing to show to who is in the chat.
        place = Place(sender, _name(inbound, letter))
    passed_on = None if letter.bounce else _passed_on(tx.sql, ours)
    # Who was shown one message of a conversation is not told the rest of it.
    begun = place if passed_on is None else Place(sender, mails.digest(passed_on)[:20])
    own = channel.settings.address.lower()
    if not begun.channel:
        mails.remember(tx, inbound.channel_id, letter.message_id, begun)
    by_itself = letter.automatic or sender == own
    if not by_itself:
        words = words_of(letter.reply_text)
        past = mails.ours(tx.sql, inbound.channel_id, sender, "", tx.now)
        said = mails.theirs(tx.sql, inbound.channel_id, sender, tx.now)
        if not mails.counted(tx.sql, inbound.id):
            by_itself = automatic(past, said, words, tx.now)
        mails.passed(tx, inbound.id, inbound.channel_id, sender, words, conversation_id="", ours=False)
    if not (by_itself or begun.channel):
        mails.join(tx, inbound.channel_id, begun, _people(letter, begun, own))
    found = _envelope(inbound, letter, place, by_itself=by_itself, aside=passed_on is not None)
    if passed_on is None:
        return found
    apart = Apart(
        channel_id=inbound.channel_id, channel_kind=KIND, sender=inbound.sender, thread=begun.thread
    )
    return replace(found, event=replace(found.event, apart=apart))


def _named(letter: Letter) -> list[str]:
    """The Message-IDs that a mail names, what it answers first."""
    return [one for one in (letter.in_reply_to, *reversed(letter.references)) if one]


def _ours(letter: Letter, key: str) -> list[str]:
    """The ids of conversations and messages of ours that a mail names in a way that nobody can make up."""
    at = [tokens.answered_at(key, person.email) for person in (*letter.to, *letter.cc)]
    return [id_ for id_ in (*at, *(tokens.message_of(key, one) for one in _named(letter))) if id_]


def _passed_on(sql: Sql, ours: Sequence[str]) -> str | None:
    """The first of our messages that a mail names, if it was forwarded to whoever has it."""
    first = next((id_ for id_ in ours if not id_.startswith(CONVERSATION)), None)
    message = find_message(sql, first) if first else None
    return message.id if message is not None and FORWARDED in message.details else None


def _thread(sql: Sql, inbound: Inbound, letter: Letter, ours: Sequence[str]) -> Place | None:
    """Where a reply belongs: by a token of ours, by the mails it names, by a ticket's number."""
    channel_id = inbound.channel_id
    for id_ in ours:
        found = mails.of_conversation if id_.startswith(CONVERSATION) else mails.of_message
        if place := found(sql, channel_id, id_) or mails.elsewhere(sql, id_):
            return place
    if place := mails.of_ids(sql, channel_id, _named(letter)):
        return place
    number = _NUMBER.search(letter.subject)
    sender = letter.sender.email.lower()
    return mails.of_ticket(sql, channel_id, int(number[1]), sender) if number else None


def _returned(tx: Tx, channel_id: str, bounce: BounceReport, channel: Mail) -> Place | None:
    """What a bounce does: its message failed, and an address that takes no mail gets none by itself."""
    message = tokens.message_of(_key(channel), bounce.message_id)
    reason = f"it came back: {bounce.reason}"
    # Without our own Message-ID anybody could have written it.
    if not message or not bounce.permanent:
        return mails.of_message(tx.sql, channel_id, message) if message else None
    place = mails.of_message(tx.sql, channel_id, message) or mails.elsewhere(tx.sql, message)
    if place is None or not mails.bounced(tx, channel_id, message, reason):
        return None
    if address := _unreached(tx.sql, message, bounce.recipient.lower(), place):
        mails.block(tx, channel_id, address, tx.now + BLOCKED, reason)
    return place


def _unreached(sql: Sql, message_id: str, recipient: str, place: Place) -> str:
    """Which address took no mail: one that it was sent to, whatever the report says; "" for none of ours."""
    message = find_message(sql, message_id)
    details: Mapping[str, Any] = message.details if message else {}
    named = {one.lower() for kind in ("to", "cc", "bcc") for one in details.get(kind, ())}
    if recipient in named:
        return recipient
    return "" if FORWARDED in details or CONTINUED in details else place.address


def _name(inbound: Inbound, letter: Letter) -> str:
    """A new thread is named after the mail that begins it."""
    return mails.digest(letter.message_id or inbound.external_id)[:20]


def _people(letter: Letter, place: Place, own: str) -> dict[str, str]:
    """Who takes part beside the contact and the mailbox."""
    everyone: tuple[Person, ...] = (letter.sender, *letter.to, *letter.cc)
    local, _, domain = own.rpartition("@")
    return {
        one.email.lower(): one.name
        for one in everyone
        if one.email
        and one.email.lower() not in (own, place.address)
        and not (one.email.lower().startswith(f"{local}+") and one.email.lower().endswith(f"@{domain}"))
    }


def _envelope(inbound: Inbound, letter: Letter, place: Place, *, by_itself: bool, aside: bool) -> Inbound:
    told: dict[str, Any] = {
        "from": _shown(letter.sender),
        "to": [_shown(one) for one in letter.to],
        "cc": [_shown(one) for one in letter.cc],
        "message_id": letter.message_id,
        "in_reply_to": letter.in_reply_to,
    }
    if letter.text != letter.reply_text:
        told["body"] = letter.text
    if inline := {one.cid: number for number, one in enumerate(letter.attachments) if one.inline and one.cid}:
        told["inline"] = inline
    if letter.cut:
        told["cut"] = True
    if aside:
        told["answers_forward"] = True
    if letter.bounce is not None:
        told["bounce"] = msgspec.to_builtins(letter.bounce)
    if letter.sent_at:
        told["sent_at"] = letter.sent_at
    event = Message(
        text=letter.reply_text,
        html=letter.html_safe or None,
        subject=letter.subject,
        attachments=tuple(one.attachment() for one in letter.attachments),
        automatic=by_itself,
    )
    same = place.address == inbound.sender.address
    sender = inbound.sender if same else replace(inbound.sender, address=place.address)
    if place.channel:
        inbound = replace(
            inbound, channel_id=place.channel, channel_kind=place.kind, through=inbound.channel_id
        )
    return replace(
        inbound,
        sender=sender,
        event=event,
        thread=place.thread,
        context={**inbound.context, "mail": told},
        sent_at=_sent_at(letter),
    )


def _sent_at(letter: Letter) -> datetime | None:
    return datetime.fromisoformat(letter.sent_at) if letter.sent_at else None


def _shown(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email}


def _context(sql: Sql, claim: Claim, settings: MailSettings, now: datetime) -> tuple[dict[str, Any], str]:
    """What an outgoing mail needs beside its text, and why it is held back ("" if it is not)."""
    outbound = claim.outbound
    message = find_message(sql, claim.message_id)
    details: Mapping[str, Any] = message.details if message else {}
    below = _signature(sql, settings, message) if outbound.author == "agent" else {}
    named = {kind: details[kind] for kind in ("to", "cc", "bcc") if kind in details}
    if FORWARDED in details:
        return {**named, **below, FORWARDED: True, "automatic": False}, ""
    position = message.position if message else 0
    before = mails.recent(sql, claim.conversation_id, position, _THREAD_OF)
    if CONTINUED in details:
        # What was said in the chat went as no mail that this one could name.
        before = [one for one in before if one[1] == "customer"]
    by_itself = outbound.author in _BY_ITSELF
    held = ""
    address = _reached(outbound, named)
    if by_itself and not mails.counted(sql, claim.message_id):
        past = mails.ours(sql, claim.channel_id, address, claim.conversation_id, now)
        held = held_back(past, words_of(outbound.text), now) or _echo(sql, claim, address, now)
    if by_itself and not held and (why := mails.blocked(sql, claim.channel_id, address, now)):
        held = f"held back: mail to this address {why}"
    place = Place(outbound.address, outbound.thread)
    people = [] if by_itself else sorted(mails.people(sql, claim.channel_id, place))
    key = settings.thread_key.get_secret_value()
    called = [(line[1], _message_id(line, key, settings.address)) for line in before]
    theirs = [one for author, one in called if author == "customer" and one]
    return {
        "references": [one for _, one in called if one],
        "answers": theirs[-1] if theirs else "",
        "cc": people,
        **named,
        **below,
        "automatic": by_itself,
    }, held


def _echo(sql: Sql, claim: Claim, address: str, now: datetime) -> str:
    """Why nothing answers a mail that says again what was sent by itself a moment ago."""
    ours = mails.said_by_itself(sql, claim.channel_id, address, now - WINDOW)
    last = last_of_customer(sql, claim.conversation_id) if ours else None
    told = f"held back: they wrote back within {WINDOW.seconds // 60} minutes what was sent by itself"
    return told if last is not None and echoed(ours, last.text) else ""


def _signature(sql: Sql, settings: MailSettings, message: Stored | None) -> dict[str, Any]:
    agent = agents.find(sql, message.author_id) if message and message.author_id else None
    own = signatures.of_agent(sql, agent.id) if agent else Signature()
    below = ending(own, settings, agent)
    return {"signature": below._asdict()} if any(below) else {}


def _reached(outbound: Outbound, named: Mapping[str, Any]) -> str:
    """Whom a mail goes to before anybody else."""
    return str(next(iter(named.get("to", ())), outbound.address))


def _message_id(line: tuple[str, str, Any], key: str, own: str) -> str:
    """What a message of the conversation was called as a mail."""
    message, author, details = line
    if author != "customer":
        return tokens.message_id(key, message, own)
    found = details.get("context", {}).get("mail", {}).get("message_id", "")
    return found if isinstance(found, str) else ""
