"""The Telegram channel: updates as the Bot API documents them, and texts as it takes them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bus.envelope import Action, Edit, Message, Move, Option, Outbound
from channels.conformance import Call, SendingConformance
from channels.pieces import utf16
from channels.protocol import Channel, HookRequest, Rejected
from channels.settings import SettingsError, configure
from channels.telegram import Telegram
from channels.telegram.markup import Mark, Piece, pieces, units
from channels.telegram.receive import received
from channels.telegram.send import Target, texts
from channels.telegram.settings import TelegramSettings
from channels.telegram.update import parse

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TOKEN = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
USER = {
    "id": 1111111,
    "is_bot": False,
    "first_name": "Test",
    "last_name": "Lastname",
    "username": "Testusername",
}
# As https://core.telegram.org/bots/webhooks#testing-your-bot-with-updates shows it.
TEXT: dict[str, Any] = {
    "update_id": 10000,
    "message": {
        "date": 1441645532,
        "chat": {"last_name": "Lastname", "id": 1111111, "type": "private", "first_name": "Test"},
        "message_id": 1365,
        "from": USER,
        "text": "/start",
    },
}


class TestConformance(SendingConformance):
    """The Telegram channel does what every channel does."""

    channel_type = Telegram
    settings = {"token": TOKEN, "mode": "webhook"}

    def request(self, channel: Channel, secrets: Mapping[str, str], body: bytes | None = None) -> HookRequest:
        """With the secret token that was told to Telegram."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secrets["secret_token"]}
        content = json.dumps(TEXT).encode() if body is None else body
        return HookRequest(self.channel_id, headers, content, self.now)

    def pointed_at(self, url: str) -> Mapping[str, Any]:
        """The Bot API of its own server."""
        return {"token": TOKEN, "base_url": url}

    def answer(self, call: Call) -> web.Response:
        """A message was made."""
        made = {"message_id": 5, "date": 1, "chat": {"id": 7, "type": "private"}}
        return web.json_response({"ok": True, "result": made})

    def slowed(self) -> web.Response:
        """https://core.telegram.org/bots/api#responseparameters."""
        told = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 7"}
        return web.json_response(told | {"parameters": {"retry_after": 7}}, status=429)

    def shown(self, calls: Sequence[Call]) -> list[str]:
        """Texts, buttons, files."""
        seen: list[str] = []
        for call in calls:
            seen += [call.form["text"]] if "text" in call.form else []
            rows = json.loads(call.form.get("reply_markup", "{}")).get("inline_keyboard", [])
            seen += [button["text"] for row in rows for button in row]
            seen += [value.filename for value in call.form.values() if isinstance(value, web.FileField)]
        return seen

    def measure(self, text: str) -> int:
        """In UTF-16 code units."""
        return utf16(text)


def heard(**update: Any) -> list[Any]:
    """The events of an update."""
    raw = json.dumps({"update_id": 1, **update}).encode()
    return list(received("ch_1", parse(raw), raw, NOW).events)


def message(**changes: Any) -> dict[str, Any]:
    """The documented message, changed."""
    found: dict[str, Any] = {**TEXT["message"], **changes}
    return found


NOBODY = {name: value for name, value in TEXT["message"].items() if name != "from"}
GROUP = {"id": -100, "type": "supergroup", "title": "g"}


def test_a_text_is_a_message_of_its_sender() -> None:
    """Key, sender, time and text are Telegram's."""
    (event,) = heard(message=TEXT["message"])
    assert (event.external_id, event.thread, event.event) == ("1111111:1365", "", Message(text="/start"))
    assert (event.sender.address, event.sender.name) == ("1111111", "Test Lastname")
    assert (event.sender.identity, event.sender.verified) == ("telegram:1111111", True)
    assert event.sent_at == datetime(2015, 9, 7, 17, 5, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "thread"),
    [
        ({"chat": GROUP}, "-100"),
        ({"chat": GROUP, "message_thread_id": 3, "is_topic_message": True}, "-100/3"),
        ({"chat": GROUP, "message_thread_id": 3}, "-100"),
    ],
)
def test_a_group_is_a_thread(changes: dict[str, Any], thread: str) -> None:
    """And each of its topics one more; the sender is who wrote."""
    (event,) = heard(message=message(**changes))
    assert (event.thread, event.sender.address) == (thread, "1111111")


