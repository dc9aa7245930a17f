"""What every channel has to do, as tests: a channel's own tests inherit `ChannelConformance`.

They need pytest and hypothesis, and run without a network.
"""

# ruff: noqa: S101 - these are tests, whoever runs them

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from bus.envelope import decode, encode
from channels.protocol import Channel, HookRequest, Malformed, ReceiveError, Tools, Unauthenticated
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
