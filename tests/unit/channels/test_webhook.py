"""The webhook channel: signatures both ways, bodies and what is refused, replies as they are posted."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec.structs import replace

from bus.envelope import Attachment, Message, Option, Outbound, Sender
from bus.ids import message_id
from channels.conformance import Call, SendingConformance
from channels.pieces import worded
from channels.protocol import Channel, HookRequest, Malformed, TooLarge, Unauthenticated
from channels.settings import Configuration, SettingsError, configure
from channels.webhook import Webhook, send, signature
from channels.webhook.settings import WebhookSettings

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
KEY = signature.Signer((signature.key_of(SECRET),))
BODY: dict[str, Any] = {"id": "ext-1", "from": {"id": "u-7"}, "text": "Where is my parcel?"}


def webhook() -> Webhook:
    """A channel with a known secret."""
    return Webhook("ch_1", WebhookSettings.load({}, {"secret": SECRET}), None)  # type: ignore[arg-type]


def signed(body: bytes, now: datetime = NOW) -> HookRequest:
    """A request that is signed as it should be."""
    return HookRequest("ch_1", signature.sign(KEY, "m-1", int(now.timestamp()), body), body, NOW)


def posted(**changes: Any) -> HookRequest:
    """A signed request with the usual body, changed."""
    return signed(json.dumps(BODY | changes).encode())


def faults(request: HookRequest) -> list[tuple[str, str]]:
    """Where and why a request is refused."""
    with pytest.raises(Malformed) as caught:
        webhook().receive(request)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


class TestConformance(SendingConformance):
    """The webhook channel does what every channel does."""

    channel_type = Webhook
    settings = {"callback_url": "https://receiver.example.org/hook"}

    def request(self, channel: Channel, secrets: Mapping[str, str], body: bytes | None = None) -> HookRequest:
        """Signed with the channel's own secret."""
        content = json.dumps(BODY).encode() if body is None else body
        key = signature.Signer((signature.key_of(secrets["secret"]),))
        headers = signature.sign(key, "m-1", int(self.now.timestamp()), content)
        return HookRequest(self.channel_id, headers, content, self.now)

    def pointed_at(self, url: str) -> Mapping[str, Any]:
        """A receiver that anybody can write."""
        return {"callback_url": url + "/hook"}

    def shown(self, calls: Sequence[Call]) -> list[str]:
        """What a program that only shows texts and files would."""
        seen: list[str] = []
        for call in calls:
            data = json.loads(call.body)["data"]
            seen += [data["text"], *(one["name"] for one in data["attachments"])]
        return seen


def test_the_official_library_reads_our_signatures() -> None:
    """What we sign is verified by the library of the specification's authors."""
    now = datetime.now(UTC)
    headers = signature.sign(KEY, "msg_1", int(now.timestamp()), '{"text": "退款"}'.encode())
    read = standardwebhooks.Webhook(SECRET).verify('{"text": "退款"}', headers)
    assert read == {"text": "退款"}


def test_we_read_the_official_librarys_signatures() -> None:
    """What the library of the specification's authors signs is taken."""
    text = json.dumps(BODY)
    made = standardwebhooks.Webhook(SECRET).sign("m-1", NOW, text)
    headers = {
        "webhook-id": "m-1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": made,
    }
    heard = webhook().receive(HookRequest("ch_1", headers, text.encode(), NOW))
    assert heard.events[0].external_id == "ext-1"


def test_svix_reads_our_signatures_and_we_read_its() -> None:
    """The library of those who began Standard Webhooks, which names the headers its own way too."""
    now = datetime.now(UTC)
    text = json.dumps(BODY)
    headers = signature.sign(KEY, "msg_1", int(now.timestamp()), text.encode())
    svix.webhooks.Webhook(SECRET).verify(text, headers)
    made = svix.webhooks.Webhook(SECRET).sign("m-1", NOW, text)
    signed_by_it = {
        "webhook-id": "m-1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": made,
    }
    heard = webhook().receive(HookRequest("ch_1", signed_by_it, text.encode(), NOW))
    assert heard.events[0].external_id == "ext-1"


def configured(**given: Any) -> WebhookSettings:
    """Settings as they are read from where they are kept."""
    made = configure(WebhookSettings, {"secret": SECRET, **given}, random=bytes)
    return WebhookSettings.load(made.public, made.secret)


