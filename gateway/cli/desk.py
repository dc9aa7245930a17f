"""`frontdesk serve`, `worker`, `migrate` and `demo`: the desk as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.opened import Data, prepared, settings, sole
from gateway.cli.terminal import Failure

if TYPE_CHECKING:
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
    role: Annotated[str, typer.Option("--role", help="inbound, outbound, relay, assign or clock.")],
    data: Data = None,
) -> None:
    """Run one part of the desk in a process of its own."""
    settings(data=data)
    raise Failure(
        f"Without servers of its own the desk runs in one process, so there is no worker {role} to start: "
        "frontdesk serve runs them all."
    )


def migrate(data: Data = None) -> None:
    """Bring the database up to date.

    Serve does so by itself.
    """
    from storage.migrate import HEAD

    prepared(settings(data=data))
    typer.echo(f"the database is at revision {HEAD}", err=True)


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
    from storage.emptying import is_empty
    from storage.secrets import Secrets, load_key

    chosen = settings(data=data)

    def step(tx: "Tx") -> bool:
        if not is_empty(tx):
            return False
        seed(tx, Secrets(load_key(chosen.key_file)), chosen.target_precision)
        return True

    prepared(chosen)
    if not sole(data, step):
        raise Failure(f"The desk in {chosen.data} is in use: frontdesk demo --clear empties it.")
    typer.echo("the demo desk is seeded", err=True)
