"""`frontdesk channel`: the connections to platforms."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.opened import Data, changing, reading, settings, using
from gateway.cli.terminal import AsJson, Failure, group, show, show_json

if TYPE_CHECKING:
    from gateway.settings import Settings
    from storage.store import Store

app = group("Channels: create, list, test, call.")

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
    from storage import channel_status, channels

    def query(sql: Any) -> list[dict[str, Any]]:
        told = channel_status.every(sql)
        return [_row(stored, channel_status.worst(told.get(stored.id, []))) for stored in channels.every(sql)]

    show(reading(data, query), as_json=as_json)


def _row(stored: Any, worst: Any) -> dict[str, Any]:
    from storage import channel_status

    return {
        "id": stored.id,
        "kind": stored.kind,
        "name": stored.name,
        "enabled": stored.enabled,
        "created_at": stored.created_at,
        "state": channel_status.state(stored.enabled, worst),
        "since": worst.since if worst else None,
        "error": (worst.error or None) if worst else None,
    }


@app.command("test")
def try_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name or its id.")], data: Data = None
) -> None:
    """Ask a channel's platform whether what is set up is right; no message is sent.

    Prints "ok" and exits 0, or says what is wrong and exits 1.
    """
    from channels.protocol import SendError
    from channels.settings import Configuration
    from gateway.compose import trial
    from gateway.ends import secrets
    from storage import channels

    async def work(store: "Store", chosen: "Settings") -> None:
        found = [one for one in await store.read(channels.every) if name in (one.id, one.name)]
        if len(found) != 1:
            raise Failure(
                f"There is no channel {name}." if not found else f"Several channels are named {name}."
            )
        (stored,) = found
        opened = secrets(chosen).open(stored.id, stored.sealed)
        configured = Configuration(stored.settings, dict(opened), {})
        async with trial(chosen, store) as connections:
            try:
                hook = chosen.hook_url(stored.id)
                await connections.prove(stored.id, stored.kind, configured, hook, probe=True)
            except SendError as error:
                raise Failure(f"{stored.name}: {error}.") from None

    using(data, work)
    typer.echo("ok")


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
