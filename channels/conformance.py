"""What every channel has to do, as tests: a channel's own tests inherit `ChannelConformance`.

The tests of one that calls a platform over HTTP inherit `SendingConformance`, which plays the platform on
loopback. They need pytest and hypothesis, and no test reaches the network: no name is ever resolved.
"""

# ruff: noqa: S101 - these are tests, whoever runs them

import asyncio
import hashlib
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bus.envelope import Attachment, Option, Outbound, decode, encode
from channels.protocol import (
    Channel,
    HookRequest,
    Malformed,
    ReceiveError,
    Retryable,
    SendError,
    Slowed,
    Tools,
    Unauthenticated,
)
from channels.settings import Configuration, SettingsError, configure


class ChannelConformance:
    """Inherit, and say how the platform speaks: `channel_type`, `settings`, `request`."""

    channel_id = "ch_conformance"
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)

    channel_type: type[Channel]
    settings: Mapping[str, Any] = {}

    def request(self, channel: Channel, secrets: Mapping[str, str], body: bytes | None = None) -> HookRequest:
        """A request as the platform makes it, proof of origin included; `body` None is a message."""
        raise NotImplementedError

    def configuration(self) -> Configuration:
        """The settings as they are kept."""
        return configure(self.channel_type.settings_type, self.settings)

    def channel(self, configuration: Configuration, tools: Tools | None = None) -> Channel:
        """The channel, not opened."""
        settings = self.channel_type.settings_type.load(configuration.public, configuration.secret)
        return self.channel_type(self.channel_id, settings, tools)  # type: ignore[arg-type]

    def heard(self) -> tuple[Channel, HookRequest]:
        """A channel and a message for it."""
        configuration = self.configuration()
        channel = self.channel(configuration)
        return channel, self.request(channel, configuration.secret)

    def test_a_replayed_event_has_the_same_key(self) -> None:
        """The same request twice is the same message: equal ids, made from channel and external id."""
        channel, request = self.heard()
        first, again = channel.receive(request), channel.receive(request)
        assert [event.id for event in first.events] == [event.id for event in again.events]
        assert all(event.external_id for event in first.events)

    def test_what_was_heard_survives_the_codec(self) -> None:
        """Each event decodes from its wire form to an equal one."""
        channel, request = self.heard()
        events = channel.receive(request).events
        assert [decode(encode(event)) for event in events] == list(events)
        assert {(event.channel_id, event.channel_kind) for event in events} == {
            (self.channel_id, channel.kind)
        }

    def test_the_raw_event_is_kept(self) -> None:
        """Each event carries the platform's own bytes."""
        channel, request = self.heard()
        assert {event.raw for event in channel.receive(request).events} == {request.body}

    def test_a_stranger_is_refused(self) -> None:
        """Without the proof of origin nothing is taken."""
        channel, request = self.heard()
        with pytest.raises(Unauthenticated):
            channel.receive(request._replace(headers={}))

    # Each channel's tests inherit it: the same function, run by one class after another.
    @examples(suppress_health_check=[HealthCheck.differing_executors])
    @given(body=st.binary(max_size=300))
    def test_arbitrary_bytes_are_refused_in_words(self, body: bytes) -> None:
        """Whatever the bytes are, from whomever, the only error is a `ReceiveError` with words."""
        configuration = self.configuration()
        channel = self.channel(configuration)
        request = self.request(channel, configuration.secret, body)
        for headers in (request.headers, {name: body.decode("latin-1") for name in request.headers}):
            with suppress(ReceiveError):
                channel.receive(request._replace(headers=headers))
        with pytest.raises((Malformed, Unauthenticated), match=r"\w"):
            channel.receive(request._replace(headers={}))

    def test_secrets_do_not_show(self) -> None:
        """No secret is in what is printed of a channel, its settings or its configuration."""
        configuration = self.configuration()
        channel = self.channel(configuration)
        settings = self.channel_type.settings_type.load(configuration.public, configuration.secret)
        printed = f"{channel!r} {settings!r} {settings} {configuration!r} {configuration.public}"
        assert [name for name, value in configuration.secret.items() if value in printed] == []

    def test_secrets_do_not_show_in_refused_settings(self) -> None:
        """Settings that are refused are refused without repeating a secret."""
        configuration = self.configuration()
        wrong = {**configuration.secret, "no_such_setting": "x"}
        with pytest.raises(SettingsError) as caught:
            configure(self.channel_type.settings_type, {**self.settings, **wrong})
        told = f"{caught.value} {caught.value.faults}"
        assert [name for name, value in configuration.secret.items() if value in told] == []
        assert caught.value.faults[0].pointer == "/no_such_setting"

    def test_settings_come_back_from_where_they_are_kept(self) -> None:
        """Kept settings configure an equal channel, and no secret is made again."""
        first = self.configuration()
        again = configure(self.channel_type.settings_type, first.public, first.secret)
        assert (again.public, again.secret, again.made) == (first.public, first.secret, {})


