"""`frontdesk channel`: the connections to platforms."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gateway.cli.opened import Data, changing, reading, settings
from gateway.cli.terminal import AsJson, Failure, group, show, show_json

app = group("Channels: create, list, call.")

ACTOR = "frontdesk channel"


@app.command("create")
def create(
    kind: Annotated[str, typer.Option("--kind", help="webhook, widget, or a kind that was installed.")],
    name: Annotated[str, typer.Option("--name")],
    given: Annotated[str, typer.Option("--settings", help="A JSON object; secrets may be in it.")] = "{}",
    data: Data = None,
) -> None:
    """Make a channel and print its id, and the secrets made for it, as JSON; secrets are shown this once."""
    from bus.ids import new_id
    from gateway.ends import secrets
    from storage import audit, channels

    configured = _configured(kind, given)
    chosen = settings(data=data)

    def step(tx: Any) -> str:
        id_ = new_id("ch", tx.now)
        sealed = secrets(chosen).seal(id_, configured.secret)
        channels.add(tx, id_, kind, name, settings=configured.public, sealed=sealed)
        audit.record(tx, ACTOR, "channel.created", id_, kind=kind, name=name)
        return id_

    show_json({"id": changing(data, step), "kind": kind, "name": name, "secrets": configured.made})


def _configured(kind: str, given: str) -> Any:
    import msgspec

    from channels.registry import UnknownKind
    from channels.registry import kind as kind_of
    from channels.settings import SettingsError, configure

    try:
        return configure(kind_of(kind).settings_type, msgspec.json.decode(given, type=dict[str, Any]))
    except UnknownKind as error:
        raise typer.BadParameter(str(error), param_hint="--kind") from None
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"not a JSON object: {error}", param_hint="--settings") from None
    except SettingsError as error:
        raise typer.BadParameter(str(error), param_hint="--settings") from None


@app.command("list")
def list_(as_json: AsJson = False, data: Data = None) -> None:
    """List the channels, oldest first, without their secrets."""
    from storage import channels

    rows = [
        {
            "id": stored.id,
            "kind": stored.kind,
            "name": stored.name,
            "enabled": stored.enabled,
            "created_at": stored.created_at,
        }
        for stored in reading(data, channels.every)
    ]
    show(rows, as_json=as_json)


@app.command("call")
def call(
    channel_id: Annotated[str, typer.Argument(metavar="ID")],
    text: Annotated[str, typer.Option("--text")] = "Where is my parcel?",
    url: Annotated[str, typer.Option("--url", help="Where the desk is.")] = "http://127.0.0.1:8080",
    data: Data = None,
) -> None:
    """Print lines for a shell that send a message to a webhook channel; its secret is in them."""
    from gateway.ends import secrets
    from gateway.signed_call import shell_lines
    from storage import channels

    stored = reading(data, lambda sql: channels.get(sql, channel_id))
    if stored.kind != "webhook":
        raise Failure(f"Channel {channel_id} is a {stored.kind}; only a webhook is called this way.")
    opened: Mapping[str, str] = secrets(settings(data=data)).open(stored.id, stored.sealed)
    for line in shell_lines(url.rstrip("/"), stored.id, opened["secret"], text):
        typer.echo(line)
