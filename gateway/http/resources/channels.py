"""Channels over HTTP: set up by kind; their secrets go in, and made ones come out once."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from secrets import token_bytes
from typing import Any, Literal

from pydantic import BaseModel

from bus.ids import new_id
from channels.protocol import Denied, SendError
from channels.registry import UnknownKind, kind
from channels.settings import Configuration, SettingsError, configure
from gateway.http.body import Patch, merged
from gateway.http.call import Call, Rendered, Reply
from gateway.http.cursor import Page
from gateway.http.endpoint import Api
from gateway.http.fields import Document, Name, Slug, Time
from gateway.http.problems import Conflict, Fault, Invalid, pointer, require
from storage import audit, channel_status, channels
from storage.channel_status import Part
from storage.channels import Stored
from storage.paging import Slice, Sql
from storage.store import Tx
from workers import signatures
from workers.mail import MAIL

api = Api("Channels")


class ChannelForm(BaseModel):
    """What can be set of a channel. `settings` are its kind's; secrets among them are never shown."""

    name: Name
    settings: Document = {}
    enabled: bool = True


class NewChannel(ChannelForm):
    """A channel to be. Secrets that its kind needs and that are not given are made."""

    kind: Slug


class PartOut(BaseModel):
    """One part of a channel; `error` is its last one, also when it is well again, null for none yet."""

    part: Literal["setup", "receiving", "sending"]
    state: Literal["ok", "failing"]
    since: Time
    error: str | None
    error_at: Time | None


class StatusOut(BaseModel):
    """How a channel is: the state of its worst part, since when, and the last error in words.

    `unknown`: nothing was heard of it yet; `off`: it is switched off.
    """

    state: Literal["ok", "failing", "off", "unknown"]
    part: Literal["setup", "receiving", "sending"] | None
    since: Time | None
    error: str | None
    parts: list[PartOut]


class CapabilitiesOut(BaseModel):
    """What the platform can show; `longest_text` in its own units, null where it takes any."""

    longest_text: int | None
    media: bool
    buttons: bool
    receipts: bool
    typing: bool
    edits: bool


class ChannelOut(BaseModel):
    """A channel; `settings` without the secret ones. `capabilities`: null where its kind is not installed."""

    id: str
    kind: str
    name: str
    settings: dict[str, Any]
    enabled: bool
    capabilities: CapabilitiesOut | None
    status: StatusOut
    version: int
    created_at: Time
    updated_at: Time


class MadeChannel(ChannelOut):
    """A channel with the secrets made for it, among its settings and by themselves, this once."""

    secrets: dict[str, str]


@api.read("/api/v1/channels", summary="List channels")
def list_channels(sql: Sql, call: Call) -> Page[ChannelOut]:
    """All of them, oldest first, and how each is. Only admins see settings."""
    told = channel_status.every(sql)
    stored = Slice(channels.every(sql), None)
    return Page[ChannelOut].of(stored, lambda one: _show(call, one, told.get(one.id, ())))


@api.asynchronous(
    "POST", "/api/v1/channels", role="admin", status=201, confidential=True, summary="Create a channel"
)
async def create_channel(call: Call, body: NewChannel) -> Rendered[MadeChannel]:
    """It takes messages at once. Credentials that its platform refuses are refused here too."""
    configured = _configure(body.kind, body.settings, {})
    id_ = new_id("ch", call.parts.clock())
    trouble = await _proved(call, id_, body.kind, configured) if body.enabled else None
    sealed = call.parts.secrets.seal(id_, configured.secret)

    def step(tx: Tx) -> Reply[MadeChannel]:
        stored = channels.add(tx, id_, body.kind, body.name, settings=configured.public, sealed=sealed)
        if not body.enabled:
            saved = partial(channels.save, settings=configured.public, sealed=sealed, enabled=False)
            stored = saved(tx, id_, body.name)
        channel_status.keep(tx, {(id_, "setup"): trouble})
        _record(tx, call, "channel.created", stored)
        shown = _show(call, stored, channel_status.every(tx.sql).get(id_, ())).model_dump()
        made = shown | {"settings": configured.public | configured.made, "secrets": configured.made}
        return Reply(value=MadeChannel(**made), headers={"Cache-Control": "no-store"})

    return Rendered((await call.write(step)).answer)


@api.read("/api/v1/channels/{channel_id}", summary="A channel")
def get_channel(sql: Sql, call: Call, channel_id: str) -> ChannelOut:
    """One channel, and how it is. Only admins see settings."""
    return _show(call, channels.get(sql, channel_id), channel_status.every(sql).get(channel_id, ()))


@api.asynchronous("PATCH", "/api/v1/channels/{channel_id}", role="admin", summary="Change a channel")
async def change_channel(call: Call, channel_id: str, body: Patch[ChannelForm]) -> Rendered[ChannelOut]:
    """Secrets that are not given stay as they are; what its platform refuses is refused here too."""
    seen = await call.parts.store.read(lambda sql: channels.get(sql, channel_id))
    form = body.onto({"name": seen.name, "enabled": seen.enabled, "settings": seen.settings})
    kept = call.parts.secrets.open(channel_id, seen.sealed)
    configured = _configure(seen.kind, merged(seen.settings, body.changes.get("settings", {})), kept)
    changed = (configured.public, configured.secret, True) != (seen.settings, kept, seen.enabled)
    trouble = await _proved(call, channel_id, seen.kind, configured) if form.enabled and changed else None

    def step(tx: Tx) -> ChannelOut:
        before = channels.get(tx.sql, channel_id)
        call.expect(before.version)
        if before.version != seen.version:
            raise Conflict("The channel was changed meanwhile; read it again.")
        stored = channels.save(
            tx,
            channel_id,
            form.name,
            settings=configured.public,
            sealed=call.parts.secrets.seal(channel_id, configured.secret),
            enabled=form.enabled,
        )
        channel_status.keep(tx, {(channel_id, "setup"): trouble})
        _record(tx, call, "channel.updated", stored)
        return _show(call, stored, channel_status.every(tx.sql).get(channel_id, ()))

    return await call.write(step)


