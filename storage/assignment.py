"""What the assigner follows and leaves: news of tickets and agents, who comes first for whom, its log."""

import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select, union_all

from router.expected_wait import Wait
from router.pull import Before, Seen
from router.values import Agent, Ticket
from router.why_nobody import Taken
from storage import offers, schema
from storage.events import last_event, oldest_event
from storage.listed import among
from storage.prepared import Prepared
from storage.rows import Mapper
from storage.store import Tx

_event, _ticket, _offer = schema.events.c, schema.tickets.c, schema.offers.c
_agent, _customer, _log = schema.agents.c, schema.customers.c, schema.assignment_log.c
_tickets = Mapper(schema.tickets, Ticket)
_agents = Mapper(schema.agents, Agent)
# Read at once; more is read by the next look.
MOST = 5000
# So many of the last offers tell how long tickets wait.
LAST = 1000
# A log is kept for so long, from the beginning of a run on.
KEPT = timedelta(days=7)
_TOLD = (
    "ticket.created",
    "ticket.updated",
    "offer.declined",
    "offer.expired",
    "agent.updated",
    "catalogue.updated",
    "channel.updated",
)
_news = Prepared(
    select(_event.seq, _event.type, _event.ticket_id, _event.data, _event.at)
    .where(_event.seq > bindparam("after"), _event.seq <= bindparam("until"), among(_event.type, "types"))
    .order_by(_event.seq)
    .limit(MOST)
)
_room = Prepared(
    select(_ticket.queue, func.coalesce(schema.channels.c.kind, literal_column("''")))
    .select_from(schema.tickets.outerjoin(schema.channels, schema.channels.c.id == _ticket.channel_id))
    .where(
        _ticket.id.in_(
            union_all(
                select(_ticket.id).where(
                    _ticket.assignee == bindparam("agent"), _ticket.status == literal_column("'open'")
                ),
                select(_ticket.id).where(
                    _ticket.assignee == bindparam("agent"), _ticket.wrap_up_until.is_not(None)
                ),
                select(_offer.ticket_id).where(
                    _offer.agent_id == bindparam("agent"), _offer.state == literal_column("'pending'")
                ),
            )
        )
    )
)
_some = Prepared(_tickets.select().where(among(_ticket.id, "ids")))
_some_offered = Prepared(
    select(_offer.ticket_id, _offer.agent_id).where(
        among(_offer.ticket_id, "ids"), _offer.state == literal_column("'pending'")
    )
)
_keep = Prepared(insert(schema.assignment_log))
_taken = _ticket.status.in_(("offered", "open")) | _ticket.wrap_up_until.is_not(None)
_active = (_ticket.status == "queued") | _taken


class Happened(NamedTuple):
    """An event that may change who is offered what."""

    type: str
    ticket_id: str | None
    data: dict[str, Any]
    at: datetime


class News(NamedTuple):
    """Everything up to event `last`; `missed`: some of it is no longer kept."""

    last: int
    events: list[Happened]
    missed: bool


class Changes(NamedTuple):
    """What is new at one instant: the news, and what they are about as it is now."""

    news: News
    tickets: dict[str, Ticket]
    offered: dict[str, str]
    before: dict[str, Before]
    agents: list[Seen]


class Desk(NamedTuple):
    """The tickets that wait or are with somebody, by id, and the agents, after event `last`."""

    last: int
    tickets: list[str]
    agents: list[Seen]


def news(sql: Connection, after: int) -> News:
    """What happened after event `after`."""
    last = last_event(sql)
    if last == after:
        return News(last, [], missed=False)
    lines = _news.rows(sql, {"after": after, "until": last, "types": list(_TOLD)})
    if len(lines) == MOST:
        last = lines[-1][0]
    return News(last, [Happened(*line[1:]) for line in lines], missed=after + 1 < oldest_event(sql))