def test_edits_and_presses_name_what_they_are_about() -> None:
    """An edit its message, or the album it is in; a press the button's text."""
    (edit,) = heard(edited_message=message(text="better", edit_date=1441645600))
    (caption,) = heard(edited_message=message(media_group_id="g", caption="better"))
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "helped"}]]}
    pressed = {"id": "9", "from": USER, "data": "helped", "message": message(reply_markup=keyboard)}
    (press,) = heard(callback_query=pressed)
    assert edit.event == Edit(target="1111111:1365", text="better")
    assert caption.event.target == "album:1111111:g"
    assert press.event == Action(value="helped", text="Yes")


def test_a_group_that_moved_is_told_twice_and_is_one_event() -> None:
    """Both groups tell it, with one key."""
    moving = heard(message=message(chat={"id": -50, "type": "group"}, migrate_to_chat_id=-100))
    moved = heard(message=message(chat=GROUP, migrate_from_chat_id=-50))
    assert [(one.id, one.thread, one.event) for one in (*moving, *moved)] == [
        (moving[0].id, "-50", Move(thread="-100"))
    ] * 2


@pytest.mark.parametrize(
    "update",
    [
        {"my_chat_member": {}},
        {"message": message(text="", new_chat_title="x")},
        {"message": message() | {"from": None}},
    ],
)
def test_what_nobody_said_is_no_event(update: dict[str, Any]) -> None:
    """Service messages and what is not asked for."""
    assert heard(**update) == []


def test_html_becomes_text_and_marks() -> None:
    """Nested, with paragraphs and lists; offsets count UTF-16 units."""
    html = "<p>😀 <b>Bold <i>both</i></b></p><ul><li>one</li><li><a href='https://e.org'>two</a></li></ul>"
    (piece,) = pieces("unused", html)
    assert piece.text == "😀 Bold both\n• one\n• two"
    assert piece.marks == (
        Mark("bold", 2, 9),
        Mark("italic", 7, 4),
        Mark("text_link", 20, 3, "https://e.org"),
    )
    assert units(piece.text, piece.marks[0]) == (3, 9)


def test_a_mark_that_is_cut_goes_on_in_the_next_piece() -> None:
    """Each piece has its part."""
    first, second = pieces("", f"<b>{'word ' * 1000}end</b>")
    assert utf16(first.text) <= 4096
    assert first.marks == (Mark("bold", 0, len(first.text)),)
    assert second.marks == (Mark("bold", 0, len(second.text)),)
    assert pieces("  \n ", None) == []
    assert pieces("plain", None) == [Piece("plain", ())]


def test_options_that_no_button_can_carry_are_lines() -> None:
    """What a platform can't show degrades visibly."""
    outbound = Outbound(
        id="msg_1",
        conversation_id="cv_1",
        thread="",
        address="7",
        author="bot",
        text="Which?",
        created_at=NOW,
        options=(
            Option(value="article:" + "x" * 60, label="Refunds"),
            Option(value="person", label="A person"),
        ),
    )
    assert texts(outbound) == [(Piece("Which?\n1. Refunds\n2. A person", ()), ())]


@pytest.mark.parametrize("address", ["", "ann", "7; drop", "1" * 30, "7/x"])
def test_what_is_no_chat_is_rejected(address: str) -> None:
    """In words, before Telegram is asked."""
    with pytest.raises(Rejected, match="no address"):
        Target("", address)


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"token": "nonsense"}, "/token"),
        ({"token": TOKEN, "base_url": "ftp://x"}, "/base_url"),
        ({"token": TOKEN, "mode": "pigeon"}, "/mode"),
    ],
)
def test_wrong_settings_are_refused_where_they_stand(given: dict[str, Any], where: str) -> None:
    """Without their values."""
    with pytest.raises(SettingsError) as caught:
        configure(TelegramSettings, given)
    assert [fault.pointer for fault in caught.value.faults] == [where]


def test_the_base_url_may_be_written_as_others_write_it() -> None:
    """With or without the part before the token."""
    for given in ("http://127.0.0.1:8081", "http://127.0.0.1:8081/", "http://127.0.0.1:8081/bot"):
        made = configure(TelegramSettings, {"token": TOKEN, "base_url": given})
        assert made.public["base_url"] == "http://127.0.0.1:8081"
