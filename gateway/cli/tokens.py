"""`frontdesk token`: API tokens, shown once when made and stored as hashes."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli.opened import Data, acting, reading
from gateway.cli.terminal import AsJson, group, show

if TYPE_CHECKING:
    from storage.store import Tx

app = group("API tokens: create, list, revoke.")


@app.command("create")
def create(
    name: Annotated[str, typer.Option("--name", help="What the token is for.")],
    role: Annotated[Literal["admin", "supervisor", "agent"], typer.Option("--role")],
    data: Data = None,
) -> None:
    """Make a token and print it, and nothing else; it can't be shown again."""
    from storage import tokens

    def issue(tx: "Tx") -> tuple[str, str]:
        token, secret = tokens.issue(tx, name, role)
        return secret, token.id

    typer.echo(acting(data, "token.created", issue))


@app.command("list")
def list_(as_json: AsJson = False, data: Data = None) -> None:
    """List the tokens, newest first; their secrets are not stored."""
    from storage import tokens

    found = reading(data, lambda sql: tokens.listed(sql, None, 1000))
    rows = [
        {
            "id": token.id,
            "name": token.name,
            "role": token.role,
            "created_at": token.created_at,
            "revoked_at": token.revoked_at,
        }
        for token in found
    ]
    show(rows, as_json=as_json)


@app.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID")], data: Data = None) -> None:
    """End a token: within two seconds it opens nothing any more."""
    from storage import tokens

    def end(tx: "Tx") -> tuple[None, str]:
        tokens.revoke(tx, token_id)
        return None, token_id

    acting(data, "token.revoked", end)
