"""The text of a message that is forwarded: who wrote it, when, to whom, and what: pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from storage.messages import Message

_LINE = "---------- Forwarded message ----------"


def forwarded(text: str, original: Message, customer: Mapping[str, str], subject: str) -> str:
    """What the agent writes to them, and below it the message as the agents see it.

    `customer` is the `name` and, where it may be told, the `email` of whose messages it is one.
    """
    mail: Mapping[str, Any] = original.details.get("context", {}).get("mail", {})
    sender = _person(mail.get("from") or customer)
    head = [
        _LINE,
        *([f"From: {sender}"] if sender and original.author == "customer" else []),
        f"Date: {original.created_at:%Y-%m-%d %H:%M} UTC",
        f"Subject: {original.details.get('subject') or subject}",
        *_people("To", mail.get("to", ())),
        *_people("Cc", mail.get("cc", ())),
    ]
    return "\n".join([*([text, ""] if text else []), *head, "", original.text])


def _people(name: str, found: Iterable[Mapping[str, str]]) -> list[str]:
    shown = ", ".join(map(_person, found))
    return [f"{name}: {shown}"] if shown else []


def _person(person: Mapping[str, str]) -> str:
    name, email = person.get("name", ""), person.get("email", "")
    return f"{name} <{email}>" if name and email else name or email
