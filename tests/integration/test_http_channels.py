"""Channels and files over HTTP."""

from datetime import UTC, datetime
from io import BytesIO

import aiohttp
import standardwebhooks

from bus.envelope import Attachment
from storage import channel_status, uploads
from tests.eventually import eventually
from tests.integration.conftest import Desk

CHANNELS = "/api/v1/channels"
CALLBACK = "https://shop.example.org/frontdesk"


async def test_a_channels_secret_is_shown_once(desk: Desk) -> None:
    """What was made comes with the answer that made it, and never again; a new one can be given."""
    made = await desk.ask(
        "POST", CHANNELS, {"kind": "webhook", "name": "Shop", "settings": {"callback_url": CALLBACK}}
    )
    secret = made.body["secrets"]["secret"]
    assert made.status == 201
    assert secret.startswith("whsec_")
    assert made.body["settings"] == {"callback_url": CALLBACK, "secret": secret}
    path = f"{CHANNELS}/{made.body['id']}"
    assert (await desk.ask("GET", path)).body["settings"] == {"callback_url": CALLBACK}
    changed = await desk.ask("PATCH", path, {"name": "Shop 2", "settings": {"callback_url": CALLBACK + "2"}})
    assert changed.body["settings"] == {"callback_url": CALLBACK + "2"}
    told = [
        (await desk.ask("GET", CHANNELS)).body,
        (await desk.ask("GET", "/api/v1/audit")).body,
        changed.body,
    ]
    assert secret not in str(told)


async def test_agents_see_channels_without_settings(desk: Desk) -> None:
    """The inbox needs names and kinds, not how a channel is set up."""
    await desk.ask(
        "POST", CHANNELS, {"kind": "webhook", "name": "Shop", "settings": {"callback_url": CALLBACK}}
    )
    [seen] = (await desk.ask("GET", CHANNELS, role="agent")).body["data"]
    assert (seen["name"], seen["kind"], seen["settings"]) == ("Shop", "webhook", {})


async def test_a_channels_settings_are_its_kinds(desk: Desk) -> None:
    """An unknown kind, an unknown setting and a wrong one are 422, each at its place."""
    cases = [
        ({"kind": "pigeon", "name": "a"}, "/kind"),
        ({"kind": "webhook", "name": "a", "settings": {"colour": 1}}, "/settings/colour"),
        ({"kind": "webhook", "name": "a", "settings": {"callback_url": "ftp://x"}}, "/settings/callback_url"),
    ]
    told = []
    for given, _ in cases:
        answer = await desk.ask("POST", CHANNELS, given)
        told.append((answer.status, answer.body["errors"][0]["pointer"]))
    assert told == [(422, pointer) for _, pointer in cases]


async def test_a_channel_that_nobody_wrote_on_can_go(desk: Desk) -> None:
    """A mistake can be deleted."""
    made = await desk.ask("POST", CHANNELS, {"kind": "widget", "name": "Site", "enabled": False})
    assert made.body["enabled"] is False
    assert (await desk.ask("DELETE", f"{CHANNELS}/{made.body['id']}")).status == 204
    assert (await desk.ask("GET", CHANNELS)).body["data"] == []


