"""The e-mail channel: its hook, its settings, the mails it makes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from

from bus.envelope import Attachment, Message, Outbound
from channels.conformance import ChannelConformance
from channels.mail import Mail, tokens
from channels.mail.compose import compose
from channels.mail.receive import key_of
from channels.mail.settings import MailSettings
from channels.protocol import Channel, HookRequest, Rejected
from channels.settings import SettingsError, configure

LETTER = (
    b"From: Ann <Ann@Example.org>\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\nWhere is it?\r\n"
)
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
KEY = "k" * 43


def settings(**given: Any) -> MailSettings:
    """A mailbox's settings."""
    secret = {"hook_secret": "h" * 32, "thread_key": KEY}
    return MailSettings.load({"address": "support@desk.example", "name": "Desk", **given}, secret)


def outbound(**given: Any) -> Outbound:
    """A reply."""
    usual: dict[str, Any] = {
        "id": "msg_1",
        "conversation_id": "cv_1",
        "thread": "t",
        "address": "ann@example.org",
        "author": "agent",
        "text": "It is on its way.\n你好",
        "created_at": NOW,
        "subject": "Hello",
    }
    return Outbound(**usual | given)


class TestConformance(ChannelConformance):
    """The e-mail channel does what every channel does."""

    channel_type = Mail
    settings = {
        "address": "support@desk.example",
        "imap": {"host": "mail.desk.example", "user": "support", "password": "imap password"},
        "smtp": {"host": "mail.desk.example", "user": "support", "password": "smtp password"},
        "oauth": {
            "token_url": "https://id.example/token",
            "client_id": "c",
            "client_secret": "client secret",
            "refresh_token": "refresh token",
        },
    }

    def request(self, channel: Channel, secrets: Mapping[str, str], body: bytes | None = None) -> HookRequest:
        """With the channel's secret as Bearer token."""
        headers = {"Authorization": f"Bearer {secrets['hook_secret']}"}
        return HookRequest(self.channel_id, headers, LETTER if body is None else body, self.now)


def test_passwords_within_the_settings_are_kept_apart_and_stay_when_not_given() -> None:
    """What may be shown has no password; a change without one keeps it, a change with one takes it."""
    imap = {"host": "h.example", "user": "u", "password": "old"}
    first = configure(MailSettings, {"address": "a@b.c", "imap": imap})
    public = {"host": "h.example", "port": 993, "user": "u", "tls": True, "ca": "", "folder": "INBOX"}
    assert (first.public["imap"], first.secret["imap_password"]) == (public, "old")
    again = configure(MailSettings, {"address": "a@b.c", "imap": public}, first.secret)
    assert again.secret["imap_password"] == "old"
    changed = configure(
        MailSettings, {"address": "a@b.c", "imap": {**public, "password": "new"}}, first.secret
    )
    assert changed.secret["imap_password"] == "new"


@pytest.mark.parametrize(
    "given",
    [
        {"address": "nobody"},
        {"address": "a@b.c\r\nBcc: x@y.z"},
        {"address": "a@b.c", "imap": {"host": "h", "user": "u", "password": "pass", "mode": "x"}},
        {"address": "a@b.c", "name": "A\r\nB"},
        {"address": "a@b.c", "smtp": {"host": "h", "port": 0, "password": "pass"}},
        {"address": "a@b.c", "smtp": {"host": "h", "ca": "none", "password": "pass"}},
    ],
)
def test_settings_that_can_t_be_are_refused_without_their_secrets(given: dict[str, Any]) -> None:
    """Words that say where, and no password in them."""
    with pytest.raises(SettingsError) as caught:
        configure(MailSettings, given)
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("message", "expected"),
    [("msg_1", "msg_1"), ("msg_2", "msg_2")],
)
def test_our_own_message_ids_are_known_again(message: str, expected: str) -> None:
    """And those of another key, or with another message's mark, are not."""
    found = tokens.message_id(KEY, message, "a@b.c")
    assert tokens.message_of(KEY, found) == expected
    assert tokens.message_of("x" * 43, found) == ""
    assert tokens.message_of(KEY, found.replace(message, "msg_9")) == ""
    assert tokens.message_of(KEY, "<other@b.c>") == ""


def test_reply_addresses_are_known_again_in_any_case() -> None:
    """Mail servers may change the case of an address."""
    address = tokens.reply_address(KEY, "support@desk.example", "cv_1")
    assert tokens.answered_at(KEY, address.upper()) == "cv_1"
    assert tokens.answered_at(KEY, address.replace("cv_1", "cv_2")) == ""
    assert tokens.answered_at(KEY, "support+x@desk.example") == ""


