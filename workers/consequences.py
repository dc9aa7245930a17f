"""What rules ask for beside the ticket: notices to agents and calls of addresses, each a row of its own."""

from collections.abc import Iterator
from typing import Any, Final

from storage import rule_calls
from storage.store import Tx
from workers import notices

_LONGEST: Final = 200


def notify(tx: Tx, to: Any, said: str, *, ticket: str | None, conversation: str | None) -> None:
    """Notify agents, as `router.notices.named` has it, or as {"agent" | "queue" | "to", "text"} says."""
    text = str(to["text"]) if isinstance(to, dict) and to.get("text") else " ".join(said.split())
    recipients = list(dict.fromkeys(_recipients(to)))
    notices.by_rule(tx, recipients, text[:_LONGEST], ticket=ticket, conversation=conversation)


def _recipients(to: Any) -> Iterator[str]:
    if isinstance(to, str):
        yield to
    elif isinstance(to, list):
        yield from (one for one in to if isinstance(one, str))
    elif isinstance(to, dict):
        if isinstance(queue := to.get("queue"), str):
            yield f"queue:{queue}"
        if isinstance(agent := to.get("agent"), str):
            yield agent
        yield from _recipients(to["to"]) if isinstance(to.get("to"), str | list) else ()


def call(tx: Tx, to: Any, data: dict[str, Any], *, ticket: str | None) -> None:
    """Queue the call of an address a rule names: a URL, or {"url", …} whose other members go along."""
    url = to["url"] if isinstance(to, dict) else to
    more = {key: value for key, value in to.items() if key != "url"} if isinstance(to, dict) else {}
    body = {"type": "rule.called", "timestamp": tx.now.isoformat(), "data": {**data, **more}}
    rule_calls.put(tx, url, body, ticket)