def changes(sql: Connection, after: int, also: Collection[str], now: datetime) -> Changes:
    """What happened after event `after`; `also` are further tickets to be looked at."""
    found = news(sql, after)
    ids = {one.ticket_id for one in found.events if one.ticket_id} | set(also)
    people = {str(one.data.get("id")) for one in found.events if one.type == "agent.updated"}
    stored, offered = some(sql, ids) if ids else ({}, {})
    waiting = [ticket for ticket in stored.values() if ticket.status == "queued"]
    first = before(sql, waiting) if waiting else {}
    return Changes(found, stored, offered, first, agents(sql, people, now) if people else [])


def beginning(sql: Connection, now: datetime) -> Desk:
    """What there is at one instant. The tickets themselves are many: they are read with `some`, in parts.

    What happens to them meanwhile comes after event `last`.
    """
    ids = sql.execute(select(_ticket.id).where(_active).order_by(_ticket.id)).scalars()
    return Desk(last=last_event(sql), tickets=list(ids), agents=agents(sql, None, now))


def some(sql: Connection, ids: Collection[str]) -> tuple[dict[str, Ticket], dict[str, str]]:
    """These tickets, whatever became of them, and to whom they are offered."""
    wanted = {"ids": sorted(ids)}
    pending = {line[0]: line[1] for line in _some_offered.rows(sql, wanted)}
    return {ticket.id: ticket for ticket in map(_tickets.load, _some.rows(sql, wanted))}, pending


def agents(sql: Connection, ids: Collection[str] | None, now: datetime) -> list[Seen]:
    """These agents, or all, in id order."""
    query = _agents.select().add_columns(_agent.idle_since).order_by(_agent.id)
    if ids is not None:
        query = query.where(_agent.id.in_(sorted(ids)))
    recently = _offer.state == "expired", _offer.ended_at > now - timedelta(hours=1)
    missed = select(_offer.agent_id, func.max(_offer.ended_at)).where(*recently).group_by(_offer.agent_id)
    missed_at = {line[0]: line[1] for line in sql.execute(missed)}
    return [
        Seen(agent=(found := _agents.load(line[:-1])), idle_since=line[-1], missed_at=missed_at.get(found.id))
        for line in sql.execute(query)
    ]


def holdings(sql: Connection, agent_id: str) -> list[str]:
    """The tickets an agent has: open or offered to them."""
    mine = select(_ticket.id).where(_ticket.assignee == agent_id, _ticket.status == "open")
    offered = select(_offer.ticket_id).where(_offer.agent_id == agent_id, _offer.state == "pending")
    return [*sql.execute(mine).scalars(), *sql.execute(offered).scalars()]


def taken_room(sql: Connection, agent_id: str) -> list[tuple[str, str]]:
    """(queue, channel kind) of each ticket that takes the agent's room."""
    return [(line[0], line[1]) for line in _room.rows(sql, {"agent": agent_id})]


def taken_rooms(sql: Connection) -> dict[str, list[Taken]]:
    """The same for every agent who has some, by id."""
    channel = schema.channels.c
    agent = func.coalesce(_offer.agent_id, _ticket.assignee)
    pending = (_offer.ticket_id == _ticket.id) & (_offer.state == "pending")
    query = (
        select(agent, _ticket.queue, func.coalesce(channel.kind, ""))
        .select_from(
            schema.tickets.outerjoin(schema.channels, channel.id == _ticket.channel_id).outerjoin(
                schema.offers, pending
            )
        )
        .where(_taken, agent.is_not(None))
    )
    found: dict[str, list[Taken]] = {}
    for line in sql.execute(query):
        found.setdefault(line[0], []).append(Taken(line[1], line[2]))
    return found


def waits(sql: Connection, ticket: Ticket) -> tuple[list[Wait], int]:
    """The waits of the last tickets of its queue, by when they began, and how many wait before it."""
    return last_waits(sql, ticket.queue), ahead(sql, ticket)


def last_waits(sql: Connection, queue: str) -> list[Wait]:
    """The waits of the last tickets of a queue, by when they began."""
    had = func.min(_offer.created_at)
    given = select(_offer.ticket_id, had.label("had")).group_by(_offer.ticket_id)
    last = given.order_by(had.desc()).limit(LAST).subquery()
    query = (
        select(_ticket.waiting_since, last.c.had)
        .join(last, last.c.ticket_id == _ticket.id)
        .where(_ticket.queue == queue)
        .order_by(_ticket.waiting_since)
    )
    return [(line[0].timestamp(), line[1].timestamp()) for line in sql.execute(query)]