async def test_an_upload_is_kept_for_a_message(desk: Desk) -> None:
    """A file's bytes are stored before its id is given; its name loses folders and what can't be shown."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("note", "not a file")
    form.add_field(
        "file", b"%PDF-1.4", filename="../../etc/\u202efdp.发票.pdf", content_type="application/pdf"
    )
    made = await desk.ask("POST", "/api/v1/uploads", data=form)
    assert made.status == 201
    upload_id = made.body.pop("upload_id")
    assert made.body == {"name": "fdp.发票.pdf", "type": "application/pdf", "size": 8}
    principal = (await desk.ask("GET", "/api/v1/tokens")).body["data"][0]["id"]
    [attachment] = await desk.parts.store.write(
        lambda tx: uploads.attachments(tx.sql, [upload_id], principal)
    )
    assert attachment == Attachment(name="fdp.发票.pdf", type="application/pdf", size=8, blob=attachment.blob)
    assert await desk.parts.blobs.get(attachment.blob) == b"%PDF-1.4"


async def test_an_upload_has_a_limit_and_a_form(desk: Desk) -> None:
    """More than 25 MB is 413, no file 422, a broken form 400."""
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    large = await desk.ask("POST", "/api/v1/uploads", data=BytesIO(b"a" * 25_000_001))
    empty = await desk.ask("POST", "/api/v1/uploads", data=b"")
    no_file = await desk.ask("POST", "/api/v1/uploads", data=b"--b--\r\n", headers=form)
    broken = await desk.ask("POST", "/api/v1/uploads", data=b"nonsense", headers=form)
    unbounded = await desk.ask(
        "POST", "/api/v1/uploads", data=b"a", headers={"Content-Type": "multipart/form-data"}
    )
    statuses = [answer.status for answer in (large, empty, no_file, broken, unbounded)]
    assert statuses == [413, 422, 422, 400, 400]


async def test_a_secret_is_changed_over_without_a_gap(desk: Desk) -> None:
    """Rotating shows the new secret once; the one from before still opens the hook."""
    made = await desk.ask("POST", CHANNELS, {"kind": "webhook", "name": "Shop"})
    path = f"{CHANNELS}/{made.body['id']}"
    rotated = await desk.ask("POST", f"{path}/rotate")
    assert rotated.status == 201
    statuses = []
    for number, secret in enumerate((made.body["secrets"]["secret"], rotated.body["secrets"]["secret"])):
        raw = f'{{"id": "m-{number}", "from": {{"id": "u"}}, "text": "hi"}}'
        now = datetime.now(UTC)
        headers = {
            "webhook-id": "m",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standardwebhooks.Webhook(secret).sign("m", now, raw),
        }
        hook = f"/hooks/{made.body['id']}"
        await desk.parts.connections.refresh()
        statuses.append((await desk.ask("POST", hook, role=None, data=raw, headers=headers)).status)
    widget = await desk.ask("POST", CHANNELS, {"kind": "widget", "name": "Site"})
    assert statuses == [202, 202]
    assert (await desk.ask("POST", f"{CHANNELS}/{widget.body['id']}/rotate")).status == 409


async def test_a_channel_says_how_it_is_and_what_it_can(desk: Desk) -> None:
    """Nothing heard yet is unknown; a part that fails is named with its words; switched off is off."""
    made = await desk.ask("POST", CHANNELS, {"kind": "webhook", "name": "Shop"})
    id_ = made.body["id"]
    assert made.body["status"]["state"] == "ok"
    assert made.body["capabilities"]["buttons"] is False
    told = {(id_, "sending"): "the receiver answered 503", (id_, "receiving"): None}
    await desk.parts.store.write(lambda tx: channel_status.keep(tx, told))  # type: ignore[arg-type]
    status = (await desk.ask("GET", f"{CHANNELS}/{id_}")).body["status"]
    assert (status["state"], status["part"], status["error"]) == (
        "failing",
        "sending",
        "the receiver answered 503",
    )
    off = await desk.ask("PATCH", f"{CHANNELS}/{id_}", {"enabled": False})
    assert off.body["status"]["state"] == "off"


async def test_the_log_of_a_channel_and_a_message_once_more(desk: Desk) -> None:
    """A reply that was kept is in the log, and can be sent once an address is set."""
    made = await desk.ask("POST", CHANNELS, {"kind": "webhook", "name": "Shop"})
    id_ = made.body["id"]
    await desk.ask(
        "POST", "/api/v1/tickets",
        {"contact": "u-1", "channel_id": id_, "subject": "s", "text": "hello", "direction": "outbound"},
    )  # fmt: skip
    log = f"{CHANNELS}/{id_}/deliveries"

    async def kept() -> bool:
        found = (await desk.ask("GET", log, params={"state": "kept"})).body["data"]
        return len(found) == 1

    await eventually(kept)
    (entry,) = (await desk.ask("GET", log)).body["data"]
    assert (entry["state"], entry["failed"]) == ("kept", [])
    again = await desk.ask("POST", f"{log}/{entry['message_id']}/redeliver")
    assert again.status == 204
    assert (await desk.ask("POST", f"{log}/msg_none/redeliver")).status == 404
