"""Customers over HTTP, with the addresses they write from."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from bus.ids import new_id
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page, decode
from gateway.http.endpoint import Api, Patch
from gateway.http.fields import Document, Id, Tags, Time, Word, unknown
from gateway.http.problems import Fault, pointer, require
from router.lifecycle import edit
from router.values import Customer
from storage import agents, audit, customers, joining, tickets, visits
from storage.catalogue import load_desk
from storage.customers import Kept
from storage.paging import Sql, cut
from storage.store import Tx
from workers import inbox

api = Api("Customers")


def _zone(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError("not a time zone; they are named like Asia/Shanghai")
    return name


Timezone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Language = Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$")]
Country = Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2})?$", to_upper=True)]


class NewCustomer(BaseModel):
    """A person the desk serves. `owner` is the agent whose account it is; `country` is ISO 3166-1 alpha-2."""

    name: Word = ""
    email: Annotated[str, StringConstraints(max_length=320)] = ""
    phone: Word = ""
    tier: Word = ""
    language: Language = ""
    timezone: Timezone = ""
    country: Country = ""
    company: Word = ""
    owner: Word | None = None
    attributes: Document = {}
    tags: Tags = ()


class ContactPointOut(BaseModel):
    """A customer's address on a channel. `unreachable` says why it takes no messages any more."""

    id: str
    channel_id: str
    address: str
    name: str
    verified: bool
    unreachable: str


class CustomerOut(BaseModel):
    """A customer."""

    id: str
    name: str
    email: str
    phone: str
    tier: str
    language: str
    timezone: str
    country: str
    company: str
    owner: str | None
    attributes: dict[str, Any]
    tags: list[str]
    contact_points: list[ContactPointOut]
    version: int
    created_at: Time
    updated_at: Time


class VisitOut(BaseModel):
    """A page, by its address, or an event, by the name that the site gave it."""

    at: Time
    kind: Literal["page", "event"]
    name: str
    data: dict[str, Any]


class CustomerQuery(ListQuery):
    """What the list is narrowed to."""

    email: Word | None = None
    tier: Word | None = None
    owner: Word | None = Field(None, description="An agent's id.")


@api.read("/api/v1/customers", summary="List customers")
def list_customers(sql: Sql, call: Call, query: CustomerQuery) -> Page[CustomerOut]:
    """Newest change first."""
    wanted = {"email": query.email, "tier": query.tier, "owner": query.owner}
    return Page[CustomerOut].of(customers.listed(sql, query.after(), query.limit, **wanted), show)


@api.write("POST", "/api/v1/customers", status=201, summary="Create a customer")
def create_customer(tx: Tx, call: Call, body: NewCustomer) -> CustomerOut:
    """One who has not written yet."""
    require(list(_faults(tx.sql, body)))
    return show(customers.add(tx, _customer(new_id("cus", tx.now), body)))


@api.read("/api/v1/customers/{customer_id}", summary="A customer")
def get_customer(sql: Sql, call: Call, customer_id: str) -> CustomerOut:
    """One customer."""
    return show(customers.get(sql, customer_id))


@api.write("PATCH", "/api/v1/customers/{customer_id}", summary="Change a customer")
def change_customer(tx: Tx, call: Call, customer_id: str, body: Patch[NewCustomer]) -> CustomerOut:
    """Attributes that are not named stay. A new tier is also that of tickets that had the old one."""
    theirs = tickets.lock_all(tx, tickets.of_customer(tx.sql, customer_id)) if "tier" in body.changes else {}
    before = customers.lock(tx, customer_id)
    call.expect(before.version)
    form = body.onto({name: getattr(before.customer, name) for name in NewCustomer.model_fields})
    require([fault for fault in _faults(tx.sql, form) if fault.pointer.split("/")[1] in body.changes])
    kept = customers.save(tx, _customer(customer_id, form))
    desk, tier = call.parts.desk(tx.sql), kept.customer.tier
    for ticket in theirs.values():
        if ticket.tier == before.customer.tier != tier:
            changed = edit(ticket, {"tier": tier}, tx.now, desk)
            inbox.save(tx, ticket, changed, actor=call.principal.kind)
    return show(kept)


@api.write("DELETE", "/api/v1/customers/{customer_id}", role="supervisor", summary="Delete a customer")
def delete_customer(tx: Tx, call: Call, customer_id: str) -> None:
    """Only one with whom there is no conversation."""
    call.expect(customers.lock(tx, customer_id).version)
    customers.remove(tx, customer_id)
    audit.record(tx, call.actor, "customer.deleted", customer_id)


class Joining(BaseModel):
    """Who is the same person."""

    customer_id: Id


class Parting(BaseModel):
    """Which address is somebody else's."""

    contact_point_id: Id


@api.write("POST", "/api/v1/customers/{customer_id}/join", summary="Say that two customers are one")
def join_customer(tx: Tx, call: Call, customer_id: str, body: Joining) -> CustomerOut:
    """The other's contact points, conversations and tickets become this one's, and the other is no more."""
    joined = joining.join(tx, customer_id, body.customer_id)
    audit.record(tx, call.actor, "customer.joined", customer_id, other=body.customer_id)
    return show(joined)


@api.write("POST", "/api/v1/customers/{customer_id}/part", status=201, summary="Part a contact point")
def part_customer(tx: Tx, call: Call, customer_id: str, body: Parting) -> CustomerOut:
    """It becomes a new customer's, with what was said there; the answer is that customer."""
    parted = joining.part(tx, customer_id, body.contact_point_id)
    audit.record(tx, call.actor, "customer.parted", customer_id, other=parted.customer.id)
    return show(parted)


@api.read("/api/v1/customers/{customer_id}/visits", summary="What a customer did on the site")
def list_visits(sql: Sql, call: Call, customer_id: str, query: ListQuery) -> Page[VisitOut]:
    """Pages and events that the widget was told of with their consent, newest first; kept for 90 days."""
    customers.get(sql, customer_id)
    before = decode(query.cursor, int) if query.cursor else None
    found = cut(
        visits.of_customer(sql, customer_id, before, query.limit + 1), query.limit, lambda one: one.seq
    )
    return Page[VisitOut].of(
        found, lambda one: VisitOut(at=one.at, kind=one.kind, name=one.name, data=one.data)
    )


def show(kept: Kept) -> CustomerOut:
    """A customer as JSON."""
    person = kept.customer
    return CustomerOut(
        **{name: getattr(person, name) for name in NewCustomer.model_fields if name != "tags"},
        id=person.id,
        tags=list(person.tags),
        contact_points=[
            ContactPointOut(**{name: getattr(contact, name) for name in ContactPointOut.model_fields})
            for contact in kept.contact_points
        ],
        version=kept.version,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )


def _customer(customer_id: str, form: NewCustomer) -> Customer:
    return Customer(id=customer_id, **{name: getattr(form, name) for name in NewCustomer.model_fields})


def _faults(sql: Sql, form: NewCustomer) -> Iterable[Fault]:
    desk = load_desk(sql)
    if form.tier and form.tier not in desk.tiers:
        yield unknown("tier", form.tier, "tier")
    if form.owner is not None and agents.find(sql, form.owner) is None:
        yield unknown("agent", form.owner, "owner")
    for field in desk.fields.values():
        value = form.attributes.get(field.id) if field.on == "customer" else None
        if value is not None and (wrong := field.fault(value)) is not None:
            yield Fault(pointer("attributes", field.id), "wrong_value", wrong)