def test_a_mail_is_the_same_whatever_way_it_came() -> None:
    """What servers on the way add is no difference; another text under the same Message-ID is."""
    fetched = b"Received: by mx\r\nReturn-Path: <ann@example.org>\r\n" + LETTER.replace(b"\r\n", b"\n")
    assert key_of(fetched, "<1@example.org>") == key_of(LETTER, "<1@example.org>")
    assert key_of(LETTER + b"more", "<1@example.org>") != key_of(LETTER, "<1@example.org>")


@given(head=lists(sampled_from((b"From: a", b"X", b"\r", b"", b" "))), size=integers(0, 300))
def test_a_mail_s_key_is_made_in_pieces_and_the_same(head: list[bytes], size: int) -> None:
    """As if all line ends had been made plain at once, wherever a piece ends."""
    body = (b"a\r" * 65_000 + b"\n" + b"b\r\n" * 40_000)[size:] + b" \r\n"
    for raw in (b"\r\n".join([*head, b"", body]), b"\n".join([*head, b"", body]), b"\r\n".join(head)):
        plain_head, _, plain = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
        lines = [line for line in plain_head.split(b"\n") if line.startswith(b"From: ")]
        expected = sha256(b"\n".join([*lines, b"", plain.rstrip()])).hexdigest()[:32]
        assert key_of(raw, "") == f"#{expected}"


def test_a_hook_takes_the_secret_as_basic_password_too() -> None:
    """Providers put user and password into the address they call."""
    configured = configure(MailSettings, {"address": "a@b.c"})
    channel = Mail("ch_1", MailSettings.load(configured.public, configured.secret), None)  # type: ignore[arg-type]
    import base64  # noqa: PLC0415 - used once

    basic = base64.b64encode(f"hook:{configured.secret['hook_secret']}".encode()).decode()
    received = channel.receive(HookRequest("ch_1", {"Authorization": f"Basic {basic}"}, LETTER, NOW))
    (event,) = received.events
    assert (event.sender.address, event.sender.email) == ("ann@example.org", "Ann@example.org")
    assert event.event == Message(text="", subject="Hello")


def test_a_reply_names_what_it_answers() -> None:
    """Text and HTML, one Message-ID on each attempt, a subject that says it is a reply."""
    context = {
        "references": ["<1@example.org>", "<2@example.org>"],
        "cc": ["bob@example.org"],
        "bcc": ["c@d.e"],
    }
    reply = outbound(context=context)
    mail = compose(reply, (), settings()).message
    assert str(mail["In-Reply-To"]) == "<2@example.org>"
    assert str(mail["References"]).split() == ["<1@example.org>", "<2@example.org>"]
    assert (str(mail["Subject"]), str(mail["Cc"]), mail["Bcc"]) == ("Re: Hello", "bob@example.org", None)
    assert str(mail["From"]) == "Desk <support@desk.example>"
    assert str(mail["Message-ID"]) == str(compose(reply, (), settings()).message["Message-ID"])
    assert tokens.message_of(KEY, str(mail["Message-ID"])) == "msg_1"
    parts = [part.get_content_type() for part in mail.walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    assert compose(reply, (), settings()).recipients == ("ann@example.org", "bob@example.org", "c@d.e")
    assert mail["Auto-Submitted"] is None


def test_automatic_mail_says_so() -> None:
    """So that no other desk answers it."""
    mail = compose(outbound(author="bot", context={"automatic": True}), (), settings()).message
    assert str(mail["Auto-Submitted"]) == "auto-replied"


def test_nothing_that_was_written_adds_a_field() -> None:
    """Line breaks in subjects, names, files and ids become blanks or are left out."""
    evil = "x\r\nBcc: victim@example.org\r\n\r\nbody\u2028\x0b"
    reply = outbound(
        subject=evil,
        context={"references": [f"<a{evil}>", "<ok@x>"], "cc": []},
        attachments=(Attachment(name=evil, type="text/x\r\nX: y", size=1, blob="0"),),
    )
    mail = compose(reply, (b"x",), settings()).message
    raw = mail.as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    assert [line for line in head.split(b"\r\n") if line.lower().startswith(b"bcc")] == []
    assert str(mail["References"]) == "<ok@x>"
    assert b"\r\nX:" not in raw


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b.c\r\nRCPT TO:<x@y.z>", "<a@b.c>", "a@b.c, d@e.f", "a b@c.d", "a@b@c"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """In words, before any server hears of it."""
    with pytest.raises(Rejected, match="is not an address"):
        compose(outbound(address=address), (), settings())
