"""Idempotency keys and unique rows, at every end of the store."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from router.values import Agent
from storage import agents, catalogue, idempotency, schema
from storage.idempotency import Answer, KeyReused
from storage.refusals import Refused, Taken
from storage.store import Tx
from tests.contract.ends import NOW, STORE_ENDS, StoreEnd
from tests.services.servers import Servers

ANSWER = Answer(201, {"ETag": '"v1"'}, b"{}")


@pytest.fixture(params=STORE_ENDS)
def end(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> StoreEnd:
    """Each end in turn, migrated and empty."""
    made: StoreEnd = request.param(tmp_path, servers)
    return made


def answered(tx: Tx, fingerprint: str = "f") -> Answer:
    """The answer under one key: given before, or made (with an effect that can be counted) and kept now."""
    given = idempotency.claim(tx, "tok_1", "k", fingerprint)
    if given is not None:
        return given
    tx.emit("ticket.created")
    idempotency.keep(tx, "tok_1", "k", ANSWER)
    return ANSWER


async def test_equal_requests_at_once_have_one_effect(end: StoreEnd) -> None:
    """Each waits for the one that runs, and gets its answer."""
    async with end.open() as store:
        answers = await asyncio.gather(*(store.write(answered) for _ in range(20)))
        effects = await store.read(lambda sql: sql.execute(select(func.count(schema.events.c.seq))).scalar())
    assert (answers, effects) == ([ANSWER] * 20, 1)


async def test_a_key_is_for_one_request_for_a_day(end: StoreEnd) -> None:
    """Another request under it is refused until it has expired; then the key is free."""

    def age(tx: Tx) -> None:
        old = NOW - idempotency.LIFETIME - timedelta(seconds=1)
        tx.sql.execute(update(schema.idempotency).values(created_at=old))

    async with end.open() as store:
        await store.write(answered)
        with pytest.raises(KeyReused):
            await store.write(lambda tx: answered(tx, "other"))
        await store.write(age)
        assert await store.write(lambda tx: answered(tx, "other")) == ANSWER
        with pytest.raises(KeyReused):
            await store.write(answered)
        await store.write(age)
        await store.write(idempotency.prune)
        left = select(func.count()).select_from(schema.idempotency)
        assert await store.read(lambda sql: sql.execute(left).scalar_one()) == 0


async def test_what_is_unique_is_refused_in_words(end: StoreEnd) -> None:
    """A second name or address is `Taken`, and nothing of that step is kept."""
    async with end.open() as store:
        await store.write(lambda tx: catalogue.add(tx, "queue", "a", "Billing", {}))
        await store.write(lambda tx: agents.add(tx, Agent(id="agt_1", name="Ann", email="a@b")))
        with pytest.raises(Taken, match="There is a queue named Billing already"):
            await store.write(lambda tx: catalogue.add(tx, "queue", "b", "Billing", {}))
        with pytest.raises(Taken, match="There is an agent with the address a@b already"):
            await store.write(lambda tx: agents.add(tx, Agent(id="agt_2", name="Bob", email="a@b")))
        assert await store.read(lambda sql: catalogue.ids(sql, "queue")) == {"a"}


async def test_the_last_admin_who_can_sign_in_stays(end: StoreEnd) -> None:
    """An admin without a password does not count."""
    one = Agent(id="agt_1", name="Ada", email="a@b", role="admin")
    async with end.open() as store:
        await store.write(lambda tx: agents.add(tx, one, "hash"))
        await store.write(lambda tx: agents.add(tx, Agent(id="agt_2", name="Bo", email="b@b", role="admin")))
        with pytest.raises(Refused):
            await store.write(lambda tx: agents.remove(tx, "agt_1"))
        await store.write(lambda tx: agents.set_password(tx, "agt_2", "hash"))
        await store.write(lambda tx: agents.remove(tx, "agt_1"))
        assert await store.read(lambda sql: agents.find(sql, "agt_1")) is None