def test_two_secrets_sign_and_open_until_a_day_is_over() -> None:
    """While a secret is changed over, either library setting works; then the one from before is refused."""
    changes = WebhookSettings.rotated({"secret": SECRET}, NOW, bytes)
    settings = configured(**changes)
    after = NOW + timedelta(days=1)
    text = json.dumps(BODY)
    now = datetime.now(UTC)
    both = signature.sign(settings.signer(NOW), "m-1", int(now.timestamp()), text.encode())
    for secret in (SECRET, changes["secret"]):
        assert standardwebhooks.Webhook(secret).verify(text, both) == BODY
    channel = Webhook("ch_1", settings, None)  # type: ignore[arg-type]
    assert channel.receive(signed(text.encode())).events[0].external_id == "ext-1"
    late = signed(text.encode(), after)._replace(now=after)
    with pytest.raises(Unauthenticated):
        channel.receive(late)
    assert len(settings.signer(after).keys) == 1


def test_ed25519_signs_beside_the_secret() -> None:
    """Who has the public key that the settings tell can verify; the secret's holders see no difference."""
    settings = configured(ed25519=True)
    now = int(datetime.now(UTC).timestamp())
    headers = signature.sign(settings.signer(NOW), "msg_1", now, b"{}")
    assert standardwebhooks.Webhook(SECRET).verify("{}", headers) == {}
    kind, _, made = headers["webhook-signature"].split(" ")[1].partition(",")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(settings.public_key)[5:]))
    public.verify(base64.b64decode(made), f"msg_1.{now}.".encode() + b"{}")
    assert (kind, str(settings.public_key)[:5]) == ("v1a", "whpk_")


def test_ed25519_opens_what_the_other_side_signs() -> None:
    """By its public key alone; by another's it is refused, and a wrong key is refused where it is set."""
    theirs = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    verify_key = signature.public_text(theirs)
    channel = Webhook("ch_1", configured(verify_key=verify_key), None)  # type: ignore[arg-type]
    content = json.dumps(BODY).encode()
    headers = signature.sign(signature.Signer((), theirs), "m-1", int(NOW.timestamp()), content)
    assert channel.receive(HookRequest("ch_1", headers, content, NOW)).events[0].external_id == "ext-1"
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    headers = signature.sign(signature.Signer((), other), "m-1", int(NOW.timestamp()), content)
    with pytest.raises(Unauthenticated):
        channel.receive(HookRequest("ch_1", headers, content, NOW))
    with pytest.raises(SettingsError) as caught:
        configured(verify_key="whpk_AAAA")
    assert caught.value.faults[0].pointer == "/verify_key"


GOOD = signature.sign(KEY, "m-1", int(NOW.timestamp()), b"{}")["webhook-signature"]


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": GOOD[:-2]},
        {"webhook-signature": GOOD.removeprefix("v1,")},
        {"webhook-signature": GOOD.replace("v1,", "v2,")},
        {"webhook-signature": GOOD.replace("v1,", "v1a,")},
        {"webhook-signature": "v1"},
        {"webhook-signature": ","},
        {"webhook-signature": "v1,é退"},
        {"webhook-signature": "v1,\udcff"},
        {"webhook-signature": ""},
        {"webhook-id": "m-2"},
        {"webhook-id": "\udcff"},
        {"webhook-id": ""},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": str(int(NOW.timestamp()) - 301)},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 301)},
    ],
)
def test_a_signature_that_does_not_fit_is_refused(changes: dict[str, str]) -> None:
    """Wrong, cut, without a version, of another version, not ASCII, stale or missing: all are refused."""
    request = signed(b"{}")
    with pytest.raises(Unauthenticated):
        webhook().receive(request._replace(headers={**request.headers, **changes}))


def test_a_signature_made_for_another_time_is_refused() -> None:
    """A valid signature that is more than five minutes old is stale."""
    with pytest.raises(Unauthenticated, match="300 seconds"):
        webhook().receive(signed(json.dumps(BODY).encode(), NOW - timedelta(seconds=301)))


def test_one_good_signature_among_several_is_enough() -> None:
    """While a secret is rotated the sender signs with both; other versions are passed over."""
    request = posted()
    several = f"v1a,AAAA v1,BBBB {request.headers['webhook-signature']}"
    headers = {**request.headers, "webhook-signature": several}
    assert len(webhook().receive(request._replace(headers=headers)).events) == 1


def test_a_changed_body_is_refused() -> None:
    """One byte more than was signed, and nothing is taken."""
    request = posted()
    with pytest.raises(Unauthenticated):
        webhook().receive(request._replace(body=request.body + b" "))


