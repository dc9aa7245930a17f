"""Channels and files over HTTP."""

from io import BytesIO

import aiohttp

from bus.envelope import Attachment
from storage import uploads
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
