"""`frontdesk user`: agents and how they sign in."""

from secrets import token_urlsafe
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli.opened import Data, acting, reading
from gateway.cli.terminal import AsJson, Failure, group, show

if TYPE_CHECKING:
    from pathlib import Path

    from router.values import Agent
    from storage.store import Tx

app = group("Agents: create, list, reset a password.")

EVERYONE = 10_000
# 96 bits, as 16 characters.
RANDOM_BYTES = 12


@app.command("create")
def create(
    name: Annotated[str, typer.Option("--name")],
    email: Annotated[str, typer.Option("--email", help="What they sign in with.")],
    role: Annotated[Literal["admin", "supervisor", "agent"], typer.Option("--role")] = "agent",
    data: Data = None,
) -> None:
    """Make an agent and print a random password, once; PATCH /api/v1/agents/ID sets skills and queues."""
    from bus.ids import new_id
    from gateway.passwords import make_hash
    from router.values import Agent
    from storage import agents

    if "@" not in email.strip("@") or len(email.split()) != 1:
        raise typer.BadParameter(f"{email!r} is no e-mail address", param_hint="--email")
    password = token_urlsafe(RANDOM_BYTES)
    hashed = make_hash(password)

    def add(tx: "Tx") -> tuple[str, str]:
        agent = Agent(id=new_id("agt", tx.now), name=name, email=email.lower(), role=role)
        agents.add(tx, agent, hashed)
        return password, agent.id

    typer.echo(acting(data, "agent.created", add))


@app.command("list")
def list_(as_json: AsJson = False, data: Data = None) -> None:
    """List the agents."""
    from storage import agents

    found = reading(data, lambda sql: agents.listed(sql, None, EVERYONE)).items
    rows = [
        {
            "id": kept.agent.id,
            "name": kept.agent.name,
            "email": kept.agent.email,
            "role": kept.agent.role,
            "presence": kept.agent.presence,
            "active": kept.agent.active,
        }
        for kept in found
    ]
    show(rows, as_json=as_json)


@app.command("reset-password")
def reset_password(who: Annotated[str, typer.Argument(metavar="NAME|EMAIL")], data: Data = None) -> None:
    """Print a new random password, once; the agent is signed out everywhere."""
    from gateway.passwords import make_hash
    from storage import agents

    agent_id = _one(data, who).id
    password = token_urlsafe(RANDOM_BYTES)
    hashed = make_hash(password)

    def reset(tx: "Tx") -> tuple[str, str]:
        agents.set_password(tx, agent_id, hashed)
        return password, agent_id

    typer.echo(acting(data, "agent.password_reset", reset))


@app.command("offboard")
def offboard(
    who: Annotated[str, typer.Argument(metavar="NAME|EMAIL")],
    to: Annotated[str, typer.Option("--to", metavar="NAME|EMAIL", help="Who has their tickets from now on.")],
    data: Data = None,
) -> None:
    """Make an agent inactive: another has their tickets, customers and drafts; sent words keep their name."""
    from router.lifecycle import Refused as NotMoved
    from storage.catalogue import load_desk
    from storage.refusals import Refused
    from workers import presence

    leaver, heir = _one(data, who), _one(data, to)

    def move(tx: "Tx") -> tuple[tuple[int, int, int], str]:
        return presence.offboard(tx, leaver.id, heir.id, load_desk(tx.sql)), leaver.id

    try:
        tickets, customers, drafts = acting(data, "agent.offboarded", move)
    except (NotMoved, Refused) as refused:
        raise Failure(f"{leaver.name} stays: {refused}") from None
    typer.echo(
        f"{leaver.name} can't sign in any more; {heir.name} has {tickets} tickets, {customers} customers"
        f" and {drafts} drafts."
    )


def _one(data: "Path | None", who: str) -> "Agent":
    from storage import agents

    everyone = reading(data, lambda sql: agents.listed(sql, None, EVERYONE)).items
    found = [kept.agent for kept in everyone if who.casefold() in _names(kept.agent.name, kept.agent.email)]
    if len(found) != 1:
        found_out = "There is no agent" if not found else "There is more than one agent"
        raise Failure(f"{found_out} {who}: frontdesk user list shows them, and their e-mail addresses.")
    return found[0]


def _names(name: str, email: str) -> tuple[str, ...]:
    return name.casefold(), email.casefold(), email.partition("@")[0].casefold()