class Call(NamedTuple):
    """One request that the channel made of the platform: `body`, or a form's fields and files."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    form: Mapping[str, Any]


class SendingConformance(ChannelConformance):
    """Inherit, and say how the platform is called: `pointed_at`, `answer`, `shown`."""

    address = "7"
    picture = b"\x89PNG\r\n\x1a\n"
    # Where a text is cut through one of these, it shows.
    text: ClassVar[str] = "👨‍👩‍👧 Ça va? 你好。 🇨🇳👍🏽 "

    def pointed_at(self, url: str) -> Mapping[str, Any]:
        """The settings of a channel whose platform is at `url`."""
        raise NotImplementedError

    def answer(self, call: Call) -> web.Response:
        """How the platform says that it took a message."""
        return web.Response(status=204)

    def slowed(self) -> web.Response:
        """How the platform asks to wait for seven seconds."""
        return web.Response(status=429, headers={"Retry-After": "7"})

    def shown(self, calls: Sequence[Call]) -> list[str]:
        """What these calls show to a user, in order: texts, labels to press, names of files."""
        raise NotImplementedError

    def measure(self, text: str) -> int:
        """How long the platform says that a text is."""
        return len(text)

    def outbound(self, text: str, **rest: Any) -> Outbound:
        """A message to a customer."""
        return Outbound(
            id="msg_1",
            conversation_id="cv_1",
            thread="",
            address=self.address,
            author="agent",
            text=text,
            created_at=self.now,
            **rest,
        )

    @asynccontextmanager
    async def platform(self, *first: web.Response | None) -> AsyncIterator[tuple[Channel, list[Call]]]:
        """A channel, open, and what it asks; `first` are answers that come before good ones, or None."""
        calls: list[Call] = []
        lined_up = list(first)
        asked = self.asked = asyncio.Event()

        async def take(request: web.Request) -> web.Response:
            call = Call(request.path, request.headers.copy(), *await _content(request))
            calls.append(call)
            asked.set()
            given = lined_up.pop(0) if lined_up else self.answer(call)
            if given is None:
                await asyncio.Event().wait()
                raise AssertionError
            return given

        app = web.Application(client_max_size=100_000_000)
        app.router.add_route("*", "/{path:.*}", take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with self._client() as http:
                self._made = configure(self.channel_type.settings_type, self.pointed_at(url))
                async with self.channel(self._made, Tools(http, self._fetch, lambda: self.now)) as channel:
                    yield channel, calls
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(resolver=_Nowhere(), force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:
            yield http

    async def _fetch(self, _blob: str) -> bytes:
        return self.picture

    async def test_a_long_text_arrives_whole_and_in_order(self) -> None:
        """In pieces that the platform takes where it has a limit; no character is cut in two."""
        longest = self.channel_type.capabilities.longest_text
        text = (self.text * 4000)[: 2 * (longest or 10_000)].rstrip()
        async with self.platform() as (channel, calls):
            await channel.send(self.outbound(text))
        pieces = self.shown(calls)
        assert "".join(pieces) == text
        assert longest is None or all(0 < self.measure(piece) <= longest for piece in pieces)
        assert not any(piece.startswith(("\u200d", "🏽")) for piece in pieces)

    async def test_what_it_can_t_show_is_told(self) -> None:
        """Options are buttons or lines, files are files or named: in either case the customer sees them."""
        blob = hashlib.sha256(self.picture).hexdigest()
        picture = Attachment(name="parcel.png", type="image/png", size=len(self.picture), blob=blob)
        options = (Option(value="article:1", label="Refunds"), Option(value="person", label="A person"))
        async with self.platform() as (channel, calls):
            await channel.send(self.outbound("Which?", options=options, attachments=(picture,)))
        seen = "\n".join(self.shown(calls))
        assert [word for word in ("Which?", "Refunds", "A person", "parcel.png") if word not in seen] == []

    async def test_too_many_at_once_is_told_with_the_platforms_wish(self) -> None:
        """429 is no failure of the channel's, and names the seconds."""
        async with self.platform(self.slowed()) as (channel, _):
            with pytest.raises(Slowed) as caught:
                await channel.send(self.outbound("hello"))
        assert caught.value.after == 7

    async def test_cancelling_it_ends_it(self) -> None:
        """A platform that does not answer holds nobody who wants to go."""
        async with self.platform(None) as (channel, _):
            sending = asyncio.create_task(channel.send(self.outbound("hello")))
            await self.asked.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending

    async def test_secrets_do_not_show_in_errors_nor_in_logs(
        self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        """What a failed call says, to whomever, holds none."""
        told = ""
        with caplog.at_level("DEBUG"):
            async with self.platform(web.Response(status=500), web.Response(status=400)) as (channel, _):
                for _ in range(2):
                    with pytest.raises(SendError) as caught:
                        await channel.send(self.outbound("hello"))
                    told += "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        printed = capsys.readouterr()
        told += caplog.text + printed.out + printed.err
        shown = [line for line in told.splitlines() for value in self._made.secret.values() if value in line]
        assert shown == []

    async def test_a_platform_that_fails_is_tried_again(self) -> None:
        """5xx may pass."""
        async with self.platform(web.Response(status=503)) as (channel, _):
            with pytest.raises(Retryable):
                await channel.send(self.outbound("hello"))


async def _content(request: web.Request) -> tuple[bytes, Mapping[str, Any]]:
    """A form as what is in it, anything else as it is."""
    if request.content_type.endswith(("form-data", "urlencoded")):
        return b"", dict(await request.post())
    return await request.read(), {}


class _Nowhere(AbstractResolver):
    """No test may reach the network."""

    async def resolve(self, host: str, port: int = 0, family: Any = None) -> list[ResolveResult]:
        raise AssertionError(f"a test wanted to reach {host}")

    async def close(self) -> None:
        """Nothing to close."""
