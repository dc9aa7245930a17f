"""The checks of `frontdesk doctor`: each looks at one thing and says what it found and what to do."""

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bus.port import BusError
from bus.topology import OUTBOUND, inbound_lanes
from channels.registry import UnknownKind, kind
from channels.settings import SettingsError as ChannelSettingsError
from gateway import database, encoders, ends
from gateway.settings import Settings, SettingsError, load
from storage import channels, events
from storage.blobs import BlobsUnavailable
from storage.channels import Stored
from storage.lock import AlreadyServed
from storage.migrate import HEAD
from storage.secrets import SecretError, Secrets
from storage.sqlite import SqliteStore
from storage.store import Store, StoreError, StoreUnavailable

# Below it, the database, its log and the blobs have no room to grow for long.
LEAST_FREE = 512 * 1024 * 1024
# An envelope waits for milliseconds; so many mean that nobody takes them.
MOST_WAITING = 10_000
_SKEW = timedelta(minutes=2)
_SERVER = "see that the server runs, lets us in, and is the one that the setting names"


class Finding(NamedTuple):
    """What a check found; `to_do` is empty where nothing is wrong."""

    name: str
    ok: bool
    found: str
    to_do: str = ""


Check = Callable[[Settings, Store], Awaitable[Finding]]


async def examine(data: Path | None) -> list[Finding]:
    """Every check, in the order in which one rests on another; what can't be checked is left out."""
    try:
        settings = load(data=data)
    except SettingsError as error:
        return [Finding("settings", False, str(error), "set it right")]
    findings = [
        Finding("settings", True, f"data in {settings.data.resolve()}"),
        folder(settings),
        disk(settings),
        encoder(settings),
    ]
    if not database.is_there(settings):
        return [*findings, Finding("store", True, "no desk here yet; the first start makes it")]
    schema = migrations(settings)
    findings += [server(settings), schema]
    if not schema.ok:
        return findings
    async with database.opened(settings, lambda: datetime.now(UTC)) as store:
        for check in CHECKS:
            findings.append(await check(settings, store))
    return findings


def folder(settings: Settings) -> Finding:
    """The data folder can be written, and by nobody else."""
    place = settings.data if settings.data.exists() else settings.data.resolve().parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Finding("folder", False, f"{place}: {error.strerror}", "make it yours, or set FRONTDESK_DATA")
    mode = place.stat().st_mode & 0o777
    if settings.data.exists() and mode & 0o022:
        return Finding("folder", False, f"others can write {place} (mode {mode:03o})", f"chmod 700 {place}")
    return Finding("folder", True, f"{place} can be written")


def disk(settings: Settings) -> Finding:
    """There is room for what is to come."""
    place = settings.data if settings.data.exists() else settings.data.resolve().parent
    free = shutil.disk_usage(place).free
    told = f"{free / 1024**3:.1f} GB free"
    return Finding(
        "disk", free >= LEAST_FREE, told, "" if free >= LEAST_FREE else "make room, or move the data"
    )


def encoder(settings: Settings) -> Finding:
    """What the knowledge base matches with, and that it works."""
    try:
        make = encoders.chosen(settings.encoder)
        if make is not None:
            make().encode(["ready?"])
        told = f"matches are by {encoders.described(settings.encoder)}"
    except Exception as error:  # whatever an encoder raises
        return Finding("encoder", False, str(error), "install it, or set FRONTDESK_ENCODER=lexical")
    if make is None and settings.encoder == encoders.AUTO:
        told += "; the extra semantic is not installed"
    return Finding("encoder", True, told)


def server(settings: Settings) -> Finding:
    """Whether a process serves this folder; either is right."""
    if settings.database_url is not None:
        return Finding("server", True, "any number may share the database")
    try:
        with database.alone(settings):
            return Finding("server", True, "not running")
    except AlreadyServed as error:
        return Finding("server", True, str(error))
    except OSError as error:
        return Finding("server", False, os.strerror(error.errno or 0), "make the folder yours")