class Rotated(BaseModel):
    """The secret made in the place of the one before, this once; both are good until then."""

    secrets: dict[str, str]
    previous_until: Time


@api.write(
    "POST",
    "/api/v1/channels/{channel_id}/rotate",
    role="admin",
    status=201,
    confidential=True,
    summary="Make a new secret",
)
def rotate(tx: Tx, call: Call, channel_id: str) -> Reply[Rotated]:
    """For a day the secret from before signs and opens as well, so that the other side can change over."""
    before = channels.get(tx.sql, channel_id)
    settings_type = kind(before.kind).settings_type
    kept = call.parts.secrets.open(channel_id, before.sealed)
    changes = settings_type.rotated(kept, tx.now, token_bytes)
    if not changes:
        raise Conflict(f"A channel of kind {before.kind} has no secret that the desk makes.")
    configured = _configure(before.kind, before.settings | changes, dict(kept))
    sealed = call.parts.secrets.seal(channel_id, configured.secret)
    save = partial(channels.save, settings=configured.public, sealed=sealed, enabled=before.enabled)
    _record(tx, call, "channel.rotated", save(tx, channel_id, before.name))
    made = {name: configured.secret[name] for name in settings_type.shown if name in changes}
    rotated = Rotated(secrets=made, previous_until=changes["previous_until"])
    return Reply(value=rotated, headers={"Cache-Control": "no-store"})


@api.write("DELETE", "/api/v1/channels/{channel_id}", role="admin", summary="Delete a channel")
def delete_channel(tx: Tx, call: Call, channel_id: str) -> None:
    """Only one that nobody has written on; any other can be switched off."""
    call.expect(channels.get(tx.sql, channel_id).version)
    channels.remove(tx, channel_id)
    audit.record(tx, call.actor, "channel.deleted", channel_id)


def _configure(kind_name: str, given: dict[str, Any], kept: dict[str, str]) -> Configuration:
    try:
        configured = configure(kind(kind_name).settings_type, given, kept)
    except UnknownKind as error:
        raise Invalid.at("/kind", "unknown", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except SettingsError as error:
        raise Invalid(*_within("settings", error)) from None
    if kind_name == MAIL:
        require(list(_signature_faults(configured.public)))
    return configured


def _signature_faults(settings: Mapping[str, Any]) -> Iterable[Fault]:
    for name in ("signature", "signature_html"):
        if why := signatures.fault(settings.get(name, "")):
            yield Fault(f"/settings/{name}", "not_a_template", f"{why}.")


async def _proved(call: Call, channel_id: str, kind_: str, configured: Configuration) -> str | None:
    """What its platform says: None where all is well, else what is wrong; raises `Invalid` when denied."""
    parts = call.parts
    try:
        await parts.connections.prove(channel_id, kind_, configured, parts.settings.hook_url(channel_id))
    except Denied as error:
        raise Invalid.at("/settings", "denied", f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except SendError as error:
        # It may be away at the moment: the channel's status says so, and it is asked again.
        return str(error)
    return None


def _within(place: str, error: SettingsError) -> Iterable[Fault]:
    for fault in error.faults:
        yield Fault(pointer(place) + fault.pointer, fault.code, fault.detail)


def _record(tx: Tx, call: Call, action: str, stored: Stored) -> None:
    told = {"kind": stored.kind, "name": stored.name, "settings": stored.settings, "enabled": stored.enabled}
    audit.record(tx, call.actor, action, stored.id, **told)


def _show(call: Call, stored: Stored, parts: Sequence[Part]) -> ChannelOut:
    return ChannelOut(
        id=stored.id,
        kind=stored.kind,
        name=stored.name,
        settings=stored.settings if call.principal.may("admin") else {},
        enabled=stored.enabled,
        capabilities=_capabilities(stored.kind),
        status=_status(stored, parts),
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def _capabilities(kind_name: str) -> CapabilitiesOut | None:
    try:
        able = kind(kind_name).capabilities
    except UnknownKind:
        return None
    names = CapabilitiesOut.model_fields
    return CapabilitiesOut(**{name: value for name, value in able._asdict().items() if name in names})


def _status(stored: Stored, parts: Sequence[Part]) -> StatusOut:
    worst = channel_status.worst(parts)
    return StatusOut(
        state=channel_status.state(stored.enabled, worst),
        part=worst.part if worst else None,
        since=worst.since if worst else None,
        error=(worst.error or None) if worst else None,
        parts=[
            PartOut(
                part=one.part,
                state="failing" if one.failing else "ok",
                since=one.since,
                error=one.error or None,
                error_at=one.error_at,
            )
            for one in parts
        ],
    )
