"""Agents over HTTP; their passwords can be set and never read."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from bus.ids import new_id
from gateway import passwords
from gateway.http.call import Call, Rendered
from gateway.http.cursor import ListQuery, Page
from gateway.http.endpoint import Api, Patch
from gateway.http.fields import Id, Level, Name, Time, unknown
from gateway.http.problems import Fault, Forbidden, Invalid, require
from router.values import Agent, Presence, Role
from storage import agents, audit, catalogue
from storage.agents import Kept
from storage.paging import Sql
from storage.store import Tx
from workers import presence

api = Api("Agents")

Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=320, to_lower=True, strip_whitespace=True)
]
Password = Annotated[SecretStr, Field(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]


class AgentForm(BaseModel):
    """What can be set of an agent. `skills` are levels 1-5, `capacity` units, `channels` limits by kind.

    `stand_in` is the id of who answers for their customers meanwhile, `shift` that of a calendar.
    """

    name: Name
    email: Email
    role: Role = "agent"
    presence: Presence = "offline"
    skills: Annotated[dict[Id, Level], Field(max_length=200)] = {}
    queues: Annotated[tuple[Id, ...], Field(max_length=200)] = ()
    capacity: int = Field(5, ge=0, le=1000)
    channels: Annotated[dict[Id, Annotated[int, Field(ge=0, le=1000)]], Field(max_length=50)] = {}
    stand_in: Annotated[str, StringConstraints(max_length=200)] = ""
    shift: Annotated[str, StringConstraints(max_length=64)] = ""
    active: bool = True


class NewAgent(AgentForm):
    """An agent to be; without a password they can't sign in."""

    password: Password | None = None


class AgentOut(AgentForm):
    """An agent."""

    id: str
    version: int
    created_at: Time
    updated_at: Time


class PresenceChange(BaseModel):
    """What an agent chose; with `give_back` what they have in hand waits again."""

    presence: Presence
    give_back: bool = False


@api.read("/api/v1/agents", summary="List agents")
def list_agents(sql: Sql, call: Call, query: ListQuery) -> Page[AgentOut]:
    """Newest change first."""
    return Page[AgentOut].of(agents.listed(sql, query.after(), query.limit), show)


@api.asynchronous("POST", "/api/v1/agents", role="admin", status=201, summary="Create an agent")
async def create_agent(call: Call, body: NewAgent) -> Rendered[AgentOut]:
    """The password is hashed before the transaction, which would hold up others meanwhile."""
    password_hash = "" if body.password is None else await _hashed(body.password.get_secret_value())

    def create(tx: Tx) -> AgentOut:
        require(list(_unknown(tx.sql, body)))
        kept = agents.add(tx, _agent(new_id("agt", tx.now), body), password_hash)
        audit.record(tx, call.actor, "agent.created", kept.agent.id, **_form(kept.agent))
        return show(kept)

    return await call.write(create)


@api.read("/api/v1/agents/me", summary="The agent who is signed in")
def get_me(sql: Sql, call: Call) -> AgentOut:
    """The same as under their id."""
    return show(agents.get(sql, _me(call)))


@api.write("PATCH", "/api/v1/agents/me", summary="Come, go, or be busy")
def set_presence(tx: Tx, call: Call, body: PresenceChange) -> AgentOut:
    """Chosen presence: it stays until it is changed."""
    me = _me(call)
    kept = agents.set_presence(tx, me, body.presence)
    if body.give_back:
        presence.give_back_all(tx, me, call.parts.desk(tx.sql))
    return show(kept)


@api.read("/api/v1/agents/{agent_id}", summary="An agent")
def get_agent(sql: Sql, call: Call, agent_id: str) -> AgentOut:
    """One agent."""
    return show(agents.get(sql, agent_id))


@api.asynchronous("PATCH", "/api/v1/agents/{agent_id}", role="admin", summary="Change an agent")
async def change_agent(call: Call, agent_id: str, body: Patch[NewAgent]) -> Rendered[AgentOut]:
    """A new password, or being made inactive, signs the agent out everywhere."""
    password = body.changes.get("password")
    password_hash = None
    if password is not None:
        if not isinstance(password, str) or not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
            why = f"A password has {passwords.SHORTEST} to {passwords.LONGEST} characters."
            raise Invalid.at("/password", "bad_password", why)
        password_hash = await _hashed(password)

    def change(tx: Tx) -> AgentOut:
        before = agents.lock(tx, agent_id)
        call.expect(before.version)
        form = body.onto(_form(before.agent))
        require(list(_unknown(tx.sql, form)))
        kept = agents.save(tx, _agent(agent_id, form), password_hash)
        if before.agent.active and not kept.agent.active:
            presence.give_back_all(tx, agent_id, call.parts.desk(tx.sql))
        told = {"password": "changed"} if password_hash else {}
        audit.record(tx, call.actor, "agent.updated", agent_id, **_form(kept.agent), **told)
        return show(kept)

    return await call.write(change)


@api.write("DELETE", "/api/v1/agents/{agent_id}", role="admin", summary="Delete an agent")
def delete_agent(tx: Tx, call: Call, agent_id: str) -> None:
    """What they wrote stays; tickets in hand must be given to somebody else first."""
    call.expect(agents.lock(tx, agent_id).version)
    agents.remove(tx, agent_id)
    audit.record(tx, call.actor, "agent.deleted", agent_id)


def show(kept: Kept) -> AgentOut:
    """An agent as JSON."""
    stamped = {"version": kept.version, "created_at": kept.created_at, "updated_at": kept.updated_at}
    return AgentOut(id=kept.agent.id, **_form(kept.agent), **stamped)


def _form(agent: Agent) -> dict[str, Any]:
    return {name: getattr(agent, name) for name in AgentForm.model_fields}


def _agent(agent_id: str, form: AgentForm) -> Agent:
    return Agent(id=agent_id, **{name: getattr(form, name) for name in AgentForm.model_fields})


def _me(call: Call) -> str:
    if call.principal.agent_id is None:
        raise Forbidden("A token is no agent.")
    return call.principal.agent_id


async def _hashed(password: str) -> str:
    return await passwords.make_hash_aside(password)


def _unknown(sql: Sql, form: AgentForm) -> Iterable[Fault]:
    skills = catalogue.ids(sql, "skill")
    yield from (unknown("skill", skill, "skills", skill) for skill in form.skills if skill not in skills)
    queues = catalogue.ids(sql, "queue")
    for index, queue in enumerate(form.queues):
        if queue not in queues:
            yield unknown("queue", queue, "queues", index)
    if form.shift and form.shift not in catalogue.ids(sql, "calendar"):
        yield unknown("calendar", form.shift, "shift")
    if form.stand_in and agents.find(sql, form.stand_in) is None:
        yield unknown("agent", form.stand_in, "stand_in")
