"""Telegram, against its Bot API over HTTP: what users send and what they are shown, once each."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.bot_api import TOKEN, BotApi
from tests.desk import running_desk
from tests.eventually import eventually
from tests.integration.conftest import Desk

CHANNELS = "/api/v1/channels"


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    """The platform."""
    async with BotApi() as made:
        yield made


async def connect(desk: Desk, api: BotApi, **settings: Any) -> dict[str, Any]:
    """A channel of the desk to the platform; its body as it was answered."""
    given = {"token": TOKEN, "base_url": api.url, **settings}
    made = await desk.ask("POST", CHANNELS, {"kind": "telegram", "name": "Bot", "settings": given})
    assert made.status == 201, made.body
    body: dict[str, Any] = made.body
    if body["settings"]["mode"] == "webhook":
        # The desk of the test listens on a port of its own.
        api.webhook["url"] = f"{desk.url}/hooks/{body['id']}"
        await desk.parts.connections.refresh()
    return body


async def tickets(desk: Desk, count: int) -> list[dict[str, Any]]:
    """Wait for so many tickets, oldest first."""

    async def look() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await desk.ask("GET", "/api/v1/tickets")).body["data"]
        return found if len(found) >= count else []

    return sorted(await eventually(look), key=lambda ticket: ticket["number"])


async def handed_over(desk: Desk, api: BotApi) -> dict[str, Any]:
    """The only ticket, once its customer was told that it is passed on."""
    (ticket,) = await tickets(desk, 1)

    async def told() -> bool:
        return any(f"#{ticket['number']}" in text for text in api.texts())

    await eventually(told)
    return ticket


async def said(desk: Desk, ticket: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """Wait until the customer has said so much in a ticket's conversation."""
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"

    async def look() -> list[dict[str, Any]]:
        found = (await desk.ask("GET", path)).body["data"]
        theirs = [one for one in found if one["author"] == "customer"]
        return theirs if len(theirs) >= count else []

    return await eventually(look)


async def reply(desk: Desk, ticket: dict[str, Any], **body: Any) -> str:
    """An agent replies; the message's id."""
    made = await desk.ask("POST", f"/api/v1/tickets/{ticket['id']}/replies", {"text": "", **body})
    assert made.status == 201, made.body
    id_: str = made.body["id"]
    return id_


async def delivery(desk: Desk, ticket: dict[str, Any], message_id: str, state: str) -> dict[str, Any]:
    """Wait until a reply's delivery is in a state."""
    path = f"/api/v1/conversations/{ticket['conversation_id']}/messages"

    async def look() -> dict[str, Any] | None:
        found = (await desk.ask("GET", path)).body["data"]
        one: dict[str, Any] = next(one for one in found if one["id"] == message_id)["delivery"]
        return one if one["state"] == state else None

    found = await eventually(look)
    assert found is not None
    return found


async def test_what_a_user_writes_is_a_ticket_and_the_reply_reaches_them(desk: Desk, api: BotApi) -> None:
    """By polling: repeated updates are one message; the sender has Telegram's name and is verified."""
    await connect(desk, api)
    first = await api.say(text="my kitchen ceiling dripped purple paint")
    (ticket,) = await tickets(desk, 1)
    await api.again(first | {"_again": True})
    await api.say(text="hello?")
    lines = await said(desk, ticket, 2)
    assert [line["text"] for line in lines] == ["my kitchen ceiling dripped purple paint", "hello?"]
    customer = (await desk.ask("GET", f"/api/v1/customers/{ticket['customer_id']}")).body
    assert (customer["name"], customer["attributes"]["telegram_username"]) == ("Ann Lee", "ann")
    await delivery(desk, ticket, await reply(desk, ticket, text="We are on it."), "sent")
    assert api.texts(7)[-1] == "We are on it."


async def test_a_webhook_is_told_to_telegram_and_strangers_are_refused(desk: Desk, api: BotApi) -> None:
    """`setWebhook` carries the secret token; without it nothing is taken; what is no event is answered."""
    made = await connect(desk, api, mode="webhook")
    assert api.webhook["secret_token"] == made["secrets"]["secret_token"]
    update = {"update_id": 5, "message": api.message(text="by webhook, purple paint")}
    assert await api.post(update, secret="wrong") == 401
    assert [await api.post(update) for _ in range(2)] == [202, 202]
    assert await api.post({"update_id": 6, "my_chat_member": {}}) == 202
    (ticket,) = await tickets(desk, 1)
    assert len(await said(desk, ticket)) == 1