def ahead(sql: Connection, ticket: Ticket) -> int:
    """How many of its queue wait before it."""
    sooner = _ticket.queue == ticket.queue, _ticket.waiting_since < ticket.waiting_since
    query = select(func.count()).select_from(schema.tickets).where(_ticket.status == "queued", *sooner)
    return int(sql.execute(query).scalar_one())


def before(sql: Connection, found: Sequence[Ticket]) -> dict[str, Before]:
    """By ticket: who had it, whose customer it is, who stands in for them, who served them last."""
    ids = {"ids": sorted(ticket.id for ticket in found)}
    customers = {"ids": sorted({ticket.customer_id for ticket in found})}
    had = (
        select(_offer.ticket_id, _offer.agent_id)
        .where(among(_offer.ticket_id, "ids"), _offer.state.in_(offers.TAKEN))
        .order_by(_offer.created_at, _offer.id)
    )
    last = {line[0]: line[1] for line in sql.execute(had, ids)}
    owners = (
        select(_customer.id, _customer.owner, func.coalesce(_agent.stand_in, ""))
        .select_from(schema.customers.outerjoin(schema.agents, _agent.id == _customer.owner))
        .where(among(_customer.id, "ids"), _customer.owner.is_not(None))
    )
    owned = {line[0]: (line[1], line[2]) for line in sql.execute(owners, customers)}
    over = (
        select(_ticket.customer_id, _ticket.assignee)
        .where(among(_ticket.customer_id, "ids"), _ticket.assignee.is_not(None))
        .order_by(_ticket.updated_at, _ticket.id)
    )
    served = {line[0]: line[1] for line in sql.execute(over, customers)}
    return {
        ticket.id: Before(
            agent=last.get(ticket.id, ""),
            owner=owned.get(ticket.customer_id, ("", ""))[0],
            stand_in=owned.get(ticket.customer_id, ("", ""))[1],
            served=served.get(ticket.customer_id, ""),
        )
        for ticket in found
    }


def packed(lines: Sequence[bytes]) -> bytes:
    """What `log` keeps of these lines. Of a whole desk that takes its time: not within a transaction."""
    return zlib.compress(b"\n".join(lines), 1)


def log(tx: Tx, lines: bytes, handled: tuple[float, int], *, begins: bool) -> None:
    """Keep what the engine was told, `packed`; `handled` are seconds and tickets finished so far."""
    row = {
        "begins": begins,
        "lines": lines,
        "handled_us": round(handled[0] * 1e6),
        "handled": handled[1],
        "at": tx.now,
    }
    _keep.many(tx.sql, [row])


def handled(sql: Connection) -> tuple[float, int]:
    """Seconds and tickets finished, as last logged."""
    query = select(_log.handled_us, _log.handled).order_by(_log.seq.desc()).limit(1)
    line = sql.execute(query).one_or_none()
    return (0.0, 0) if line is None else (line[0] / 1e6, line[1])


def logged(sql: Connection, run: int | None = None) -> list[bytes]:
    """The lines of a run, the last one's or that which begins at this number."""
    begins = select(func.max(_log.seq)).where(_log.begins)
    first = sql.execute(begins).scalar() if run is None else run
    if first is None:
        return []
    after = sql.execute(select(func.min(_log.seq)).where(_log.begins, _log.seq > first)).scalar()
    query = select(_log.lines).where(_log.seq >= first)
    if after is not None:
        query = query.where(_log.seq < after)
    rows = sql.execute(query.order_by(_log.seq)).scalars()
    return [line for row in rows for line in zlib.decompress(row).split(b"\n") if line]


def prune(tx: Tx) -> None:
    """Forget runs that ended long ago."""
    old = select(func.max(_log.seq)).where(_log.begins, _log.at < tx.now - KEPT)
    first = tx.sql.execute(old).scalar()
    if first is not None:
        tx.sql.execute(delete(schema.assignment_log).where(_log.seq < first))