def test_a_whole_body_becomes_an_envelope() -> None:
    """Every documented field finds its place; the id is made from channel and external id."""
    request = posted(
        conversation="c-42",
        **{"from": {"id": "u-7", "name": "Ann", "email": "ann@example.org", "attributes": {"plan": "pro"}}},
        attachments=[{"name": "a.png", "type": "image/png", "data": base64.b64encode(b"PNG").decode()}],
        context={"page": "https://shop.example.org/"},
        sent_at="2026-11-21T11:00:00+01:00",
        unknown={"kept": "in raw"},
    )
    received = webhook().receive(request)
    (event,) = received.events
    assert received.files == (b"PNG",)
    blob = hashlib.sha256(b"PNG").hexdigest()
    picture = Attachment(name="a.png", type="image/png", size=3, blob=blob)
    assert event.event == Message(text="Where is my parcel?", attachments=(picture,))
    assert event.sender == Sender(
        address="u-7", name="Ann", email="ann@example.org", attributes={"plan": "pro"}, verified=True
    )
    assert (event.id, event.external_id) == (message_id("ch_1", "ext-1"), "ext-1")
    assert (event.thread, event.context) == ("c-42", {"page": "https://shop.example.org/"})
    assert (event.sent_at, event.received_at) == (datetime(2026, 11, 21, 10, tzinfo=UTC), NOW)
    assert event.raw == request.body


def test_what_may_be_left_out_may_also_be_null() -> None:
    """Null is the same as leaving a field out."""
    empty = dict.fromkeys(("conversation", "attachments", "context", "sent_at"))
    sender = {"id": "u-7", "name": None, "email": None, "attributes": None}
    (event,) = webhook().receive(posted(**empty, **{"from": sender})).events
    (plain,) = webhook().receive(posted()).events
    assert (event.sender, event.thread, event.context, event.sent_at) == (
        plain.sender,
        plain.thread,
        plain.context,
        plain.sent_at,
    )


NAMED = b'{"id":"a","from":{"id":"b"},'
DEEP = b'{"a":' * 30 + b"1" + b"}" * 30


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"", "", "json_invalid"),
        (b"{", "", "json_invalid"),
        (b"\xff\xfe", "", "json_invalid"),
        (b"[" * 100_000, "", "json_invalid"),
        (NAMED + b'"text":"c","x":' + b'{"y":' * 100_000, "", "json_invalid"),
        (NAMED + b'"text":"\\ud800"}', "", "json_invalid"),
        (b"[]", "", "model_type"),
        (b"null", "", "model_type"),
        (b'{"from":{"id":"b"},"text":"c"}', "/id", "missing"),
        (b'{"id":"a","text":"c"}', "/from", "missing"),
        (b'{"id":"a","from":{},"text":"c"}', "/from/id", "missing"),
        (b'{"id":7,"from":{"id":"b"},"text":"c"}', "/id", "string_type"),
        (b'{"id":"","from":{"id":"b"},"text":"c"}', "/id", "string_too_short"),
        (b'{"id":"a\\u0000","from":{"id":"b"},"text":"c"}', "/id", "nul"),
        (NAMED + b'"x":1}', "/text", "missing"),
        (NAMED + b'"text":""}', "/text", "missing"),
        (NAMED + b'"text":null}', "/text", "string_type"),
        (NAMED + b'"text":"c\\u0000"}', "/text", "nul"),
        (NAMED + b'"text":"c","sent_at":"yesterday"}', "/sent_at", "datetime_parsing"),
        (NAMED + b'"text":"c","sent_at":"2026-01-01T00:00:00"}', "/sent_at", "timezone_aware"),
        (NAMED + b'"text":"c","sent_at":"0001-01-01T00:00:00+14:00"}', "/sent_at", "datetime_range"),
        (NAMED + b'"text":"c","context":{"n":1e999}}', "/context/n", "finite_number"),
        (NAMED + b'"text":"c","context":{"a/b":18446744073709551616}}', "/context/a~1b", "int_range"),
        (NAMED + b'"text":"c","context":{"a\\u0000":1}}', "/context", "nul"),
        (NAMED + b'"text":"c","context":' + DEEP + b"}", "/context", "too_deep"),
        (NAMED + b'"text":"c","attachments":[{"data":"%"}]}', "/attachments/0/data", "base64"),
        (NAMED + b'"text":"c","attachments":[{"name":"x"}]}', "/attachments/0/data", "missing"),
    ],
)
def test_a_bad_body_is_refused_where_it_is_bad(body: bytes, pointer: str, code: str) -> None:
    """Bad JSON, too deep JSON, wrong types, NUL and lone surrogates are refused with a pointer to them."""
    assert faults(signed(body)) == [(pointer, code)]


def test_lengths_are_bounded() -> None:
    """Ids have at most 256 characters, texts 100,000, names 256."""
    assert faults(posted(id="a" * 257)) == [("/id", "string_too_long")]
    assert faults(posted(text="a" * 100_001)) == [("/text", "string_too_long")]
    assert faults(posted(**{"from": {"id": "b", "name": "a" * 257}})) == [("/from/name", "string_too_long")]
    (longest,) = webhook().receive(posted(text="退" * 100_000)).events
    assert longest.event == Message(text="退" * 100_000)