async def test_an_album_is_one_message_in_one_conversation(desk: Desk, api: BotApi) -> None:
    """Its parts come as updates of their own, some of them later; the caption stands where it stood."""
    await connect(desk, api, mode="webhook")
    for number in range(3):
        api.files[f"p{number}"] = f"photo {number}".encode()
    for number in range(3):
        sizes = [
            {"file_id": "small", "file_unique_id": "s", "width": 9, "height": 9},
            {"file_id": f"p{number}", "file_unique_id": "l", "width": 900, "height": 900},
        ]
        caption: dict[str, Any] = {"caption": "the ceiling, dripping purple"} if number == 0 else {}
        await api.say(media_group_id="g1", photo=sizes, **caption)
    (ticket,) = await tickets(desk, 1)

    async def whole() -> bool:
        return len((await said(desk, ticket))[0]["attachments"]) == 3

    await eventually(whole)
    (line,) = await said(desk, ticket)
    assert line["text"] == "the ceiling, dripping purple"
    query = "SELECT count(*) FROM conversations"
    found = await desk.parts.store.read(lambda sql: sql.exec_driver_sql(query).scalar())
    urls = [one["url"] for one in line["attachments"]]
    assert found == 1
    assert [(await desk.ask("GET", url)).body for url in urls] == [b"photo 0", b"photo 1", b"photo 2"]


async def test_places_contacts_and_files_come_in(desk: Desk, api: BotApi) -> None:
    """Each as a file that can go out again; what Telegram does not hand over is named."""
    await connect(desk, api)
    api.files |= {"v1": b"OggS", "d1": b"%PDF"}
    await api.say(text="purple paint")
    await api.say(voice={"file_id": "v1", "file_unique_id": "v", "duration": 1, "mime_type": "audio/ogg"})
    await api.say(
        document={
            "file_id": "d1",
            "file_unique_id": "d",
            "file_name": "发票.pdf",
            "mime_type": "application/pdf",
        }
    )
    await api.say(location={"latitude": 52.52, "longitude": 13.405})
    await api.say(contact={"phone_number": "+4930123", "first_name": "Bob"})
    await api.say(video={"file_id": "big", "file_unique_id": "b", "file_size": 50_000_000})
    (ticket,) = await tickets(desk, 1)
    lines = (await said(desk, ticket, 6))[1:]
    files = [[(one["name"], one["type"]) for one in line["attachments"]] for line in lines]
    assert files == [
        [("voice.ogg", "audio/ogg")],
        [("发票.pdf", "application/pdf")],
        [("location.geojson", "application/geo+json")],
        [("contact.vcf", "text/vcard")],
        [],
    ]
    assert [line["text"] for line in lines[2:]] == [
        "📍 52.520000, 13.405000",
        "👤 Bob: +4930123",
        "[video.mp4: larger than the 20 MB that Telegram hands over]",
    ]


async def test_an_edit_changes_what_was_said(desk: Desk, api: BotApi) -> None:
    """The message keeps its place, and its earlier text."""
    await connect(desk, api)
    message = (await api.say(text="purple pain"))["message"]
    (ticket,) = await tickets(desk, 1)
    await api.update(edited_message=message | {"text": "purple paint", "edit_date": message["date"] + 1})

    async def edited() -> bool:
        return [line["text"] for line in await said(desk, ticket)] == ["purple paint"]

    await eventually(edited)


async def test_options_are_buttons_and_pressing_one_answers(desk: Desk, api: BotApi) -> None:
    """The bot's question has buttons; the press is taken as the customer's choice, once, and is let rest."""
    await connect(desk, api)
    article = {
        "title": "Parcels",
        "answer": "It is on its way.",
        "phrasings": ["where is my parcel"],
        "language": "en",
    }
    await desk.ask("POST", "/api/v1/articles", article)

    async def answered() -> list[dict[str, Any]]:
        await api.say(text="where is my parcel")
        await asyncio.sleep(0.5)
        return [one for one in api.sent if "reply_markup" in one]

    asked = (await eventually(answered))[-1]
    button = asked["reply_markup"]["inline_keyboard"][-1][0]
    pressed = {
        "id": "q1",
        "from": api.message()["from"],
        "chat_instance": "c",
        "data": button["callback_data"],
        "message": {"message_id": asked["message_id"], "date": 1, "chat": {"id": 7, "type": "private"}}
        | {"reply_markup": asked["reply_markup"]},
    }
    await api.update(callback_query=pressed)

    async def rested() -> bool:
        return "answerCallbackQuery" in api.calls

    await eventually(rested)
    query = "SELECT text FROM messages WHERE external_id = 'button:q1'"

    async def chosen() -> Any:
        return await desk.parts.store.read(lambda sql: sql.exec_driver_sql(query).scalar())

    assert await eventually(chosen) == button["text"]