def migrations(settings: Settings) -> Finding:
    """The database has this release's schema."""
    try:
        found = database.revision(settings)
    except StoreUnavailable as error:
        return Finding("migrations", False, str(error), "see that the database's server runs and lets us in")
    except Exception as error:
        return Finding("migrations", False, str(error).splitlines()[0], "put back a backup of the database")
    told = f"revision {found or 'none'}, this release needs {HEAD}"
    return Finding("migrations", found == HEAD, told, "" if found == HEAD else "frontdesk migrate")


async def store(settings: Settings, opened: Store) -> Finding:
    """The store takes and keeps a transaction."""
    try:
        await opened.write(lambda tx: None)
        last = await opened.read(events.last_event)
    except StoreError as error:
        return Finding("store", False, str(error), "see what the disk and other processes do")
    end = "SQLite" if isinstance(opened, SqliteStore) else "PostgreSQL"
    return Finding("store", True, f"{end}, {last} events so far")


async def bus(settings: Settings, opened: Store) -> Finding:
    """Messages can be published, and nothing piles up in the lanes."""
    lanes = (*inbound_lanes(settings.partitions), OUTBOUND)
    try:
        async with ends.bus(settings, opened) as end:
            await end.healthy()
            waiting = sum([await end.depth(lane) for lane in lanes])
    except (BusError, StoreError) as error:
        to_do = "see what the store says" if settings.amqp_url is None else _SERVER
        return Finding("bus", False, str(error), to_do)
    end_name = "embedded" if settings.amqp_url is None else "RabbitMQ"
    told = f"{end_name}, {waiting} messages wait in {len(lanes)} lanes"
    return Finding("bus", waiting < MOST_WAITING, told, "" if waiting < MOST_WAITING else "frontdesk serve")


async def live(settings: Settings, opened: Store) -> Finding:
    """Redis answers; the embedded live layer is the server's own memory."""
    if settings.redis_url is None:
        return Finding("live", True, "in the server's memory")
    from bus.redis import RedisLive  # noqa: PLC0415 - its client is not loaded for nothing

    async with RedisLive(settings.redis_url.get_secret_value()) as redis:
        await redis.beat("doctor", 1)
        if redis.away:
            return Finding("live", False, "Redis does not answer", _SERVER)
    return Finding("live", True, "Redis answers")


async def blobs(settings: Settings, opened: Store) -> Finding:
    """A blob can be kept and forgotten."""
    place = f"{settings.blobs_folder}" if settings.blobs_url is None else "the bucket"
    try:
        kept = ends.blobs(settings)
        await kept.delete(await kept.put(f"doctor {os.getpid()} {datetime.now(UTC)}".encode()))
    except (OSError, BlobsUnavailable) as error:
        to_do = f"make {place} yours" if settings.blobs_url is None else _SERVER
        return Finding("blobs", False, str(error), to_do)
    return Finding("blobs", True, f"{place} can be written")


async def connections(settings: Settings, opened: Store) -> Finding:
    """Each channel's kind is installed, its secrets open, its settings are right."""
    found = await opened.read(channels.every)
    if not found:
        return Finding("channels", True, "none yet")
    try:
        secrets = ends.secrets(settings)
    except (SecretError, OSError) as error:
        return Finding("channels", False, str(error), "put the key back as it was")
    wrong = [f"{one.name}: {why}" for one in found if (why := _why_not(one, secrets))]
    told = "; ".join(wrong) or f"{len(found)} channels, their settings are right"
    return Finding("channels", not wrong, told, "set the channel up again" if wrong else "")


def _why_not(stored: Stored, secrets: Secrets) -> str:
    try:
        kind(stored.kind).settings_type.load(stored.settings, secrets.open(stored.id, stored.sealed))
    except (UnknownKind, ChannelSettingsError, SecretError) as error:
        return str(error)
    return ""


async def clock(settings: Settings, opened: Store) -> Finding:
    """This machine's clock is not behind what the desk has recorded already."""
    now = datetime.now(UTC)
    last = await opened.read(events.last_event)
    logged = await opened.read(lambda sql: events.events_after(sql, last - 1, 1))
    ahead = logged[0].at - now if logged else timedelta()
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if ahead > _SKEW:
        return Finding("clock", False, f"{told}, but the last event was {ahead} later", "set the clock right")
    return Finding("clock", True, told)


CHECKS: tuple[Check, ...] = (store, bus, live, blobs, connections, clock)