def test_a_backslash_before_u0000_is_no_nul() -> None:
    """A text may speak of \\u0000 without holding it."""
    (event,) = webhook().receive(posted(text="write \\u0000 here")).events
    assert event.event == Message(text="write \\u0000 here")


def test_an_empty_text_is_allowed_with_an_attachment() -> None:
    """A picture needs no words."""
    (event,) = webhook().receive(posted(text="", attachments=[{"data": "UE5H"}])).events
    assert isinstance(event.event, Message)
    assert (event.event.text, len(event.event.attachments)) == ("", 1)


def test_what_is_too_large_is_refused_as_that() -> None:
    """A megabyte beside the attachments, 25 of attachments: more is not taken."""
    with pytest.raises(TooLarge):
        webhook().receive(posted(unknown="a" * 1_000_000))
    with pytest.raises(TooLarge):
        webhook().receive(posted(attachments=[{"data": "A" * 12_500_004}] * 2))
    assert len(webhook().receive(posted(attachments=[{"data": "A" * 12_500_000}] * 2)).files) == 2


def test_a_secret_is_made_and_told_once() -> None:
    """Without a secret in the settings one of 32 bytes is made, kept apart and named as made."""
    made = configure(WebhookSettings, {}, random=bytes)
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    assert made == Configuration({}, {"secret": secret}, {"secret": secret})


def test_a_given_secret_is_kept_and_not_told() -> None:
    """A secret that was given needs no telling."""
    given = configure(WebhookSettings, {"secret": SECRET, "callback_url": "http://localhost:9/x"})
    assert given == Configuration({"callback_url": "http://localhost:9/x"}, {"secret": SECRET}, {})


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"secret": "whsec_AAAA"}, "/secret"),
        ({"secret": "AAAA"}, "/secret"),
        ({"secret": "whsec_!"}, "/secret"),
        ({"secret": 7}, "/secret"),
        ({"callback_url": "ftp://x/"}, "/callback_url"),
        ({"callback_url": "https://user:pw@x/"}, "/callback_url"),
        ({"callback_url": "https:///x"}, "/callback_url"),
        ({"callback_url": "https://x:99999/"}, "/callback_url"),
        ({"callback_url": "https://x/\r\nHost: y"}, "/callback_url"),
        ({"callbackurl": "https://x/"}, "/callbackurl"),
    ],
)
def test_wrong_settings_are_refused_with_a_pointer(settings: dict[str, Any], pointer: str) -> None:
    """Each wrong setting is named."""
    with pytest.raises(SettingsError) as caught:
        configure(WebhookSettings, settings)
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def outbound(*options: Option) -> Outbound:
    """A reply."""
    return Outbound(
        id="msg_1",
        conversation_id="cv_1",
        thread="c-42",
        address="u-7",
        author="bot",
        text="Which of these?",
        created_at=NOW,
        attachments=(Attachment(name="a.txt", type="text/plain", size=2, blob="0" * 64),),
        options=options,
    )


def test_a_reply_is_posted_as_documented() -> None:
    """The body holds type, timestamp and data; options are an extension, and numbered lines of the text."""
    reply = outbound(Option(value="helped", label="Yes"), Option(value="person", label="No"))
    assert json.loads(send.payload(reply, [b"hi"])) == {
        "type": "message.created",
        "timestamp": "2026-11-21T10:00:00Z",
        "data": {
            "id": "msg_1",
            "conversation": "c-42",
            "to": {"id": "u-7"},
            "author": "bot",
            "text": "Which of these?\n1. Yes\n2. No",
            "attachments": [{"name": "a.txt", "type": "text/plain", "data": "aGk="}],
            "options": [{"value": "helped", "label": "Yes"}, {"value": "person", "label": "No"}],
        },
    }


def test_a_question_is_asked_in_numbered_lines() -> None:
    """Where the customer is to choose an article, a program without buttons still shows the choices."""
    reply = outbound(Option(value="article:a1", label="Refunds"), Option(value="person", label="A person"))
    assert worded(reply) == "Which of these?\n1. Refunds\n2. A person"


def test_an_answer_is_followed_by_the_question_whether_it_helped() -> None:
    """The article's words stay as they are; what has no options is sent as it is."""
    options = (Option(value="helped", label="That helped"), Option(value="person", label="Talk to a person"))
    answer = replace(outbound(*options), text="It is on its way.", asks="Did this help?")
    assert worded(answer) == "It is on its way.\n\nDid this help?\n1. That helped\n2. Talk to a person"
    assert worded(outbound()) == "Which of these?"