async def test_a_long_reply_goes_in_pieces_that_keep_their_formatting(desk: Desk, api: BotApi) -> None:
    """4,096 UTF-16 units at most each, in order, no emoji cut; bold stays bold on both sides of a cut."""
    await connect(desk, api)
    await api.say(text="purple paint")
    ticket = await handed_over(desk, api)
    before = len(api.sent)
    words = "😀 brave new words " * 300
    html = f"<p>Hello <b>{words}</b><a href='https://example.org/'>end</a></p>"
    await delivery(desk, ticket, await reply(desk, ticket, text="fallback", html=html), "sent")
    texts = [one for one in api.sent[before:] if "text" in one]
    whole = "".join(one["text"] for one in texts)
    assert (whole.startswith("Hello 😀 brave"), whole.endswith("end"), len(texts)) == (True, True, 2)
    bold = [mark for one in texts for mark in one["entities"] if mark["type"] == "bold"]
    assert [mark["offset"] for mark in bold] == [6, 0]
    assert texts[-1]["entities"][-1] | {"offset": 0} == {
        "type": "text_link",
        "offset": 0,
        "length": 3,
        "url": "https://example.org/",
    }


async def test_files_go_out_as_what_they_are(desk: Desk, api: BotApi) -> None:
    """A picture as a photo, a place as a place, anything else as a document; the text first."""
    await connect(desk, api)
    await api.say(text="purple paint")
    await api.say(location={"latitude": 52.52, "longitude": 13.405})
    ticket = await handed_over(desk, api)
    place = (await said(desk, ticket, 2))[1]["attachments"][0]["url"]
    content = (await desk.ask("GET", place)).body
    uploads = []
    for name, type_, data in (
        ("a.png", "image/png", b"\x89PNG"),
        ("here.geojson", "application/geo+json", content),
        ("b.pdf", "application/pdf", b"%PDF"),
    ):
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name, content_type=type_)
        uploads.append((await desk.ask("POST", "/api/v1/uploads", data=form)).body["upload_id"])
    before = len(api.sent)
    await delivery(desk, ticket, await reply(desk, ticket, text="See these", attachments=uploads), "sent")
    made = api.sent[before:]
    assert [one["method"] for one in made] == ["sendMessage", "sendPhoto", "sendLocation", "sendDocument"]
    assert made[1]["photo"] == {"filename": "a.png", "type": "image/png", "content": b"\x89PNG"}
    assert (made[2]["latitude"], made[2]["longitude"]) == ("52.52", "13.405")


async def test_a_chat_that_asks_to_wait_holds_up_nobody_else(desk: Desk, api: BotApi) -> None:
    """A 429 puts off that chat's message alone; it arrives once, after the second that was asked for."""
    await connect(desk, api)
    await api.say(7, text="purple paint")
    await api.say(8, text="green paint")
    mine, other = await tickets(desk, 2)
    api.waits[7] = 1
    first = await reply(desk, mine, text="slow")
    second = await reply(desk, other, text="quick")
    await delivery(desk, other, second, "sent")
    await delivery(desk, mine, first, "sent")
    assert [text for text in api.texts() if text in ("slow", "quick")] == ["quick", "slow"]
    channel = (await desk.ask("GET", CHANNELS)).body["data"][0]
    assert channel["status"]["state"] == "ok"


async def test_a_message_of_several_parts_goes_on_where_it_was_stopped(desk: Desk, api: BotApi) -> None:
    """A 429 in the middle: what was shown is not shown again."""
    await connect(desk, api)
    await api.say(text="purple paint")
    ticket = await handed_over(desk, api)
    before = len(api.sent)
    text = "one. " * 800 + "two. " * 800

    async def stop_after_one() -> None:
        async def first() -> bool:
            return len(api.sent) > before

        await eventually(first)
        api.waits[7] = 1

    stopping = asyncio.create_task(stop_after_one())
    await delivery(desk, ticket, await reply(desk, ticket, text=text), "sent")
    await stopping
    assert "".join(one["text"] for one in api.sent[before:]) == text


