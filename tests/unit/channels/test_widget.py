"""The widget's channel: what a visitor's frames become and which are refused."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.envelope import Action, Attachment, Message, Sender, decode, encode
from bus.ids import message_id
from channels.protocol import HookRequest, Malformed, ReceiveError, TooLarge, Unauthenticated
from channels.settings import SettingsError, configure
from channels.widget import Widget, frames, receive
from channels.widget.receive import Visitor
from channels.widget.settings import WidgetSettings

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
ANN = Visitor("user:7", "Ann", "ann@example.org", verified=True, email_verified=True)


def test_a_message_becomes_an_envelope() -> None:
    """Who, what, where from; the key is the client's id within its visitor."""
    raw = b'{"type":"message","client_id":"c1","text":"Hello","context":{"page":"/p","title":"","more":1}}'
    frame = frames.parse(raw)
    assert isinstance(frame, frames.Said)
    inbound = receive.envelope("ch_1", ANN, frame, raw, NOW)
    assert inbound.sender == Sender(address="user:7", name="Ann", email="ann@example.org", verified=True)
    assert (inbound.event, inbound.context) == (Message(text="Hello"), {"page": "/p"})
    assert (inbound.id, inbound.external_id) == (message_id("ch_1", "user:7:c1"), "user:7:c1")
    assert (inbound.raw, inbound.received_at, inbound.channel_kind) == (raw, NOW, "widget")
    assert decode(encode(inbound)) == inbound


def test_a_choice_becomes_an_action() -> None:
    """An option that was chosen, with the words that were on it."""
    chosen = frames.parse(b'{"type":"action","client_id":"c2","value":"article:a1","text":"Refunds"}')
    assert isinstance(chosen, frames.Chose)
    assert receive.envelope("ch_1", ANN, chosen, b"", NOW).event == Action(value="article:a1", text="Refunds")


def test_files_of_a_message_travel_with_it() -> None:
    """A message may be nothing but a file; the envelope holds the file that the upload was."""
    photo = Attachment(name="a.png", type="image/png", size=3, blob="ab" * 32)
    frame = frames.parse(b'{"type":"message","client_id":"c1","attachments":["upl_1"]}')
    assert isinstance(frame, frames.Said)
    assert frame.attachments == ("upl_1",)
    inbound = receive.envelope("ch_1", ANN, frame, b"", NOW, files=(photo,))
    assert inbound.event == Message(text="", attachments=(photo,))


def test_what_somebody_new_was_asked_for_is_the_senders() -> None:
    """Name and mail address of the form, except where the site has named the user itself."""
    frame = frames.Said(client_id="c1", text="Hi", name="Bo", email="bo@example.org")
    asked = receive.envelope("ch_1", Visitor("vis_1"), frame, b"", NOW).sender
    assert asked == Sender(address="vis_1", name="Bo", email="bo@example.org")
    assert receive.envelope("ch_1", ANN, frame, b"", NOW).sender.name == "Ann"


def test_what_a_site_tells_of_a_visitor() -> None:
    """A page by its address, an event by its name with a few figures."""
    page = frames.parse(b'{"type":"page","page":"https://shop.example/tents","title":"Tents"}')
    event = frames.parse(b'{"type":"event","name":"added_to_cart","data":{"sku":"T-1","price":199.5}}')
    assert isinstance(page, frames.Looked)
    assert isinstance(event, frames.Tracked)
    assert receive.visit(page) == ("page", "https://shop.example/tents", {"title": "Tents"})
    assert receive.visit(event) == ("event", "added_to_cart", {"sku": "T-1", "price": 199.5})


def test_two_visitors_may_use_the_same_client_id() -> None:
    """A client's id means nothing beyond its visitor."""
    frame = frames.Said(client_id="c1", text="Hello")
    ids = {receive.envelope("ch_1", Visitor(name), frame, b"", NOW).id for name in ("vis_1", "vis_2")}
    assert len(ids) == 2


