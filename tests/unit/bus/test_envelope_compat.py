"""A rolling upgrade: what the release before wrote to the bus is read today, and the other way round.

`envelopes_1.json` holds envelopes of version 1 as they stand on the wire, in hex. They are history: when the
form changes, a new file joins it and this one stays.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bus.envelope import (
    Action,
    Attachment,
    Delete,
    Edit,
    Event,
    Inbound,
    Message,
    Receipt,
    Sender,
    Typing,
    UnknownVersion,
    Wake,
    decode,
    decode_wake,
    encode,
)

STORED = {
    name: bytes.fromhex(digits)
    for name, digits in json.loads(Path(__file__).with_name("envelopes_1.json").read_bytes()).items()
}
PARCEL = Inbound(
    id="msg_01hzx3k9v4t8q2w6r0y5n7b1cd",
    channel_id="ch_01hzx3k9v4t8q2w6r0y5n7b1ce",
    channel_kind="webhook",
    external_id="ext-1",
    sender=Sender(
        address="u-7",
        name="Ann 安",
        email="ann@example.org",
        attributes={"plan": "gold", "seats": 3},
        verified=True,
    ),
    event=Message(
        text="Where is my parcel? 我的包裹在哪里？",
        html="<p>Where is my parcel?</p>",
        subject="Parcel",
        attachments=(
            Attachment(
                name="a.png",
                type="image/png",
                size=4,
                blob="88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589",
            ),
        ),
        language="en",
    ),
    received_at=datetime(2026, 11, 21, 10, 0, 1, 500_000, tzinfo=UTC),
    thread="c-42",
    context={"page": "https://shop.example.org/cart"},
    sent_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
    raw=b"\x00raw",
)


def short(event: Event) -> Inbound:
    """An envelope with nothing in it that may be left out."""
    return Inbound(
        id="msg_1",
        channel_id="ch_1",
        channel_kind="webhook",
        external_id="x",
        sender=Sender(address="u"),
        event=event,
        received_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
    )


EXPECTED = {
    "message": PARCEL,
    "edit": short(Edit(target="ext-1", text="new")),
    "delete": short(Delete(target="ext-1")),
    "action": short(Action(value="yes", text="Yes")),
    "typing": short(Typing()),
    "receipt": short(Receipt(target="p-1", state="read")),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_envelope_of_version_1_is_read_as_it_was_meant(name: str) -> None:
    """Every kind of event, with everything that an envelope may hold and with the least."""
    assert decode(STORED[name]) == EXPECTED[name]


def test_a_wake_of_version_1_is_read_as_it_was_meant() -> None:
    """The outbound lane's messages, too, outlive an upgrade."""
    assert decode_wake(STORED["wake"]) == Wake(channel_id="ch_1", conversation_id="cnv_1")


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_written_today_is_what_version_1_could_read(name: str) -> None:
    """The same envelope has the same bytes: a worker of the release before reads what a new gateway wrote."""
    assert encode(EXPECTED[name]) == STORED[name]


def test_fields_that_a_newer_release_added_are_ignored() -> None:
    """At every level: a worker that is not upgraded yet takes what it knows and leaves the rest."""
    newer = msgspec.msgpack.decode(STORED["message"][1:])
    newer["trace"] = {"id": "t-1", "parts": [1, 2, 3]}
    newer["sender"]["pronouns"] = "she"
    newer["event"]["sentiment"] = -0.5
    newer["event"]["attachments"][0]["preview"] = b"\x89PNG"
    assert decode(b"\x01" + msgspec.msgpack.encode(newer)) == PARCEL


def test_fields_that_an_older_release_left_out_have_their_defaults() -> None:
    """Only what an envelope can't be without must be there."""
    older = msgspec.msgpack.decode(STORED["message"][1:])
    for name in ("thread", "context", "sent_at", "raw"):
        del older[name]
    read = decode(b"\x01" + msgspec.msgpack.encode(older))
    assert (read.thread, read.context, read.sent_at, read.raw, read.raw_blob) == ("", {}, None, b"", "")


def test_another_version_is_refused_and_named() -> None:
    """It becomes a dead letter, whole, to be replayed by a release that knows it."""
    with pytest.raises(UnknownVersion, match="version 2; this release reads version 1"):
        decode(b"\x02" + STORED["message"][1:])
