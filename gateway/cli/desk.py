"""`frontdesk serve`, `worker`, `migrate` and `demo`: the desk as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.opened import Data, prepared, settings, sole
from gateway.cli.terminal import AsJson, Failure, show

if TYPE_CHECKING:
    from storage.copying import Copied
    from storage.store import Tx

Host = Annotated[str | None, typer.Option("--host", help="The address to listen on.", show_default=False)]
Port = Annotated[int | None, typer.Option("--port", help="The port; 0 takes any.", show_default=False)]


def serve(
    demo: Annotated[bool, typer.Option("--demo", help="Seed the demo desk on the first start.")] = False,
    host: Host = None,
    port: Port = None,
    data: Data = None,
) -> None:
    """Run the whole desk, until it is told to stop."""
    chosen = settings(host=host, port=port, data=data)
    from gateway.serve import StartError
    from gateway.serve import serve as run

    try:
        run(chosen, demo=demo, say=typer.echo)
    except StartError as error:
        raise Failure(str(error)) from None


def worker(
    role: Annotated[
        str, typer.Option("--role", help="gateway, inbound, outbound, poll, relay, assign or clock.")
    ],
    host: Host = None,
    port: Port = None,
    data: Data = None,
) -> None:
    """Run one part of the desk in a process of its own, until it is told to stop.

    Any number of each may run. All but the gateway answer /livez, /readyz and /metrics, and nothing else.
    """
    chosen = settings(host=host, port=port, data=data)
    from gateway.roles import ROLES
    from gateway.serve import StartError, work

    known = next((one for one in ROLES if one == role), None)
    if known is None:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(ROLES)}", param_hint="--role")
    if chosen.database_url is None:
        raise Failure(
            "Without a database server the desk runs in one process, so there is no worker "
            f"{role} to start: frontdesk serve runs them all."
        )
    try:
        work(chosen, known, say=typer.echo)
    except StartError as error:
        raise Failure(str(error)) from None


def migrate(
    source: Annotated[
        str | None, typer.Option("--from", metavar="sqlite:PATH", help="Copy the desk in this file …")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="postgresql://…",
            envvar="FRONTDESK_DATABASE_URL",
            show_envvar=False,
            help="… to this empty database; FRONTDESK_DATABASE_URL if not given.",
        ),
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Bring the database up to date, or copy a desk from SQLite to PostgreSQL.

    Serve brings it up to date by itself. A copy prints each table's rows and checksum, the same on both
    ends; the desk must not be running. Files and the secrets' key stay in the data folder.
    """
    from storage.migrate import HEAD

    if source is not None:
        show([copied._asdict() for copied in _copied(source, target)], as_json=as_json)
        return
    prepared(settings(data=data))
    typer.echo(f"the database is at revision {HEAD}", err=True)


def _copied(source: str, target: str | None) -> "list[Copied]":
    from datetime import UTC, datetime

    from storage.copying import copy
    from storage.store import StoreError

    kind, _, path = source.partition(":")
    if kind != "sqlite" or not path:
        raise typer.BadParameter("give the file as sqlite:PATH", param_hint="--from")
    if target is None or not target.startswith(("postgresql://", "postgres://")):
        raise typer.BadParameter("give an address such as postgresql://user@host/name", param_hint="--to")
    try:
        return copy(Path(path), target, datetime.now(UTC))
    except StoreError as error:
        raise Failure(f"Nothing was copied: {error}.") from None


def demo(
    clear: Annotated[bool, typer.Option("--clear", help="Empty the desk.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    data: Data = None,
) -> None:
    """Seed the demo into an empty desk, or empty it.

    The desk must not be running. Emptying keeps the admins, their passwords and the API tokens, and nothing
    else.
    """
    if clear:
        _clear(data, yes=yes)
    else:
        _seed(data)


def _clear(data: Path | None, *, yes: bool) -> None:
    from storage.emptying import empty

    where = settings(data=data).data
    if not yes:
        typer.confirm(f"Empty the desk in {where}: conversations, customers, set-up?", abort=True, err=True)
    sole(data, empty)
    typer.echo("the desk is empty; its admins and tokens are kept", err=True)


def _seed(data: Path | None) -> None:
    from gateway.demo.seeding import seed
    from gateway.ends import secrets
    from storage.emptying import is_empty

    chosen = settings(data=data)

    def step(tx: "Tx") -> bool:
        if not is_empty(tx):
            return False
        seed(tx, secrets(chosen), chosen.target_precision)
        return True

    prepared(chosen)
    if not sole(data, step):
        raise Failure(f"The desk in {chosen.data} is in use: frontdesk demo --clear empties it.")
    typer.echo("the demo desk is seeded", err=True)