def test_a_client_id_is_told_to_its_visitor_only() -> None:
    """The key of somebody else's message tells no client id."""
    key = receive.external_id("vis_1", "c:1")
    assert (receive.client_id("vis_1", key), receive.client_id("vis_2", key)) == ("c:1", None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"type":"nothing"}',
        b'{"type":"message","client_id":"c1"}',
        b'{"type":"message","client_id":"","text":"x"}',
        b'{"type":"message","client_id":"' + b"c" * 65 + b'","text":"x"}',
        b'{"type":"message","client_id":"c1","text":" \\n"}',
        b'{"type":"message","client_id":"c1","text":"a\\u0000"}',
        b'{"type":"message","client_id":"c1","text":"\\ud800"}',
        b'{"type":"message","client_id":7,"text":"x"}',
        b'{"type":"action","client_id":"c1","value":""}',
        b'{"type":"typing","x":' + b"[" * 20_000,
        b"\xff",
    ],
)
def test_a_frame_that_is_none_is_refused(raw: bytes) -> None:
    """Bad JSON, wrong types, empty texts, NUL, lone surrogates and deep nesting are malformed."""
    with pytest.raises(Malformed):
        frames.parse(raw)


def test_a_refused_frame_still_tells_its_client_id() -> None:
    """So that the sender knows which message was not taken."""
    assert frames.client_id(b'{"type":"message","client_id":"c1"}') == "c1"
    assert [frames.client_id(raw) for raw in (b"", b"[]", b"{}", b"[" * 20_000)] == [None] * 4


def test_long_frames_and_texts_are_too_large() -> None:
    """A frame has at most 64 KiB, a text 16,000 characters."""
    longest = frames.parse(b'{"type":"message","client_id":"c1","text":"' + b"a" * 16_000 + b'"}')
    assert isinstance(longest, frames.Said)
    for length in (16_001, 65_536):
        with pytest.raises(TooLarge):
            frames.parse(b'{"type":"message","client_id":"c1","text":"' + b"a" * length + b'"}')


def test_context_is_cut_and_cleaned() -> None:
    """Where a visitor stands is bounded and holds no NUL; what is empty is left out."""
    context = frames.Context(page="/p" * 2000, title="a\0b")
    assert frames.places(context) == {"page": "/p" * 1000, "title": "ab"}


@given(raw=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_in_words(raw: bytes) -> None:
    """Whatever a browser sends, the only error is a `ReceiveError`."""
    with pytest.raises(ReceiveError, match=r"\w"):
        frames.parse(raw)


def test_a_widget_has_no_hook() -> None:
    """Nobody can post a visitor's message: visitors speak over their socket."""
    configuration = configure(WidgetSettings, {})
    settings = WidgetSettings.load(configuration.public, configuration.secret)
    widget = Widget("ch_1", settings, None)  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        widget.receive(HookRequest("ch_1", {}, b"{}", NOW))
    assert Widget.longest_body == 0


def test_keys_are_made_and_only_the_sites_is_told() -> None:
    """Two keys are made; the one that signs visitors' tokens never leaves the desk."""
    configuration = configure(WidgetSettings, {})
    assert configuration.secret.keys() == {"identity_secret", "visitor_key"}
    assert configuration.made == {"identity_secret": configuration.secret["identity_secret"]}
    settings = WidgetSettings.load(configuration.public, configuration.secret)
    assert [
        value for value in configuration.secret.values() if value in f"{settings!r} {configuration!r}"
    ] == []


def test_origins_are_kept_as_browsers_write_them() -> None:
    """Lower case, without a closing slash."""
    given_ = {"origins": ["https://Shop.Example.org/", "http://localhost:8080", "http://[::1]:80"]}
    kept = ["https://shop.example.org", "http://localhost:8080", "http://[::1]:80"]
    assert configure(WidgetSettings, given_).public["origins"] == kept


@pytest.mark.parametrize(
    "origin", ["*", "shop.example.org", "https://a/b", "https://a; script-src *", "https://a'", "ftp://a", "https://"]
)  # fmt: skip
def test_what_is_no_origin_is_refused(origin: Any) -> None:
    """Origins end up in a header of security: nothing else may."""
    with pytest.raises(SettingsError):
        configure(WidgetSettings, {"origins": [origin]})


def test_the_protocols_page_names_every_frame() -> None:
    """docs/WIDGET_PROTOCOL.md and the frames that are read agree on types and members."""
    page = (Path(__file__).parents[3] / "docs/WIDGET_PROTOCOL.md").read_text(encoding="utf-8")
    table = page.split("### From the client")[1].split("###")[0]
    told = {
        cells[0].strip(" `"): set(re.findall(r"`(\w+)`", cells[1]))
        for cells in (line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `"))
    }
    read = {one.__struct_config__.tag: set(one.__struct_fields__) for one in get_args(frames.AnyFrame)}
    assert told == read
