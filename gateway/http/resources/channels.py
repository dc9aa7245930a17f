"""Channels over HTTP: set up by kind; their secrets go in, and made ones come out once."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from bus.ids import new_id
from channels.registry import UnknownKind, kind
from channels.settings import Configuration, SettingsError, configure
from gateway.http.body import Patch, merged
from gateway.http.call import Call, Reply
from gateway.http.cursor import Page
from gateway.http.endpoint import Api
from gateway.http.fields import Document, Name, Slug, Time
from gateway.http.problems import Fault, Invalid, pointer
from storage import audit, channels
from storage.channels import Stored
from storage.paging import Slice, Sql
from storage.store import Tx

api = Api("Channels")


class ChannelForm(BaseModel):
    """What can be set of a channel. `settings` are its kind's; secrets among them are never shown."""

    name: Name
    settings: Document = {}
    enabled: bool = True


class NewChannel(ChannelForm):
    """A channel to be. Secrets that its kind needs and that are not given are made."""

    kind: Slug


class ChannelOut(BaseModel):
    """A channel; `settings` without the secret ones."""

    id: str
    kind: str
    name: str
    settings: dict[str, Any]
    enabled: bool
    version: int
    created_at: Time
    updated_at: Time


class MadeChannel(ChannelOut):
    """A channel with the secrets made for it, among its settings and by themselves, this once."""

    secrets: dict[str, str]


@api.read("/api/v1/channels", summary="List channels")
def list_channels(sql: Sql, call: Call) -> Page[ChannelOut]:
    """All of them, oldest first. Only admins see settings."""
    return Page[ChannelOut].of(Slice(channels.every(sql), None), lambda stored: _show(call, stored))


@api.write(
    "POST", "/api/v1/channels", role="admin", status=201, confidential=True, summary="Create a channel"
)
def create_channel(tx: Tx, call: Call, body: NewChannel) -> Reply[MadeChannel]:
    """It takes messages at once."""
    configured = _configure(body.kind, body.settings, {})
    id_ = new_id("ch", tx.now)
    sealed = call.parts.secrets.seal(id_, configured.secret)
    stored = channels.add(tx, id_, body.kind, body.name, settings=configured.public, sealed=sealed)
    if not body.enabled:
        stored = channels.save(tx, id_, body.name, settings=configured.public, sealed=sealed, enabled=False)
    _record(tx, call, "channel.created", stored)
    shown = _show(call, stored).model_dump()
    made = shown | {"settings": configured.public | configured.made, "secrets": configured.made}
    return Reply(value=MadeChannel(**made), headers={"Cache-Control": "no-store"})


@api.read("/api/v1/channels/{channel_id}", summary="A channel")
def get_channel(sql: Sql, call: Call, channel_id: str) -> ChannelOut:
    """One channel. Only admins see settings."""
    return _show(call, channels.get(sql, channel_id))


@api.write("PATCH", "/api/v1/channels/{channel_id}", role="admin", summary="Change a channel")
def change_channel(tx: Tx, call: Call, channel_id: str, body: Patch[ChannelForm]) -> ChannelOut:
    """Secrets that are not given stay as they are."""
    before = channels.get(tx.sql, channel_id)
    call.expect(before.version)
    current = {"name": before.name, "enabled": before.enabled, "settings": before.settings}
    form = body.onto(current)
    kept = call.parts.secrets.open(channel_id, before.sealed)
    configured = _configure(before.kind, merged(before.settings, body.changes.get("settings", {})), kept)
    stored = channels.save(
        tx,
        channel_id,
        form.name,
        settings=configured.public,
        sealed=call.parts.secrets.seal(channel_id, configured.secret),
        enabled=form.enabled,
    )
    _record(tx, call, "channel.updated", stored)
    return _show(call, stored)


@api.write("DELETE", "/api/v1/channels/{channel_id}", role="admin", summary="Delete a channel")
def delete_channel(tx: Tx, call: Call, channel_id: str) -> None:
    """Only one that nobody has written on; any other can be switched off."""
    call.expect(channels.get(tx.sql, channel_id).version)
    channels.remove(tx, channel_id)
    audit.record(tx, call.actor, "channel.deleted", channel_id)


def _configure(kind_name: str, given: dict[str, Any], kept: dict[str, str]) -> Configuration:
    try:
        return configure(kind(kind_name).settings_type, given, kept)
    except UnknownKind as error:
        raise Invalid.at("/kind", "unknown", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except SettingsError as error:
        raise Invalid(*_within("settings", error)) from None


def _within(place: str, error: SettingsError) -> Iterable[Fault]:
    for fault in error.faults:
        yield Fault(pointer(place) + fault.pointer, fault.code, fault.detail)


def _record(tx: Tx, call: Call, action: str, stored: Stored) -> None:
    told = {"kind": stored.kind, "name": stored.name, "settings": stored.settings, "enabled": stored.enabled}
    audit.record(tx, call.actor, action, stored.id, **told)


def _show(call: Call, stored: Stored) -> ChannelOut:
    return ChannelOut(
        id=stored.id,
        kind=stored.kind,
        name=stored.name,
        settings=stored.settings if call.principal.may("admin") else {},
        enabled=stored.enabled,
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )
