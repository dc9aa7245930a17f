"""Queues, skills, tiers, fields, policies, calendars, ticket types: a table of kinds, five endpoints each."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from bus.ids import new_id
from gateway.http import cursor
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.endpoint import Api, Endpoint, Method, Patch
from gateway.http.fields import unknown
from gateway.http.problems import Fault, pointer, require
from gateway.http.resources import catalogue_bodies as bodies
from router.calendar import CalendarError, parse
from storage import audit, catalogue
from storage.catalogue import Document, Kind
from storage.paging import Sql
from storage.store import Tx

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Check = Callable[[Sql, Any], Iterable[Fault]]


def _nothing(_sql: Sql, _given: Any) -> Iterable[Fault]:
    return ()


def _queue(sql: Sql, queue: bodies.NewQueue) -> Iterable[Fault]:
    skills = catalogue.ids(sql, "skill")
    for index, needed in enumerate(queue.skills):
        if needed.skill not in skills:
            yield unknown("skill", needed.skill, "skills", index, "skill")
    if queue.calendar and queue.calendar not in catalogue.ids(sql, "calendar"):
        yield unknown("calendar", queue.calendar, "calendar")
    queues = catalogue.ids(sql, "queue")
    for at, step in enumerate(queue.steps):
        if step.queue and step.queue not in queues:
            yield unknown("queue", step.queue, "steps", at, "queue")
        for index, needed in enumerate(step.skills):
            if needed.skill not in skills:
                yield unknown("skill", needed.skill, "steps", at, "skills", index, "skill")


def _policy(sql: Sql, policy: bodies.NewPolicy) -> Iterable[Fault]:
    if policy.calendar and policy.calendar not in catalogue.ids(sql, "calendar"):
        yield unknown("calendar", policy.calendar, "calendar")
    tiers = catalogue.ids(sql, "tier")
    for index, tier in enumerate(policy.tiers):
        if tier not in tiers:
            yield unknown("tier", tier, "tiers", index)


def _calendar(_sql: Sql, given: bodies.NewCalendar) -> Iterable[Fault]:
    try:
        parse(given.model_dump(mode="json"))
    except CalendarError as error:
        where, _, why = str(error).partition(": ")
        yield Fault(pointer(*where.split(".")), "bad_calendar", why)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A kind of document as the API offers it."""

    kind: Kind
    path: str
    prefix: str
    one: str
    new: type[BaseModel]
    shown: type[BaseModel]
    check: Check = _nothing


def _shelf(
    kind: Kind, path: str, one: str, new: type[BaseModel], shown: type[BaseModel], **rest: Any
) -> Shelf:
    return Shelf(kind=kind, path=path, one=one, new=new, shown=shown, prefix=kind[:3], **rest)


SHELVES = (
    _shelf("queue", "queues", "queue", bodies.NewQueue, bodies.QueueOut, check=_queue),
    _shelf("skill", "skills", "skill", bodies.NewSkill, bodies.SkillOut),
    _shelf("tier", "tiers", "tier", bodies.NewTier, bodies.TierOut),
    _shelf("field", "fields", "field", bodies.NewField, bodies.FieldOut),
    _shelf("policy", "sla-policies", "SLA policy", bodies.NewPolicy, bodies.PolicyOut, check=_policy),
    _shelf("calendar", "calendars", "calendar", bodies.NewCalendar, bodies.CalendarOut, check=_calendar),
    _shelf("ticket_type", "ticket-types", "ticket type", bodies.NewTicketType, bodies.TicketTypeOut),
)


def _api() -> Api:
    api = Api("Set-up")
    for shelf in SHELVES:
        for endpoint in _endpoints(shelf):
            api.add(endpoint)
    return api


def _endpoints(shelf: Shelf) -> Iterable[Endpoint]:
    many, place = f"/api/v1/{shelf.path}", f"/api/v1/{shelf.path}/{{id}}"
    page = Page[shelf.shown]  # type: ignore[name-defined]

    def declare(kind: Any, method: Method, path: str, verb: str, handler: Any, **rest: Any) -> Endpoint:
        handler.__name__ = f"{verb}_{shelf.kind}"
        summary = f"{verb.capitalize()} {shelf.path if verb == 'list' else shelf.one}"
        return Endpoint(
            kind=kind, method=method, path=path, handler=handler, summary=summary, tag="Set-up", **rest
        )

    def list_all(sql: Sql, call: Call, query: ListQuery) -> Any:
        after = None if query.cursor is None else cursor.decode(query.cursor, str)
        found = catalogue.listed(sql, shelf.kind, after, query.limit)
        return page.of(found, lambda document: _show(shelf, document))

    def get(sql: Sql, call: Call, id: str) -> Any:
        return _show(shelf, catalogue.get(sql, shelf.kind, id))

    def create(tx: Tx, call: Call, body: Any) -> Any:
        require(list(shelf.check(tx.sql, body)))
        id_ = body.id or _made_id(tx, shelf, body.name)
        document = catalogue.add(tx, shelf.kind, id_, body.name, _body(body))
        _written(tx, call, document, "created")
        return _show(shelf, document)

    def change(tx: Tx, call: Call, id: str, body: Patch[BaseModel]) -> Any:
        before = catalogue.lock(tx, shelf.kind, id)
        call.expect(before.version)
        after: Any = Patch(shelf.new, body.changes).onto(_form(before))
        require(list(shelf.check(tx.sql, after)))
        document = catalogue.save(tx, shelf.kind, id, after.name, _body(after))
        _written(tx, call, document, "updated")
        return _show(shelf, document)

    def delete(tx: Tx, call: Call, id: str) -> None:
        call.expect(catalogue.lock(tx, shelf.kind, id).version)
        catalogue.remove(tx, shelf.kind, id)
        audit.record(tx, call.actor, f"{shelf.kind}.deleted", id)

    patch = Patch[shelf.new]  # type: ignore[name-defined]
    yield declare("read", "GET", many, "list", list_all, query=ListQuery, result=page)
    yield declare(
        "write", "POST", many, "create", create, role="admin", status=201, body=shelf.new, result=shelf.shown
    )
    yield declare("read", "GET", place, "get", get, result=shelf.shown)
    yield declare("write", "PATCH", place, "change", change, role="admin", body=patch, result=shelf.shown)
    yield declare("write", "DELETE", place, "delete", delete, role="admin")


def _show(shelf: Shelf, document: Document) -> BaseModel:
    stamped = {
        "version": document.version,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    }
    return shelf.shown.model_validate(_form(document) | stamped)


def _form(document: Document) -> dict[str, Any]:
    # The hours that a calendar had before are the clocks' alone.
    return {name: value for name, value in document.fields().items() if name != "earlier"}


def _body(given: BaseModel) -> dict[str, Any]:
    return given.model_dump(mode="json", exclude={"id", "name"})


def _made_id(tx: Tx, shelf: Shelf, name: str) -> str:
    """What rules will call it: its name where that can be an id, else a made one."""
    slug = name.lower().replace(" ", "-")
    if _SLUG.fullmatch(slug) and catalogue.find(tx.sql, shelf.kind, slug) is None:
        return slug
    return new_id(shelf.prefix, tx.now)


def _written(tx: Tx, call: Call, document: Document, action: str) -> None:
    audit.record(tx, call.actor, f"{document.kind}.{action}", document.id, **_form(document))
    if document.kind == "queue" and document.body.get("default"):
        catalogue.only_default(tx, document.id)


api = _api()