async def test_who_blocked_the_bot_is_unreachable(desk: Desk, api: BotApi) -> None:
    """The reply fails with the platform's words, and the contact is marked."""
    await connect(desk, api)
    await api.say(text="purple paint")
    (ticket,) = await tickets(desk, 1)
    api.blocked.add(7)
    failed = await delivery(desk, ticket, await reply(desk, ticket, text="hello"), "failed")
    assert "blocked by the user" in failed["error"]
    query = "SELECT unreachable FROM contact_points WHERE address = '7'"
    marked = await desk.parts.store.read(lambda sql: sql.exec_driver_sql(query).scalar())
    assert "blocked by the user" in str(marked)


async def test_a_group_that_migrates_keeps_its_conversation(desk: Desk, api: BotApi) -> None:
    """A reply finds the new group by itself; what is said there goes on in the same conversation."""
    await connect(desk, api)
    await api.say(-50, text="purple paint")
    ticket = await handed_over(desk, api)
    api.moved[-50] = -1005
    await delivery(desk, ticket, await reply(desk, ticket, text="we look"), "sent")
    assert api.texts(-1005) == ["we look"]
    del api.moved[-50]
    await api.say(-50, migrate_to_chat_id=-1005)
    await api.say(-1005, migrate_from_chat_id=-50)
    await api.say(-1005, text="thanks")
    lines = await said(desk, ticket, 2)
    assert [line["text"] for line in lines] == ["purple paint", "thanks"]
    await delivery(desk, ticket, await reply(desk, ticket, text="welcome"), "sent")
    assert api.texts(-1005)[-1] == "welcome"


async def test_a_token_that_telegram_refuses_is_refused_when_it_is_saved(desk: Desk, api: BotApi) -> None:
    """422 with words in which the token does not stand."""
    settings = {"token": "99:wrong", "base_url": api.url}
    answer = await desk.ask("POST", CHANNELS, {"kind": "telegram", "name": "Bot", "settings": settings})
    assert (answer.status, answer.body["errors"][0]["code"]) == (422, "denied")
    assert "99:wrong" not in str(answer.body)


async def test_typing_is_shown(desk: Desk, api: BotApi) -> None:
    """While an agent writes."""
    await connect(desk, api)
    await api.say(text="purple paint")
    (ticket,) = await tickets(desk, 1)
    answer = await desk.ask("POST", f"/api/v1/conversations/{ticket['conversation_id']}/typing")
    # The bot may be polling, or telling of the ticket, at the same time.
    assert (answer.status, "sendChatAction" in api.calls) == (204, True)


async def test_killed_between_fetching_and_confirming_nothing_is_lost_or_doubled(api: BotApi) -> None:
    """kill -9 while updates are fetched; after the restart each is there once."""
    with running_desk() as desk:
        made = await asyncio.to_thread(
            desk.run, "channel", "create", "--kind", "telegram", "--name", "Bot",
            "--settings", f'{{"token": "{TOKEN}", "base_url": "{api.url}"}}',
        )  # fmt: skip
        assert "ch_" in made
        texts = [f"purple paint {number}" for number in range(60)]
        for text in texts[:30]:
            await api.say(text=text)

        async def fetched() -> bool:
            return api.given > 0

        await eventually(fetched, 30)
        desk.kill9()
        for text in texts[30:]:
            await api.say(text=text)
        await asyncio.to_thread(desk.start)
        token = await asyncio.to_thread(desk.token)
        async with aiohttp.ClientSession(desk.url, headers={"Authorization": f"Bearer {token}"}) as client:

            async def all_there() -> list[str]:
                async with client.get("/api/v1/tickets") as answer:
                    found = (await answer.json())["data"]
                if not found:
                    return []
                path = f"/api/v1/conversations/{found[0]['conversation_id']}/messages"
                async with client.get(path, params={"limit": 100}) as answer:
                    lines = (await answer.json())["data"]
                theirs = [line["text"] for line in lines if line["author"] == "customer"]
                return theirs if len(theirs) >= len(texts) else []

            assert await eventually(all_there, 40) == texts
