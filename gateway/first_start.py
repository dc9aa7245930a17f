"""The first start of a desk: its admin is made and, if asked for, the demo is seeded, in one transaction."""

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import NamedTuple

from bus.ids import new_id
from gateway import database, ends
from gateway.demo.seeding import seed
from gateway.passwords import make_hash_aside
from gateway.settings import Settings
from gateway.signed_call import shell_lines
from router.values import Agent
from storage import agents, channels
from storage.paging import Sql
from storage.refusals import Taken
from storage.store import Tx

ADMIN = "admin@example.org"
# 96 bits, as 16 characters.
_PASSWORD_BYTES = 12


class Welcome(NamedTuple):
    """Who can sign in. `password` only on the first start, `call` (lines for a shell) only with the demo."""

    admin: str
    password: str = ""
    call: tuple[str, ...] = ()


async def welcome(settings: Settings, *, demo: bool) -> Welcome:
    """The desk's admin; on a desk that has none, made now. The database has been migrated."""
    async with database.opened(settings, lambda: datetime.now(UTC)) as store:
        found = await store.read(_admin)
        if found is not None:
            return Welcome(admin=found)
        password = token_urlsafe(_PASSWORD_BYTES)
        hashed = await make_hash_aside(password)
        try:
            return await store.write(lambda tx: _begin(tx, settings, password, hashed, demo))
        except Taken:
            # Another of the desk's processes began at the same moment; it tells the password.
            if (found := await store.read(_admin)) is None:
                raise
            return Welcome(admin=found)


def _begin(tx: Tx, settings: Settings, password: str, hashed: str, demo: bool) -> Welcome:
    agents.add(tx, Agent(id=new_id("agt", tx.now), name="Admin", email=ADMIN, role="admin"), hashed)
    if not demo:
        return Welcome(admin=ADMIN, password=password)
    sealer = ends.secrets(settings)
    seed(tx, sealer, settings.target_precision)
    hook = next(channel for channel in channels.every(tx.sql) if channel.kind == "webhook")
    secret = sealer.open(hook.id, hook.sealed)["secret"]
    call = shell_lines("{url}", hook.id, secret, "Where is my parcel?")
    return Welcome(admin=ADMIN, password=password, call=call)


def _admin(sql: Sql) -> str | None:
    """The address of the admin who has been there longest."""
    everyone = [kept for kept in agents.listed(sql, None, 1000).items if kept.agent.role == "admin"]
    active = [kept for kept in everyone if kept.agent.active]
    return min(active, key=lambda kept: kept.created_at).agent.email if active else None
